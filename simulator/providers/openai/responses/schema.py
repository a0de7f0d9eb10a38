"""The request bodies of the Responses endpoints, as types. Pure data; what a field does is not said here.

Fields, bounds and enumerations follow the request types of the official SDK (openai 3.52) and the refusals that the
real service is known to send. The items of `input` are left undecoded: `items` reads each by its own type.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from simulator.providers.openai.responses.choosing import ToolChoiceBody
from simulator.providers.openai.responses.items import InputPart
from simulator.providers.openai.responses.toolset import ToolBody
from simulator.providers.openai.schema import Body, Free, FunctionName, Temperature, TopP

Includable = Literal[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Verbosity = Literal["low", "medium", "high"]
Retention = Literal["in_memory", "24h"]
MetadataKey = Annotated[str, Meta(max_length=64)]
MetadataValue = Annotated[str, Meta(max_length=512)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=16)]
Short = Annotated[str, Meta(max_length=64)]
Identifier = Annotated[str, Meta(max_length=128)]
AtLeastOne = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Input = str | list[msgspec.Raw] | None


class Plain(Body, tag_field="type", tag="text"):
    """An answer in text."""


class JsonObject(Body, tag_field="type", tag="json_object"):
    """An answer that is some JSON object."""


class JsonSchema(Body, tag_field="type", tag="json_schema"):
    """An answer that follows a schema."""

    name: FunctionName
    schema: Free
    description: str | None = None
    strict: bool | None = None


class Text(Body):
    """How the answer's text shall be."""

    format: Plain | JsonObject | JsonSchema | None = None
    verbosity: Verbosity | None = None


class Reasoning(Body):
    """How the model shall think, and what is told of it."""

    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None
    context: Literal["auto", "current_turn", "all_turns"] | None = None
    mode: str | None = None


class StreamOptions(Body):
    """What a stream shall have besides."""

    include_obfuscation: bool | None = None


class ConversationReference(Body):
    """A stored conversation by its id."""

    id: str


class Prompt(Body):
    """A prompt kept at the service, by its id."""

    id: str
    variables: dict[str, str | InputPart] | None = None
    version: str | None = None


class ContextManagement(Body):
    """When the context is compacted."""

    type: Literal["compaction"]
    compact_threshold: Annotated[int, Meta(ge=1_000, le=2**63 - 1)] | None = None


class Moderation(Body):
    """By which model the answer is moderated."""

    model: str
    policy: Free | None = None


class CacheOptions(Body):
    """How the prompt is cached."""

    mode: Literal["implicit", "explicit"] | None = None
    ttl: Literal["30m", "12h"] | None = None
    comparison_response_id: str | None = None
    prewarm: bool | None = None


class Image(Body):
    """Whether pictures of the context are compressed."""

    context_compression: Literal["auto", "enabled", "disabled"] | None = None


class AccessPrograms(Body):
    """Which programs of access a response is made under."""

    cyber: Literal["standard", "daybreak_blue", "daybreak_red"] | None = None


class ContextBody(Body):
    """What every Responses request may have: the context that a model is given."""

    model: str | None = None
    input: Input = None
    instructions: str | None = None
    previous_response_id: str | None = None


class ResponseBody(ContextBody):
    """POST /v1/responses."""

    access_programs: AccessPrograms | None = None
    background: bool | None = None
    context_management: list[ContextManagement] | None = None
    conversation: str | ConversationReference | None = None
    image: Image | None = None
    include: list[Includable] | None = None
    max_output_tokens: Annotated[int, Meta(ge=16, le=2**63 - 1)] | None = None
    max_tool_calls: AtLeastOne | None = None
    metadata: Metadata | None = None
    moderation: Moderation | None = None
    parallel_tool_calls: bool | None = None
    prompt: Prompt | None = None
    prompt_cache_key: Short | None = None
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: Retention | None = None
    reasoning: Reasoning | None = None
    safety_identifier: Identifier | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature = None
    text: Text | None = None
    tool_choice: ToolChoiceBody = None
    tools: Annotated[list[ToolBody], Meta(max_length=128)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: TopP = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None


class CountBody(ContextBody):
    """POST /v1/responses/input_tokens."""

    conversation: str | ConversationReference | None = None
    parallel_tool_calls: bool | None = None
    personality: str | None = None
    reasoning: Reasoning | None = None
    text: Text | None = None
    tool_choice: ToolChoiceBody = None
    tools: Annotated[list[ToolBody], Meta(max_length=128)] | None = None
    truncation: Literal["auto", "disabled"] | None = None


class CompactBody(ContextBody):
    """POST /v1/responses/compact."""

    image: Image | None = None
    prompt_cache_key: Short | None = None
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: Retention | None = None
    service_tier: Literal["auto", "default", "fast", "flex", "priority"] | None = None
