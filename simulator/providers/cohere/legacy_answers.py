"""The answer of `POST /v1/chat` as one object, which a stream ends with as well. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import orjson

from simulator.engine.plan import Choice, Finish, Plan, Usage
from simulator.providers.cohere import options
from simulator.providers.cohere.chat import answer_of
from simulator.providers.cohere.citations import citations_of
from simulator.providers.cohere.history import citable
from simulator.providers.cohere.legacy_schema import Entry, LegacyBody
from simulator.providers.cohere.plans import plan_of
from simulator.providers.cohere.wire import uuid

FINISH: Final[Mapping[Finish, str]] = {
    Finish.STOP: "COMPLETE",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.STOP_SEQUENCE: "STOP_SEQUENCE",
    Finish.TOOL_CALLS: "COMPLETE",
    Finish.CONTENT_FILTER: "ERROR_TOXIC",
    Finish.REFUSAL: "COMPLETE",
}


class Answered(msgspec.Struct, frozen=True):
    """An answer: the object, what of it a stream tells before its end, and the conversation with it.

    `documents` are all that might have been cited, `body` has those that were.
    """

    body: dict[str, Any]
    text: str
    generation_id: str
    citations: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    queries: list[dict[str, Any]]
    history: list[dict[str, Any]]


def answered(given: LegacyBody, entries: Sequence[Entry], plan: Plan) -> Answered:
    """The answer to a request that had `entries` said before."""
    answer = answer_of(plan)
    choice = answer.choices[0]
    prefix = plan.id_prefix or ""
    generation = prefix + uuid(answer.id_bits[16:])
    calls = [{"name": call.name, "parameters": _parameters(call.pieces)} for call in choice.calls]
    text = (choice.text or plan_of(choice.calls)) if calls else choice.text
    documents = citable(given)
    queries: list[dict[str, Any]] = []
    citations: list[dict[str, Any]] = []
    if given.search_queries_only:
        text = ""
        queries = [{"text": given.message, "generation_id": generation}]
    elif not calls and documents and (given.citation_quality or "").upper() not in options.SILENT_MODES:
        citations = _citations(choice, documents)
    history = [*map(_shown, entries), *_turn(given, text, calls)]
    body: dict[str, Any] = {
        "response_id": prefix + uuid(answer.id_bits),
        "text": text,
        "generation_id": generation,
        "chat_history": history,
        "finish_reason": FINISH[choice.finish],
        "meta": _meta(answer.usage),
    }
    if queries:
        body |= {"is_search_required": True, "search_queries": queries}
    if citations:
        cited = {name for citation in citations for name in citation["document_ids"]}
        body |= {"citations": citations, "documents": [each for each in documents if each["id"] in cited]}
    if calls:
        body["tool_calls"] = calls
    return Answered(body, text, generation, citations, documents, calls, queries, history)


def _citations(choice: Choice, documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "start": citation.start,
            "end": citation.end,
            "text": citation.text,
            "document_ids": [documents[citation.source]["id"]],
        }
        for citation in citations_of(choice.text, len(documents))
    ]


def _parameters(pieces: Sequence[str]) -> dict[str, Any]:
    """The arguments; those that `max_tokens` cut off are empty."""
    try:
        value = orjson.loads("".join(pieces))
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _turn(given: LegacyBody, text: str, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What this request and its answer add to the conversation."""
    found: list[dict[str, Any]] = []
    if given.message:
        found.append({"role": "USER", "message": given.message})
    if given.tool_results:
        found.append({"role": "TOOL", "tool_results": msgspec.to_builtins(given.tool_results)})
    said: dict[str, Any] = {"role": "CHATBOT", "message": text}
    if calls:
        said["tool_calls"] = list(calls)
    if text or calls:
        found.append(said)
    return found


def _shown(entry: Entry) -> dict[str, Any]:
    """A message of the history as an answer repeats it."""
    shown: dict[str, Any] = {"role": entry.role.upper()}
    if entry.message is not None:
        shown["message"] = entry.message
    if entry.tool_calls:
        shown["tool_calls"] = msgspec.to_builtins(entry.tool_calls)
    if entry.tool_results:
        shown["tool_results"] = msgspec.to_builtins(entry.tool_results)
    return shown


def _meta(usage: Usage) -> dict[str, Any]:
    counts = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    return {
        "api_version": {"version": "1"},
        "billed_units": counts,
        "tokens": counts,
        "cached_tokens": usage.cached_tokens,
    }
