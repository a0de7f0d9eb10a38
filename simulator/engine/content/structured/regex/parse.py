r"""From the text of a regular expression to its parts. Pure.

The dialect is ECMA-262's, as JSON Schema asks, with what Python and Rust add and clients therefore send: `\A`, `\Z`,
`\z`, `(?P<name>…)`, `(?P=name)` and a leading `(?i)`. An expression that is too long or too deep is refused, so that
reading one takes little time whatever a client sends.
"""

import re
from functools import lru_cache
from typing import Final

from simulator.engine.content.structured.regex import classes
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
    Range,
    Sequential,
    either,
    in_order,
    repeated,
)

LONGEST: Final = 4_000
DEEPEST: Final = 40

_COUNTS: Final = re.compile(r"\{(\d{1,9})(?:(,)(\d{1,9})?)?\}")
_NAME: Final = re.compile(r"([^\W\d]\w*)[>)]")
_HEXADECIMAL: Final = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}")
_PROPERTY: Final = re.compile(r"([pP])\{\^?([\w=]+)\}|([pP])([LMNPSZC])")
_NUMBER: Final = re.compile(r"[1-9]\d?")
_CONTROLS: Final = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11, "0": 0, "a": 7, "e": 27}
_SETS: Final = {"d": classes.DIGITS, "w": classes.WORD, "s": classes.SPACE}
_LOOKS: Final = {"?=": (False, False), "?!": (True, False), "?<=": (False, True), "?<!": (True, True)}
_ANCHORS: Final = {"b": "b", "B": "B", "A": "^", "Z": "$", "z": "$"}
_ANY: Final = classes.chars(classes.complement(classes.LINE_ENDS), negated=True)
_NOTHING: Final = Sequential((), 0, 0)


class PatternProblem(ValueError):  # noqa: N818 - the fault is the pattern's
    """The expression is not understood; the message says why."""


@lru_cache(maxsize=256)
def parse(text: str) -> Pattern:
    """The parts of an expression. Raises PatternProblem."""
    if len(text) > LONGEST:
        raise PatternProblem(f"a pattern has at most {LONGEST} characters")
    reader = _Reader(text)
    root = reader.whole()
    return Pattern(root, text, reader.groups, reader.looks, _anchored(root, first=True), _anchored(root, first=False))


def _anchored(part: Part, *, first: bool) -> bool:
    if isinstance(part, Anchor):
        return part.kind == ("^" if first else "$")
    if isinstance(part, Sequential) and part.parts:
        return _anchored(part.parts[0 if first else -1], first=first)
    if isinstance(part, Group):
        return _anchored(part.part, first=first)
    return isinstance(part, Choice) and all(_anchored(each, first=first) for each in part.among)


