"""The tools of a Responses request, as types. Pure data.

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


class Within(Body, omit_defaults=True):
    """A part of such a tool."""


class NetworkPolicy(Within):
    """What a container may reach."""

    type: Literal["disabled", "allowlist"]
    allowed_domains: list[str] | None = None
    domain_secrets: list[Free] | None = None


class Environment(Within):
    """Where a shell runs."""

    type: Literal["local", "container_reference", "container_auto"]
    container_id: str | None = None
    file_ids: list[str] | None = None
    memory_limit: Literal["1g", "4g", "16g", "64g"] | None = None
    network_policy: NetworkPolicy | None = None
    skills: list[Free] | None = None


class Container(Within):
    """Where Python runs."""

    type: Literal["auto"]
    file_ids: list[str] | None = None
    memory_limit: Literal["1g", "4g", "16g", "64g"] | None = None
    network_policy: NetworkPolicy | None = None


class Filter(Within):
    """Which files are searched: by a value, or by several filters together."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "and", "or"]
    key: str | None = None
    value: str | float | bool | list[str | float] | None = None
    filters: list["Filter"] | None = None


class HybridSearch(Within):
    """How much words and meaning count."""

    embedding_weight: float
    text_weight: float


class Ranking(Within):
    """How files that were found are ranked."""

    hybrid_search: HybridSearch | None = None
    ranker: Literal["auto", "default-2024-11-15"] | None = None
    score_threshold: float | None = None


class Domains(Within):
    """Which sites are searched."""

    allowed_domains: list[str] | None = None


class Location(Body):
    """Where the user is, about."""

    type: Literal["approximate"] = "approximate"
    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class Mask(Within):
    """Which part of a picture is changed."""

    file_id: str | None = None
    image_url: str | None = None


class SvgReasoning(Within):
    """How the model of a drawing thinks."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None


class Svg(Within):
    """How a drawing is made."""

    model: str | None = None
    reasoning: SvgReasoning | None = None


class ServerTools(Within):
    """Some of a server's tools."""

    tool_names: list[str] | None = None
    read_only: bool | None = None


class Approval(Within):
    """Which of a server's tools are called unasked, and which are not."""

    always: ServerTools | None = None
    never: ServerTools | None = None


class LocalShellTool(BuiltIn, tag_field="type", tag="local_shell"):
    """Commands in a shell of the client's."""


class ShellTool(BuiltIn, tag_field="type", tag="shell"):
    """Commands in a shell, of the client's or in a container."""

    environment: Environment | None = None
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
    filters: Filter | None = None
    max_num_results: Annotated[int, Meta(ge=1, le=50)] | None = None
    ranking_options: Ranking | None = None


class _WebSearch(BuiltIn):
    filters: Domains | None = None
    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: Location | None = None
    external_web_access: bool | None = None


class WebSearchTool(_WebSearch, tag_field="type", tag="web_search"):
    """A search of the web."""


class DatedWebSearchTool(_WebSearch, tag_field="type", tag="web_search_2025_08_26"):
    """The same, of a date."""


class _WebSearchPreview(BuiltIn):
    search_content_types: list[Literal["text", "image"]] | None = None
    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: Location | None = None


class WebSearchPreviewTool(_WebSearchPreview, tag_field="type", tag="web_search_preview"):
    """The search of the web as it was first."""


class DatedWebSearchPreviewTool(_WebSearchPreview, tag_field="type", tag="web_search_preview_2025_03_11"):
    """The same, of a date."""


class CodeInterpreterTool(BuiltIn, tag_field="type", tag="code_interpreter"):
    """Python in a container of the service's."""

    container: str | Container
    allowed_callers: Callers = None


class ImageGenerationTool(BuiltIn, tag_field="type", tag="image_generation"):
    """Pictures."""

    action: Literal["generate", "edit", "auto"] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    complexity: Literal["low", "medium", "high"] | None = None
    frame_count: _Integer | None = None
    frame_duration_ms: _Integer | None = None
    input_fidelity: Literal["high", "low"] | None = None
    input_image_mask: Mask | None = None
    model: str | None = None
    moderation: Literal["auto", "low"] | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto"] | None = None
    size: str | None = None
    svg: Svg | None = None


class McpTool(BuiltIn, tag_field="type", tag="mcp"):
    """The tools of an MCP server, which the service would call."""

    server_label: str
    allowed_callers: Callers = None
    allowed_tools: list[str] | ServerTools | None = None
    authorization: str | None = None
    connector_id: (
        Literal[
            "connector_dropbox",
            "connector_gmail",
            "connector_googlecalendar",
            "connector_googledrive",
            "connector_microsoftteams",
            "connector_outlookcalendar",
            "connector_outlookemail",
            "connector_sharepoint",
        ]
        | None
    ) = None
    defer_loading: bool | None = None
    headers: dict[str, str] | None = None
    require_approval: Literal["always", "never"] | Approval | None = None
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
