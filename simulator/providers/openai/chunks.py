"""A stream of OpenAI's chunks, made from bytes prepared once. Pure.

Chat and text completions differ only in those bytes. For one choice, which is the rule, any run of tokens is a
single join; several choices are interleaved by index within each step, as the service does. What is more than text has
steps made one by one.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from simulator.engine.plan import Choice
from simulator.providers.base import Header, Stream
from simulator.providers.frames import ESCAPED, run
from simulator.providers.ids import base62

DONE = b"data: [DONE]\n\n"


class Lane(NamedTuple):
    """The frames of one choice: `head + literal + tail` for a token, and the one that ends it."""

    head: bytes
    tail: bytes
    final: bytes


class ChunkStream:
    """The `Stream` of an answer.

    `lanes` has one entry for each of `choices`, at least one. `opening` precedes the first step's tokens, `closing`
    follows everything. A choice's final frame comes in the step of its last token; an answer without tokens has one
    step.
    """

    __slots__ = ("_closing", "_head", "_lanes", "_last", "_opening", "_pieces", "_tail", "headers", "steps")

    def __init__(
        self,
        headers: Sequence[Header],
        choices: Sequence[Choice],
        lanes: Sequence[Lane],
        opening: bytes,
        closing: bytes,
    ) -> None:
        self.headers = headers
        self._pieces = [list(choice.pieces) for choice in choices]
        self._lanes = lanes
        self._head, self._tail, _ = lanes[0]
        self._opening = opening
        self._closing = closing
        self.steps = max([1, *map(len, self._pieces)])
        self._last = self.steps - 1 if len(lanes) == 1 else 0

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        if 0 < start < self._last and stop == start + 1:
            # One token in the middle of one choice: nearly every call of a paced stream.
            return self._head + ESCAPED[self._pieces[0][start]] + self._tail
        start = max(start, 0)
        stop = min(stop, self.steps)
        if start >= stop:
            return b""
        before = self._opening if start == 0 else b""
        after = self._closing if stop == self.steps else b""
        if len(self._lanes) > 1:
            return self._woven(start, stop, before, after)
        if after:
            after = self._lanes[0].final + after
        return run(self._pieces[0][start:stop], self._head, self._tail, before, after)

    def _woven(self, start: int, stop: int, before: bytes, after: bytes) -> bytes:
        found = [before]
        for step in range(start, stop):
            for pieces, lane in zip(self._pieces, self._lanes, strict=True):
                length = len(pieces)
                if step < length:
                    found += (lane.head, ESCAPED[pieces[step]], lane.tail)
                if step == max(length - 1, 0):
                    found.append(lane.final)
        found.append(after)
        return b"".join(found)


class Track(NamedTuple):
    """One choice of a `StepStream`: its first frame, how many steps pass before it shows anything, and its steps.

    `steps` makes the bytes of a step when it is asked for; a choice that has nothing to say has one step.
    """

    opening: bytes
    lead: int
    steps: Sequence[bytes]


class StepStream:
    """The `Stream` of any answer: the choices' steps by turns, after all their openings.

    Nothing is shown before the first choice shows something: what a model thinks has no bytes. `closing` follows
    everything.
    """

    __slots__ = ("_closing", "_first", "_opening", "_tracks", "headers", "steps")

    def __init__(self, headers: Sequence[Header], tracks: Sequence[Track], closing: bytes) -> None:
        self.headers = headers
        self._tracks = [(track.lead, track.lead + len(track.steps), track.steps) for track in tracks]
        self._opening = b"".join([track.opening for track in tracks])
        self._first = min([track.lead for track in tracks])
        self._closing = closing
        self.steps = max([end for _, end, _ in self._tracks])

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        found: list[bytes] = []
        for step in range(max(start, self._first), min(stop, self.steps)):
            if step == self._first:
                found.append(self._opening)
            for lead, end, steps in self._tracks:
                if lead <= step < end:
                    found.append(steps[step - lead])
        if start < self.steps <= stop:
            found.append(self._closing)
        return b"".join(found)


class DelayedStream:
    """A stream of which nothing is shown for the first `lead` steps."""

    __slots__ = ("_lead", "_stream", "headers", "steps")

    def __init__(self, stream: Stream, lead: int) -> None:
        self._stream = stream
        self._lead = lead
        self.headers = stream.headers
        self.steps = stream.steps + lead

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        if stop <= self._lead:
            return b""
        return self._stream.frames(max(0, start - self._lead), stop - self._lead)


PADDED: Final = 16
"""Frames are padded to a multiple of so many bytes."""


class PaddedStream:
    """A stream whose frames' lengths tell little of what is in them: each gets a member `obfuscation`.

    Its characters are drawn from the frame itself, so they are the same however the stream is cut.
    """

    __slots__ = ("_stream", "headers", "steps")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.headers = stream.headers
        self.steps = stream.steps

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`."""
        return b"".join([_padded(frame) for frame in self._stream.frames(start, stop).split(b"\n\n") if frame])


def _padded(frame: bytes) -> bytes:
    if not frame.endswith(b"}") or b'"choices":[]' in frame:
        return frame + b"\n\n"
    length = PADDED - (len(frame) + PADDED // 2) % PADDED
    noise = base62(blake2b(frame, digest_size=length).digest(), length).encode()
    return frame[:-1] + b',"obfuscation":"' + noise + b'"}\n\n'
