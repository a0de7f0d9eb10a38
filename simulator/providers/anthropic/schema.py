"""The request bodies of the Messages API as typed values, and their decoders. Pure data.

What cannot be said by a type (which model takes which parameter) is in `tools` and `options`. The newest official SDK's
parameter types are the source of every field; fields that exist only behind a beta header are accepted only with one.
"""

from typing import Annotated, Any, Final, Literal, TypeVar, cast

import msgspec
from msgspec import Meta

from simulator.providers.anthropic.blocks import AnyBlock, CacheControl, Name, Strict, Tagged, Text

LargestInt = Annotated[int, Meta(ge=0, le=2**53)]
Share = Annotated[float, Meta(ge=0, le=1)]

Role = Literal["user", "assistant", "system"]
ServiceTier = Literal["auto", "standard_only"]
Speed = Literal["standard", "fast"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]
Display = Literal["summarized", "omitted"]


class Turn(Strict, frozen=True):
    """One message of the conversation."""

    role: Role
    content: str | list[AnyBlock]


class ThinkingEnabled(Tagged, tag="enabled", frozen=True):
    """Thinking with a budget."""

    budget_tokens: Annotated[int, Meta(ge=1024, le=2**53)]
    display: Display | None = None


class ThinkingAdaptive(Tagged, tag="adaptive", frozen=True):
    """The model decides whether it thinks."""

    display: Display | None = None


class ThinkingDisabled(Tagged, tag="disabled", frozen=True):
    """No thinking."""


class ThinkingBetweenTools(Tagged, tag="between_tools", frozen=True):
    """No thinking but short notes between tool calls."""


AnyThinking = ThinkingEnabled | ThinkingAdaptive | ThinkingDisabled | ThinkingBetweenTools


class _Choice(Tagged, kw_only=True, frozen=True):
    disable_parallel_tool_use: bool | None = None


class ChooseAuto(_Choice, tag="auto", frozen=True):
    """The model decides."""


class ChooseAny(_Choice, tag="any", frozen=True):
    """Some tool must be called."""


class ChooseTool(_Choice, tag="tool", frozen=True):
    """This tool must be called."""

    name: str


class ChooseNone(Tagged, tag="none", frozen=True):
    """No tool may be called."""


AnyChoice = ChooseAuto | ChooseAny | ChooseTool | ChooseNone


class JsonFormat(Strict, frozen=True):
    """Structured output."""

    type: Literal["json_schema"]
    schema: dict[str, Any]


class OutputConfig(Strict, frozen=True):
    """How the answer is to be."""

    effort: Effort | None = None
    format: JsonFormat | None = None
    task_budget: dict[str, Any] | None = None


class Metadata(Strict, frozen=True):
    """Whom the request is for."""

    user_id: str | None = None


class Container(Strict, frozen=True):
    """The container that code runs in."""

    id: str | None = None
    skills: list[dict[str, Any]] | None = None


class Diagnostics(Strict, frozen=True):
    """What the service is to compare the prompt with."""

    previous_message_id: str | None = None


class CountBody(Strict, kw_only=True, frozen=True):
    """`POST /v1/messages/count_tokens`, and what every request shares."""

    model: Name
    messages: list[Turn]
    system: str | list[Text] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: AnyChoice | None = None
    thinking: AnyThinking | None = None
    output_config: OutputConfig | None = None
    cache_control: CacheControl | None = None
    speed: Speed | None = None


class MessagesBody(CountBody, kw_only=True, frozen=True):
    """`POST /v1/messages` under API version 2026-10-21."""

    max_tokens: LargestInt
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    metadata: Metadata | None = None
    service_tier: ServiceTier | None = None
    container: str | Container | None = None
    diagnostics: Diagnostics | None = None
    inference_geo: str | None = None


class SampledBody(MessagesBody, kw_only=True, frozen=True):
    """`POST /v1/messages` under API version 2023-06-01, which still knows the sampling parameters."""

    temperature: Share | None = None
    top_p: Share | None = None
    top_k: LargestInt | None = None


B = TypeVar("B", bound=CountBody)

OLDER_FORMAT: Final = "output_format"
"""The beta's field for what is `output_config.format`."""
COUNT_BETAS: Final = ("billing_policy", "compaction", "context_management", "mcp_servers", OLDER_FORMAT)
"""Fields of a beta that count_tokens knows too."""
MESSAGES_BETAS: Final = (*COUNT_BETAS, "fallback_credit_token", "fallbacks", "thread")


def decoders(body: type[B], betas: tuple[str, ...]) -> tuple[msgspec.json.Decoder[B], msgspec.json.Decoder[B]]:
    """A decoder for a request without a beta header, and one for a request with one."""
    wider = msgspec.defstruct(
        body.__name__, [(name, Any, None) for name in betas], bases=(body,), frozen=True, kw_only=True
    )
    return msgspec.json.Decoder(body), msgspec.json.Decoder(cast("type[B]", wider))
