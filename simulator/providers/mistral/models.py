"""GET /v1/models and /v1/models/{id}. Pure."""

from collections.abc import Sequence

import orjson

from simulator.providers.base import ModelEntry, Reply
from simulator.providers.mistral.families import ABILITIES, abilities, family_of
from simulator.providers.mistral.headers import plain_headers


def listing(entries: Sequence[ModelEntry], request_bits: bytes) -> Reply:
    """All models in the order given; the listing has no pages."""
    body = {"object": "list", "data": [_shown(entry) for entry in entries]}
    return Reply(200, plain_headers(request_bits), orjson.dumps(body))


def single(entry: ModelEntry, request_bits: bytes) -> Reply:
    """One model."""
    return Reply(200, plain_headers(request_bits), orjson.dumps(_shown(entry)))


def _shown(entry: ModelEntry) -> dict[str, object]:
    name = entry.alias_of or entry.id
    family = family_of(name)
    can = abilities(name, entry.kind)
    names = (name,) if family is None else family.names
    return {
        "id": entry.id,
        "object": "model",
        "created": entry.created,
        "owned_by": "mistralai",
        "capabilities": {ability: ability in can for ability in ABILITIES},
        "name": names[0],
        "description": entry.display_name if family is None else family.description,
        "max_context_length": entry.context_window,
        "aliases": [other for other in names if other != entry.id],
        "deprecation": None,
        "deprecation_replacement_model": None,
        "default_model_temperature": None if family is None else family.temperature,
        "type": "base",
    }
