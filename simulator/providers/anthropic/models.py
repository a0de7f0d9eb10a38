"""`GET /v1/models` and `GET /v1/models/{id}`. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from simulator.providers.anthropic.capabilities import capabilities
from simulator.providers.anthropic.generation import generation
from simulator.providers.anthropic.lifecycle import ACTIVE, DEPRECATED, RETIRED, lifecycle
from simulator.providers.anthropic.paging import limit_of
from simulator.providers.anthropic.wire import json_headers
from simulator.providers.anthropic.wording import either, invalid
from simulator.providers.base import ModelEntry, Reply
from simulator.providers.decode import quote

LIFECYCLES: Final = (ACTIVE, DEPRECATED, RETIRED)


def model(entry: ModelEntry, request_bits: bytes) -> Reply:
    """One model."""
    return Reply(200, json_headers(request_bits), orjson.dumps(model_info(entry)))


def models(entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
    """A page of the models, the most recent first.

    `limit` is 1 to 1,000 (20 if not given); `after_id` gives the page behind a model, `before_id` the page before one;
    `lifecycle` keeps those of a stage; without it those that are retired are left out. Raises Refusal (INVALID) for a
    parameter that the API refuses.
    """
    limit = limit_of(query.get("limit"))
    stages = _stages(query)
    # The API lists each model once, by its own id.
    own = [entry for entry in entries if not entry.alias_of and lifecycle(entry.id).stage in stages]
    shown = sorted(own, key=lambda entry: (-entry.created, entry.id))
    after, before = query.get("after_id"), query.get("before_id")
    if after and before:
        raise invalid("after_id", "Only one of `before_id` and `after_id` may be given")
    if after:
        shown = shown[_place(shown, after, "after_id") + 1 :]
        page, has_more = shown[:limit], len(shown) > limit
    elif before:
        shown = shown[: _place(shown, before, "before_id")]
        page, has_more = shown[-limit:], len(shown) > limit
    else:
        page, has_more = shown[:limit], len(shown) > limit
    body = {
        "data": [model_info(entry) for entry in page],
        "has_more": has_more,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }
    return Reply(200, json_headers(request_bits), orjson.dumps(body))


def model_info(entry: ModelEntry) -> dict[str, Any]:
    """The `ModelInfo` of the newest SDK."""
    known = generation(entry.id)
    life = lifecycle(entry.alias_of or entry.id)
    return {
        "type": "model",
        "id": entry.alias_of or entry.id,
        "display_name": entry.display_name or entry.id,
        "created_at": datetime.fromtimestamp(entry.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": life.stage,
        "deprecated_at": life.deprecated_at,
        "retires_at": life.retires_at,
        "line": known.line if known is not None else None,
        "max_input_tokens": entry.context_window,
        "max_tokens": entry.max_output_tokens,
        "capabilities": capabilities(known),
    }


def _stages(query: Mapping[str, str]) -> Sequence[str]:
    # The SDK writes a list as `lifecycle[]`; a mapping keeps one of several.
    given = query.get("lifecycle[]") or query.get("lifecycle")
    if not given:
        return LIFECYCLES[:2]
    stages = given.split(",")
    for stage in stages:
        if stage not in LIFECYCLES:
            raise invalid("lifecycle", f"Input should be {either(LIFECYCLES)}, not '{quote(stage)}'")
    return stages


def _place(shown: Sequence[ModelEntry], name: str, parameter: str) -> int:
    for place, entry in enumerate(shown):
        if entry.id == name:
            return place
    raise invalid(parameter, f"no model '{quote(name)}' in this list")
