"""The parts of a regular expression, each with the lengths of text that it may take. Pure data.

`least` and `most` are in characters; `UNBOUNDED` stands for no upper limit. For a back reference they are those of the
group it refers to, without the rule that both texts are the same.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

UNBOUNDED: Final = 1 << 40

Range = tuple[int, int]
"""First and last code point, both included."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set. `pool` holds those that are written: readable members before all others."""

    ranges: tuple[Range, ...]
    pool: tuple[int, ...]
    open: bool = False
    """Whether it was given by what it is not (`.`, `[^x]`, `\\D`)."""
    least: int = 1
    most: int = 1

    def has(self, code: int) -> bool:
        """Whether a code point is a member."""
        place = bisect_right(self.ranges, (code, UNBOUNDED)) - 1
        return place >= 0 and code <= self.ranges[place][1]


@dataclass(frozen=True, slots=True)
class Sequential:
    """Parts one after the other."""

    parts: tuple["Part", ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    among: tuple["Part", ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """`part` from `low` to `high` times; `high` may be `UNBOUNDED`."""

    part: "Part"
    low: int
    high: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Group:
    """A part whose text may be referred to by `number`."""

    part: "Part"
    number: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Back:
    """The text of an earlier group again."""

    number: int
    least: int = 0
    most: int = UNBOUNDED


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place: `^`, `$`, `b` (a word's edge) or `B` (none)."""

    kind: str
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What must (or must not, `negative`) stand after this place, or before it (`behind`)."""

    part: "Part"
    negative: bool
    behind: bool
    least: int = 0
    most: int = 0


Part = Chars | Sequential | Choice | Repeat | Group | Back | Anchor | Look


@dataclass(frozen=True, slots=True)
class Pattern:
    """A whole expression. `looks` says that it looks around; `start` and `end` that it is anchored there."""

    root: Part
    text: str
    groups: int
    looks: bool
    start: bool
    end: bool


def in_order(parts: Sequence[Part]) -> Part:
    """Parts one after the other, with their lengths summed."""
    if len(parts) == 1:
        return parts[0]
    least = min(UNBOUNDED, sum([part.least for part in parts]))
    return Sequential(tuple(parts), least, min(UNBOUNDED, sum([part.most for part in parts])))


def either(among: Sequence[Part]) -> Part:
    """One of the parts."""
    if len(among) == 1:
        return among[0]
    return Choice(tuple(among), min([part.least for part in among]), max([part.most for part in among]))


def repeated(part: Part, low: int, high: int) -> Part:
    """A part so many times."""
    return Repeat(part, low, high, min(UNBOUNDED, part.least * low), min(UNBOUNDED, part.most * high))
