"""The request bodies of Mistral's endpoints, as types. Pure data; what a field does is not said here.

Fields and enumerations follow the request types of the official SDK (mistralai 3.7) and the refusals that the real
service was seen to send. It refuses unknown fields at every level.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

NotNegative = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Positive = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Temperature = Annotated[float, Meta(ge=0, le=1.5)] | None
TopP = Annotated[float, Meta(ge=0, le=1)] | None
Penalty = Annotated[float, Meta(ge=-2, le=2)] | None
Stop = str | list[str] | None
Free = dict[str, Any]
"""An object that this simulator reads past."""
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The base of every shape here: strict about keys."""


class TextChunk(Body, tag_field="type", tag="text"):
    """Text within a message."""

    text: str


class ImageUrl(Body):
    """A picture by URL, http(s) or data."""

    url: str
    detail: Literal["low", "auto", "high"] | None = None


class ImageChunk(Body, tag_field="type", tag="image_url"):
    """A picture within a message."""

    image_url: str | ImageUrl


class DocumentChunk(Body, tag_field="type", tag="document_url"):
    """A document by URL."""

    document_url: str
    document_name: str | None = None


class ReferenceChunk(Body, tag_field="type", tag="reference"):
    """What an answer refers to."""

    reference_ids: list[int | str]


class FileChunk(Body, tag_field="type", tag="file"):
    """An uploaded file by its id."""

    file_id: str


class AudioChunk(Body, tag_field="type", tag="input_audio"):
    """Sound: base64 or a URL."""

    input_audio: str | Free


class ThinkChunk(Body, tag_field="type", tag="thinking"):
    """What an assistant thought before its answer."""

    thinking: list[TextChunk | ReferenceChunk]
    signature: str | None = None
    closed: bool | None = None


Chunk = TextChunk | ImageChunk | DocumentChunk | ReferenceChunk | FileChunk | AudioChunk | ThinkChunk


class FunctionCalled(Body):
    """What a call named. `arguments` is JSON text, or the object itself."""

    name: str
    arguments: str | Free


class ToolCallBody(Body):
    """An assistant's earlier call."""

    function: FunctionCalled
    id: str | None = None
    type: Literal["function"] | None = None
    index: int | None = None


class MessageBody(Body):
    """One message; which fields a role may and must have is checked in `conversation`."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[Chunk] | None = None
    tool_calls: list[ToolCallBody] | None = None
    prefix: bool | None = None
    tool_call_id: str | None = None
    name: str | None = None


class FunctionBody(Body):
    """A function that the model may call. `parameters` is a JSON Schema."""

    name: str
    parameters: Free | None = None
    description: str | None = None
    strict: bool | None = None


class ToolBody(Body):
    """A tool."""

    function: FunctionBody
    type: Literal["function"] | None = None


class Named(Body):
    """A function by its name."""

    name: str


class ChooseTool(Body):
    """This function must be called."""

    function: Named
    type: Literal["function"] | None = None


class JsonSchema(Body):
    """The schema an answer must follow."""

    name: str
    schema: Free
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(Body):
    """The form of the answer."""

    type: Literal["text", "json_object", "json_schema"] | None = None
    json_schema: JsonSchema | None = None


class ChatBody(Body):
    """POST /v1/chat/completions."""

    model: str
    messages: list[MessageBody]
    temperature: Temperature = None
    top_p: TopP = None
    max_tokens: NotNegative | None = None
    stream: bool | None = None
    stop: Stop = None
    random_seed: NotNegative | None = None
    metadata: Free | None = None
    response_format: ResponseFormat | None = None
    tools: list[ToolBody] | None = None
    tool_choice: Literal["auto", "none", "any", "required"] | ChooseTool | None = None
    presence_penalty: Penalty = None
    frequency_penalty: Penalty = None
    min_tokens: NotNegative | None = None
    repetition_penalty: float | None = None
    top_k: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    prompt_logprobs: bool | None = None
    top_prompt_logprobs: int | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    prediction: Free | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: Effort | None = None
    prompt_mode: Literal["reasoning"] | None = None
    guardrails: list[Free] | None = None
    prompt_cache_key: str | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    safe_prompt: bool | None = None


class FimBody(Body):
    """POST /v1/fim/completions."""

    model: str
    prompt: str
    suffix: str | None = None
    temperature: Temperature = None
    top_p: TopP = None
    max_tokens: NotNegative | None = None
    min_tokens: NotNegative | None = None
    stream: bool | None = None
    stop: Stop = None
    random_seed: NotNegative | None = None
    metadata: Free | None = None
    prompt_cache_key: str | None = None


Dtype = Literal["float", "int8", "uint8", "binary", "ubinary"]


class EmbeddingBody(Body):
    """POST /v1/embeddings."""

    model: str
    input: str | list[str]
    metadata: Free | None = None
    output_dimension: Positive | None = None
    output_dtype: Dtype | None = None
    encoding_format: Literal["float", "base64"] | None = None


class TextsBody(Body):
    """POST /v1/moderations and /v1/classifications."""

    model: str
    input: str | list[str]
    metadata: Free | None = None


class Talk(Body):
    """A conversation to classify."""

    messages: list[MessageBody]


class ChatModerationBody(Body):
    """POST /v1/chat/moderations: one conversation, or several."""

    model: str
    input: list[MessageBody | list[MessageBody]]


class ChatClassificationBody(Body):
    """POST /v1/chat/classifications: one conversation, or several."""

    model: str
    input: Talk | list[Talk]
