"""The Response object: what was asked, told back, and what was answered. Pure.

Fields and their order are those of recorded responses, as far as the types of the official client know them.
"""

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec

from simulator.engine.plan import Answer, Plan
from simulator.providers.openai.answers import answer_of
from simulator.providers.openai.families import family_of
from simulator.providers.openai.responses.abilities import effort_of
from simulator.providers.openai.responses.choosing import ChooseDatedWebSearch, ChooseWebSearch
from simulator.providers.openai.responses.given import Given
from simulator.providers.openai.responses.hosted import last_words
from simulator.providers.openai.responses.items import shown_part
from simulator.providers.openai.responses.naming import answer_id, new_id
from simulator.providers.openai.responses.output import Made, Wanted, incomplete, output_of, usage_of
from simulator.providers.openai.responses.schema import JsonObject, JsonSchema, Prompt, Reasoning, ResponseBody, Text
from simulator.providers.openai.schema import Free

_TIERS: Final = {"flex": "flex", "priority": "priority", "fast": "priority", "ultrafast": "ultrafast"}
"""The tier that serves a request by the one that it asked for; any other is served by `default`."""
_TEXT: Final[Free] = {"format": {"type": "text"}, "verbosity": "medium"}
_NO_REASONING: Final[Free] = {"effort": None, "summary": None}
_COMPACT_FROM: Final = 200_000
"""Tokens from which a context is compacted where the request does not say."""


def body_of(given: Given) -> ResponseBody:
    """The body of a request for a response."""
    return cast(ResponseBody, given.body)


def response_id(given: Given, plan: Plan) -> str:
    """The id: of this arrival where the response is stored, else of the answer."""
    if is_stored(given):
        return new_id("resp", plan.request_bits)
    return answer_id("resp", answer_of(plan))


def is_stored(given: Given) -> bool:
    """Whether the response is stored."""
    return body_of(given).store is not False


def wanted_of(given: Given, messages: Sequence[Any]) -> Wanted:
    """What of a request decides how its answer is told."""
    body = body_of(given)
    reasoning = body.reasoning
    include = body.include or ()
    logprobs = body.top_logprobs or 0 if body.top_logprobs or "message.output_text.logprobs" in include else None
    managed = body.context_management
    return Wanted(
        include=include,
        summary=_summary(reasoning) or "",
        logprobs=logprobs,
        hosted=given.choice.hosted,
        words="" if given.choice.hosted is None else last_words(messages),
        manners=given.offer.manners,
        phased=family_of(body.model or "").phased,
        compact_from=(managed[0].compact_threshold or _COMPACT_FROM) if managed else None,
    )


def created_at(given: Given, answer: Answer) -> int:
    """When the response was made, in Unix seconds: by the clock if it is stored, else as the answer says."""
    return answer.created if given.stored_at is None else given.stored_at


def made_of(given: Given, plan: Plan, messages: Sequence[Any]) -> list[Made]:
    """The items of the answer."""
    answer = answer_of(plan)
    return output_of(answer, wanted_of(given, messages), created_at(given, answer))


def final(given: Given, plan: Plan, made: Sequence[Made], started: Free | None = None) -> Free:
    """The response as it is when all is done; built once for each request, of the one that was `started` if given."""
    if given.made is None:
        answer = answer_of(plan)
        base = {**(started or begun(given, plan)), "status": "completed"}
        why = incomplete(answer)
        created = base["created_at"]
        if why is None:
            base["completed_at"] = created + (int(plan.offsets[-1]) if given.stored_at and plan.offsets else 0)
        else:
            base["status"] = "incomplete"
            base["incomplete_details"] = {"reason": why}
        base["output"] = [each.item for each in made]
        base["service_tier"] = _TIERS.get(body_of(given).service_tier or "", "default")
        base["usage"] = usage_of(answer.usage)
        given.made = base
    return given.made


