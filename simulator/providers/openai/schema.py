"""The request bodies of OpenAI's endpoints, as types. Pure data; what a field does is not said here.

Fields, bounds and enumerations follow the request types of the official SDK (openai 3.52) and the refusals
that the real service is known to send. Unknown fields are refused at every level, as there. A field
that may be absent but not null is `X | UnsetType`.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
AtLeastOne = Annotated[int, Meta(ge=1, le=2**63 - 1)]
TokenId = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)] | None
Temperature = Annotated[float, Meta(ge=0, le=2)] | None
TopP = Annotated[float, Meta(ge=0, le=1)] | None
Choices = Annotated[int, Meta(ge=1, le=128)] | None
Bias = dict[str, Annotated[float, Meta(ge=-100, le=100)]] | None
Stop = str | Annotated[list[str], Meta(max_length=4)] | None
FunctionName = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-zA-Z0-9_-]+$")]
Free = dict[str, Any]
"""An object that this simulator reads past."""

MAX_INPUTS = 2048
"""Most inputs of one embedding or completion request."""


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The base of every shape here: strict about keys."""


class StreamOptions(Body):
    """`include_obfuscation` is accepted; frames carry no padding either way."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class ImageUrl(Body):
    """An image by URL, http(s) or data."""

    url: str
    detail: Literal["auto", "low", "high", "original"] = "auto"


class InputAudio(Body):
    """Base64 audio."""

    data: str
    format: Literal["wav", "mp3"]


class FileSource(Body):
    """A file by its content or by the id of an upload."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class TextPart(Body, tag_field="type", tag="text"):
    """Text within a message."""

    text: str
    prompt_cache_breakpoint: Free | None = None


class ImagePart(Body, tag_field="type", tag="image_url"):
    """An image within a user's message."""

    image_url: ImageUrl
    prompt_cache_breakpoint: Free | None = None


class AudioPart(Body, tag_field="type", tag="input_audio"):
    """Audio within a user's message."""

    input_audio: InputAudio
    prompt_cache_breakpoint: Free | None = None


class FilePart(Body, tag_field="type", tag="file"):
    """A file within a user's message."""

    file: FileSource
    prompt_cache_breakpoint: Free | None = None


class RefusalPart(Body, tag_field="type", tag="refusal"):
    """A refusal that an assistant spoke earlier."""

    refusal: str


Part = TextPart | ImagePart | AudioPart | FilePart | RefusalPart


class FunctionCalled(Body):
    """What a call named, with its arguments as JSON text."""

    name: str
    arguments: str


class CustomCalled(Body):
    """A call of a tool that takes free text."""

    name: str
    input: str


class FunctionToolCall(Body, tag_field="type", tag="function"):
    """An assistant's earlier call of a function."""

    id: str
    function: FunctionCalled


class CustomToolCall(Body, tag_field="type", tag="custom"):
    """An assistant's earlier call of a free-text tool."""

    id: str
    custom: CustomCalled


class MessageBody(Body):
    """One message; which fields a role may and must have is checked in `messages`."""

    role: Literal["system", "assistant", "user", "function", "tool", "developer"]
    content: str | Annotated[list[Part], Meta(min_length=1)] | UnsetType | None = UNSET
    name: str | None = None
    tool_calls: Annotated[list[FunctionToolCall | CustomToolCall], Meta(min_length=1)] | UnsetType = UNSET
    tool_call_id: str | UnsetType = UNSET
    function_call: FunctionCalled | None = None
    refusal: str | None = None
    audio: Free | None = None
    annotations: list[Any] | None = None
    """Comes back when a client returns an answer's message as it was; says nothing new."""


class FunctionDefinition(Body):
    """A function that the model may call. `parameters` is a JSON Schema."""

    name: FunctionName
    description: str | None = None
    parameters: Free | None = None
    strict: bool | None = None


class Grammar(Body):
    """What the text of a free-text tool must match."""

    definition: str
    syntax: Literal["lark", "regex"]


class AnyText(Body, tag_field="type", tag="text"):
    """A free-text tool takes any text."""


class GrammarText(Body, tag_field="type", tag="grammar"):
    """A free-text tool takes text of a grammar."""

    grammar: Grammar


