r"""Readable answers of a wanted length, made of whole sentences, already divided into tokens.

Pure. It must not know why an answer has its length, nor who asked.

Why pre-made pieces may simply be joined: the tokenizers first divide a text by a pattern that never joins a full
stop to the space after it, so every sentence, with the space before it, has the same tokens alone as in context. The
line feeds between paragraphs do belong to the full stop before them (`.\n\n` is one token of o200k and cl100k),
so that stop is exchanged together with them. The tests check this for all ordered pairs of sentences.
"""

from typing import Final

from simulator.engine.content.corpus import CORPUS, PER_TOPIC
from simulator.engine.content.draws import Draws
from simulator.engine.tokens.base import Tokenizer

STOP: Final = "."
BREAK: Final = ".\n\n"
LONGEST_PARAGRAPH: Final = 5
SHORTEST_PARAGRAPH: Final = 3
UNBOUNDED: Final = 2**62

_Sentence = tuple[int, tuple[str, ...]]


class Writer:
    """Writes answers whose pieces are tokens of `tokenizer`.

    For the pieces of any answer, and for the first k of them: `tokenizer.pieces("".join(pieces)) == pieces`, and the
    count of the text is their number. Usage is defined as the number of pieces that are sent; it can differ from a
    count of the text only where `stop.cut` divides a piece.
    """

    __slots__ = ("_break", "_first", "_next", "_shortest")

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._first = tuple(tuple(_sentence(tokenizer, text) for text in topic) for topic in CORPUS)
        self._next = tuple(tuple(_sentence(tokenizer, " " + text) for text in topic) for topic in CORPUS)
        self._break = tuple(tokenizer.pieces(BREAK))
        self._shortest = min(size for topics in (self._first, self._next) for topic in topics for size, _ in topic)

    def write(self, draws: Draws, target: int, most: int = UNBOUNDED) -> list[str]:
        """The pieces of a new text: at least one sentence, and as many as come nearest to `target` tokens.

        Never more than `most` tokens: a first sentence that is longer is cut there. Of two equally near lengths the
        shorter is taken. A paragraph has 3 to 5 different sentences of one topic; the last one may have fewer. Takes
        one call of `draws.raw`, whose size depends on `target` alone.
        """
        numbers = draws.raw(max(target, 1) // (self._shortest * SHORTEST_PARAGRAPH) + 1)
        pieces: list[str] = []
        size = 0
        for number in numbers:
            # The lowest 16 bits choose the topic, the next 6 the number of sentences, then 8 each a sentence.
            topic = (number & 0xFFFF) * len(CORPUS) >> 16
            count = SHORTEST_PARAGRAPH + ((number >> 16 & 0x3F) * (LONGEST_PARAGRAPH - SHORTEST_PARAGRAPH + 1) >> 6)
            number >>= 22  # noqa: PLW2901 - the bits are consumed
            sentences = self._first[topic]
            extra = len(self._break) - 1 if pieces else 0
            used: list[int] = []
            for _ in range(count):
                choice = (number & 0xFF) * PER_TOPIC >> 8
                number >>= 8  # noqa: PLW2901
                while choice in used:
                    choice = (choice + 1) % PER_TOPIC
                length, tokens = sentences[choice]
                after = size + extra + length
                if pieces and (after - target >= target - size or after > most):
                    return pieces
                if not used:
                    if pieces:
                        pieces[-1:] = self._break
                    extra = 0
                    sentences = self._next[topic]
                used.append(choice)
                pieces += tokens
                size = after
                if size > most:
                    return pieces[:most]
        return pieces


def _sentence(tokenizer: Tokenizer, text: str) -> _Sentence:
    pieces = tuple(tokenizer.pieces(text))
    if pieces[-1] != STOP:
        raise ValueError(f"tokenizer {tokenizer.name} does not end {text!r} with a full stop of its own")
    return len(pieces), pieces
