"""The request bodies of OpenAI's endpoints, as types: messages, text completions, embeddings, and what all share.

Pure data; what a field does is not said here. The body of a chat is in `chat_schema`.

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
Metadata = (
    Annotated[
        dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
        Meta(max_length=16),
    ]
    | None
)
Free = dict[str, Any]
"""An object that this simulator reads past."""

MAX_INPUTS = 2048
"""Most inputs of one embedding or completion request."""


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The base of every shape here: strict about keys."""


class StreamOptions(Body):
    """What a stream tells besides the answer."""

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


class SpokenBefore(Body):
    """An answer in audio that was given earlier."""

    id: str


class MessageBody(Body):
    """One message; which fields a role may and must have is checked in `messages`."""

    role: Literal["system", "assistant", "user", "function", "tool", "developer"]
    content: str | Annotated[list[Part], Meta(min_length=1)] | UnsetType | None = UNSET
    name: str | None = None
    tool_calls: Annotated[list[FunctionToolCall | CustomToolCall], Meta(min_length=1)] | UnsetType = UNSET
    tool_call_id: str | UnsetType = UNSET
    function_call: FunctionCalled | None = None
    refusal: str | None = None
    audio: SpokenBefore | None = None
    annotations: list[Any] | None = None
    """Comes back when a client returns an answer's message as it was; says nothing new."""


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
