"""A stream of OpenAI's chunks, made from bytes prepared once. Pure.

Chat and text completions differ only in those bytes. For one choice, which is the rule, any run of tokens is a
single join; several choices are interleaved by index within each step, as the service does.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from simulator.engine.plan import Choice
from simulator.providers.base import Header
from simulator.providers.frames import ESCAPED, run

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


class StepStream:
    """The `Stream` of an answer with calls: every step made beforehand, as they are few.

    `choices` has the opening and the steps of each choice; `closing` follows everything. The openings come first, and
    then the choices' steps by turns.
    """

    __slots__ = ("_made", "headers", "steps")

    def __init__(
        self, headers: Sequence[Header], choices: Sequence[tuple[bytes, Sequence[bytes]]], closing: bytes
    ) -> None:
        self.headers = headers
        made = [b"".join(step) for step in zip_longest(*[steps for _, steps in choices], fillvalue=b"")]
        made[0] = b"".join([opening for opening, _ in choices]) + made[0]
        made[-1] += closing
        self._made = made
        self.steps = len(made)

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        return b"".join(self._made[max(start, 0) : max(stop, 0)])
