"""Streams of partial answers, as events or as the elements of one array. Pure.

A chunk is a whole response with one candidate. For one candidate of text, which is the rule, any run of tokens is a
single join; anything else is made a step at a time beforehand. Thoughts that are kept from the client are steps without
bytes.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from simulator.engine.plan import Answer, Choice
from simulator.providers.base import Header, Refusal
from simulator.providers.frames import ESCAPED, run
from simulator.providers.gemini.answers import FINISH, Shown, calls_of, pieces_of, signature_of, signed
from simulator.providers.gemini.errors import element, event
from simulator.providers.gemini.request import Echo

_OPEN: Final = b'{"candidates": [{"content": {"parts": [{"text": '
_CLOSE: Final = b'],"role": "model"}'


class Form:
    """How chunks are set apart, and what each ends with.

    `model` and `name` are the model's name and the answer's id as JSON literals, `usage` the object that the last chunk
    has.
    """

    __slots__ = ("_usage", "after", "closing", "events", "ident", "opening", "separator")

    def __init__(self, *, events: bool, model: bytes, name: bytes, usage: bytes) -> None:
        self.events = events
        self.separator = b"data: " if events else b",\r\n"
        self.opening = b"" if events else b"["
        self.closing = b"" if events else b"]"
        self.ident = b'"modelVersion": %b,"responseId": %b}' % (model, name)
        self.after = self.ident + (b"\r\n\r\n" if events else b"")
        self._usage = b'"usageMetadata": %b,' % usage

    def end(self, *, last: bool) -> bytes:
        """What follows a chunk's candidate."""
        return b"}]," + (self._usage if last else b"") + self.after

    def blocked(self) -> bytes:
        """The only chunk of an answer whose prompt is not let through."""
        feedback = b'{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},'
        return self.first(self.separator + feedback + self._usage + self.after) + self.closing

    def first(self, frames: bytes) -> bytes:
        """Frames that begin the stream: an array opens instead of going on."""
        return frames if self.events else self.opening + frames.removeprefix(self.separator)

    def failed(self, refusal: Refusal, *, begun: bool) -> bytes:
        """What ends a stream; an array of which nothing was sent is opened for it."""
        if self.events:
            return event(refusal)
        return element(refusal) if begun else self.first(element(refusal))


class TextStream:
    """The `Stream` of one candidate that calls nothing."""

    __slots__ = (
        "_before",
        "_final",
        "_form",
        "_head",
        "_hidden",
        "_last",
        "_tail",
        "_thought",
        "_words",
        "headers",
        "steps",
    )

    def __init__(self, headers: Sequence[Header], answer: Answer, echo: Echo, form: Form, rating: bytes) -> None:
        choice = answer.choices[0]
        self.headers = headers
        self._form = form
        self._before = len(choice.reasoning)
        self._hidden = self._before and not echo.thoughts
        self._words = [*choice.reasoning, *pieces_of(choice, echo)]
        self.steps = max(1, len(self._words))
        self._last = self.steps - 1
        end = b',"index": 0' + form.end(last=False)
        self._head = form.separator + _OPEN
        self._tail = b"}" + _CLOSE + end
        self._thought = b',"thought": true}' + _CLOSE + end
        sign = b',"thoughtSignature": "%b"' % signature_of(answer, 0) if signed(choice, echo) else b""
        finish = b',"finishReason": "%b","index": 0%b' % (FINISH[choice.finish], rating) + form.end(last=True)
        if len(choice.pieces):
            self._final = self._head + ESCAPED[self._words[-1]] + sign + b"}" + _CLOSE + finish
        else:
            thought = b""
            if self._before and not self._hidden:
                thought = self._head + ESCAPED[self._words[-1]] + self._thought
            self._final = thought + form.separator + b'{"candidates": [{"content": {"role": "model"}' + finish
        self._final += form.closing

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        if self._before < start < self._last and stop == start + 1:
            # One token in the middle of the text: nearly every call of a paced stream.
            return self._head + ESCAPED[self._words[start]] + self._tail
        start = max(start, 0)
        stop = min(stop, self.steps)
        if start >= stop:
            return b""
        last = stop == self.steps
        middle = min(stop, self._last)
        made = b""
        if start < self._before and not self._hidden:
            made = run(self._words[start : min(middle, self._before)], self._head, self._thought)
        made += run(self._words[max(start, self._before) : middle], self._head, self._tail)
        if last:
            made += self._final
        first = min(self._before, self._last) if self._hidden else 0
        return self._form.first(made) if start <= first < stop else made

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """The bytes that end this stream in band with a refusal when so many of its steps were `sent`."""
        return self._form.failed(refusal, begun=bool(self.frames(0, sent)))


