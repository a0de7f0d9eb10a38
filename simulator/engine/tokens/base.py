"""What a tokenizer is. Pure: text in, numbers and text out."""

from typing import Protocol


class Tokenizer(Protocol):
    """Counts and splits text as one family of models does. No text makes it raise, lone surrogates included.

    The work for one text is bounded: beyond `bounded.EXACT_CHARACTERS` a count is a stated approximation.
    """

    name: str
    """Which rule really counts: `o200k`, `cl100k` or `estimate`."""

    def count(self, text: str) -> int:
        """The number of tokens of `text`; 0 only for an empty text."""

    def pieces(self, text: str) -> list[str]:
        """The text in order, one piece a token, no piece empty; takes time in proportion to the text.

        A character whose bytes are spread over several tokens cannot be divided: those tokens, with whatever
        else they hold, are one piece, so `len(pieces)` can be less than `count`, never more. In ASCII text
        they are equal.
        """
