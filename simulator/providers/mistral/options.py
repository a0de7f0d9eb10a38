"""What chat and fill-in-the-middle share in a request, and what a chat adds: tools, format, thinking. Pure."""

from simulator.engine.request import NO_SAMPLING, TEXT_FORMAT, Format, Sampling, Tool
from simulator.providers.decode import plain_json, quote
from simulator.providers.mistral.families import lacks
from simulator.providers.mistral.schema import ChatBody, ChooseTool, FimBody
from simulator.providers.mistral.wording import arguments, field, flawed

EFFORT_TOKENS = 400
"""About how many tokens are thought with `reasoning_effort: high` or `prompt_mode: reasoning`."""


def stop_sequences(stop: str | list[str] | None) -> tuple[str, ...]:
    """The stop sequences as the engine takes them; an empty one stops nothing."""
    if stop is None:
        return ()
    given = (stop,) if isinstance(stop, str) else stop
    return tuple([text for text in given if text])


def sampling(given: ChatBody | FimBody) -> Sampling:
    """The parameters that steer sampling; the shared empty value when none is given."""
    chat = given if isinstance(given, ChatBody) else None
    found = Sampling(
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=None if chat is None else chat.top_k,
        frequency_penalty=None if chat is None else chat.frequency_penalty,
        presence_penalty=None if chat is None else chat.presence_penalty,
        seed=given.random_seed,
    )
    if found.top_k is not None and not -(2**63) <= found.top_k < 2**63:
        raise field("int_type", ("top_k",), "Input should be a valid integer")
    return found if found != NO_SAMPLING else NO_SAMPLING


def tools_of(body: ChatBody) -> tuple[Tool, ...]:
    """The tools that may be called. Whether a value can be made for their schemas is the engine's to say."""
    found: list[Tool] = []
    for index, tool in enumerate(body.tools or ()):
        function = tool.function
        if not function.name:
            raise field("string_too_short", ("tools", index, "function", "name"), "String should not be empty")
        if function.parameters is not None:
            plain_json(function.parameters, ("tools", index, "function", "parameters"), flawed)
        found.append(Tool(function.name, function.description or "", function.parameters))
    return tuple(found)


def tool_choice_of(body: ChatBody) -> str:
    """The choice in the neutral words of `Request.tool_choice`; empty when not given."""
    choice = body.tool_choice
    if isinstance(choice, ChooseTool):
        name = choice.function.name
        if all(tool.function.name != name for tool in body.tools or ()):
            raise arguments(f"Tool choice function '{quote(name)}' is not in the list of tools", "tool_choice")
        return f"tool:{name}"
    if choice == "any":
        return "required"
    return choice or ""


def format_of(body: ChatBody) -> Format:
    """The form of the answer."""
    wanted = body.response_format
    if wanted is None or wanted.type in {None, "text"}:
        return TEXT_FORMAT
    if wanted.type == "json_object":
        return Format("json_object")
    if wanted.json_schema is None:
        raise field("missing", ("response_format", "json_schema"), "Field required")
    schema = wanted.json_schema.schema
    plain_json(schema, ("response_format", "json_schema", "schema"), flawed)
    return Format("json_schema", schema)


def reasoning_of(body: ChatBody) -> int | None:
    """About how many tokens are thought first; None where the request leaves it to the model."""
    effort = body.reasoning_effort
    if effort is not None:
        if lacks(body.model, "reasoning"):
            raise arguments("Reasoning effort is not enabled for this model", "reasoning_effort")
        if effort not in {"none", "high"}:
            raise arguments(
                f"reasoning_effort='{effort}' is not supported for this model. Must be one of "
                "(<ReasoningEffort.none: 'none'>, <ReasoningEffort.high: 'high'>)",
                "reasoning_effort",
            )
        return EFFORT_TOKENS if effort == "high" else 0
    if body.prompt_mode is not None:
        if lacks(body.model, "reasoning"):
            raise arguments("Prompt mode reasoning is not enabled for this model", "prompt_mode")
        return EFFORT_TOKENS
    return None


def refuse_logprobs(body: ChatBody) -> None:
    """Log probabilities are for none of the service's models."""
    if body.logprobs or body.prompt_logprobs:
        raise arguments("Logprobs are not enabled for this model", "logprobs" if body.logprobs else "prompt_logprobs")
    for name in ("top_logprobs", "top_prompt_logprobs"):
        if getattr(body, name):
            raise arguments("Logprobs are not enabled for this model", name)
