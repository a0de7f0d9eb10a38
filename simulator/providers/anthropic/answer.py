"""An answer as content blocks: what was thought, what is said with its citations, what is called. Pure.

The blocks share the plan's steps among them in order, so that a stream and a whole message are made of the same list.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

from simulator.engine.plan import Answer, Finish
from simulator.engine.plan import Call as ToolCall
from simulator.engine.request import TEXT_FORMAT, Request
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.citing import passages_of
from simulator.providers.anthropic.signatures import signature
from simulator.providers.anthropic.spacing import spaced
from simulator.providers.anthropic.thinking import is_shown
from simulator.providers.anthropic.triggers import HIDDEN, REFUSED
from simulator.providers.anthropic.wire import base58

CITED: Final = "citations=enabled"
"""The entry of a request's `extra` that its documents are to be cited."""
MOST_CITATIONS: Final = 8
MOST_QUOTED: Final = 65_536
"""Characters that the citations of an answer quote together, where there is more than one."""
_ENDS: Final = (".", "!", "?", "\n")


class Thought(msgspec.Struct, frozen=True, gc=False):
    """A `thinking` block: `pieces` are its steps, `text` is what is shown of them, empty if nothing is."""

    pieces: Sequence[str]
    text: str
    signature: str


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A `redacted_thinking` block."""

    pieces: Sequence[str]
    data: str


class Said(msgspec.Struct, frozen=True, gc=False):
    """A `text` block, and the JSON of its citation, empty for none."""

    pieces: Sequence[str]
    citation: bytes = b""


class Made(msgspec.Struct, frozen=True, gc=False):
    """A `tool_use` block; `cut` says that its arguments may be incomplete."""

    call: ToolCall
    cut: bool


class Unsaid(msgspec.Struct, frozen=True, gc=False):
    """Steps that the client is shown nothing of."""

    pieces: Sequence[str]


Block = Thought | Sealed | Said | Made | Unsaid


def is_refused(request: Request) -> bool:
    """Whether the client asked for a refusal."""
    return REFUSED in request.extra


def blocks_of(answer: Answer, request: Request, body: schema.CountBody) -> list[Block]:
    """The content blocks in order. Their pieces are the steps of the plan."""
    choice = answer.choices[0]
    if is_refused(request):
        return [Unsaid((*choice.reasoning, *choice.pieces) or ("",))]
    made: list[Block] = []
    if choice.reasoning:
        made.append(_thought(choice.reasoning, answer.id_bits[16:], request, body))
    if choice.pieces:
        pieces = choice.pieces if request.format is TEXT_FORMAT or choice.calls else spaced(choice.pieces)
        made += _said(pieces, body) if CITED in request.extra else [Said(pieces)]
    made += [Made(call, choice.finish is Finish.LENGTH) for call in choice.calls]
    return made or [Unsaid(("",))]


def _thought(pieces: Sequence[str], nonce: bytes, request: Request, body: schema.CountBody) -> Block:
    if HIDDEN in request.extra:
        return Sealed(pieces, signature("", nonce))
    text = "".join(pieces) if is_shown(body) else ""
    return Thought(pieces, text, signature(text, nonce))


def _said(pieces: Sequence[str], body: schema.CountBody) -> list[Block]:
    """Every other sentence cites, the first one too."""
    passages = passages_of(body)
    if not passages:
        return [Said(pieces)]
    made: list[Block] = []
    quoted = start = 0
    for end in _sentence_ends(pieces):
        passage = passages[len(made) // 2 % len(passages)]
        full = made and quoted + len(passage.text) > MOST_QUOTED
        if len(made) >= 2 * MOST_CITATIONS - 1 or full:
            break
        citation = b""
        if len(made) % 2 == 0:
            quoted += len(passage.text)
            citation = orjson.dumps(passage.citation())
        made.append(Said(pieces[start:end], citation))
        start = end
    if start < len(pieces):
        made.append(Said(pieces[start:]))
    return made


def _sentence_ends(pieces: Sequence[str]) -> list[int]:
    """Where sentences end, in pieces. None is blank: the API refuses a blank block that is handed back."""
    ends: list[int] = []
    blank = True
    for place, piece in enumerate(pieces, 1):
        blank = blank and (not piece or piece.isspace())
        if not blank and piece.rstrip(" ").endswith(_ENDS):
            ends.append(place)
            blank = True
    if blank and ends:
        ends[-1] = len(pieces)
    elif not ends or ends[-1] < len(pieces):
        ends.append(len(pieces))
    return ends


def call_id(bits: bytes) -> bytes:
    """The id of a call of a tool, `toolu_01…`."""
    return b"toolu_01" + base58(bits)


_THINKING: Final = b'{"type":"thinking","thinking":%b,"signature":"%b"}'
_REDACTED: Final = b'{"type":"redacted_thinking","data":"%b"}'
_TEXT: Final = b'{"type":"text","text":%b}'
_CITED: Final = b'{"citations":[%b],"type":"text","text":%b}'
_CALL: Final = b'{"type":"tool_use","id":"%b","name":%b,"input":%b,"caller":{"type":"direct"}}'


def content_of(made: Sequence[Block]) -> bytes:
    """The `content` of a whole message."""
    return b"[%b]" % b",".join([_whole(block) for block in made if not isinstance(block, Unsaid)])


def _whole(block: Thought | Sealed | Said | Made) -> bytes:
    if isinstance(block, Said):
        text = orjson.dumps("".join(block.pieces))
        return _CITED % (block.citation, text) if block.citation else _TEXT % text
    if isinstance(block, Made):
        call = block.call
        return _CALL % (call_id(call.id_bits), orjson.dumps(call.name), _arguments(block))
    if isinstance(block, Thought):
        return _THINKING % (orjson.dumps(block.text), block.signature.encode())
    return _REDACTED % block.data.encode()


def _arguments(block: Made) -> bytes:
    """The arguments as JSON; those that `max_tokens` cut off are empty, as the real API has them."""
    text = "".join(block.call.pieces).encode()
    if block.cut:
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            return b"{}"
    return text
