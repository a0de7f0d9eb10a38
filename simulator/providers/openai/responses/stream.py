"""The frames of a streamed response. Pure.

Nearly every stream is a text, made of bytes prepared once and a running number; any other is written out beforehand.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from simulator.engine.plan import Plan
from simulator.providers.base import Header, Refusal
from simulator.providers.frames import ESCAPED
from simulator.providers.openai.answers import answer_of
from simulator.providers.openai.headers import stream_headers
from simulator.providers.openai.responses.given import Given
from simulator.providers.openai.responses.output import Kind, Made
from simulator.providers.openai.responses.response import begun, body_of, final
from simulator.providers.openai.responses.script import Event, script
from simulator.providers.openai.schema import Free

_READY: Final = 4_096
_BEFORE: Final = 4
"""Events of a text's stream before its first token."""
_EVENT: Final = b'event: response.%b\ndata: {"type":"response.%b",'
_PART: Final = b'{"type":"output_text","annotations":[],"logprobs":[],"text":%b}'
_PHASE: Final = b'"phase":"final_answer",'
_ITEM: Final = b'{"id":"%b","type":"message","status":"%b","content":[%b],%b"role":"assistant"}'


def _event(kind: bytes, rest: bytes) -> bytes:
    return _EVENT % (kind, kind) + rest + b"}\n\n"


# The events around a text, with places for what differs: the response, the item's id, state and phase, the text.
_CREATED: Final = _event(b"created", b'"response":%b,"sequence_number":0')
_IN_PROGRESS: Final = _event(b"in_progress", b'"response":%b,"sequence_number":1')
_ADDED: Final = _event(
    b"output_item.added",
    b'"item":%b,"output_index":0,"sequence_number":2' % (_ITEM % (b"%b", b"in_progress", b"", b"%b")),
)
_PART_ADDED: Final = _event(
    b"content_part.added",
    b'"content_index":0,"item_id":"%%b","output_index":0,"part":%b,"sequence_number":3' % (_PART % b'""'),
)
_TEXT_DONE: Final = _event(
    b"output_text.done",
    b'"content_index":0,"item_id":"%b","logprobs":[],"output_index":0,"sequence_number":%d,"text":%b',
)
_PART_DONE: Final = _event(
    b"content_part.done", b'"content_index":0,"item_id":"%b","output_index":0,"part":%b,"sequence_number":%d'
)
_ITEM_DONE: Final = _event(b"output_item.done", b'"item":%b,"output_index":0,"sequence_number":%d')
_DONE: Final = {
    status: _event(status.encode(), b'"response":%b,"sequence_number":%d') for status in ("completed", "incomplete")
}
_DELTA: Final = _EVENT % ((b"output_text.delta",) * 2) + b'"content_index":0,"delta":'
_AFTER: Final = b"}\n\n"
_BETWEEN: Final = _AFTER + _DELTA


def _number(number: int) -> bytes:
    """The end of a delta of this number and the beginning of the next one."""
    return b"%d" % number + _BETWEEN


_NUMBERS: Final = [_number(number) for number in range(_READY)]


def frame(kind: str, fields: Free, number: int) -> bytes:
    """One event. Its fields stand in the order of the alphabet, as in recorded streams."""
    told = {"type": kind, **dict(sorted({**fields, "sequence_number": number}.items()))}
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(told))


def _written(steps: Sequence[Sequence[Event]]) -> tuple[list[bytes], list[int]]:
    """The bytes of each step, and the number of the event that follows it."""
    number = 0
    made: list[bytes] = []
    ends: list[int] = []
    for events in steps:
        frames: list[bytes] = []
        for kind, fields in events:
            frames.append(frame(kind, fields, number))
            number += 1
        made.append(b"".join(frames))
        ends.append(number)
    return made, ends


def stream_of(given: Given, plan: Plan, made: Sequence[Made]) -> "TextStream | WrittenStream":
    """The stream of an answer of these items."""
    if _is_text(given, plan, made):
        return TextStream(given, plan, made)
    return WrittenStream(given, plan, made)


