"""Answers as lines of JSON: one a token, and one that ends them. Pure.

Chat and generate differ only in what stands around a token (`Manner`). A call comes whole, in a line of its own, when
its last token is due.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import orjson

from simulator.engine.plan import Answer, Call, Choice, Finish, Plan
from simulator.providers.base import Header
from simulator.providers.frames import ESCAPED, run
from simulator.providers.ids import base62
from simulator.providers.ollama.moments import metrics, stamp

REASON = {
    Finish.STOP: b"stop",
    Finish.LENGTH: b"length",
    Finish.STOP_SEQUENCE: b"stop",
    Finish.TOOL_CALLS: b"stop",
    Finish.CONTENT_FILTER: b"stop",
    Finish.REFUSAL: b"stop",
}

JSON: Sequence[Header] = ((b"content-type", b"application/json; charset=utf-8"),)
NDJSON: Sequence[Header] = (
    (b"content-type", b"application/x-ndjson"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
)
_CALL = b'{"id":"call_%b","function":{"index":%d,"name":%b,"arguments":%b}}'


_BREAKS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))
"""What readers of lines may take for the end of one besides a newline, as the official client does, and its escapes.
The server's encoder escapes the first two."""


def unbroken(lines: bytes) -> bytes:
    """JSON in which nothing but a newline ends a line; these characters stand in texts alone."""
    for raw, escaped in _BREAKS:
        if raw in lines:
            lines = lines.replace(raw, escaped)
    return lines


class Manner(NamedTuple):
    """What stands before and after the members of one line's message, and the member that is its text."""

    before: bytes
    after: bytes
    text: bytes


CHAT = Manner(b'","message":{"role":"assistant",', b"},", b'"content":')
GENERATE = Manner(b'",', b",", b'"response":')


def answer_of(plan: Plan) -> Answer:
    """The plan's answer. Raises TypeError when it has none: a fault is refused, not encoded."""
    if not isinstance(plan.outcome, Answer):
        raise TypeError(f"this endpoint encodes an Answer, not {type(plan.outcome).__name__}")
    return plan.outcome


def whole(plan: Plan, model: bytes, manner: Manner, more: bytes = b"") -> bytes:
    """An answer in one object; `model` is a JSON literal, `more` further members of it, after a comma."""
    answer = answer_of(plan)
    choice = answer.choices[0]
    message = manner.text + orjson.dumps(choice.text)
    if choice.reasoning:
        message += b',"thinking":' + orjson.dumps("".join(choice.reasoning))
    calls = [told for told in _calls(choice.calls) if told]
    if calls:
        message += b',"tool_calls":[%b]' % b",".join(calls)
    return _object(plan, answer, model, manner, message, more)


def _object(plan: Plan, answer: Answer, model: bytes, manner: Manner, message: bytes, more: bytes) -> bytes:
    due = plan.offsets[-1] if len(plan.offsets) else 0.0
    return b'{"model":%b,"created_at":"%b%b%b%b"done":true,"done_reason":"%b"%b,%b}' % (
        model,
        stamp(answer.created, due),
        manner.before,
        message,
        manner.after,
        REASON[answer.choices[0].finish],
        more,
        metrics(plan, answer.usage),
    )


def _calls(calls: Sequence[Call]) -> list[bytes]:
    """Each call as an object; nothing for one that was cut short, whose arguments are no object."""
    found = []
    for index, call in enumerate(calls):
        arguments = "".join(call.pieces).encode()
        try:
            msgspec.json.decode(arguments, type=dict)
        except msgspec.MsgspecError:
            found.append(b"")
            continue
        found.append(_CALL % (base62(call.id_bits, 8).lower().encode(), index, orjson.dumps(call.name), arguments))
    return found


class LineStream:
    """The `Stream` of an answer."""

    __slots__ = (
        "_after",
        "_before",
        "_created",
        "_fixed",
        "_last",
        "_offsets",
        "_pieces",
        "_steps",
        "headers",
        "steps",
    )

    def __init__(self, plan: Plan, model: bytes, manner: Manner, more: bytes = b"") -> None:
        """`model` is a JSON literal, `more` further members of the last line, after a comma."""
        answer = answer_of(plan)
        choice = answer.choices[0]
        self.headers = NDJSON
        self.steps = choice.steps
        self._created = answer.created
        self._offsets = plan.offsets
        self._last = _object(plan, answer, model, manner, manner.text + b'""', more) + b"\n"
        self._before = (b'{"model":%b,"created_at":"' % model, manner.before)
        self._after = manner.after + b'"done":false}\n'
        # A text alone, at once: all lines are alike but for their token.
        self._pieces: list[str] | None = None
        self._steps: list[bytes] = []
        if choice.calls or choice.reasoning or len(plan.offsets):
            self._steps = _members(choice, manner)
        else:
            self._pieces = list(choice.pieces)
        self._fixed = stamp(answer.created, 0.0).join(self._before) + manner.text

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        start, stop = max(start, 0), min(stop, self.steps)
        if start >= stop:
            return b""
        last = self._last if stop == self.steps else b""
        if self._pieces is not None:
            return unbroken(run(self._pieces[start:stop], self._fixed, self._after, b"", last))
        lines = [self._line(step) for step in range(start, stop)]
        lines.append(last)
        return unbroken(b"".join(lines))

    def _line(self, step: int) -> bytes:
        members = self._steps[step]
        if not members:
            return b""
        offset = self._offsets[step] if len(self._offsets) else 0.0
        before, between = self._before
        return b"%b%b%b%b%b" % (before, stamp(self._created, offset), between, members, self._after)


def _members(choice: Choice, manner: Manner) -> list[bytes]:
    """The message's members of each step; none for a step that shows nothing."""
    head = manner.text + b'"","thinking":'
    steps = [head + ESCAPED[piece] for piece in choice.reasoning]
    steps += [manner.text + ESCAPED[piece] for piece in choice.pieces]
    for call, told in zip(choice.calls, _calls(choice.calls), strict=True):
        steps += [b""] * (len(call.pieces) - 1)
        steps.append(manner.text + b'"","tool_calls":[%b]' % told if told else b"")
    return steps or [b""]
