"""Which stretches of an answer cite which source. Pure.

The simulator's text says nothing that its documents say, so the stretches are chosen by form, as real citations look:
the last words of a sentence, its stop included; the first sentence cites the first source, the second the next, and
around again. Positions count characters (code points) of the text.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

from simulator.providers.cohere.documents import Source

MOST: Final = 8
WORDS: Final = 3

_SENTENCE: Final = re.compile(r"\S[^.!?]*[.!?]+|\S[^.!?]*\Z")
_LAST_WORDS: Final = re.compile(rf"(?:\S+\s+){{0,{WORDS - 1}}}\S+\Z")
LONGEST_SENTENCE: Final = 400
"""Characters of a sentence's end in which its last words are looked for."""


class Citation(msgspec.Struct, frozen=True):
    """A stretch of the text, `text[start:end]`, and the place of its source."""

    start: int
    end: int
    text: str
    source: int


def citations_of(text: str, sources: int) -> list[Citation]:
    """The citations of a text that had so many sources: one a sentence, at most `MOST`; none without a source."""
    if not sources:
        return []
    found: list[Citation] = []
    for sentence in _SENTENCE.finditer(text):
        ending = sentence[0].rstrip()
        start = sentence.start()
        if len(ending) > LONGEST_SENTENCE:
            start += len(ending) - LONGEST_SENTENCE
            ending = ending[-LONGEST_SENTENCE:]
        last = _LAST_WORDS.search(ending)
        if last is not None:
            begin = start + last.start()
            found.append(Citation(begin, begin + len(last[0]), last[0], len(found) % sources))
        if len(found) == MOST:
            break
    return found


def told(citation: Citation, sources: Sequence[Source], block: int) -> bytes:
    """A citation as version 2 has it; `block` is the place of the text among the answer's content."""
    return b'{"start":%d,"end":%d,"text":%b,"sources":[%b],"content_index":%d,"type":"TEXT_CONTENT"}' % (
        citation.start,
        citation.end,
        orjson.dumps(citation.text),
        sources[citation.source].shown,
        block,
    )
