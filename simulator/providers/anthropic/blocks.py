"""The content blocks of the Messages API as typed values. Pure data.

What cannot be said by a type (which block may stand in whose turn) is in `content` and `turns`. The newest official
SDK's parameter types are the source of every field.
"""

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1)]
Ttl = Literal["5m", "1h"]
ImageType = Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
DocumentType = Literal["application/pdf"]
TextType = Literal["text/plain"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of every shape: an unknown field is an error."""


class CacheControl(Strict, frozen=True):
    """A cache breakpoint. It changes what is billed, never what is answered."""

    type: Literal["ephemeral"]
    ttl: Ttl | None = None


class Tagged(Strict, tag_field="type", frozen=True):
    """A shape that its `type` tells apart."""


class Block(Tagged, kw_only=True, frozen=True):
    """A content block."""

    cache_control: CacheControl | None = None


class Base64Image(Tagged, tag="base64", frozen=True):
    """Image bytes in the request."""

    media_type: ImageType
    data: str


class Base64Document(Tagged, tag="base64", frozen=True):
    """PDF bytes in the request."""

    media_type: DocumentType
    data: str


class TextDocument(Tagged, tag="text", frozen=True):
    """A document that is plain text."""

    media_type: TextType
    data: str


class UrlSource(Tagged, tag="url", frozen=True):
    """Content to be fetched; the simulator never fetches it."""

    url: str


class FileSource(Tagged, tag="file", frozen=True):
    """Content uploaded before."""

    file_id: str


ImageSource = Base64Image | UrlSource | FileSource


class Text(Block, tag="text", frozen=True):
    """Plain text."""

    text: str
    citations: list[dict[str, Any]] | None = None


class Image(Block, tag="image", frozen=True):
    """An image of the user's."""

    source: ImageSource
    transformations: dict[str, Any] | None = None


class BlockDocument(Tagged, tag="content", frozen=True):
    """A document made of blocks."""

    content: str | list[Text | Image]


DocumentSource = Base64Document | TextDocument | BlockDocument | UrlSource | FileSource


class Attached(msgspec.Struct, frozen=True, gc=False):
    """What takes the place of a `FileSource` when the file is read: its bytes. No client sends it."""

    file_id: str
    media_type: str
    content: bytes

    @property
    def text(self) -> str:
        """The content of a plain text; what is not UTF-8 in it is replaced."""
        return self.content.decode("utf-8", "replace")


class Citations(Strict, frozen=True):
    """Whether a document may be cited."""

    enabled: bool | None = None


class Document(Block, tag="document", frozen=True):
    """A document to be read, and cited where asked."""

    source: DocumentSource
    citations: Citations | None = None
    context: str | None = None
    title: str | None = None


class SearchResult(Block, tag="search_result", frozen=True):
    """A passage that the client found."""

    content: list[Text]
    source: str
    title: str
    citations: Citations | None = None


class ToolUse(Block, tag="tool_use", frozen=True):
    """A call that the assistant made."""

    id: Name
    name: Name
    input: dict[str, Any]
    caller: dict[str, Any] | None = None
    toolset_name: str | None = None


class ToolReference(Block, tag="tool_reference", frozen=True):
    """A tool that a search of tools found."""

    tool_name: str


class BrowserState(Block, tag="browser_state", forbid_unknown_fields=False, frozen=True):
    """What a browser shows; its other fields do not reach the answer."""


ResultBlock = Text | Image | SearchResult | Document | ToolReference | BrowserState


class ToolResult(Block, tag="tool_result", frozen=True):
    """What a client's tool answered."""

    tool_use_id: Name
    content: str | list[ResultBlock] | None = None
    is_error: bool | None = None
    toolset_name: str | None = None


class Thinking(Tagged, tag="thinking", frozen=True):
    """Thoughts of an earlier turn, handed back. They take no cache breakpoint."""

    thinking: str
    signature: str


class RedactedThinking(Tagged, tag="redacted_thinking", frozen=True):
    """Thoughts of an earlier turn, encrypted."""

    data: str


class Served(Block, forbid_unknown_fields=False, frozen=True):
    """A block that the provider itself made in an earlier turn and the client hands back; taken as it is."""

    id: str = ""
    tool_use_id: str = ""
    name: str = ""
    input: Any = None
    content: Any = None


class ServerToolUse(Served, tag="server_tool_use", frozen=True):
    """A call of a tool that runs at the provider."""


class WebSearchResult(Served, tag="web_search_tool_result", frozen=True):
    """What a web search found."""


class WebFetchResult(Served, tag="web_fetch_tool_result", frozen=True):
    """What was fetched."""


class CodeExecutionResult(Served, tag="code_execution_tool_result", frozen=True):
    """What code printed."""


class BashResult(Served, tag="bash_code_execution_tool_result", frozen=True):
    """What a shell printed."""


class TextEditorResult(Served, tag="text_editor_code_execution_tool_result", frozen=True):
    """What an editor did."""


class ToolSearchResult(Served, tag="tool_search_tool_result", frozen=True):
    """Which tools a search found."""


class McpToolUse(Served, tag="mcp_tool_use", frozen=True):
    """A call of a tool on an MCP server."""


class McpToolResult(Served, tag="mcp_tool_result", frozen=True):
    """What the MCP server answered."""


class Compaction(Served, tag="compaction", frozen=True):
    """A summary that stands for earlier turns."""


class ToolAddition(Served, tag="tool_addition", frozen=True):
    """A tool given in the middle of a conversation."""


class ToolRemoval(Served, tag="tool_removal", frozen=True):
    """A tool taken away in the middle of a conversation."""


class ContainerUpload(Block, tag="container_upload", frozen=True):
    """A file for the container."""

    file_id: str


AnyBlock = (
    Text
    | Image
    | Document
    | SearchResult
    | ToolUse
    | ToolResult
    | Thinking
    | RedactedThinking
    | ServerToolUse
    | WebSearchResult
    | WebFetchResult
    | CodeExecutionResult
    | BashResult
    | TextEditorResult
    | ToolSearchResult
    | McpToolUse
    | McpToolResult
    | Compaction
    | ToolAddition
    | ToolRemoval
    | ContainerUpload
)


def tags(union: object) -> tuple[str, ...]:
    """The `type` of every shape of a union, sorted."""
    return tuple(sorted(shape.__struct_config__.tag for shape in get_args(union)))