class BlockedStream:
    """The `Stream` of a prompt that is blocked: what was found in it, and no candidate."""

    __slots__ = ("_form", "headers", "steps")

    def __init__(self, headers: Sequence[Header], form: Form) -> None:
        self.headers = headers
        self.steps = 1
        self._form = form

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`."""
        return self._form.blocked() if start <= 0 < stop else b""

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """The bytes that end this stream in band with a refusal when so many of its steps were `sent`."""
        return self._form.failed(refusal, begun=bool(self.frames(0, sent)))


class StepStream:
    """The `Stream` of several candidates, or of calls: every step made beforehand, as they are few."""

    __slots__ = ("_form", "_made", "headers", "steps")

    def __init__(self, headers: Sequence[Header], answer: Answer, echo: Echo, form: Form, rating: bytes) -> None:
        self.headers = headers
        self._form = form
        self.steps = answer.steps
        chunks = [
            chunk for index, choice in enumerate(answer.choices) for chunk in _chunks(answer, index, choice, echo)
        ]
        chunks.sort(key=lambda chunk: chunk[0])
        made = [b""] * self.steps
        final = len(chunks) - 1
        for place, (step, index, content, finish) in enumerate(chunks):
            told = (
                b',"finishReason": "%b","index": %d%b' % (finish, index, rating) if finish else b',"index": %d' % index
            )
            frame = b'%b{"candidates": [{"content": {%b%b%b' % (
                form.separator,
                content,
                told,
                form.end(last=place == final),
            )
            made[step] += form.first(frame) if place == 0 else frame
        made[-1] += form.closing
        self._made = made

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        return b"".join(self._made[max(start, 0) : max(stop, 0)])

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """The bytes that end this stream in band with a refusal when so many of its steps were `sent`."""
        return self._form.failed(refusal, begun=bool(self.frames(0, sent)))


_Chunk = tuple[int, int, bytes, bytes]
"""The step, the candidate's index, the content behind its brace, and the finish reason or nothing."""


def _chunks(answer: Answer, index: int, choice: Choice, echo: Echo) -> list[_Chunk]:
    sign = b',"thoughtSignature": "%b"' % signature_of(answer, index) if signed(choice, echo) else b""
    found: list[tuple[int, bytes]] = []
    if echo.thoughts:
        found += [(step, _text(piece, b',"thought": true')) for step, piece in enumerate(choice.reasoning)]
    step = len(choice.reasoning)
    pieces = pieces_of(choice, echo)
    for place, piece in enumerate(pieces):
        ends = not choice.calls and place == len(pieces) - 1
        found.append((step + place, _text(piece, sign if ends else b"")))
    step += len(pieces)
    for call, shown in zip(choice.calls, calls_of(choice, echo), strict=True):
        step += len(call.pieces)
        if shown is not None:
            found.append((step - 1, _call(shown, sign)))
            sign = b""
    last = choice.steps - 1
    if not found or found[-1][0] != last:
        found.append((last, b'"parts": [{"text": ""}'))
    chunks: list[_Chunk] = [(at, index, content + _CLOSE, b"") for at, content in found]
    chunks[-1] = (*chunks[-1][:3], FINISH[choice.finish])
    return chunks


def _text(piece: str, more: bytes) -> bytes:
    return b'"parts": [{"text": %b%b}' % (orjson.dumps(piece), more)


def _call(shown: Shown, sign: bytes) -> bytes:
    name = b',"id": %b' % shown.id if shown.id else b""
    return b'"parts": [{"functionCall": {"name": %b,"args": %b%b}%b}' % (shown.name, shown.args, name, sign)
