"""Counting long texts in bounded time: remembered counts, and sampling beyond a limit.

Pure apart from the memory of earlier counts, which changes no result. It must not know which tokenizer counts.

The limit answers a measurement: rs-bpe takes 15 ns a character of English and up to 950 ns a character of an
unbroken run of hyphens, so `EXACT_CHARACTERS` of the worst text cost half a second and a 32 MB body of it would
hold an event loop for half a minute.
"""

from collections.abc import Callable
from typing import Final

SHORT: Final = 256
"""Texts of fewer characters are counted straight: looking them up would cost as much."""

EXACT_CHARACTERS: Final = 500_000
"""Longer texts are sampled."""

WINDOWS: Final = 64
WIDTH: Final = 4_096
"""A sample is `WINDOWS` stretches of `WIDTH` characters, evenly spaced, the first and the last included."""


def sampled(text: str, exact: Callable[[str], int]) -> int:
    """The approximate count of a text longer than the sample: the sample's tokens a character, times the length."""
    room = len(text) - WIDTH
    starts = (room * i // (WINDOWS - 1) for i in range(WINDOWS))
    tokens = sum(exact(text[start : start + WIDTH]) for start in starts)
    return round(tokens * len(text) / (WINDOWS * WIDTH))


class LongTexts:
    """Counts of long texts, the most recently used kept: system prompts come again with every request.

    At most `entries` texts of at most `characters` characters together are remembered.
    """

    __slots__ = ("_characters", "_counts", "_entries", "_exact", "_held")

    def __init__(self, exact: Callable[[str], int], *, entries: int = 1_024, characters: int = 2_000_000) -> None:
        self._exact = exact
        self._entries = entries
        self._characters = characters
        self._counts: dict[str, int] = {}
        self._held = 0

    def statistics(self) -> tuple[int, int]:
        """How many texts are remembered, and how many characters they have together."""
        return len(self._counts), self._held

    def count(self, text: str) -> int:
        """The count of `text`: exact up to `EXACT_CHARACTERS`, sampled above."""
        counts = self._counts
        known = counts.pop(text, None)
        if known is not None:
            counts[text] = known  # a dict keeps insertion order: last is most recent
            return known
        size = len(text)
        tokens = self._exact(text) if size <= EXACT_CHARACTERS else sampled(text, self._exact)
        if size <= self._characters // 4:
            counts[text] = tokens
            self._held += size
            while len(counts) > self._entries or self._held > self._characters:
                oldest = next(iter(counts))
                del counts[oldest]
                self._held -= len(oldest)
        return tokens
