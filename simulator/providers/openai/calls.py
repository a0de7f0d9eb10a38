"""Calls of tools in an answer: as a message has them, and as deltas of a stream. Pure.

The layout is that of recorded answers. A single call opens within the delta that names the role; before several, the
role has a delta of its own. Then every token of a call's arguments is a delta.
"""

import functools
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson

from simulator.engine.plan import Call, Choice, Finish
from simulator.engine.request import Request
from simulator.providers.frames import ESCAPED
from simulator.providers.ids import base62
from simulator.providers.openai.answers import FINISH
from simulator.providers.openai.chat_schema import ChatBody, CustomTool
from simulator.providers.openai.tools import INPUT

ID_LENGTH: Final = 24

_FUNCTION = (
    b'          {\n            "id": "%b",\n            "type": "function",\n            "function": {\n'
    b'              "name": %b,\n              "arguments": %b\n            }\n          }'
)
_CUSTOM = (
    b'          {\n            "id": "%b",\n            "type": "custom",\n            "custom": {\n'
    b'              "name": %b,\n              "input": %b\n            }\n          }'
)
_CALLS = b'"tool_calls": [\n%b\n        ]'
_DEPRECATED = b'"function_call": {\n          "name": %b,\n          "arguments": %b\n        }'

_TEXT_ROLE = b'"role":"assistant","content":"","refusal":null'
_ROLE = b'"role":"assistant","content":null'
_BEFORE_INPUT = f'{{"{INPUT}":"'


class Manner(NamedTuple):
    """How the calls of an answer are told: by what the request offered, and how.

    `custom` says of each tool whether it takes free text. `deprecated` is for a request with `functions`, `named` for
    one that named the tool to call.
    """

    custom: Sequence[bool]
    deprecated: bool
    named: bool


def manner_of(body: ChatBody, request: Request) -> Manner:
    """The manner in which this request is answered."""
    custom = [isinstance(tool, CustomTool) for tool in body.tools or ()]
    return Manner(custom, body.functions is not None, request.tool_choice.startswith("tool:"))


def call_id(call: Call) -> str:
    """The id of a call: the plan gives 16 random bytes, which are drawn out to one for each character."""
    return _drawn_out(call.id_bits)


@functools.lru_cache(maxsize=4096)
def _drawn_out(bits: bytes) -> str:
    # An answer that is given again has the same ids.
    return "call_" + base62(blake2b(bits, digest_size=ID_LENGTH).digest(), ID_LENGTH)


def finish_of(choice: Choice, manner: Manner) -> bytes:
    """Why a choice with calls ended, in the service's word: a call that was demanded by name is a plain stop."""
    if choice.finish is not Finish.TOOL_CALLS:
        return FINISH[choice.finish]
    if manner.named:
        return b"stop"
    return b"function_call" if manner.deprecated else b"tool_calls"


def message_of(choice: Choice, manner: Manner) -> bytes:
    """The content and the calls of a message that has calls, as members of it. Deprecated functions have one call."""
    content = orjson.dumps(choice.text) if len(choice.pieces) else b"null"
    if manner.deprecated:
        call = choice.calls[0]
        told = _DEPRECATED % (orjson.dumps(call.name), orjson.dumps("".join(call.pieces)))
    else:
        told = _CALLS % b",\n".join([_told(call, manner) for call in choice.calls])
    return content + b",\n        " + told


def _told(call: Call, manner: Manner) -> bytes:
    name = orjson.dumps(call.name)
    if _is_custom(call, manner):
        return _CUSTOM % (call_id(call).encode(), name, orjson.dumps("".join(input_of(call.pieces))))
    return _FUNCTION % (call_id(call).encode(), name, orjson.dumps("".join(call.pieces)))


def _is_custom(call: Call, manner: Manner) -> bool:
    return call.tool < len(manner.custom) and manner.custom[call.tool]


def input_of(pieces: Sequence[str]) -> list[str]:
    """What each piece of a free-text call's arguments (`{"input":"…"}`, perhaps cut short) adds to the free text.

    An escape belongs to the piece that completes it.
    """
    whole = "".join(pieces)
    at = len(_BEFORE_INPUT) if whole.startswith(_BEFORE_INPUT) else len(whole)
    end = 0
    found: list[str] = []
    for piece in pieces:
        end += len(piece)
        added: list[str] = []
        while at < end:
            character = whole[at]
            length = 1
            if character == '"':
                at = len(whole)
                break
            if character == "\\":
                length = 6 if whole[at + 1 : at + 2] == "u" else 2
                if at + length > end:
                    break
                character = orjson.loads(f'"{whole[at : at + length]}"')
            added.append(character)
            at += length
        found.append("".join(added))
    return found


def steps_of(
    choice: Choice, manner: Manner, texts: Sequence[bytes], head: bytes, tail: bytes, final: bytes
) -> tuple[bytes, list[bytes]]:
    """The opening of a choice's stream that has calls, and the bytes of each of its steps, the first of which `texts`.

    A delta is `head`, its members in braces, and `tail`; `final` ends the last step.
    """
    calls = choice.calls[:1] if manner.deprecated else choice.calls
    steps = list(texts)
    alone = len(calls) == 1 and not steps
    if alone:
        role = b'%b,%b,"refusal":null' % (_ROLE, _opening(0, calls[0], manner))
    else:
        role = _TEXT_ROLE if steps or not calls else _ROLE
    before = b""
    for index, call in enumerate(calls):
        if not alone:
            before += b"%b{%b}%b" % (head, _opening(index, call, manner), tail)
        for told in _told_in_pieces(index, call, manner):
            steps.append(b"%b%b{%b}%b" % (before, head, told, tail))
            before = b""
    if before or not steps:
        steps.append(before)
    steps[-1] += final
    return b"%b{%b}%b" % (head, role, tail), steps


def _opening(index: int, call: Call, manner: Manner) -> bytes:
    """The members of the delta that names a call."""
    name = orjson.dumps(call.name)
    if manner.deprecated:
        return b'"function_call":{"name":%b,"arguments":""}' % name
    form = (
        b'"tool_calls":[{"index":%d,"id":"%b","type":"custom","custom":{"name":%b,"input":""}}]'
        if _is_custom(call, manner)
        else b'"tool_calls":[{"index":%d,"id":"%b","type":"function","function":{"name":%b,"arguments":""}}]'
    )
    return form % (index, call_id(call).encode(), name)


def _told_in_pieces(index: int, call: Call, manner: Manner) -> list[bytes]:
    """The members of the deltas that tell a call's arguments, a token each.

    No token is left out, even where it adds nothing to a free text: a step of a stream has bytes.
    """
    if manner.deprecated:
        return [b'"function_call":{"arguments":%b}' % ESCAPED[piece] for piece in call.pieces]
    if _is_custom(call, manner):
        form = b'"tool_calls":[{"index":%d,"custom":{"input":%b}}]'
        return [form % (index, ESCAPED[text]) for text in input_of(call.pieces)]
    form = b'"tool_calls":[{"index":%d,"function":{"arguments":%b}}]'
    return [form % (index, ESCAPED[piece]) for piece in call.pieces]
