"""Whether a text matches a regular expression, in bounded time. Pure.

Both the expression and the text may come from a client, so Python's own engine, which may take exponential time, is not
asked. This one backtracks too, and gives up after a number of steps: a text that is not decided by then counts as one
that does not match. Each part becomes a closure that takes a place and what is to match after it.
"""

from collections.abc import Callable
from typing import Final

from simulator.engine.content.structured.regex.classes import WORD
from simulator.engine.content.structured.regex.tree import (
    UNBOUNDED,
    Anchor,
    Back,
    Chars,
    Choice,
    Group,
    Look,
    Part,
    Pattern,
    Repeat,
    Sequential,
)

STEPS: Final = 20_000
"""About 10 ms; a text of 100 characters and a usual pattern take a few hundred."""

ALLOWANCE: Final = 200_000
SEARCH: Final = 10

Rest = Callable[[int], bool]
Step = Callable[[int, Rest], bool]


class Meter:
    """What may be spent on matching within one piece of work, in steps; a search costs `SEARCH` and those it takes."""

    __slots__ = ("left",)

    def __init__(self, steps: int = ALLOWANCE) -> None:
        self.left = steps


class MeterError(Exception):
    """The allowance of a piece of work is used up."""


class _TooLongError(Exception):
    """Ends a search; never leaves this module."""


def _ends(_at: int) -> bool:
    return True


class Matcher:
    """Searches texts for one expression. Not to be shared between threads."""

    __slots__ = ("_groups", "_left", "_root", "_start", "_text")

    def __init__(self, pattern: Pattern) -> None:
        self._root = self._step(pattern.root)
        self._start = pattern.start
        self._text = ""
        self._left = 0
        self._groups: list[tuple[int, int] | None] = [None] * (pattern.groups + 1)

    def search(self, text: str, meter: Meter) -> bool:
        """Whether the expression matches anywhere in the text, as JSON Schema's `pattern` asks. Raises MeterError."""
        self._text = text
        allowed = self._left = min(STEPS, meter.left - SEARCH)
        if allowed < 0:
            raise MeterError
        found = self._search(text)
        meter.left -= SEARCH + allowed - self._left
        return found

    def _search(self, text: str) -> bool:
        groups = self._groups
        try:
            for at in range(1 if self._start else len(text) + 1):
                groups[:] = [None] * len(groups)
                if self._root(at, _ends):
                    return True
        except (_TooLongError, RecursionError):
            return False
        return False

    def _spend(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooLongError

    def _step(self, part: Part) -> Step:
        if isinstance(part, Sequential | Choice):
            steps = [self._step(each) for each in (part.parts if isinstance(part, Sequential) else part.among)]
            return self._sequence(steps) if isinstance(part, Sequential) else self._choice(steps)
        if isinstance(part, Repeat):
            return self._run(part.part, part) if isinstance(part.part, Chars) else self._repeat(part)
        if isinstance(part, Group):
            return self._group(self._step(part.part), part.number)
        if isinstance(part, Look):
            return self._look(part)
        return self._single(part)

    def _single(self, part: Chars | Back | Anchor) -> Step:
        if isinstance(part, Chars):
            return self._chars(part)
        return self._back(part.number) if isinstance(part, Back) else self._anchor(part.kind)

    def _chars(self, part: Chars) -> Step:
        has = part.has

        def step(at: int, rest: Rest) -> bool:
            self._spend()
            return at < len(self._text) and has(ord(self._text[at])) and rest(at + 1)

        return step

    def _sequence(self, steps: list[Step]) -> Step:
        count = len(steps)

        def step(at: int, rest: Rest) -> bool:
            def follow(index: int, place: int) -> bool:
                if index == count:
                    return rest(place)
                return steps[index](place, lambda end: follow(index + 1, end))

            return follow(0, at)

        return step

    def _choice(self, steps: list[Step]) -> Step:
        def step(at: int, rest: Rest) -> bool:
            return any(each(at, rest) for each in steps)

        return step

    def _run(self, chars: Chars, part: Repeat) -> Step:
        """A repeated set of characters: the most it can take, then one less each time."""
        has, low, high = chars.has, part.low, part.high

        def step(at: int, rest: Rest) -> bool:
            text = self._text
            last = min(len(text), at + high)
            end = at
            while end < last and has(ord(text[end])):
                end += 1
            self._spend(end - at + 1)
            while end - at >= low:
                if rest(end):
                    return True
                self._spend()
                end -= 1
            return False

        return step

    def _repeat(self, part: Repeat) -> Step:
        inner, low, high = self._step(part.part), part.low, part.high

        def step(at: int, rest: Rest) -> bool:
            def again(done: int, place: int) -> bool:
                self._spend()

                def after(end: int) -> bool:
                    # A round that takes nothing would go on for ever, and another one changes nothing.
                    return rest(end) if end == place else again(done + 1, end)

                if done < high and inner(place, after):
                    return True
                return done >= low and rest(place)

            return again(0, at)

        return step

    def _group(self, inner: Step, number: int) -> Step:
        def step(at: int, rest: Rest) -> bool:
            before = self._groups[number]

            def closed(end: int) -> bool:
                outer = self._groups[number]
                self._groups[number] = (at, end)
                if rest(end):
                    return True
                self._groups[number] = outer
                return False

            if inner(at, closed):
                return True
            self._groups[number] = before
            return False

        return step

    def _back(self, number: int) -> Step:
        def step(at: int, rest: Rest) -> bool:
            self._spend()
            held = self._groups[number]
            if held is None:
                return rest(at)  # a group that took no part matches nothing at all, as in ECMA-262
            taken = self._text[held[0] : held[1]]
            return self._text.startswith(taken, at) and rest(at + len(taken))

        return step

    def _anchor(self, kind: str) -> Step:
        def word(at: int) -> bool:
            return 0 <= at < len(self._text) and any(low <= ord(self._text[at]) <= high for low, high in WORD)

        def step(at: int, rest: Rest) -> bool:
            self._spend()
            if kind == "^":
                holds = at == 0
            elif kind == "$":
                holds = at == len(self._text)
            else:
                holds = (word(at - 1) != word(at)) == (kind == "b")
            return holds and rest(at)

        return step

    def _look(self, part: Look) -> Step:
        inner = self._step(part.part)
        behind, negative = part.behind, part.negative
        least, most = part.part.least, min(part.part.most, UNBOUNDED)

        def step(at: int, rest: Rest) -> bool:
            self._spend()
            if behind:
                starts = range(at - least, max(-1, at - most - 1), -1)
                found = any(inner(start, lambda end: end == at) for start in starts)
            else:
                found = inner(at, _ends)
            return found != negative and rest(at)

        return step
