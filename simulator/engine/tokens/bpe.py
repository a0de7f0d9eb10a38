"""Exact counts for OpenAI's models: byte-pair encoding by rs-bpe, whose vocabularies are inside its wheel.

Pure once built. A vocabulary takes about 50 MB and 50 ms, so it is built before the workers fork.
"""

from collections.abc import Callable
from typing import Protocol

from simulator.engine.tokens.bounded import SHORT, LongTexts

SHORT_TEXTS = 2_048
"""Short texts whose counts are remembered: system prompts and names come again, and a count costs ten look-ups."""


class Vocabulary(Protocol):
    """The part of an rs-bpe tokenizer that is used here."""

    def count(self, text: str, /) -> int:
        """Number of tokens. Raises UnicodeEncodeError for lone surrogates."""

    def encode(self, text: str, /) -> list[int]:
        """The token ids. Raises UnicodeEncodeError for lone surrogates."""

    def decode(self, tokens: list[int], /) -> str | None:
        """The text of ids that `encode` made, or None where their bytes are not whole UTF-8."""


class Bpe:
    """A `Tokenizer` over an rs-bpe vocabulary.

    Special tokens (`<|endoftext|>`) are counted as the plain text that they are in a message. Lone surrogates
    count as U+FFFD, and `pieces` puts it in their place.
    """

    __slots__ = ("_count", "_long", "_short", "_texts", "_vocabulary", "name")

    def __init__(self, name: str, vocabulary: Vocabulary) -> None:
        self.name = name
        self._vocabulary = vocabulary
        self._count: Callable[[str], int] = vocabulary.count
        self._long = LongTexts(self._exact)
        self._short: dict[str, int] = {}
        self._texts: dict[int, str | None] = {}
        self._exact("warm")

    def count(self, text: str) -> int:
        """See `Tokenizer.count`."""
        if len(text) >= SHORT:
            return self._long.count(text)
        counts = self._short
        known = counts.get(text)
        if known is None:
            known = self._exact(text)
            if len(counts) >= SHORT_TEXTS:
                counts.clear()
            counts[text] = known
        return known

    def pieces(self, text: str) -> list[str]:
        """See `Tokenizer.pieces`."""
        try:
            ids = self._vocabulary.encode(text)
        except UnicodeEncodeError:
            ids = self._vocabulary.encode(repaired(text))
        texts = self._texts
        decode = self._vocabulary.decode
        pieces: list[str] = []
        pending: list[int] = []
        for token in ids:
            if not pending:
                try:
                    piece = texts[token]
                except KeyError:
                    piece = texts[token] = decode([token])
                if piece is not None:
                    pieces.append(piece)
                    continue
            pending.append(token)
            if (piece := decode(pending)) is not None:
                pieces.append(piece)
                pending.clear()
        return pieces

    def _exact(self, text: str) -> int:
        try:
            return self._count(text)
        except UnicodeEncodeError:
            return self._count(repaired(text))


def repaired(text: str) -> str:
    """The text with surrogate pairs joined and every lone surrogate replaced by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
