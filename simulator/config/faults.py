"""What is wrong with a configuration, as values. Pure data: no file is read here and nothing is printed.

ConfigError             the configuration cannot be used; carries every fault that was found
  .faults[i]: Fault     one fault, one line
"""

from collections.abc import Iterable, Sequence

import msgspec

SHOWN = 60
"""Longest excerpt of a found value in a message."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a value was written: a file with a line from 1, or a source that has no lines."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


class Fault(msgspec.Struct, frozen=True):
    """One fault.

    `path` is the dotted key, empty for a file as a whole; `found` and `allowed` are words; `hint` is what to
    do, empty if there is nothing to add.
    """

    place: Place
    path: str
    found: str
    allowed: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.path}: " if self.path else f"{self.place}: "
        text += self.found
        if self.hint:
            text += f"; {self.hint}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        return text


class ConfigError(Exception):
    """A configuration that cannot be used.

    `faults` has at least one entry, in the order they were found. `partial` is what could be read in spite of
    them, so that the rest can still be looked at for more; None if nothing could.
    """

    def __init__(self, faults: Sequence[Fault], partial: object = None) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        self.partial = partial
        super().__init__("\n".join(map(str, self.faults)))


def excerpt(value: object) -> str:
    """A found value as it is shown in a message: on one line, quoted if it is text, cut if it is long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = ascii(value)[1:-1] if isinstance(value, str) and not value.isprintable() else str(value)
    if len(text) > SHOWN:
        text = text[: SHOWN - 1] + "…"
    return f'"{text}"' if isinstance(value, str) else text


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a reader most likely meant, or None if none is near."""
    import difflib  # noqa: PLC0415 - only a fault needs it, and a start should not pay for it

    by_lower = {candidate.lower(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word.lower()[:200], by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """A hint that names the nearest candidate; empty if none is near."""
    match = nearest(word, candidates)
    return f'did you mean "{match}"?' if match is not None else ""


def listed(words: Iterable[str], most: int = 40) -> str:
    """Words joined by commas, with the number of those left out where there are very many."""
    words = list(words)
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")
