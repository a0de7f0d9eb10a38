"""A stream of Mistral's chunks. Pure.

A text's tokens are a chunk each, as are a thought's; the calls of a choice come whole, in the chunk that ends it. The
last chunk of all has the usage.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from simulator.engine.plan import Choice
from simulator.providers.base import Header
from simulator.providers.frames import ESCAPED, run
from simulator.providers.mistral.answers import FINISH, calls_of

DONE = b"data: [DONE]\n\n"
_END = b"]}\n\n"
_THOUGHT = b'{"content":[{"type":"thinking","thinking":[{"type":"text","text":'
_THOUGHT_END = b'}]}]},"finish_reason":null}' + _END
_TEXT = b'{"content":'
_TEXT_END = b'},"finish_reason":null}' + _END
_OPENING = b'{"role":"assistant","content":""},"finish_reason":null}' + _END


class TextStream:
    """The `Stream` of one choice in plain text, which is the rule: any run of tokens is a single join."""

    __slots__ = ("_closing", "_head", "_opening", "_pieces", "headers", "steps")

    def __init__(
        self, headers: Sequence[Header], pieces: Sequence[str], head: bytes, opening: bytes, closing: bytes
    ) -> None:
        """A token is between `head` and the common end; `opening` and `closing` are all that comes around them."""
        self.headers = headers
        self._pieces = list(pieces)
        self._head = head
        self._opening = opening
        self._closing = closing
        self.steps = max(1, len(self._pieces))

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        if 0 < start < self.steps - 1 and stop == start + 1:
            return self._head + ESCAPED[self._pieces[start]] + _TEXT_END
        start = max(start, 0)
        stop = min(stop, self.steps)
        if start >= stop:
            return b""
        before = self._opening if start == 0 else b""
        after = self._closing if stop == self.steps else b""
        return run(self._pieces[start:stop], self._head, _TEXT_END, before, after)


class StepStream:
    """The `Stream` of any other answer: every step is made beforehand."""

    __slots__ = ("_made", "headers", "steps")

    def __init__(self, headers: Sequence[Header], made: Sequence[bytes]) -> None:
        self.headers = headers
        self._made = made
        self.steps = len(made)

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        return b"".join(self._made[max(start, 0) : max(stop, 0)])


class Told(NamedTuple):
    """What an answer's stream is made of: `chunk` opens every chunk, `usage` is the last one's, `prefix` is given."""

    headers: Sequence[Header]
    chunk: bytes
    usage: bytes
    prefix: str


def stream_of(told: Told, choices: Sequence[Choice]) -> TextStream | StepStream:
    """The stream of the choices, at least one."""
    starts = [b'%b{"index":%d,"delta":' % (told.chunk, index) for index in range(len(choices))]
    opening = b"".join([start + _OPENING for start in starts])
    longest = max([choice.steps for choice in choices])
    last = max([index for index, choice in enumerate(choices) if choice.steps == longest])
    finals = [
        _final(start, choice, told.usage if index == last else b"")
        for index, (start, choice) in enumerate(zip(starts, choices, strict=True))
    ]
    if len(choices) == 1 and not choices[0].calls and not choices[0].reasoning:
        opening += _given(starts[0], told.prefix)
        return TextStream(told.headers, choices[0].pieces, starts[0] + _TEXT, opening, finals[0] + DONE)
    lanes = [
        _steps(start, choice, final, told.prefix) for start, choice, final in zip(starts, choices, finals, strict=True)
    ]
    made = [b"".join(step) for step in zip_longest(*lanes, fillvalue=b"")]
    made[0] = opening + made[0]
    made[-1] += DONE
    return StepStream(told.headers, made)


def _given(start: bytes, prefix: str) -> bytes:
    """The chunk of what the answer must begin with."""
    return start + _TEXT + ESCAPED[prefix] + _TEXT_END if prefix else b""


def _final(start: bytes, choice: Choice, usage: bytes) -> bytes:
    """The chunk that ends a choice."""
    delta = b'{"tool_calls":%b}' % calls_of(choice.calls) if choice.calls else b'{"content":""}'
    end = b'],"usage":%b}\n\n' % usage if usage else _END
    return b'%b%b,"finish_reason":"%b"}%b' % (start, delta, FINISH[choice.finish], end)


def _steps(start: bytes, choice: Choice, final: bytes, prefix: str) -> list[bytes]:
    head = start + _THOUGHT
    steps = [head + ESCAPED[piece] + _THOUGHT_END for piece in choice.reasoning]
    head = start + _TEXT
    steps += [head + ESCAPED[piece] + _TEXT_END for piece in choice.pieces]
    steps += [b""] * (choice.steps - len(steps))
    if not choice.reasoning:
        steps[0] = _given(start, prefix) + steps[0]
    steps[-1] += final
    return steps
