"""GET /v1/models and /v1/models/{id}. Pure."""

from collections.abc import Sequence

import orjson

from simulator.providers.base import ModelEntry, Reply
from simulator.providers.openai.headers import bare_headers

_LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def listing(entries: Sequence[ModelEntry], request_bits: bytes) -> Reply:
    """All models in the order given; OpenAI's listing has no pages."""
    body = {"object": "list", "data": [_shown(entry) for entry in entries]}
    return Reply(200, bare_headers(request_bits), orjson.dumps(body, option=_LAYOUT))


def single(entry: ModelEntry, request_bits: bytes) -> Reply:
    """One model."""
    return Reply(200, bare_headers(request_bits), orjson.dumps(_shown(entry), option=_LAYOUT))


def _shown(entry: ModelEntry) -> dict[str, str | int]:
    owner = "system" if entry.provider == "openai" else entry.provider
    return {"id": entry.id, "object": "model", "created": entry.created, "owned_by": owner}
