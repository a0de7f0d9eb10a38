"""What the answers of chat and fill-in-the-middle are made of: ids, messages, calls, usage. Pure.

A message's content is a text; after a thought it is a list of chunks, the thought first.
"""

from functools import lru_cache

import orjson

from simulator.engine.plan import Answer, Call, Choice, Finish, Plan, Usage
from simulator.providers.ids import base62

FINISH = {
    Finish.STOP: b"stop",
    Finish.LENGTH: b"length",
    Finish.STOP_SEQUENCE: b"stop",
    Finish.TOOL_CALLS: b"tool_calls",
    Finish.CONTENT_FILTER: b"error",
    Finish.REFUSAL: b"stop",
}

_USAGE = (
    b'{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d},'
    b'"service_tier":"standard"}'
)
_CALL = b'{"id":"%b","type":"function","function":{"name":%b,"arguments":%b},"index":%d}'
_THOUGHT = b'{"type":"thinking","thinking":[{"type":"text","text":%b}],"closed":true}'
_TEXT = b'{"type":"text","text":%b}'
_CHOICE = b'{"index":%d,"finish_reason":"%b","message":{"role":"assistant","tool_calls":%b,"content":%b}}'


@lru_cache(maxsize=1024)
def literal(name: str) -> bytes:
    """A model's name as JSON."""
    return orjson.dumps(name)


def answer_of(plan: Plan) -> Answer:
    """The plan's answer. Raises TypeError when it has none: a fault is refused, not encoded."""
    if not isinstance(plan.outcome, Answer):
        raise TypeError(f"this endpoint encodes an Answer, not {type(plan.outcome).__name__}")
    return plan.outcome


def answer_id(plan: Plan, answer: Answer) -> bytes:
    """The answer's id as a JSON literal: 32 hexadecimal digits, after a prefix if one is configured."""
    digits = answer.id_bits[:16].hex()
    if plan.id_prefix is None:
        return b'"%b"' % digits.encode()
    return orjson.dumps(plan.id_prefix + digits)


def usage_of(usage: Usage) -> bytes:
    """The usage object."""
    total = usage.input_tokens + usage.output_tokens
    return _USAGE % (usage.input_tokens, total, usage.output_tokens, usage.cached_tokens)


def calls_of(calls: tuple[Call, ...]) -> bytes:
    """The list of calls."""
    told = [
        _CALL % (base62(call.id_bits, 9).encode(), orjson.dumps(call.name), orjson.dumps("".join(call.pieces)), index)
        for index, call in enumerate(calls)
    ]
    return b"[%b]" % b",".join(told)


def choice_of(index: int, choice: Choice, prefix: str) -> bytes:
    """A choice of a whole answer."""
    calls = calls_of(choice.calls) if choice.calls else b"null"
    if choice.reasoning:
        chunks = [_THOUGHT % orjson.dumps("".join(choice.reasoning))]
        if len(choice.pieces):
            chunks.append(_TEXT % orjson.dumps(choice.text))
        content = b"[%b]" % b",".join(chunks)
    else:
        content = orjson.dumps(prefix + choice.text)
    return _CHOICE % (index, FINISH[choice.finish], calls, content)