class CustomDefinition(Body):
    """A tool that takes free text, perhaps bound to a grammar."""

    name: FunctionName
    description: str | None = None
    format: AnyText | GrammarText | None = None


class FunctionTool(Body, tag_field="type", tag="function"):
    """A tool that is a function."""

    function: FunctionDefinition


class CustomTool(Body, tag_field="type", tag="custom"):
    """A tool that takes free text."""

    custom: CustomDefinition


class Named(Body):
    """A tool by its name."""

    name: str


class Mentioned(msgspec.Struct, kw_only=True):
    """A tool by its name; a whole definition may be given, of which only that is read."""

    name: str


class AllowedFunction(msgspec.Struct, kw_only=True, tag_field="type", tag="function"):
    """A function that may be called."""

    function: Mentioned


class AllowedCustom(msgspec.Struct, kw_only=True, tag_field="type", tag="custom"):
    """A free-text tool that may be called."""

    custom: Mentioned


class AllowedTools(Body):
    """A choice among some of the tools."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[AllowedFunction | AllowedCustom], Meta(min_length=1)]


class ChooseFunction(Body, tag_field="type", tag="function"):
    """This function must be called."""

    function: Named


class ChooseCustom(Body, tag_field="type", tag="custom"):
    """This free-text tool must be called."""

    custom: Named


class ChooseAmong(Body, tag_field="type", tag="allowed_tools"):
    """Only these tools may be called."""

    allowed_tools: AllowedTools


class JsonSchema(Body):
    """The schema an answer must follow."""

    name: FunctionName
    description: str | None = None
    schema: Free | None = None
    strict: bool | None = None


class TextFormat(Body, tag_field="type", tag="text"):
    """An answer in text."""


class JsonObjectFormat(Body, tag_field="type", tag="json_object"):
    """An answer that is some JSON object."""


class JsonSchemaFormat(Body, tag_field="type", tag="json_schema"):
    """An answer that follows a schema."""

    json_schema: JsonSchema


class ChatBody(Body):
    """POST /v1/chat/completions."""

    model: str
    messages: Annotated[list[MessageBody], Meta(min_length=1)]
    audio: Free | None = None
    frequency_penalty: Penalty = None
    function_call: Literal["none", "auto"] | Named | None = None
    functions: Annotated[list[FunctionDefinition], Meta(min_length=1, max_length=128)] | None = None
    logit_bias: Bias = None
    logprobs: bool | None = None
    max_completion_tokens: AtLeastOne | None = None
    max_tokens: AtLeastOne | None = None
    metadata: Annotated[dict[str, Annotated[str, Meta(max_length=512)]], Meta(max_length=16)] | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    moderation: Free | None = None
    n: Choices = None
    parallel_tool_calls: bool | None = None
    prediction: Free | None = None
    presence_penalty: Penalty = None
    prompt_cache_key: str | None = None
    prompt_cache_options: Free | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    response_format: TextFormat | JsonObjectFormat | JsonSchemaFormat | None = None
    safety_identifier: str | None = None
    seed: Int64 | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | None = None
    stop: Stop = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature = None
    tool_choice: Literal["none", "auto", "required"] | ChooseFunction | ChooseCustom | ChooseAmong | None = None
    tools: Annotated[list[FunctionTool | CustomTool], Meta(min_length=1, max_length=128)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: TopP = None
    user: str | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    web_search_options: Free | None = None


Inputs = str | Annotated[list[str | TokenId | list[TokenId]], Meta(min_length=1)]
"""A text, texts, token ids, or several lists of token ids; `inputs` refuses mixtures."""


class CompletionBody(Body):
    """POST /v1/completions."""

    model: str
    prompt: Inputs | None
    best_of: Annotated[int, Meta(ge=1, le=20)] | None = None
    echo: bool | None = None
    frequency_penalty: Penalty = None
    logit_bias: Bias = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    max_tokens: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    n: Choices = None
    presence_penalty: Penalty = None
    seed: Int64 | None = None
    stop: Stop = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: Temperature = None
    top_p: TopP = None
    user: str | None = None


class EmbeddingBody(Body):
    """POST /v1/embeddings."""

    model: str
    input: Inputs
    dimensions: AtLeastOne | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None
