"""A text made from a regular expression. Pure.

The length is settled first and then divided among the parts, so that `minLength` and `maxLength` are met without
guessing. What it cannot see (looks, edges of words, lengths that no count of a group adds up to) the caller finds by
matching the text and asks again.
"""

from collections.abc import Sequence
from typing import Final

from simulator.engine.content.structured.draws import Draws
from simulator.engine.content.structured.regex.tree import (
    UNBOUNDED,
    Back,
    Chars,
    Choice,
    Group,
    Part,
    Pattern,
    Repeat,
    Sequential,
)

LONGEST: Final = 4_096
STEPS: Final = 10_000
"""Parts written before a text is given up: empty groups may be counted without adding to its length."""
_FREE: Final = 6
"""How much longer than it must be a text is made at most, where nothing asks for more."""
_READABLE: Final = 4
_LOOKING: Final = 8
_WIDE: Final = tuple([ord(each) for each in "abcdefghijklmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%&*@"])


def write(pattern: Pattern, draws: Draws, least: int, most: int) -> str | None:
    """A text of `least` to `most` characters that most likely matches; None where the lengths cannot meet."""
    root = pattern.root
    low, high = max(least, root.least), min(most, root.most, LONGEST)
    pad = 0
    if low > root.most and not (pattern.start and pattern.end):
        # The text may go on outside of what matches.
        pad = low - root.most
        low = high = root.most
    if low > high:
        return None
    wanted = _LOOKING if pattern.looks else _READABLE
    target = min(high, max(low, wanted) + draws.below(_FREE)) if low < wanted else min(high, low + draws.below(_FREE))
    writer = _Writer(draws, wide=pattern.looks)
    try:
        text = writer.text(root, target)
    except _TooLongError:
        return None
    if pad:
        filler = "".join([chr(97 + draws.below(26)) for _ in range(pad)])
        text = filler + text if pattern.end else text + filler
    return text if least <= len(text) <= most else None


class _TooLongError(Exception):
    """Ends a text; never leaves this module."""


class _Writer:
    """Writes one text; remembers the text of its groups."""

    def __init__(self, draws: Draws, *, wide: bool) -> None:
        self._draws = draws
        self._wide = wide
        self._left = STEPS
        self._groups: dict[int, str] = {}

    def text(self, part: Part, length: int) -> str:
        """The text of a part, of `length` characters where the part can have that."""
        draws = self._draws
        self._left -= 1
        if self._left < 0:
            raise _TooLongError
        if isinstance(part, Chars):
            pool = _WIDE if self._wide and part.open and all(part.has(code) for code in _WIDE) else part.pool
            return chr(draws.pick(pool))
        if isinstance(part, Sequential):
            return "".join(
                [self.text(each, size) for each, size in zip(part.parts, self._divide(part.parts, length), strict=True)]
            )
        if isinstance(part, Choice):
            fitting = [each for each in part.among if each.least <= length <= each.most]
            return self.text(draws.pick(fitting or part.among), length)
        if isinstance(part, Repeat):
            return self._repeat(part, length)
        if isinstance(part, Group):
            self._groups[part.number] = written = self.text(part.part, length)
            return written
        return self._groups.get(part.number, "") if isinstance(part, Back) else ""

    def _repeat(self, part: Repeat, length: int) -> str:
        inner = part.part
        fewest = max(part.low, -(-length // inner.most)) if inner.most else part.low
        highest = min(part.high, length // inner.least) if inner.least else min(part.high, fewest + 1)
        count = fewest if highest <= fewest else self._draws.between(fewest, highest)
        count = min(count, part.high)
        if count > self._left:
            raise _TooLongError
        if not count:
            return ""
        if isinstance(inner, Chars):
            return "".join([self.text(inner, 1) for _ in range(count)])
        return "".join([self.text(inner, size) for size in self._divide([inner] * count, length)])

    def _divide(self, parts: Sequence[Part], length: int) -> list[int]:
        """The length of each part: what it must have, and a drawn share of the rest."""
        sizes = [part.least for part in parts]
        spare = length - sum(sizes)
        room = [min(part.most - part.least, UNBOUNDED) for part in parts]
        beyond = sum(room)
        for index, own in enumerate(room):
            if spare <= 0:
                break
            beyond -= own
            taken = min(own, spare)
            if own:
                taken = self._draws.between(min(taken, max(0, spare - beyond)), taken)
            sizes[index] += taken
            spare -= taken
        return sizes
