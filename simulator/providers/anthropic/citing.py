"""What an answer can cite: the passages of the request's documents and search results. Pure, and bounded.

Plain text and PDFs are cut into sentences; a block of a custom document or of a search result is cited whole. Those
that share the most words with the last question come first. Nothing is fetched: a document behind a URL has none.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from simulator.providers.anthropic import blocks, schema
from simulator.providers.anthropic.images import decoded
from simulator.providers.anthropic.pdf import page_texts

MOST_OF_ONE: Final = 64
"""Passages of one document."""
MOST: Final = 256
MOST_SOURCES: Final = 32
"""Documents and search results whose passages are looked for."""
COMPARED: Final = 1_000
"""Characters of a passage that are compared with the question."""
LOOKED_AT: Final = 65_536
"""Characters of a document that are cut into sentences."""
LONGEST_SENTENCE: Final = 600
LONGEST_BLOCK: Final = 20_000
"""Characters; a longer block cannot be cut, and is not cited."""
_END: Final = re.compile(r"[.!?]\s+|\n\s*")
_WORD: Final = re.compile(r"\w{3,}")
_QUESTION: Final = 2_000


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A text that really stands in the request, and the citation that points to it, without the text."""

    text: str
    kind: str
    place: dict[str, Any]

    def citation(self) -> dict[str, Any]:
        """As it stands in an answer."""
        return {"type": self.kind, "cited_text": self.text, **self.place}


def passages_of(body: schema.CountBody) -> list[Passage]:
    """What can be cited, the likeliest first."""
    found: list[Passage] = []
    documents = results = cited = 0
    for block in sources_of(body.messages):
        passages: Iterator[Passage]
        if isinstance(block, blocks.Document):
            passages = _of_document(block, documents)
            documents += 1
        else:
            passages = _of_result(block, results)
            results += 1
        if is_cited(block):
            cited += 1
            found += [passage for passage, _ in zip(passages, range(MOST_OF_ONE), strict=False)]
        if len(found) >= MOST or cited >= MOST_SOURCES:
            break
    asked = set(_WORD.findall(_question(body.messages)))
    return sorted(
        found[:MOST], key=lambda passage: -len(asked.intersection(_WORD.findall(passage.text[:COMPARED].lower())))
    )


def sources_of(turns: Sequence[schema.Turn]) -> Iterator[blocks.Document | blocks.SearchResult]:
    """The documents and search results of a conversation in their order, those in tools' results too."""
    for turn in turns:
        if isinstance(turn.content, str):
            continue
        for block in turn.content:
            if isinstance(block, blocks.Document | blocks.SearchResult):
                yield block
            elif isinstance(block, blocks.ToolResult) and isinstance(block.content, list):
                for inner in block.content:
                    if isinstance(inner, blocks.Document | blocks.SearchResult):
                        yield inner


def is_cited(block: blocks.Document | blocks.SearchResult) -> bool:
    """Whether citations are switched on for it."""
    return block.citations is not None and block.citations.enabled is True


def _question(turns: Sequence[schema.Turn]) -> str:
    for turn in reversed(turns):
        if turn.role != "user":
            continue
        if isinstance(turn.content, str):
            return turn.content[-_QUESTION:].lower()
        texts = [block.text for block in turn.content if isinstance(block, blocks.Text)]
        if texts:
            return texts[-1][-_QUESTION:].lower()
    return ""


def _of_document(block: blocks.Document, index: int) -> Iterator[Passage]:
    document = {"document_index": index, "document_title": block.title}
    source = block.source
    named: Mapping[str, Any] = {}
    if isinstance(source, blocks.Attached):
        named = {"file_id": source.file_id}
    if isinstance(source, blocks.BlockDocument):
        inner = [blocks.Text(source.content)] if isinstance(source.content, str) else source.content
        return _whole(inner, "content_block_location", document)
    if isinstance(source, blocks.Base64Document):
        return _pages(decoded(source.data), {**document, **named})
    if isinstance(source, blocks.Attached) and source.media_type == "application/pdf":
        return _pages(source.content, {**document, **named})
    text = ""
    if isinstance(source, blocks.TextDocument):
        text = source.data
    elif isinstance(source, blocks.Attached):
        text = source.text
    return _sentences(
        text,
        "char_location",
        lambda start, end: {**document, "start_char_index": start, "end_char_index": end, **named},
    )


def _of_result(block: blocks.SearchResult, index: int) -> Iterator[Passage]:
    about = {"source": block.source, "title": block.title, "search_result_index": index}
    return _whole(block.content, "search_result_location", about)


def _whole(content: Sequence[blocks.Text | blocks.Image], kind: str, about: dict[str, Any]) -> Iterator[Passage]:
    for number, block in enumerate(content):
        if isinstance(block, blocks.Text) and 0 < len(block.text) <= LONGEST_BLOCK:
            yield Passage(block.text, kind, {**about, "start_block_index": number, "end_block_index": number + 1})


def _pages(data: bytes, about: dict[str, Any]) -> Iterator[Passage]:
    for number, text in enumerate(page_texts(data), 1):
        place = {**about, "start_page_number": number, "end_page_number": number + 1}
        for sentence in _sentences(text, "page_location", lambda _start, _end: {}):
            yield Passage(sentence.text, sentence.kind, place)


def _sentences(text: str, kind: str, place: Callable[[int, int], dict[str, Any]]) -> Iterator[Passage]:
    text = text[:LOOKED_AT]
    start = 0
    for end in [match.end() for match in _END.finditer(text)] + [len(text)]:
        stop = min(end, start + LONGEST_SENTENCE)
        if text[start:stop].strip():
            yield Passage(text[start:stop], kind, place(start, stop))
        start = end
