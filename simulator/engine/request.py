"""The one shape of a request, whatever dialect it came in.

Pure data. A `Request` holds exactly what may change an answer and nothing that only changes its
transport (`stream`, `user`, `metadata`): its digest, and so the answer's address, is a hash of this
value alone. A provider's `decode` builds it; the engine reads it.
"""

import enum

import msgspec


class Operation(enum.StrEnum):
    """What is asked of the model; the label `endpoint` of metrics is made from it."""

    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDING = "embedding"
    COUNT = "count_tokens"
    TOKENIZE = "tokenize"
    RERANK = "rerank"
    MODERATION = "moderation"
    IMAGE = "image"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One part of a message that is not plain text.

    `kind` is `image`, `audio`, `file`, `document` …; `source` is what identifies the content (a URL or
    the base64 data itself); `tokens` is the provider's published token price of it.
    """

    kind: str
    source: str = ""
    tokens: int = 0


class ToolCall(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call the assistant made earlier in the conversation. `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One turn of the conversation.

    `text` joins the turn's text parts with newlines; `answers` names the tool call that a tool's result belongs to.
    """

    role: str
    text: str = ""
    name: str = ""
    parts: tuple[Part, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""


class Tool(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A function the model may call. `schema` is the JSON Schema of its arguments, as decoded JSON."""

    name: str
    description: str = ""
    schema: dict[str, object] | None = None


class Format(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Structured output: `kind` is `text`, `json_object` or `json_schema`."""

    kind: str = "text"
    schema: dict[str, object] | None = None


class Sampling(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Parameters that would steer a real model's sampling. None means not given."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    logit_bias: dict[str, float] | None = None


NO_SAMPLING = Sampling()
TEXT_FORMAT = Format()


class Request(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a client asks, in one shape for all dialects.

    `inputs` holds the prompts of a completion or the texts of an embedding (one answer each); for reranking the query
    and then the documents, for anything else of the operations what there is to say in text.
    An input given as token ids is kept in `token_inputs`, same length as `inputs` or empty, so that its
    tokens count exactly; its place in `inputs` is then a stable text made from the ids.
    `max_tokens` None means the model's own limit. `choices` is OpenAI's `n`, per input.
    `tool_choice` is one of the neutral words of `engine.content.tools.choice`, empty where none is given.
    """

    operation: Operation
    provider: str
    model: str
    messages: tuple[Message, ...] = ()
    inputs: tuple[str, ...] = ()
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    choices: int = 1
    sampling: Sampling = NO_SAMPLING
    tools: tuple[Tool, ...] = ()
    tool_choice: str = ""
    format: Format = TEXT_FORMAT
    dimensions: int | None = None
    token_inputs: tuple[tuple[int, ...], ...] = ()
    extra: tuple[str, ...] = ()
    """Anything else of the dialect that changes the answer, as stable text."""
    parallel: bool = True
    """Whether one answer may call several tools."""
    reasoning: int | None = None
    """About how many tokens the model thinks before it answers; None leaves it to the model's card.

    The last fields: see `seeds.digest_of`."""
