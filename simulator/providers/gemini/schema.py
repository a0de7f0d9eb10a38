"""The bodies of the Gemini API as typed values. Pure data.

Names are as JSON has them (`maxOutputTokens`); other spellings that the service takes too are brought into this one by
`lenient`. Enumerations are plain text here: which values there are is said where they are read, so that a wrong one is
refused in the service's words. The newest official SDK's types are the source of every field.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Free = dict[str, Any]
"""A part of a body that the schema leaves open, or that does not reach the answer."""
Int32 = Annotated[int, Meta(ge=-(2**31), lt=2**31)]


class Strict(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """The base of every shape: an unknown field is an error."""


class Blob(Strict):
    """Bytes in the request, in base64."""

    mime_type: str = ""
    data: str = ""
    display_name: str | None = None


class FileData(Strict):
    """Content that is elsewhere: uploaded before, or at a public address. The simulator never fetches it."""

    file_uri: str = ""
    mime_type: str = ""
    display_name: str | None = None


class FunctionCall(Strict):
    """A call that the model made in an earlier turn."""

    name: str = ""
    args: Free | None = None
    id: str | None = None


class FunctionResponse(Strict):
    """What a function answered."""

    name: str = ""
    response: Free | None = None
    id: str | None = None
    parts: list[Free] | None = None
    will_continue: bool | None = None
    scheduling: str | None = None


class MediaResolution(Strict):
    """How finely one part is looked at."""

    level: str | None = None
    num_tokens: int | None = None


class Part(Strict):
    """One part of a turn. Exactly one of the fields in `DATA` says what it is."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    media_resolution: MediaResolution | None = None
    executable_code: Free | None = None
    code_execution_result: Free | None = None
    tool_call: Free | None = None
    tool_response: Free | None = None
    audio_transcription: Free | None = None
    video_metadata: Free | None = None
    part_metadata: Free | None = None
    media_processing: Free | None = None
    speech_metadata: Free | None = None
    document_metadata: Free | None = None
    spreadsheet_metadata: Free | None = None
    audio_metadata: Free | None = None


DATA = (
    "text",
    "inline_data",
    "file_data",
    "function_call",
    "function_response",
    "executable_code",
    "code_execution_result",
    "tool_call",
    "tool_response",
    "audio_transcription",
)


class Content(Strict):
    """One turn."""

    parts: list[Part] | None = None
    role: str | None = None


class FunctionDeclaration(Strict):
    """A function that the model may call; `parameters` in the API's own schema language, or as JSON Schema."""

    name: str = ""
    description: str | None = None
    parameters: Free | None = None
    parameters_json_schema: Any = None
    response: Free | None = None
    response_json_schema: Any = None
    behavior: str | None = None


class Tool(Strict):
    """Functions, or one of the tools that run at the provider."""

    function_declarations: list[FunctionDeclaration] | None = None
    google_search: Free | None = None
    google_search_retrieval: Free | None = None
    google_maps: Free | None = None
    code_execution: Free | None = None
    url_context: Free | None = None
    file_search: Free | None = None
    computer_use: Free | None = None
    mcp_servers: list[Free] | None = None


class FunctionCallingConfig(Strict):
    """How free the model is to call functions."""

    mode: str | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(Strict):
    """What is set for all tools."""

    function_calling_config: FunctionCallingConfig | None = None
    retrieval_config: Free | None = None
    include_server_side_tool_invocations: bool | None = None


class SafetySetting(Strict):
    """From which probability on a kind of harm is blocked."""

    category: str = ""
    threshold: str = ""


class ThinkingConfig(Strict):
    """How long the model thinks, and whether its thoughts are shown."""

    include_thoughts: bool | None = None
    thinking_budget: Int32 | None = None
    thinking_level: str | None = None


class TextFormat(Strict):
    """The form of a text answer."""

    mime_type: str | None = None
    schema: Any = None


class ResponseFormat(Strict):
    """The form of one kind of answer."""

    text: TextFormat | None = None
    image: Free | None = None
    audio: Free | None = None
    video: Free | None = None


class GenerationConfig(Strict):
    """How an answer is made."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    candidate_count: Int32 | None = None
    max_output_tokens: Int32 | None = None
    stop_sequences: list[str] | None = None
    seed: Int32 | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_mime_type: str | None = None
    response_schema: Free | None = None
    response_json_schema: Any = None
    private_json_schema: Any = msgspec.field(default=None, name="_responseJsonSchema")
    response_format: ResponseFormat | list[ResponseFormat] | None = None
    response_modalities: list[str] | None = None
    response_logprobs: bool | None = None
    logprobs: Int32 | None = None
    thinking_config: ThinkingConfig | None = None
    media_resolution: str | None = None
    speech_config: Free | None = None
    image_config: Free | None = None
    translation_config: Free | None = None
    audio_transcription_config: Free | None = None
    enable_enhanced_civic_answers: bool | None = None


class GenerateBody(Strict):
    """`generateContent` and `streamGenerateContent`."""

    contents: list[Content] | None = None
    model: str | None = None
    system_instruction: Content | None = None
    tools: list[Tool] | None = None
    tool_config: ToolConfig | None = None
    safety_settings: list[SafetySetting] | None = None
    generation_config: GenerationConfig | None = None
    cached_content: str | None = None
    labels: dict[str, str] | None = None
    service_tier: str | None = None
    store: bool | None = None
    continuation_token: str | None = None


class CountBody(Strict):
    """`countTokens`: turns alone, or a whole request."""

    contents: list[Content] | None = None
    generate_content_request: GenerateBody | None = None


class EmbedConfig(Strict):
    """What an embedding is for, as newer clients say it."""

    task_type: str | None = None
    title: str | None = None
    output_dimensionality: Int32 | None = None
    auto_truncate: bool | None = None


class EmbedBody(Strict):
    """`embedContent`, and each request of `batchEmbedContents`."""

    content: Content | None = None
    model: str | None = None
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: Int32 | None = None
    embed_content_config: EmbedConfig | None = None


class BatchEmbedBody(Strict):
    """`batchEmbedContents`."""

    requests: list[EmbedBody] | None = None


class CacheBody(Strict):
    """A cached context, as it is made and changed. Output-only fields that a client sends back are taken and unused."""

    model: str | None = None
    contents: list[Content] | None = None
    system_instruction: Content | None = None
    tools: list[Tool] | None = None
    tool_config: ToolConfig | None = None
    ttl: str | None = None
    expire_time: str | None = None
    display_name: str | None = None
    name: str | None = None
    create_time: str | None = None
    update_time: str | None = None
    usage_metadata: Free | None = None


class FileFields(Strict):
    """What a client may say of a file that it uploads."""

    name: str | None = None
    display_name: str | None = None
    mime_type: str | None = None
    size_bytes: int | str | None = None
    create_time: str | None = None
    update_time: str | None = None
    expiration_time: str | None = None
    sha256_hash: str | None = msgspec.field(default=None, name="sha256Hash")
    uri: str | None = None
    download_uri: str | None = None
    state: str | None = None
    source: str | None = None
    video_metadata: Free | None = None
    error: Free | None = None


class FileBody(Strict):
    """The beginning of an upload."""

    file: FileFields | None = None
