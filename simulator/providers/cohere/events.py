"""The events of a streamed chat of version 2, and the streams that give them out step by step. Pure.

A plain text is streamed from its pieces, so that nothing is made before it is due. An answer with thoughts, calls,
citations or log-probabilities has all of its steps made at once.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from simulator.engine.plan import Choice
from simulator.providers import frames
from simulator.providers.base import Header, Refusal, Stream
from simulator.providers.cohere import errors
from simulator.providers.cohere.citations import Citation, told
from simulator.providers.cohere.documents import Source
from simulator.providers.cohere.plans import call_id, plan_of, words_of
from simulator.providers.frames import ESCAPED

TEXT_HEAD: Final = (
    b'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":'
)
TEXT_TAIL: Final = b"}}}}\n\n"
TEXT_START: Final = (
    b"event: content-start\n"
    b'data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}\n\n'
)
TEXT_END: Final = b'event: content-end\ndata: {"type":"content-end","index":0}\n\n'

_START: Final = (
    b"event: content-start\n"
    b'data: {"type":"content-start","index":%d,"delta":{"message":{"content":{"type":"%b","%b":""}}}}\n\n'
)
_DELTA: Final = (
    b'event: content-delta\ndata: {"type":"content-delta","index":%d,"delta":{"message":{"content":{"%b":%b}}}%b}\n\n'
)
_END: Final = b'event: content-end\ndata: {"type":"content-end","index":%d}\n\n'
_PLAN: Final = b'event: tool-plan-delta\ndata: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":%b}}}\n\n'
_CALL_START: Final = (
    b"event: tool-call-start\n"
    b'data: {"type":"tool-call-start","index":%d,"delta":{"message":{"tool_calls":{"id":%b,"type":"function",'
    b'"function":{"name":%b,"arguments":""}}}}}\n\n'
)
_CALL_DELTA: Final = (
    b"event: tool-call-delta\n"
    b'data: {"type":"tool-call-delta","index":%d,"delta":{"message":{"tool_calls":{"function":{"arguments":%b}}}}}\n\n'
)
_CALL_END: Final = b'event: tool-call-end\ndata: {"type":"tool-call-end","index":%d}\n\n'
_CITATION: Final = (
    b"event: citation-start\n"
    b'data: {"type":"citation-start","index":%d,"delta":{"message":{"citations":%b}}}\n\n'
    b'event: citation-end\ndata: {"type":"citation-end","index":%d}\n\n'
)


class TextStream:
    """A stream of one frame a piece, `head` and `tail` around its JSON.

    An answer without pieces has one step, of prologue and epilogue.
    """

    __slots__ = ("_epilogue", "_head", "_pieces", "_prologue", "_tail", "headers", "steps")

    def __init__(
        self,
        headers: Sequence[Header],
        pieces: Sequence[str],
        prologue: bytes,
        epilogue: bytes,
        around: tuple[bytes, bytes] = (TEXT_HEAD, TEXT_TAIL),
    ) -> None:
        self.headers = headers
        self.steps = len(pieces) or 1
        self._pieces = pieces
        self._prologue = prologue
        self._epilogue = epilogue
        self._head, self._tail = around

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`."""
        if start >= stop:
            return b""
        body = frames.run(self._pieces[start:stop], self._head, self._tail)
        if start == 0:
            body = self._prologue + body
        return body + self._epilogue if stop >= self.steps else body


