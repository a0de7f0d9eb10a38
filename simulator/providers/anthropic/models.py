"""`GET /v1/models` and `GET /v1/models/{id}`. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from simulator.providers.anthropic.capabilities import capabilities
from simulator.providers.anthropic.generation import generation
from simulator.providers.anthropic.wire import json_headers
from simulator.providers.anthropic.wording import either, invalid
from simulator.providers.base import ModelEntry, Reply
from simulator.providers.decode import quote

DEFAULT_LIMIT: Final = 20
MOST: Final = 1_000
LIFECYCLES: Final = ("active", "deprecated", "retired")


def model(entry: ModelEntry, request_bits: bytes) -> Reply:
    """One model."""
    return Reply(200, json_headers(request_bits), orjson.dumps(model_info(entry)))


def models(entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
    """A page of the models, the most recent first.

    `limit` is 1 to 1,000 (20 if not given); `after_id` gives the page behind a model, `before_id` the page before one;
    `lifecycle` keeps those of a stage. Raises Refusal (INVALID) for a parameter that the API refuses.
    """
    limit = _limit(query.get("limit"))
    stages = _stages(query)
    # The API lists each model once, by its own id. All models of the catalogue are in use.
    own = [entry for entry in entries if not entry.alias_of]
    shown = sorted(own, key=lambda entry: (-entry.created, entry.id)) if "active" in stages else []
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
    return {
        "type": "model",
        "id": entry.alias_of or entry.id,
        "display_name": entry.display_name or entry.id,
        "created_at": datetime.fromtimestamp(entry.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": LIFECYCLES[0],
        "deprecated_at": None,
        "retires_at": None,
        "line": known.line if known is not None else None,
        "max_input_tokens": entry.context_window,
        "max_tokens": entry.max_output_tokens,
        "capabilities": capabilities(known),
    }


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    # Ten digits are more than any limit, and keep Python's own bound on digits out of reach.
    if not given.isascii() or not given.isdigit() or len(given) > 10:
        raise invalid("limit", "Input should be a valid integer, unable to parse string as an integer")
    limit = int(given)
    if limit < 1:
        raise invalid("limit", "Input should be greater than or equal to 1")
    if limit > MOST:
        raise invalid("limit", f"Input should be less than or equal to {MOST}")
    return limit


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