class _Reader:
    """A descent through one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._names: dict[str, int] = {}
        self._lengths: dict[int, tuple[int, int]] = {}
        self._ignore_case = False
        self.groups = 0
        self.looks = False

    def whole(self) -> Part:
        while match := re.compile(r"\(\?([a-z]+)\)").match(self._text, self._at):
            if set(match.group(1)) - set("iu"):
                raise PatternProblem(f"the flags {match.group()} are not supported")
            self._ignore_case |= "i" in match.group(1)
            self._at = match.end()
        root = self._choice()
        if self._at < len(self._text):
            raise PatternProblem(f"unbalanced ')' at position {self._at}")
        return root

    def _choice(self) -> Part:
        self._depth += 1
        if self._depth > DEEPEST:
            raise PatternProblem(f"groups nest deeper than {DEEPEST}")
        among = [self._sequence()]
        while self._take("|"):
            among.append(self._sequence())
        self._depth -= 1
        return either(among)

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._counted(self._atom()))
        return in_order(parts) if parts else _NOTHING

    def _counted(self, part: Part) -> Part:
        found = self._counts()
        if found is None:
            return part
        low, high = found
        if high < low:
            raise PatternProblem(f"a count from {low} to {high} at position {self._at}")
        if isinstance(part, Anchor):
            raise PatternProblem(f"nothing to repeat at position {self._at}")
        if self._take("+"):
            raise PatternProblem("possessive counts are not supported")
        self._take("?")  # a lazy count takes the same texts
        if self._counts() is not None:
            raise PatternProblem(f"a count of a count at position {self._at}")
        return repeated(part, low, high)

    def _counts(self) -> tuple[int, int] | None:
        if self._take("*"):
            return 0, UNBOUNDED
        if self._take("+"):
            return 1, UNBOUNDED
        if self._take("?"):
            return 0, 1
        match = _COUNTS.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        low = int(match.group(1))
        return low, low if match.group(2) is None else int(match.group(3)) if match.group(3) else UNBOUNDED

    def _atom(self) -> Part:
        character = self._text[self._at]
        self._at += 1
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape()
        if character == ".":
            return _ANY
        if character in "^$":
            return Anchor(character)
        if character in "*+?":
            raise PatternProblem(f"nothing to repeat at position {self._at - 1}")
        return self._one(ord(character))

    def _one(self, code: int) -> Chars:
        return self._set(((code, code),))

    def _set(self, ranges: tuple[Range, ...], *, negated: bool = False) -> Chars:
        if self._ignore_case:
            ranges = classes.both_cases(ranges)
        members = classes.chars(classes.complement(ranges) if negated else ranges, negated=negated)
        if not members.pool:
            raise PatternProblem(f"a set without members at position {self._at}")
        return members

    def _group(self) -> Part:
        if self._take("?:"):
            return self._closed(self._choice())
        for opening, (negative, behind) in _LOOKS.items():
            if self._take(opening):
                self.looks = True
                return Look(self._closed(self._choice()), negative, behind)
        if self._take("?P="):
            return self._back(self._name())
        self.groups += 1
        number = self.groups
        if self._take("?P<") or self._take("?<"):
            name = self._name()
            if name in self._names:
                raise PatternProblem(f"two groups are named {name}")
            self._names[name] = number
        elif self._take("?"):
            raise PatternProblem(f"an unknown kind of group at position {self._at}")
        part = self._closed(self._choice())
        self._lengths[number] = (part.least, part.most)
        return Group(part, number, part.least, part.most)

    def _closed(self, part: Part) -> Part:
        if not self._take(")"):
            raise PatternProblem("a group is not closed")
        return part

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        if match is None:
            raise PatternProblem(f"a group's name is wrong at position {self._at}")
        self._at = match.end()
        return match.group(1)

    def _back(self, which: str | int) -> Part:
        number = self._names.get(which) if isinstance(which, str) else which
        if number is None or number not in self._lengths:
            raise PatternProblem(f"no group {which} before position {self._at}")
        return Back(number, *self._lengths[number])

    def _escape(self) -> Part:
        text, at = self._text, self._at
        kind = text[at : at + 1]
        if kind in _ANCHORS and kind:
            self._at += 1
            return Anchor(_ANCHORS[kind])
        if match := _NUMBER.match(text, at):
            self._at = match.end()
            return self._back(int(match.group()))
        if self._take("k<"):
            return self._back(self._name())
        ranges, negated = self._escaped()
        return self._set(ranges, negated=negated)

    def _escaped(self) -> tuple[tuple[Range, ...], bool]:
        """What an escape stands for, in a class or outside; and whether for all but that."""
        text, at = self._text, self._at
        if at >= len(text):
            raise PatternProblem("a backslash at the end")
        kind = text[at]
        if match := _HEXADECIMAL.match(text, at):
            self._at = match.end()
            code = int(match.group(1) or match.group(2) or match.group(3), 16)
            if code > classes.LAST:
                raise PatternProblem(f"no character has the number {code}")
            return ((code, code),), False
        if match := _PROPERTY.match(text, at):
            self._at = match.end()
            ranges = classes.by_property(match.group(2) or match.group(4))
            if ranges is None:
                raise PatternProblem(f"the property \\{match.group()} is not known")
            return ranges, ((match.group(1) or match.group(3)) == "P") != ("{^" in match.group())
        self._at += 1
        if kind.lower() in _SETS:
            return _SETS[kind.lower()], kind.isupper()
        if kind in _CONTROLS:
            return ((_CONTROLS[kind],) * 2,), False
        if kind == "c" and text[at + 1 : at + 2].isascii() and text[at + 1 : at + 2].isalpha():
            self._at += 1
            return ((ord(text[at + 1]) % 32,) * 2,), False
        if kind.isascii() and kind.isalnum():
            raise PatternProblem(f"the escape \\{kind} is not known")
        return ((ord(kind),) * 2,), False

    def _class(self) -> Chars:
        negated = self._take("^")
        ranges: list[Range] = []
        first = True
        while first or not self._take("]"):
            if self._at >= len(self._text):
                raise PatternProblem("a set is not closed")
            if first and self._text[self._at] == "]" and not negated and "]" not in self._text[self._at + 1 :]:
                raise PatternProblem("an empty set")
            first = False
            low = self._member(ranges)
            if low is None or not (self._ahead("-") and not self._ahead("-]")):
                if low is not None:
                    ranges.append((low, low))
                continue
            self._at += 1
            high = self._member(ranges)
            if high is None:
                ranges += [(low, low), (45, 45)]
            elif high < low:
                raise PatternProblem(f"a range from {chr(low)!r} down to {chr(high)!r}")
            else:
                ranges.append((low, high))
        return self._set(classes.union(ranges), negated=negated)

    def _member(self, ranges: list[Range]) -> int | None:
        """A single character of a class; None for a set of them, which is put into `ranges`."""
        if self._at >= len(self._text):
            raise PatternProblem("a set is not closed")
        character = self._text[self._at]
        self._at += 1
        if character != "\\":
            return ord(character)
        if self._take("b"):
            return 8
        found, negated = self._escaped()
        if not negated and len(found) == 1 and found[0][0] == found[0][1]:
            return found[0][0]
        ranges += classes.complement(found) if negated else found
        return None

    def _ahead(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _take(self, text: str) -> bool:
        if not self._ahead(text):
            return False
        self._at += len(text)
        return True
