"""The tools of a Responses request and how free the model is to use them, as types. Pure data.

Each tool is told by its `type`. Functions and free-text tools are called by the model and run by the client, as are the
shells, patches and the computer; the others would be run by the service.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from simulator.providers.openai.schema import Body, Free, FunctionName

Callers = list[Literal["direct", "programmatic"]] | None
_Integer = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class FunctionTool(Body, tag_field="type", tag="function"):
    """A function of the client's; `parameters` is a JSON Schema."""

    name: FunctionName
    parameters: Free | None = None
    strict: bool | None = None
    description: str | None = None
    allowed_callers: Callers = None
    async_: bool | None = msgspec.field(default=None, name="async")
    defer_loading: bool | None = None
    output_schema: Free | None = None


class AnyText(Body, tag_field="type", tag="text"):
    """A free-text tool takes any text."""


class GrammarText(Body, tag_field="type", tag="grammar"):
    """A free-text tool takes text of a grammar."""

    definition: str
    syntax: Literal["lark", "regex"]


class CustomTool(Body, tag_field="type", tag="custom"):
    """A tool of the client's that takes free text."""

    name: FunctionName
    description: str | None = None
    format: AnyText | GrammarText | None = None
    allowed_callers: Callers = None
    async_: bool | None = msgspec.field(default=None, name="async")
    defer_loading: bool | None = None


class NamespaceTool(Body, tag_field="type", tag="namespace"):
    """Tools of the client's under a common name."""

    name: FunctionName
    description: str
    tools: Annotated[list[FunctionTool | CustomTool], Meta(min_length=1, max_length=128)]


class BuiltIn(Body, omit_defaults=True):
    """A tool that the service knows by itself. Told back as it was given."""


class LocalShellTool(BuiltIn, tag_field="type", tag="local_shell"):
    """Commands in a shell of the client's."""


class ShellTool(BuiltIn, tag_field="type", tag="shell"):
    """Commands in a shell, of the client's or in a container."""

    environment: Free | None = None
    allowed_callers: Callers = None


class ApplyPatchTool(BuiltIn, tag_field="type", tag="apply_patch"):
    """Changes to files of the client's."""

    allowed_callers: Callers = None


class ComputerTool(BuiltIn, tag_field="type", tag="computer"):
    """A screen, a mouse and a keyboard of the client's."""


class ComputerPreviewTool(BuiltIn, tag_field="type", tag="computer_use_preview"):
    """The same with a size of the screen."""

    display_height: _Integer
    display_width: _Integer
    environment: Literal["windows", "mac", "linux", "ubuntu", "browser"]


class FileSearchTool(BuiltIn, tag_field="type", tag="file_search"):
    """A search of uploaded files."""

    vector_store_ids: list[str]
    filters: Free | None = None
    max_num_results: Annotated[int, Meta(ge=1, le=50)] | None = None
    ranking_options: Free | None = None


class _WebSearch(BuiltIn):
    filters: Free | None = None
    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: Free | None = None
    external_web_access: bool | None = None


class WebSearchTool(_WebSearch, tag_field="type", tag="web_search"):
    """A search of the web."""


class DatedWebSearchTool(_WebSearch, tag_field="type", tag="web_search_2025_08_26"):
    """The same, of a date."""


class _WebSearchPreview(BuiltIn):
    search_content_types: list[Literal["text", "image"]] | None = None
    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: Free | None = None


class WebSearchPreviewTool(_WebSearchPreview, tag_field="type", tag="web_search_preview"):
    """The search of the web as it was first."""


class DatedWebSearchPreviewTool(_WebSearchPreview, tag_field="type", tag="web_search_preview_2025_03_11"):
    """The same, of a date."""


class CodeInterpreterTool(BuiltIn, tag_field="type", tag="code_interpreter"):
    """Python in a container of the service's."""

    container: str | Free
    allowed_callers: Callers = None


class ImageGenerationTool(BuiltIn, tag_field="type", tag="image_generation"):
    """Pictures."""

    action: Literal["generate", "edit", "auto"] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    complexity: Literal["low", "medium", "high"] | None = None
    frame_count: _Integer | None = None
    frame_duration_ms: _Integer | None = None
    input_fidelity: Literal["high", "low"] | None = None
    input_image_mask: Free | None = None
    model: str | None = None
    moderation: Literal["auto", "low"] | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto"] | None = None
    size: str | None = None
    svg: Free | None = None


