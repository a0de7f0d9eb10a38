"""From the blocks of a turn to the neutral messages of a request. Pure.

Text is joined; what is not text becomes parts with a token price; a tool's result becomes a message of its own,
ahead of the rest of its turn. Only rules of a single turn are held here; rules between turns are in `turns`.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

from simulator.engine.request import Message, Part, ToolCall
from simulator.providers.anthropic import blocks, schema
from simulator.providers.anthropic.generation import NO_SAMPLING, since
from simulator.providers.anthropic.images import HIGH, STANDARD, UNKNOWN_SIZE, image_size, image_tokens, pdf_tokens
from simulator.providers.anthropic.signatures import genuine
from simulator.providers.anthropic.stable import estimate, stable
from simulator.providers.anthropic.wording import invalid
from simulator.providers.base import Refusal
from simulator.providers.decode import quote

EMPTY_TURN: Final = "all messages must have non-empty content except for the optional final assistant message"
BLANK_TEXT: Final = "messages: text content blocks must contain non-whitespace text"
EMPTY_TEXT: Final = "messages: text content blocks must be non-empty"

_IMAGES: Final = get_args(blocks.ImageType)
_IMAGES_ONLY: Final = "Only JPEG, PNG, GIF and WebP images are supported."
_USER_ONLY: Final = (blocks.ToolResult, blocks.Image, blocks.SearchResult, blocks.ContainerUpload)
_ASSISTANT_ONLY: Final = (blocks.ToolUse, blocks.Thinking, blocks.RedactedThinking, blocks.ServerToolUse)
_THOUGHTS: Final = (blocks.Thinking, blocks.RedactedThinking)
_IN_SYSTEM: Final = (blocks.Text, blocks.ToolAddition, blocks.ToolRemoval)


class Reader:
    """Reads the turns of one request. `latest` is whether API version 2026-10-21 was asked for."""

    __slots__ = ("_latest", "_model", "files", "messages", "sources")

    def __init__(self, model: str, latest: bool) -> None:
        self._latest = latest
        self._model = model
        self.messages: list[Message] = []
        """What was read so far."""
        self.sources = False
        """Whether there are documents or search results among it."""
        self.files: tuple[str, ...] = ()
        """The uploaded files that it refers to."""

    def read(self, number: int, turn: schema.Turn, may_be_empty: bool) -> None:
        """Append the messages of a turn. Raises Refusal for a block that may not stand there."""
        role, content, where = turn.role, turn.content, f"messages.{number}"
        if isinstance(content, str):
            _check_text(content, where, may_be_empty)
            self.messages.append(Message(role, content))
            return
        if not content and not may_be_empty:
            raise invalid(where, EMPTY_TURN)
        texts: list[str] = []
        parts: list[Part] = []
        calls: list[ToolCall] = []
        for place, block in enumerate(content):
            here = f"{where}.content.{place}"
            self._check_place(block, role, where, here)
            if isinstance(block, blocks.Text):
                _check_block(block)
                texts.append(block.text)
            elif isinstance(block, blocks.ToolUse):
                calls.append(ToolCall(block.id, block.name, stable(block.input, f"{here}.tool_use.input")))
            elif isinstance(block, blocks.ToolResult):
                self.messages.append(self._result(block, here))
            else:
                parts.append(self._part(block, here))
        if role == "assistant" and content and isinstance(content[-1], _THOUGHTS):
            raise invalid(where, "The final block in an assistant message cannot be `thinking`.")
        if texts or parts or calls:
            self.messages.append(Message(role, "\n".join(texts), parts=tuple(parts), calls=tuple(calls)))

    def _check_place(self, block: blocks.Tagged, role: str, where: str, here: str) -> None:
        tag = block.__struct_config__.tag
        if role == "system":
            if not isinstance(block, _IN_SYSTEM):
                raise invalid(where, f"`{tag}` blocks cannot be in `system` messages")
        elif role == "user":
            if isinstance(block, _ASSISTANT_ONLY):
                raise invalid(where, f"`{tag}` blocks can only be in `assistant` messages")
            if self._latest:
                _check_citations(block, here)
        elif isinstance(block, _USER_ONLY):
            raise invalid(where, f"`{tag}` blocks can only be in `user` messages")
        elif self._latest and isinstance(block, blocks.Document):
            raise invalid(here, "`document` blocks are not permitted in `assistant` messages")

    def _result(self, block: blocks.ToolResult, here: str) -> Message:
        content = block.content or ""
        failed = (Part("is_error"),) if block.is_error else ()
        if isinstance(content, str):
            return Message("tool", content, parts=failed, answers=block.tool_use_id)
        where = f"{here}.tool_result.content"
        texts = [inner.text for inner in content if isinstance(inner, blocks.Text)]
        parts = tuple(
            self._part(inner, f"{where}.{place}")
            for place, inner in enumerate(content)
            if not isinstance(inner, blocks.Text)
        )
        return Message("tool", "\n".join(texts), parts=failed + parts, answers=block.tool_use_id)

    def _part(self, block: blocks.Tagged, here: str) -> Part:
        return _PARTS.get(type(block), Reader._served)(self, block, here)

    def _image(self, block: blocks.Image, here: str) -> Part:
        source: blocks.ImageSource | blocks.Attached = block.source
        limits = HIGH if since(self._model, NO_SAMPLING) else STANDARD
        if isinstance(source, blocks.Attached):
            if source.media_type not in _IMAGES:
                raise invalid(here, f"Unsupported image file format: {quote(source.media_type)}. {_IMAGES_ONLY}")
            source = blocks.Base64Image("image/png", base64.b64encode(source.content).decode("ascii"))
        if isinstance(source, blocks.Base64Image):
            return Part("image", source.data, image_tokens(image_size(source.data), limits))
        return Part("image", self._reference_of(source), image_tokens(UNKNOWN_SIZE, limits))

    def _document(self, block: blocks.Document, here: str) -> Part:
        around = [text for text in (block.title, block.context) if text]
        tokens = sum(map(estimate, around))
        self.sources = True
        source: blocks.DocumentSource | blocks.Attached = block.source
        if isinstance(source, blocks.Attached):
            source = _readable(source, here)
        if isinstance(source, blocks.Base64Document):
            said, price = source.data, pdf_tokens(source.data)
        elif isinstance(source, blocks.TextDocument):
            said, price = source.data, estimate(source.data)
        elif isinstance(source, blocks.BlockDocument):
            said, price = self._inner(source.content, f"{here}.document.source.content.content")
        else:
            said, price = self._reference_of(source), pdf_tokens("")
        return Part("document", "\n".join([*around, said]), tokens + price)

    def _search_result(self, block: blocks.SearchResult, here: str) -> Part:
        self.sources = True
        said, price = self._inner(block.content, f"{here}.search_result.content")
        around = f"{block.title}\n{block.source}"
        return Part("search_result", f"{around}\n{said}", estimate(around) + price)

    def _inner(self, content: str | Sequence[blocks.Text | blocks.Image], here: str) -> tuple[str, int]:
        """What a block's own content says, and its price."""
        if isinstance(content, str):
            return content, estimate(content)
        parts = [
            Part("text", inner.text, estimate(inner.text))
            if isinstance(inner, blocks.Text)
            else self._image(inner, here)
            for inner in content
        ]
        return "\n".join(part.source for part in parts), sum(part.tokens for part in parts)

    def _thinking(self, block: blocks.Thinking, here: str) -> Part:
        if not genuine(block.signature, block.thinking):
            raise invalid(here, "Invalid `signature` in `thinking` block")
        # Thoughts of earlier turns are taken out of the context before it is billed.
        return Part("thinking", block.thinking)

    def _redacted(self, block: blocks.RedactedThinking, here: str) -> Part:
        if not genuine(block.data, ""):
            raise invalid(here, "Invalid `data` in `redacted_thinking` block")
        return Part("redacted_thinking", block.data)

    def _upload(self, block: blocks.ContainerUpload, _here: str) -> Part:
        self.files += (block.file_id,)
        return Part("container_upload", block.file_id)

    def _reference_of(self, source: blocks.UrlSource | blocks.FileSource) -> str:
        if isinstance(source, blocks.UrlSource):
            return source.url
        self.files += (source.file_id,)
        return source.file_id

    def _reference(self, block: blocks.ToolReference, _here: str) -> Part:
        return Part("tool_reference", block.tool_name, estimate(block.tool_name))

    def _served(self, block: blocks.Tagged, here: str) -> Part:
        tag = str(block.__struct_config__.tag)
        if not isinstance(block, blocks.Served):
            return Part(tag)
        said = stable([block.id, block.tool_use_id, block.name, block.input, block.content], f"{here}.{tag}")
        return Part(tag, said, estimate(said))


