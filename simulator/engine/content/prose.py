r"""A long text with its tokens, made once, of which every answer is a stretch of whole sentences.

Pure. Why stretches: putting an answer together sentence by sentence and token by token costs more than all the rest of
a chat request, most of it in cache misses; a stretch is found by one bisection and cut out by one slice.

Why tokens may be cut out with the text: the tokenizers first divide a text by a pattern that never joins a full stop to
the space after it, so every sentence, with the space before it, has the same tokens alone as in context. The line feeds
between paragraphs do belong to the full stop before them (`.\n\n` is one token of o200k and cl100k), so that stop is
exchanged together with them. The tests check this for all ordered pairs of sentences.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from simulator.engine.content.corpus import CORPUS, PER_TOPIC
from simulator.engine.content.passage import Passage
from simulator.engine.tokens.base import Tokenizer

STOP: Final = "."
BREAK: Final = ".\n\n"
SHORTEST_PARAGRAPH: Final = 3
LONGEST_PARAGRAPH: Final = 5
PARAGRAPHS: Final = 1_024
"""About 4,000 sentences, 55,000 tokens and 270 KB of text for each tokenizer; an answer begins at one of 2,000."""


class Prose:
    """The sentences in order, in paragraphs of 3 to 5 different sentences of one topic, all closed by line feeds.

    Of sentence i, `_ends[i]` is the number of tokens up to its end, line feeds included, and `_stops[i]` that number if
    a text ends there. A text that begins with it has no space before it: its own tokens are in `_own`.
    """

    __slots__ = ("_begins", "_closes", "_ends", "_own", "_pieces", "_starts", "_stops", "_text", "_until")

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Raises ValueError for a tokenizer that joins a sentence's full stop to the word before it."""
        self._closes = list(tokenizer.pieces(BREAK))
        sentences = [sentence for topic in CORPUS for sentence in topic]
        alone = [_pieces(tokenizer, sentence) for sentence in sentences]
        later = [_pieces(tokenizer, " " + sentence) for sentence in sentences]
        self._own: list[tuple[str, ...]] = []
        self._begins: list[int] = []
        self._until: list[int] = []
        self._ends: list[int] = []
        self._stops: list[int] = []
        self._pieces: list[str] = []
        texts: list[str] = []
        length = 0
        for paragraph in _paragraphs():
            for place, number in enumerate(paragraph):
                self._own.append(alone[number])
                self._pieces += later[number] if place else alone[number]
                texts.append(" " + sentences[number] if place else sentences[number])
                self._begins.append(length + (place > 0))
                length += len(texts[-1])
                self._until.append(length)
                self._ends.append(len(self._pieces))
                self._stops.append(len(self._pieces))
            self._pieces[-1:] = self._closes
            self._ends[-1] = len(self._pieces)
            texts.append(BREAK[1:])
            length += len(BREAK) - 1
        self._text = "".join(texts)
        self._starts = bisect_left(self._ends, len(self._pieces) // 2)

    def stretch(self, number: int, target: int, most: int) -> Sequence[str]:
        """Sentences from one that the 64-bit `number` chooses, whose tokens come nearest to `target`; at least one.

        Of two equally near lengths the shorter is taken. Never more than `most` tokens: a single sentence that is
        longer is cut there.
        """
        first = number * self._starts >> 64
        stops = self._stops
        own = self._own[first]
        # A text of the sentences first to last has `opening + stops[last]` tokens.
        opening = len(own) - stops[first]
        last = bisect_left(stops, target - opening, first)
        if last == len(stops):
            return self._around(first, target, most)
        if last > first and stops[last] + opening - target >= target - stops[last - 1] - opening:
            last -= 1
        while stops[last] + opening > most:
            if last == first:
                return own[:most]
            last -= 1
        text = self._text[self._begins[first] : self._until[last]]
        return Passage(text, stops[last] + opening, partial(self._tokens, first, last))

    def _tokens(self, first: int, last: int) -> list[str]:
        if first == last:
            return list(self._own[first])
        pieces = self._opening(first)
        pieces += self._pieces[self._ends[first] : self._stops[last]]
        # At a paragraph's end the prose has line feeds in this token.
        pieces[-1] = STOP
        return pieces

    def _opening(self, first: int) -> list[str]:
        """The tokens of a first sentence that others follow."""
        pieces = list(self._own[first])
        if self._pieces[self._ends[first] - 1] != STOP:
            pieces[-1:] = self._closes
        return pieces

    def _around(self, first: int, target: int, most: int) -> list[str]:
        """A text so long that the prose is repeated in it, made token by token; it may be cut within a sentence."""
        pieces = self._opening(first) + self._pieces[self._ends[first] :]
        while target - len(pieces) > len(self._pieces):
            pieces += self._pieces
        wanted = target - len(pieces)
        last = min(bisect_left(self._stops, wanted), len(self._stops) - 1)
        if last and self._stops[last] - wanted >= wanted - self._stops[last - 1]:
            last -= 1
        pieces += self._pieces[: self._stops[last]]
        pieces[-1] = STOP
        return pieces[:most]


def _pieces(tokenizer: Tokenizer, text: str) -> tuple[str, ...]:
    pieces = tuple(tokenizer.pieces(text))
    if pieces[-1] != STOP:
        raise ValueError(f"tokenizer {tokenizer.name} does not end {text!r} with a full stop of its own")
    return pieces


def _paragraphs() -> Iterator[list[int]]:
    """The sentences of each paragraph by number; the same on every machine and for every seed."""
    for place in range(PARAGRAPHS):
        chosen = hashlib.blake2b(place.to_bytes(4, "little"), digest_size=8, person=b"paragraph").digest()
        # Topics in turn, so that each sentence comes as often as any other.
        topic = place % len(CORPUS)
        count = SHORTEST_PARAGRAPH + chosen[0] % (LONGEST_PARAGRAPH - SHORTEST_PARAGRAPH + 1)
        used: list[int] = []
        for byte in chosen[1 : count + 1]:
            choice = byte * PER_TOPIC >> 8
            while choice in used:
                choice = (choice + 1) % PER_TOPIC
            used.append(choice)
        yield [topic * PER_TOPIC + choice for choice in used]
