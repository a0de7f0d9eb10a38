"""The body of `POST /v2/chat` as typed values. Pure data.

What cannot be said by a type is in `turns`, `options` and `tools`. The newest official SDK's parameter types are the
source of every field; the SDK lets words through that it does not list, the service does not.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1)]
Whole = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Detail = Literal["auto", "low", "high"]
Free = dict[str, Any]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every shape: an unknown field is an error."""


class Block(Strict, frozen=True, tag_field="type"):
    """A shape that its `type` tells apart."""


class ImageUrl(Strict, frozen=True):
    """Where a picture is."""

    url: str
    detail: Detail | None = None


class TextBlock(Block, frozen=True, tag="text"):
    """Plain text."""

    text: str


class ImageBlock(Block, frozen=True, tag="image_url"):
    """A picture."""

    image_url: ImageUrl


class ThinkingBlock(Block, frozen=True, tag="thinking"):
    """What the model thought in an earlier turn, handed back."""

    thinking: str


class Document(Strict, frozen=True):
    """A document that the answer may cite."""

    data: Free | str
    id: str | None = None


class DocumentBlock(Block, frozen=True, tag="document"):
    """A document that a tool returned."""

    document: Document


class CalledFunction(Strict, frozen=True):
    """Which function an earlier turn called; `arguments` is JSON text."""

    name: Name
    arguments: str = "{}"


class CallV2(Strict, frozen=True, kw_only=True):
    """A call of an earlier turn."""

    id: Name
    type: Literal["function"] = "function"
    function: CalledFunction


class Turn(Strict, frozen=True, tag_field="role"):
    """One message of the conversation."""


class SystemTurn(Turn, frozen=True, tag="system"):
    """What the developer says."""

    content: str | list[TextBlock]


class UserTurn(Turn, frozen=True, tag="user"):
    """What the user says."""

    content: str | list[TextBlock | ImageBlock]


class AssistantTurn(Turn, frozen=True, tag="assistant"):
    """What the model said."""

    content: str | list[TextBlock | ThinkingBlock] | None = None
    tool_plan: str | None = None
    tool_calls: list[CallV2] | None = None
    citations: list[Free] | None = None


class ToolTurn(Turn, frozen=True, tag="tool"):
    """What a tool returned."""

    tool_call_id: str
    content: str | list[TextBlock | DocumentBlock]


AnyTurn = SystemTurn | UserTurn | AssistantTurn | ToolTurn


class FunctionV2(Strict, frozen=True):
    """A function that the model may call. `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str | None = None
    parameters: Free | None = None


class ToolV2(Strict, frozen=True, kw_only=True):
    """A tool."""

    type: Literal["function"] = "function"
    function: FunctionV2


class CitationOptions(Strict, frozen=True):
    """Whether, and when in a stream, citations are made."""

    mode: str | None = None


class ResponseFormat(Strict, frozen=True):
    """What the answer is to look like; `schema` is the older name of `json_schema`."""

    type: Literal["text", "json_object"] = "text"
    json_schema: Free | None = None
    schema: Free | None = None


class Thinking(Strict, frozen=True):
    """Whether the model thinks first, and for how many tokens."""

    type: Literal["enabled", "disabled"]
    token_budget: Whole | None = None


class Sampled(Strict, frozen=True):
    """The parameters that both versions of chat know."""

    stream: bool | None = None
    temperature: float | None = None
    max_tokens: Whole | None = None
    k: Whole | None = None
    p: float | None = None
    seed: Seed | None = None
    stop_sequences: list[str] | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    safety_mode: str | None = None
    priority: Whole | None = None


class ChatBody(Sampled, frozen=True, kw_only=True):
    """`POST /v2/chat`."""

    model: Name
    messages: list[AnyTurn]
    tools: list[ToolV2] | None = None
    strict_tools: bool | None = None
    tool_choice: Literal["REQUIRED", "NONE"] | None = None
    documents: list[str | Document] | None = None
    citation_options: CitationOptions | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    thinking: Thinking | None = None
    raw_prompting: bool | None = None