_PARTS: Final[Mapping[type, Callable[[Reader, Any, str], Part]]] = {
    blocks.Image: Reader._image,  # noqa: SLF001 - the reader's own table
    blocks.Document: Reader._document,  # noqa: SLF001
    blocks.SearchResult: Reader._search_result,  # noqa: SLF001
    blocks.Thinking: Reader._thinking,  # noqa: SLF001
    blocks.RedactedThinking: Reader._redacted,  # noqa: SLF001
    blocks.ContainerUpload: Reader._upload,  # noqa: SLF001
    blocks.ToolReference: Reader._reference,  # noqa: SLF001
}


def system_of(system: str | list[blocks.Text] | None) -> Message | None:
    """The system prompt as a message; None where there is none, or an empty one."""
    if not system:
        return None
    if isinstance(system, str):
        return Message("system", system)
    for place, block in enumerate(system):
        if not block.text:
            raise invalid(f"system.{place}", "text content blocks must be non-empty")
    return Message("system", "\n".join(block.text for block in system))


def _check_text(text: str, where: str, may_be_empty: bool) -> None:
    if not text and not may_be_empty:
        raise invalid(where, EMPTY_TURN)
    if text.isspace():
        raise _as_it_is(BLANK_TEXT)


def _check_block(block: blocks.Text) -> None:
    if not block.text:
        raise _as_it_is(EMPTY_TEXT)
    if block.text.isspace():
        raise _as_it_is(BLANK_TEXT)


def _check_citations(block: blocks.Tagged, here: str) -> None:
    """Under 2026-10-21 a user's text carries no citations, neither by itself nor in a search result."""
    if isinstance(block, blocks.SearchResult):
        for place, inner in enumerate(block.content):
            _check_citations(inner, f"{here}.search_result.content.{place}")
    elif isinstance(block, blocks.Text) and block.citations:
        raise invalid(f"{here}.text.citations", "Citations are not permitted on `text` blocks in `user` messages")


def _readable(source: blocks.Attached, here: str) -> blocks.Base64Document | blocks.TextDocument:
    """A file as the document it stands for."""
    if source.media_type == "application/pdf":
        return blocks.Base64Document("application/pdf", base64.b64encode(source.content).decode("ascii"))
    if source.media_type == "text/plain":
        return blocks.TextDocument("text/plain", source.text)
    raise invalid(
        here,
        f"Unsupported document file format: {quote(source.media_type)}. Only PDF and plaintext documents are "
        "supported.",
    )


def _as_it_is(message: str) -> Refusal:
    where, _, sentence = message.partition(": ")
    return invalid(where, sentence)