class McpTool(BuiltIn, tag_field="type", tag="mcp"):
    """The tools of an MCP server, which the service would call."""

    server_label: str
    allowed_callers: Callers = None
    allowed_tools: list[str] | Free | None = None
    authorization: str | None = None
    connector_id: str | None = None
    defer_loading: bool | None = None
    headers: dict[str, str] | None = None
    require_approval: Literal["always", "never"] | Free | None = None
    server_description: str | None = None
    server_url: str | None = None
    tunnel_id: str | None = None


class ToolSearchTool(BuiltIn, tag_field="type", tag="tool_search"):
    """A search among tools that are not loaded yet."""

    description: str | None = None
    execution: Literal["server", "client"] | None = None
    parameters: Any = None


class ProgrammaticTool(BuiltIn, tag_field="type", tag="programmatic_tool_calling"):
    """Programs that call the other tools."""


ClientTool = LocalShellTool | ShellTool | ApplyPatchTool | ComputerTool | ComputerPreviewTool
ToolBody = (
    FunctionTool
    | CustomTool
    | NamespaceTool
    | LocalShellTool
    | ShellTool
    | ApplyPatchTool
    | ComputerTool
    | ComputerPreviewTool
    | FileSearchTool
    | WebSearchTool
    | DatedWebSearchTool
    | WebSearchPreviewTool
    | DatedWebSearchPreviewTool
    | CodeInterpreterTool
    | ImageGenerationTool
    | McpTool
    | ToolSearchTool
    | ProgrammaticTool
)


class ChooseFunction(Body, tag_field="type", tag="function"):
    """This function must be called."""

    name: str


class ChooseCustom(Body, tag_field="type", tag="custom"):
    """This free-text tool must be called."""

    name: str


class ChooseMcp(Body, tag_field="type", tag="mcp"):
    """A tool of this server must be called."""

    server_label: str
    name: str | None = None


class ChooseAmong(Body, tag_field="type", tag="allowed_tools"):
    """Only these tools may be called. Of each its `type` and its name are read."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[Free], Meta(min_length=1, max_length=128)]


class ChooseBuiltIn(Body):
    """A tool that the service knows must be used; the `type` says which."""


class ChooseFileSearch(ChooseBuiltIn, tag_field="type", tag="file_search"):
    """`file_search`."""


class ChooseWebSearch(ChooseBuiltIn, tag_field="type", tag="web_search"):
    """`web_search`."""


class ChooseDatedWebSearch(ChooseBuiltIn, tag_field="type", tag="web_search_2025_08_26"):
    """`web_search`, of a date."""


class ChooseWebSearchPreview(ChooseBuiltIn, tag_field="type", tag="web_search_preview"):
    """`web_search_preview`."""


class ChooseDatedWebSearchPreview(ChooseBuiltIn, tag_field="type", tag="web_search_preview_2025_03_11"):
    """`web_search_preview`, of a date."""


class ChooseComputer(ChooseBuiltIn, tag_field="type", tag="computer"):
    """`computer`."""


class ChooseComputerUse(ChooseBuiltIn, tag_field="type", tag="computer_use"):
    """`computer`, by another name."""


class ChooseComputerPreview(ChooseBuiltIn, tag_field="type", tag="computer_use_preview"):
    """`computer_use_preview`."""


class ChooseImage(ChooseBuiltIn, tag_field="type", tag="image_generation"):
    """`image_generation`."""


class ChooseCode(ChooseBuiltIn, tag_field="type", tag="code_interpreter"):
    """`code_interpreter`."""


class ChooseApplyPatch(ChooseBuiltIn, tag_field="type", tag="apply_patch"):
    """`apply_patch`."""


class ChooseShell(ChooseBuiltIn, tag_field="type", tag="shell"):
    """`shell`."""


class ChooseProgram(ChooseBuiltIn, tag_field="type", tag="programmatic_tool_calling"):
    """`programmatic_tool_calling`."""


ToolChoiceBody = (
    Literal["none", "auto", "required"]
    | ChooseFunction
    | ChooseCustom
    | ChooseMcp
    | ChooseAmong
    | ChooseFileSearch
    | ChooseWebSearch
    | ChooseDatedWebSearch
    | ChooseWebSearchPreview
    | ChooseDatedWebSearchPreview
    | ChooseComputer
    | ChooseComputerUse
    | ChooseComputerPreview
    | ChooseImage
    | ChooseCode
    | ChooseApplyPatch
    | ChooseShell
    | ChooseProgram
    | None
)
