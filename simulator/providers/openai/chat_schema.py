"""The body of a chat request: tools, formats and every parameter. Pure data; what a field does is not said here.

Messages and what all bodies share are in `schema`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from simulator.providers.openai.schema import (
    AtLeastOne,
    Bias,
    Body,
    Choices,
    Free,
    FunctionName,
    Int64,
    MessageBody,
    Metadata,
    Penalty,
    Stop,
    StreamOptions,
    Temperature,
    TextPart,
    TopP,
)


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


class VoiceId(Body):
    """A voice of the client's own."""

    id: str


class AudioOutput(Body):
    """How an answer shall sound."""

    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"]
    voice: str | VoiceId


class PredictedContent(Body, tag_field="type", tag="content"):
    """What the answer is expected to be, for the most part."""

    content: str | Annotated[list[TextPart], Meta(min_length=1)]


class CacheOptions(Body):
    """How the prompt is cached."""

    mode: Literal["implicit", "explicit"] | None = None
    ttl: Literal["30m"] | None = None


class Place(Body):
    """Where somebody is, roughly."""

    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class Location(Body, tag_field="type", tag="approximate"):
    """Where a web search is made from."""

    approximate: Place


class SearchOptions(Body):
    """How the web is searched."""

    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: Location | None = None


class Policy(Body):
    """What is done with what is flagged."""

    mode: Literal["score", "block"]


class Policies(Body):
    """What is done on either side."""

    input: Policy | None = None
    output: Policy | None = None


class Moderation(Body):
    """That a request and its answer shall be moderated."""

    model: Annotated[str, Meta(min_length=1)]
    policy: Policies | None = None


class ChatBody(Body):
    """POST /v1/chat/completions."""

    model: str
    messages: Annotated[list[MessageBody], Meta(min_length=1)]
    audio: AudioOutput | None = None
    frequency_penalty: Penalty = None
    function_call: Literal["none", "auto"] | Named | None = None
    functions: Annotated[list[FunctionDefinition], Meta(min_length=1, max_length=128)] | None = None
    logit_bias: Bias = None
    logprobs: bool | None = None
    max_completion_tokens: AtLeastOne | None = None
    max_tokens: AtLeastOne | None = None
    metadata: Metadata = None
    modalities: Annotated[list[Literal["text", "audio"]], Meta(min_length=1)] | None = None
    moderation: Moderation | None = None
    n: Choices = None
    parallel_tool_calls: bool | None = None
    prediction: PredictedContent | None = None
    presence_penalty: Penalty = None
    prompt_cache_key: str | None = None
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    response_format: TextFormat | JsonObjectFormat | JsonSchemaFormat | None = None
    safety_identifier: Annotated[str, Meta(max_length=128)] | None = None
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
    web_search_options: SearchOptions | None = None
