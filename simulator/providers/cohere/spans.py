"""The sentences of a ranked document that a query is about. Pure.

A sentence scores by the share of the query's words that it has, short words aside.
"""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta

from simulator.providers.cohere.schema import Strict

USUAL_THRESHOLD: Final = 0.1
MOST_CHARACTERS: Final = 200_000
"""Of all documents of an answer; what stands behind is not looked through."""
_SENTENCE: Final = re.compile(r"\S[^.!?]*[.!?]*")
_WORD: Final = re.compile(r"\w+")
_SHORT: Final = 3
"""Words of fewer letters say nothing, unless there are no others."""


class RelevantSpans(Strict, frozen=True):
    """What a request asks of spans."""

    mode: Literal["enabled", "disabled"]
    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_spans: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class Spans:
    """Finds the spans of one answer's documents; the best documents come first, and have most of the room."""

    __slots__ = ("_asked", "_left", "_wanted")

    def __init__(self, query: str, asked: RelevantSpans | None) -> None:
        self._asked = asked
        self._wanted = _words(query)
        self._left = 0 if asked is None or asked.mode == "disabled" else MOST_CHARACTERS

    def of(self, document: str) -> list[dict[str, float]]:
        """Start, end (in code points) and score of each sentence above the threshold, the best first."""
        asked = self._asked
        if asked is None or not self._left:
            return []
        text = document[: self._left]
        self._left -= len(text)
        threshold = USUAL_THRESHOLD if asked.threshold is None else asked.threshold
        found: list[dict[str, float]] = []
        for sentence in _SENTENCE.finditer(text):
            score = round(len(self._wanted & _words(sentence[0])) / max(1, len(self._wanted)), 6)
            if score > threshold:
                end = sentence.start() + len(sentence[0].rstrip())
                found.append({"start": sentence.start(), "end": end, "score": score})
        return sorted(found, key=lambda span: (-span["score"], span["start"]))[: asked.max_spans]


def _words(text: str) -> set[str]:
    words = {word.lower() for word in _WORD.findall(text)}
    return {word for word in words if len(word) >= _SHORT} or words
