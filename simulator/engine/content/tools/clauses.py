"""A request in the pieces that may each ask for something of their own. Pure."""

# ruff: noqa: RUF001 - letters of other scripts are meant

import re
from dataclasses import dataclass
from typing import Final

MOST: Final = 24

_BREAK: Final = re.compile(
    r"(?P<then>\s*[,;.]?\s*(?:\band\s+)?\b(?:then|after that|afterwards|next|once done|finally|danach|dann|luego"
    r"|después|ensuite|puis|depois|затем|потом)\b\s*,?\s*|然后|之后|その後|それから|그다음|그리고 나서|ثم)"
    r"|(?P<end>[.!?](?=\s)|[;\n。！？؟]+)"
    r"|(?P<and>\s*,\s*(?:and|also|und|y|et|e)?\s+"
    r"|\s+(?:and also|and|also|as well as|und|y|et|e|и|sowie|además|aussi)\s+|、|，|和)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the text from `start` to `end`. `after` says that it is to follow what stands before it."""

    start: int
    end: int
    after: bool


def clauses(text: str) -> list[Clause]:
    """The pieces in order; what stands between them are joints and full stops."""
    found: list[Clause] = []
    start, after = 0, False
    for match in _BREAK.finditer(text):
        if len(found) >= MOST - 1:
            break
        if text[start : match.start()].strip():
            found.append(Clause(start, match.start(), after))
            after = False
        after = after or match.group("then") is not None
        start = match.end()
    if text[start:].strip():
        found.append(Clause(start, len(text), after))
    return found
