"""From a mention, or from what was said, to the value of a field. Pure.

Gives candidates: whether one is valid against the schema is for the caller to check.
"""

# ruff: noqa: RUF001 - letters of other scripts are meant

import re
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.engine.content.structured.hints import Hints, Kind, Mention, plain
from simulator.engine.content.structured.listing import listed
from simulator.engine.content.structured.roles import Field, Role

_SEARCH: Final = re.compile(
    r"\b(?:search|look|google|find|query)\b(?:\s+(?:the|web|internet|docs|documents|documentation|online|up|me|for|about|on|in))*"
    r"\s+(?P<what>[^.?!\n]{3,200})",
    re.IGNORECASE,
)
_POLITE: Final = re.compile(r"^(?:please|can you|could you|would you)\s+", re.IGNORECASE)
_NEGATION: Final = frozenset(
    {"no", "not", "without", "non", "don", "t", "never", "ohne", "sin", "sans", "exclude", "skip"}
)
_FILLER: Final = listed("is has include includes with enable enabled use flag should only allow needs want wants")
_LONGEST_QUERY: Final = 200


def candidates(mention: Mention, field: Field, kind: str, form: str, hints: Hints) -> Iterator[object]:
    """Values that a mention may stand for in a field of a JSON type and format, the most fitting first."""
    value = mention.value
    if kind in {"integer", "number"}:
        if isinstance(value, int | float):
            yield value
        elif mention.text.isascii() and mention.text.isdigit() and len(mention.text) < 19:
            yield int(mention.text)
        return
    if mention.kind is Kind.VALUE:
        yield value
    elif mention.kind in {Kind.DATE, Kind.TIME, Kind.DATE_TIME}:
        yield from _moments(mention, field, form, hints)
    else:
        yield mention.text
        if field.role is Role.LAST_NAME and " " in mention.text:
            yield mention.text.rsplit(" ", 1)[1]
        yield mention.text.casefold()
        yield mention.text.upper()


def _moments(mention: Mention, field: Field, form: str, hints: Hints) -> Iterator[object]:
    if form == "date-time" or (field.role is Role.DATE_TIME and not form):
        yield from _stamps(mention, hints)
    if mention.kind is Kind.DATE_TIME:
        yield mention.text[:10] if field.role is Role.DATE or form == "date" else mention.text[11:16]
        return
    # A day that was named by a word is left as the word where any text will do.
    named = mention.kind is Kind.DATE and not mention.text[:1].isdigit()
    if isinstance(mention.value, str):
        if named and not form and not {"yyyy", "iso"} & field.described:
            yield mention.text
        yield mention.value
        yield f"{mention.value}:00"
        yield f"{mention.value}:00Z"
    yield mention.text


def _stamps(mention: Mention, hints: Hints) -> Iterator[object]:
    """A date with a time, put together from what one message says of both."""
    if mention.kind is Kind.DATE_TIME:
        stamp = mention.text.replace(" ", "T")
        yield stamp
        yield stamp + "Z"
        yield stamp + ":00Z"
        return
    said = [mention, *[each for each in hints.mentions if each.rank == mention.rank]]
    date = next((each.value for each in said if each.kind is Kind.DATE and each.value), None)
    clock = next((each.value for each in said if each.kind is Kind.TIME and each.value), "09:00")
    if date is not None:
        yield f"{date}T{clock}:00Z"


def mentioned(values: Sequence[object], field: Field, hints: Hints, used: set[object]) -> object | None:
    """The enumerated value that was said, first in the last message, then before; None where none was.

    A value in `used` gives way to another one that was said as well.
    """
    for said in (hints.said, hints.earlier):
        found: list[tuple[int, int, object]] = []
        for value in values:
            if isinstance(value, str) and value.strip():
                at = said.find(plain(value) if value.isascii() else value.casefold())
                if at >= 0:
                    before = said[:at].rsplit(" ", 1)[-1]
                    against = 0
                    if field.direction and before in {"from", "to"}:
                        against = -1 if before == field.direction else 1
                    found.append((int(value in used) + against, at, value))
        if found:
            return min(found, key=lambda each: each[:2])[2]
    return None


def wished(field: Field, hints: Hints) -> bool | None:
    """For a boolean field: whether what it names was asked for or refused; None where it was not mentioned."""
    words = [part for part in sorted(field.parts) if part not in _FILLER and len(part) > 2]
    for word in words:
        stem = word.removesuffix("s") if len(word) > 3 else word
        match = re.search(rf"(?P<before>(?:\w+ )?\w*) {re.escape(stem)}\w{{0,3}} ", hints.said)
        if match is not None:
            return _NEGATION.isdisjoint(match.group("before").split())
    return None


def asked(field: Field, hints: Hints) -> str | None:
    """What a field for a question takes: what is searched for, or the request itself."""
    if field.role is not Role.QUERY or not hints.request.strip():
        return None
    match = _SEARCH.search(hints.request)
    text = match.group("what") if match else hints.request.strip().split("\n")[0]
    return _POLITE.sub("", text).strip(" .?!？。\"'")[:_LONGEST_QUERY] or None