class StepStream:
    """A stream whose steps were all made beforehand."""

    __slots__ = ("_made", "headers", "steps")

    def __init__(self, headers: Sequence[Header], made: Sequence[bytes], prologue: bytes, epilogue: bytes) -> None:
        """`made` has the steps between prologue and epilogue, perhaps none."""
        self.headers = headers
        steps = list(made) or [b""]
        steps[0] = prologue + steps[0]
        steps[-1] += epilogue
        self._made = steps
        self.steps = len(steps)

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`."""
        return b"".join(self._made[max(start, 0) : max(stop, 0)])


class Lines:
    """Another stream's events as lines of JSON, without what names and ends them in a stream of events."""

    __slots__ = ("_stream", "headers", "steps")

    def __init__(self, stream: Stream, headers: Sequence[Header]) -> None:
        self.headers = headers
        self.steps = stream.steps
        self._stream = stream

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`."""
        return lines_of(self._stream.frames(start, stop))

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """See `Stream`."""
        del sent
        return lines_of(errors.stream_error(refusal))


def lines_of(events: bytes) -> bytes:
    """The data of named events, a line each."""
    found = [event.partition(b"\ndata: ")[2] for event in events.split(b"\n\n")]
    return b"".join([data + b"\n" for data in found if data])


class Cited:
    """The citations of an answer, ready to be put among the steps of its text."""

    __slots__ = ("_events", "_fast")

    def __init__(self, citations: Sequence[Citation], sources: Sequence[Source], block: int, *, fast: bool) -> None:
        """`fast` tells each citation as soon as its stretch is complete, otherwise all follow the text."""
        self._fast = fast
        self._events = [
            (citation.end, _CITATION % (place, told(citation, sources, block), place))
            for place, citation in enumerate(citations)
        ]

    def put_into(self, steps: list[bytes], pieces: Sequence[str]) -> None:
        """Put the events behind the steps that they belong to; there is a step a piece, at least one."""
        if not self._fast:
            steps[-1] += b"".join([event for _, event in self._events])
            return
        said = waiting = 0
        for place, piece in enumerate(pieces):
            said += len(piece)
            while waiting < len(self._events) and self._events[waiting][0] <= said:
                steps[place] += self._events[waiting][1]
                waiting += 1


def steps_of(choice: Choice, cited: Cited | None, logprobs: Sequence[bytes]) -> list[bytes]:
    """The events of each step: thoughts, text, calls. A block opens in its first piece's step, ends in its last's.

    Text before calls is the plan. `logprobs` are those of the text's tokens, or empty.
    """
    steps: list[bytes] = []
    block = 0
    if choice.reasoning:
        steps = [_DELTA % (block, b"thinking", ESCAPED[piece], b"") for piece in choice.reasoning]
        steps[0] = _START % (block, b"thinking", b"thinking") + steps[0]
        steps[-1] += _END % block
        block += 1
    if choice.calls:
        steps += [_PLAN % ESCAPED[piece] for piece in choice.pieces]
        told_before = bool(choice.pieces) or bool(choice.reasoning)
        return steps + _calls(choice, plan=b"" if told_before else _planned(choice))
    if not choice.pieces and steps:
        return steps
    text = _text_steps(choice.pieces, block, logprobs)
    if cited is not None:
        cited.put_into(text, choice.pieces)
    text[0] = _START % (block, b"text", b"text") + text[0]
    text[-1] += _END % block
    return steps + text


def _text_steps(pieces: Sequence[str], block: int, logprobs: Sequence[bytes]) -> list[bytes]:
    if not logprobs:
        return [_DELTA % (block, b"text", ESCAPED[piece], b"") for piece in pieces] or [b""]
    return [
        _DELTA % (block, b"text", ESCAPED[piece], b',"logprobs":%b' % likely)
        for piece, likely in zip(pieces, logprobs, strict=True)
    ] or [b""]


def _planned(choice: Choice) -> bytes:
    return b"".join([_PLAN % ESCAPED[word] for word in words_of(plan_of(choice.calls))])


def _calls(choice: Choice, plan: bytes) -> list[bytes]:
    steps: list[bytes] = []
    for index, call in enumerate(choice.calls):
        own = [_CALL_DELTA % (index, ESCAPED[piece]) for piece in call.pieces]
        opening = _CALL_START % (index, orjson.dumps(call_id(call)), orjson.dumps(call.name))
        own[0] = opening + own[0]
        own[-1] += _CALL_END % index
        steps += own
    steps[0] = plan + steps[0]
    return steps
