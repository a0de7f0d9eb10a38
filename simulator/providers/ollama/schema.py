"""The request bodies of Ollama's endpoints, as types. Pure data; what a field does is not said here.

As its server's decoder does, they pass over unknown fields, and take null for a field that is not given.
"""

from typing import Any

import msgspec

Free = dict[str, Any]
KeepAlive = float | str | None


class Body(msgspec.Struct, kw_only=True):
    """The base of every shape here."""


class Called(Body):
    """What a call named, and its arguments."""

    name: str | None = None
    arguments: Free | None = None


class ToolCallBody(Body):
    """An assistant's earlier call."""

    function: Called | None = None
    id: str | None = None


class MessageBody(Body):
    """One message."""

    role: str | None = None
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCallBody] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class FunctionBody(Body):
    """A function that the model may call. `parameters` is a JSON Schema."""

    name: str | None = None
    description: str | None = None
    parameters: Free | None = None


class ToolBody(Body):
    """A tool."""

    type: str | None = None
    function: FunctionBody | None = None


class Asking(Body):
    """What chat and generate share."""

    model: str | None = None
    stream: bool | None = None
    format: Free | str | None = None
    options: Free | None = None
    keep_alive: KeepAlive = None
    think: bool | str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


class ChatBody(Asking):
    """POST /api/chat."""

    messages: list[MessageBody] | None = None
    tools: list[ToolBody] | None = None


class GenerateBody(Asking):
    """POST /api/generate."""

    prompt: str | None = None
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    context: list[int] | None = None
    raw: bool | None = None
    images: list[str] | None = None


class EmbedBody(Body):
    """POST /api/embed. `input` is a text or a list of texts."""

    model: str | None = None
    input: str | list[Any] | None = None
    truncate: bool | None = None
    options: Free | None = None
    keep_alive: KeepAlive = None
    dimensions: int | None = None


class EmbeddingsBody(Body):
    """POST /api/embeddings."""

    model: str | None = None
    prompt: str | None = None
    options: Free | None = None
    keep_alive: KeepAlive = None


class ModelBody(Body):
    """What names a model: `name` is the older word."""

    model: str | None = None
    name: str | None = None
    stream: bool | None = None
    source: str | None = None
    destination: str | None = None
    files: Free | None = None
    from_: str | None = msgspec.field(name="from", default=None)
