"""The body of `POST /v1/chat` as typed values. Pure data."""

from typing import Literal

from simulator.providers.cohere.schema import Free, Sampled, Strict, Whole

Truncation = Literal["OFF", "AUTO", "AUTO_PRESERVE_ORDER"]


class LegacyCall(Strict, frozen=True, forbid_unknown_fields=False):
    """A call of an earlier turn; clients of frameworks send fields of their own with it."""

    name: str
    parameters: Free | None = None


class LegacyResult(Strict, frozen=True):
    """What a tool returned."""

    call: LegacyCall
    outputs: list[Free]


class Entry(Strict, frozen=True):
    """A message of the history. `role` is User, Chatbot, System or Tool, in any case."""

    role: str
    message: str | None = None
    tool_calls: list[LegacyCall] | None = None
    tool_results: list[LegacyResult] | None = None
    user_name: str | None = None


class Definition(Strict, frozen=True):
    """A parameter of a tool; `type` is Python's name of its type."""

    type: str
    description: str | None = None
    required: bool | None = None


class LegacyTool(Strict, frozen=True):
    """A tool."""

    name: str
    description: str
    parameter_definitions: dict[str, Definition] | None = None


class Connector(Strict, frozen=True):
    """A connector that documents would be fetched with."""

    id: str
    user_access_token: str | None = None
    continue_on_failure: bool | None = None
    options: Free | None = None


class LegacyFormat(Strict, frozen=True):
    """What the answer is to look like."""

    type: Literal["text", "json_object"] = "text"
    schema: Free | None = None


class LegacyBody(Sampled, frozen=True, kw_only=True):
    """`POST /v1/chat`."""

    message: str
    model: str | None = None
    preamble: str | None = None
    chat_history: list[Entry] | None = None
    conversation_id: str | None = None
    prompt_truncation: Truncation | None = None
    connectors: list[Connector] | None = None
    search_queries_only: bool | None = None
    documents: list[Free] | None = None
    citation_quality: str | None = None
    max_input_tokens: Whole | None = None
    raw_prompting: bool | None = None
    return_prompt: bool | None = None
    tools: list[LegacyTool] | None = None
    tool_results: list[LegacyResult] | None = None
    force_single_step: bool | None = None
    response_format: LegacyFormat | None = None
