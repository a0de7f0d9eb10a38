"""What a conversation offers to fill fields with. Pure data."""

import enum
import re
from dataclasses import dataclass, replace
from typing import Final

_WORDS: Final = re.compile(r"[^\W_]+")


class Kind(enum.StrEnum):
    """What a mention looks like."""

    NAME = "name"
    QUOTED = "quoted"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    DATE_TIME = "date-time"
    EMAIL = "email"
    URL = "url"
    PHONE = "phone"
    FILE = "file"
    IDENTIFIER = "identifier"
    EXPRESSION = "expression"
    VALUE = "value"
    """A value of JSON in a tool's result."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Something said.

    `text` is what was written, `value` its normal form where it has one: a number, an ISO date or time, a JSON value.
    `before` is the preposition in front, in its English sense (`in`, `to`, `from`, `for`, `with` …). `near` holds words
    around it in lower case. `rank` is 0 for the last message of the user, and grows with distance. `list` numbers the
    enumeration it stands in (`Oslo, Rome and 東京`), 0 for none. `weak` marks a guess. `place` is where in the message
    it begins.
    """

    kind: Kind
    text: str
    value: object = None
    before: str = ""
    near: frozenset[str] = frozenset()
    rank: int = 0
    list: int = 0
    weak: bool = False
    place: int = 0


@dataclass(frozen=True, slots=True)
class Hints:
    """All mentions of a conversation in the order in which they count.

    `said` is what the user last said, in lower case with separators as spaces; `earlier` the same of what was said
    before. `request` is the last message as written.
    """

    mentions: tuple[Mention, ...] = ()
    said: str = ""
    earlier: str = ""
    request: str = ""

    def narrowed(self, start: int, end: int) -> "Hints":
        """The same with what stands between two places of the last message before all else."""
        inside = [each for each in self.mentions if each.rank == 0 and start <= each.place < end]
        outside = [
            replace(each, rank=each.rank + 1) for each in self.mentions if each.rank or not start <= each.place < end
        ]
        return replace(self, mentions=(*inside, *outside))


NO_HINTS = Hints()


def plain(text: str) -> str:
    """A text in which words can be looked for: lower case, separators as single spaces, one at each end."""
    return f" {' '.join(_WORDS.findall(text.casefold()))} "
