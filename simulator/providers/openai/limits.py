"""What a model, or another parameter of the same request, keeps from being asked for: the service's refusals. Pure.

The sentences are those of public issue reports (litellm, langchain, pipecat, inspect_ai, opencode, 2024 to 2026); where
none is known the service's pattern is followed. Nothing here is about a field alone: that is the schema's.
"""

from typing import Final

from simulator.providers.base import Refusal
from simulator.providers.decode import quote
from simulator.providers.openai.chat_schema import ChatBody, CustomTool
from simulator.providers.openai.families import ANY, Family
from simulator.providers.openai.schema import AudioPart, CompletionBody
from simulator.providers.openai.wording import invalid, listed, missing, unsupported

_ONLY_DEFAULT: Final = (("temperature", 1), ("presence_penalty", 0), ("frequency_penalty", 0))


def check_chat(body: ChatBody, family: Family) -> None:
    """Refuse what this model does not take, and parameters that exclude each other."""
    _check_effort(body, family)
    if family is not ANY:
        _check_thinking(body, family)
        _check_abilities(body, family)
    _check_sound(body)
    if body.prediction is not None:
        _check_prediction(body)
    if body.top_logprobs is not None and not body.logprobs:
        raise invalid(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "top_logprobs",
        )


def _check_effort(body: ChatBody, family: Family) -> None:
    effort = body.reasoning_effort
    if effort is None:
        return
    if not family.thinks:
        raise invalid("Unrecognized request argument supplied: reasoning_effort")
    if not family.efforts:
        raise _not_with_model("reasoning_effort")
    if effort not in family.efforts:
        raise _value_not_with_model("reasoning_effort", effort, family.efforts)


def _check_thinking(body: ChatBody, family: Family) -> None:
    """What a model that reasons does not take, or not while it does."""
    if not family.thinks:
        return
    if body.max_tokens is not None:
        raise invalid(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
            "instead.",
            "max_tokens",
            "unsupported_parameter",
        )
    active = family.active(body.reasoning_effort)
    if active and not family.tools and _offers_functions(body):
        ways = "To use function tools, use /v1/responses or set reasoning_effort to 'none'."
        if "none" not in family.efforts:
            ways = "Please use /v1/responses instead."
        raise invalid(
            f"Function tools with reasoning_effort are not supported for {quote(body.model)} in /v1/chat/completions. "
            f"{ways}",
            "reasoning_effort",
        )
    if active or not family.quiet:
        _check_sampling(body, family)


def _check_sampling(body: ChatBody, family: Family) -> None:
    """What steers sampling, which a model that reasons does by itself."""
    for name, default in _ONLY_DEFAULT:
        value = getattr(body, name)
        if value is not None and value != default:
            raise invalid(
                f"Unsupported value: '{name}' does not support {value:g} with this model. Only the default ({default}) "
                "value is supported.",
                name,
                "unsupported_value",
            )
    refused = {
        "top_p": body.top_p not in {None, 1},
        "logprobs": body.logprobs is True,
        "top_logprobs": body.top_logprobs is not None,
        "logit_bias": body.logit_bias is not None,
        "stop": body.stop is not None and not family.stops,
        "prediction": body.prediction is not None,
    }
    for name, given in refused.items():
        if given:
            raise _not_with_model(name)


def _check_abilities(body: ChatBody, family: Family) -> None:
    """Sound, the web, and how much is said."""
    if "audio" in (body.modalities or ()):
        if not family.audio:
            raise _value_not_with_model("modalities", "audio", ("text",))
    elif family.audio and not _hears(body):
        raise invalid(
            "This model requires that either input content or output modality contain audio.", "model", "invalid_value"
        )
    if body.web_search_options is not None and not family.searches:
        raise invalid("Unknown parameter: 'web_search_options'.", "web_search_options", "unknown_parameter")
    verbosity = body.verbosity
    if verbosity is not None and verbosity != "medium" and not family.verbose:
        raise _value_not_with_model("verbosity", verbosity, ("medium",))


def _check_sound(body: ChatBody) -> None:
    if "audio" not in (body.modalities or ()):
        return
    if body.audio is None:
        raise missing("audio")
    if body.stream and body.audio.format != "pcm16":
        raise invalid(
            f"Unsupported value: 'audio.format' does not support '{body.audio.format}' when stream=true. Supported "
            "values are: 'pcm16'.",
            "audio.format",
            "unsupported_value",
        )


def _check_prediction(body: ChatBody) -> None:
    """The combinations that the guide to predicted outputs excludes."""
    beside = {
        "n": (body.n or 1) > 1,
        "logprobs": bool(body.logprobs),
        "presence_penalty": (body.presence_penalty or 0) > 0,
        "frequency_penalty": (body.frequency_penalty or 0) > 0,
        "max_completion_tokens": body.max_completion_tokens is not None,
        "modalities": "audio" in (body.modalities or ()),
        "tools": body.tools is not None,
        "functions": body.functions is not None,
    }
    for name, given in beside.items():
        if given:
            raise invalid(f"Invalid value for '{name}': '{name}' is not supported with 'prediction'.", name)


def _offers_functions(body: ChatBody) -> bool:
    return bool(body.functions) or any(not isinstance(tool, CustomTool) for tool in body.tools or ())


def _hears(body: ChatBody) -> bool:
    return any(
        isinstance(part, AudioPart)
        for message in body.messages
        if isinstance(message.content, list)
        for part in message.content
    )


def _not_with_model(name: str) -> Refusal:
    return invalid(f"Unsupported parameter: '{name}' is not supported with this model.", name, "unsupported_parameter")


def _value_not_with_model(name: str, value: str, allowed: tuple[str, ...]) -> Refusal:
    return invalid(
        f"Unsupported value: '{name}' does not support '{value}' with this model. Supported values are: "
        f"{listed(allowed)}.",
        name,
        "unsupported_value",
    )


def check_completion(body: CompletionBody) -> None:
    """Refuse a text completion that asks for what cannot be had: the echo of a prompt whose text is not known."""
    if body.echo and body.prompt is not None and not _is_text(body.prompt):
        raise unsupported(
            "echo",
            "Unsupported value: 'echo' of a prompt given as token ids: LLM-Simulator does not turn ids into text.",
        )


def _is_text(prompt: object) -> bool:
    return isinstance(prompt, str) or (isinstance(prompt, list) and isinstance(prompt[0], str))