def begun(given: Given, plan: Plan, status: str = "in_progress") -> Free:
    """The response before anything of it is there; a new dict."""
    body = body_of(given)
    answer = answer_of(plan)
    told: Free = {
        "id": response_id(given, plan),
        "object": "response",
        "created_at": created_at(given, answer),
        "status": status,
        "background": body.background is True,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": body.instructions,
        "max_output_tokens": body.max_output_tokens,
        "max_tool_calls": body.max_tool_calls,
        "model": plan.model,
        "moderation": None,
        "output": [],
        "parallel_tool_calls": body.parallel_tool_calls is not False,
        "previous_response_id": body.previous_response_id,
        "prompt_cache_key": body.prompt_cache_key,
        "prompt_cache_retention": body.prompt_cache_retention,
        "reasoning": _reasoning(body.reasoning, effort_of(plan.model, answer.usage.reasoning_tokens)),
        "safety_identifier": body.safety_identifier,
        "service_tier": body.service_tier or "auto",
        "temperature": 1.0 if body.temperature is None else body.temperature,
        "text": _TEXT if body.text is None else _text(body.text),
        "tool_choice": _tool_choice(body),
        "tools": given.offer.shown,
        "top_logprobs": body.top_logprobs or 0,
        "top_p": 1.0 if body.top_p is None else body.top_p,
        "truncation": body.truncation or "disabled",
        "usage": None,
        "user": body.user,
        "metadata": body.metadata or {},
    }
    _add_rare(told, body, given)
    return told


def _add_rare(told: Free, body: ResponseBody, given: Given) -> None:
    """What is told only of requests that have it."""
    if given.conversation is not None:
        told["conversation"] = {"id": given.conversation}
    if body.access_programs is not None:
        told["access_programs"] = {"cyber": body.access_programs.cyber or "standard"}
    if body.image is not None:
        compression = body.image.context_compression
        told["image"] = {"context_compression": compression if compression in {"enabled", "disabled"} else "disabled"}
    if body.prompt is not None:
        told["prompt"] = {"id": body.prompt.id, "variables": variables_of(body.prompt), "version": body.prompt.version}
    if body.prompt_cache_options is not None:
        options = body.prompt_cache_options
        told["prompt_cache_options"] = {"mode": options.mode or "implicit", "ttl": options.ttl or "30m"}
    if body.moderation is not None:
        model = body.moderation.model
        told["moderation"] = {"input": _harmless(model), "output": _harmless(model)}


def variables_of(prompt: Prompt) -> Free | None:
    """What is put into a prompt, as it is told back."""
    if prompt.variables is None:
        return None
    return {name: value if isinstance(value, str) else shown_part(value) for name, value in prompt.variables.items()}


def _harmless(model: str) -> Free:
    return {
        "categories": {},
        "category_applied_input_types": {},
        "category_scores": {},
        "flagged": False,
        "model": model,
        "type": "moderation_result",
    }


def _summary(reasoning: Reasoning | None) -> str | None:
    """The kind of summary that is given; the service answers `auto` with a detailed one."""
    if reasoning is None:
        return None
    asked = reasoning.summary or reasoning.generate_summary
    return "detailed" if asked == "auto" else asked


def _reasoning(given: Reasoning | None, default: str | None) -> Free:
    if given is None:
        return _NO_REASONING if default is None else {"effort": default, "summary": None}
    told: Free = {"effort": given.effort or default, "summary": _summary(given)}
    if given.context is not None:
        told["context"] = "current_turn" if given.context == "auto" else given.context
    if given.mode is not None:
        told["mode"] = given.mode
    return told


def _text(text: Text) -> Free:
    wanted = text.format
    if isinstance(wanted, JsonSchema):
        shape: Free = {
            "type": "json_schema",
            "description": wanted.description,
            "name": wanted.name,
            "schema": wanted.schema,
            "strict": wanted.strict is not False,
        }
    else:
        shape = {"type": "json_object" if isinstance(wanted, JsonObject) else "text"}
    return {"format": shape, "verbosity": text.verbosity or "medium"}


def _tool_choice(body: ResponseBody) -> Any:
    choice = body.tool_choice
    if choice is None:
        return "auto"
    if isinstance(choice, ChooseWebSearch | ChooseDatedWebSearch):
        # The types of the official client know the choice of a search by its first name alone.
        return {"type": "web_search_preview"}
    return choice if isinstance(choice, str) else msgspec.to_builtins(choice)