def _is_text(given: Given, plan: Plan, made: Sequence[Made]) -> bool:
    body = body_of(given)
    return (
        len(made) == 1
        and made[0].kind is Kind.TEXT
        and body.stream_options is None
        and not body.background
        and len(made[0].pieces) > 0
        and len(made[0].pieces) == answer_of(plan).steps
        and not made[0].item["content"][0]["logprobs"]
    )


class _Ending:
    """How a stream ends that cannot be brought to its end."""

    def __init__(self, given: Given, plan: Plan) -> None:
        self._given = given
        self._plan = plan

    def events(self, refusal: Refusal, number: int) -> bytes:
        message = refusal.message or "The server had an error while processing your request. Sorry about that!"
        code = refusal.code or "server_error"
        failed = begun(self._given, self._plan, "failed")
        failed["error"] = {"code": "server_error", "message": message}
        told = frame("error", {"code": code, "message": message, "param": refusal.param}, number)
        return told + frame("response.failed", {"response": failed}, number + 1)


class TextStream:
    """The `Stream` of an answer that is one text and nothing else."""

    __slots__ = ("_closing", "_ending", "_opening", "_pieces", "_tail", "headers", "steps")

    def __init__(self, given: Given, plan: Plan, made: Sequence[Made]) -> None:
        self.headers: Sequence[Header] = stream_headers(plan)
        self._pieces = list(made[0].pieces)
        self._ending = _Ending(given, plan)
        self.steps = len(self._pieces)
        item = made[0].item
        name = item["id"].encode()
        phase = _PHASE if "phase" in item else b""
        self._tail = b',"item_id":"%b","logprobs":[],"output_index":0,"sequence_number":' % name
        base = begun(given, plan)
        start = orjson.dumps(base)
        self._opening = _CREATED % start + _IN_PROGRESS % start + _ADDED % (name, phase) + _PART_ADDED % name
        done = final(given, plan, made, base)
        text = orjson.dumps(item["content"][0]["text"])
        part = _PART % text
        told = _ITEM % (name, item["status"].encode(), part, phase)
        number = _BEFORE + self.steps
        self._closing = (
            _TEXT_DONE % (name, number, text)
            + _PART_DONE % (name, part, number + 1)
            + _ITEM_DONE % (told, number + 2)
            + _DONE[done["status"]] % (orjson.dumps(done), number + 3)
        )

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        start = max(start, 0)
        stop = min(stop, self.steps)
        if start >= stop:
            return b""
        count = stop - start
        first, last = start + _BEFORE, stop + _BEFORE
        told = [self._tail] * (3 * count)
        told[::3] = map(ESCAPED.__getitem__, self._pieces[start:stop])
        told[2::3] = _NUMBERS[first:last] if last <= _READY else [_number(number) for number in range(first, last)]
        told[0] = (self._opening if start == 0 else b"") + _DELTA + told[0]
        told[-1] = b"%d" % (last - 1) + _AFTER
        if stop == self.steps:
            told.append(self._closing)
        return b"".join(told)

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """The events that end the stream in band after so many steps were sent."""
        return self._ending.events(refusal, sent + _BEFORE if sent else 0)


class WrittenStream:
    """The `Stream` of any other answer: every step made beforehand."""

    __slots__ = ("_ending", "_ends", "_made", "headers", "steps")

    def __init__(self, given: Given, plan: Plan, made: Sequence[Made]) -> None:
        self.headers: Sequence[Header] = stream_headers(plan)
        self._made, self._ends = _written(script(given, plan, made))
        self._ending = _Ending(given, plan)
        self.steps = len(self._made)

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        return b"".join(self._made[max(start, 0) : max(stop, 0)])

    def step(self, index: int) -> bytes:
        """The bytes of one step."""
        return self._made[index]

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """The events that end the stream in band after so many steps were sent."""
        return self._ending.events(refusal, self._ends[sent - 1] if sent else 0)
