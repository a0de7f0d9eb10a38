"""The stated estimate: a token rule that needs no vocabulary, for models whose tokenizer is not public.

Pure. From left to right a token is the first of these that matches, each with the one space before it where the
rule says so:

    [space] up to 5 Latin letters            words; longer words go on in the next token, without a space
    [space] up to 3 digits
    one character of Han, Kana or Hangul
    [space] up to 3 letters of another script
    [space] up to 2 signs of ASCII punctuation
    up to 16 line feeds, or up to 16 other white-space characters
    any other single character               (an emoji, a combining mark, a control character)

English prose comes to about 4 characters a token, code and markup to fewer. No rule looks ahead, so that a text
cut after any token has the same tokens up to there.
"""

import re
from typing import Final

from simulator.engine.tokens.bounded import SHORT, LongTexts

_EAST_ASIAN: Final = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN: Final = re.compile(
    r" ?[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]{1,5}"
    r"| ?\d{1,3}"
    rf"|[{_EAST_ASIAN}]"
    rf"| ?[^\W\d_{_EAST_ASIAN}]{{1,3}}"
    r"| ?[!-/:-@\[-`{-~]{1,2}"
    r"|\n{1,16}"
    r"|[^\S\n]{1,16}"
    r"|.",
    re.DOTALL,
)


class Estimate:
    """A `Tokenizer` by the rule above; `count` is the length of `pieces` up to `EXACT_CHARACTERS`."""

    __slots__ = ("_long", "name")

    def __init__(self) -> None:
        self.name = "estimate"
        self._long = LongTexts(_exact)

    def count(self, text: str) -> int:
        """See `Tokenizer.count`."""
        if len(text) < SHORT:
            return len(_TOKEN.findall(text))
        return self._long.count(text)

    def pieces(self, text: str) -> list[str]:
        """See `Tokenizer.pieces`; a piece a token in every script."""
        return _TOKEN.findall(text)


def _exact(text: str) -> int:
    return len(_TOKEN.findall(text))
