"""`GET /v1/models` and `GET /v1/models/{name}`. Pure.

No tokenizer has a URL here: the SDK would fetch it from the internet, and falls back to `/v1/tokenize` without one.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from simulator.providers.base import ModelEntry, Reply
from simulator.providers.cohere import defaults
from simulator.providers.cohere.wire import json_headers
from simulator.providers.cohere.wording import invalid, one_of
from simulator.providers.decode import quote

USUAL_PAGE: Final = 20
LARGEST_PAGE: Final = 1_000
ENDPOINTS: Final = ("chat", "embed", "classify", "summarize", "rerank", "rate", "generate")

_SERVED: Final[Mapping[str, Sequence[str]]] = {
    "chat": ("chat",),
    "completion": ("generate",),
    "embedding": ("embed", "classify"),
    "rerank": ("rerank",),
}
_FIRST: Final[Mapping[str, str]] = {
    "chat": defaults.CHAT,
    "embed": defaults.EMBED,
    "classify": defaults.EMBED,
    "rerank": defaults.RERANK,
}
"""The model that an endpoint answers with by default."""
_FEATURES: Final = ("json_mode", "json_schema", "safety_modes", "strict_tools", "tools")
_SEEING: Final = ("vision", "command-a-plus", "aya-vision")
_THINKING: Final = ("reasoning", "command-a-plus", "north-mini-code")
_SAMPLING: Final = {"temperature": 0.3, "k": 0, "p": 0.75, "frequency_penalty": 0, "presence_penalty": 0}


def models(entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
    """A page of the models. Raises `Refusal` for a wrong parameter."""
    endpoint = query.get("endpoint")
    if endpoint is not None and endpoint not in ENDPOINTS:
        raise one_of("endpoint", ENDPOINTS)
    only_default = _flag(query.get("default_only"))
    if only_default and endpoint is None:
        raise invalid("default_only is only valid when endpoint is provided", "default_only")
    found = [told(entry) for entry in entries]
    if endpoint is not None:
        key = "default_endpoints" if only_default else "endpoints"
        found = [each for each in found if endpoint in _words(each[key])]
    start = _start(query.get("page_token"))
    size = _size(query.get("page_size"))
    body: dict[str, object] = {"models": found[start : start + size]}
    if start + size < len(found):
        body["next_page_token"] = urlsafe_b64encode(b"%d" % (start + size)).decode()
    return Reply(200, json_headers(request_bits), orjson.dumps(body))


def model(entry: ModelEntry, request_bits: bytes) -> Reply:
    """One model."""
    return Reply(200, json_headers(request_bits), orjson.dumps(told(entry)))


def told(entry: ModelEntry) -> dict[str, object]:
    """A model as the API shows it."""
    served = list(_SERVED.get(entry.kind, ()))
    window = entry.context_window
    talks = entry.kind == "chat"
    return {
        "name": entry.id,
        "is_deprecated": False,
        "endpoints": served,
        "finetuned": False,
        "context_length": window if talks else defaults.window_of(entry.alias_of or entry.id, window),
        "tokenizer_url": None,
        "default_endpoints": [name for name in served if _FIRST.get(name) == entry.id],
        "features": _features(entry.id) if talks else None,
        "sampling_defaults": _SAMPLING if talks else None,
    }


def _features(name: str) -> list[str]:
    found = list(_FEATURES)
    found += ["vision"] if any(word in name for word in _SEEING) else []
    found += ["reasoning"] if any(word in name for word in _THINKING) else []
    return found


def _words(value: object) -> Sequence[str]:
    return value if isinstance(value, list) else ()


def _flag(text: str | None) -> bool:
    if text is None or text.lower() in {"false", "0", ""}:
        return False
    if text.lower() in {"true", "1"}:
        return True
    raise invalid(f"default_only must be a boolean, received '{quote(text)}'", "default_only")


def _size(text: str | None) -> int:
    """The page's size; the SDK sends it as a decimal number."""
    if text is None:
        return USUAL_PAGE
    try:
        size = int(float(text))
    except (ValueError, OverflowError):
        size = 0
    if not 1 <= size <= LARGEST_PAGE:
        raise invalid(f"page_size must be between 1 and {LARGEST_PAGE} inclusive.", "page_size")
    return size


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        start = int(urlsafe_b64decode(token.encode("ascii")).decode("ascii"))
    except (ValueError, UnicodeError, binascii.Error):
        start = -1
    if start < 0:
        raise invalid(f"page_token '{quote(token)}' is not valid", "page_token")
    return start
