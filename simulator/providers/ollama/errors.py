"""Ollama's errors: `{"error": "a sentence"}`. Pure. Paths are refused by its web framework, in plain text."""

import math
from collections.abc import Sequence

import orjson

from simulator.providers.base import Header, Problem, Refusal, Reply
from simulator.providers.decode import quote
from simulator.providers.ollama.lines import JSON

_MOST_NAMES = 50
"""How many of the models there are an unknown name is answered with."""
_TEXT: Sequence[Header] = ((b"content-type", b"text/plain"),)
_BARE = {Problem.UNKNOWN_PATH: (404, b"404 page not found"), Problem.WRONG_METHOD: (405, b"405 method not allowed")}

_SHAPES = {
    Problem.INVALID: (400, "invalid request"),
    Problem.NOT_FOUND: (404, "not found"),
    Problem.CONFLICT: (409, "conflict"),
    Problem.TOO_LARGE: (413, "request body too large"),
    Problem.UNKNOWN_MODEL: (404, "model '{model}' not found"),
    Problem.CONTEXT_LENGTH: (400, "the input length exceeds the context length"),
    Problem.OUTPUT_LIMIT: (400, "num_predict exceeds the context length"),
    Problem.AUTHENTICATION: (401, "unauthorized"),
    Problem.PERMISSION: (403, "forbidden"),
    Problem.RATE_LIMIT: (429, "too many requests"),
    Problem.OVERLOADED: (503, "server busy, please try again.  maximum pending requests exceeded"),
    Problem.SERVER_ERROR: (500, "llama runner process no longer running"),
    Problem.TIMEOUT: (504, "timed out waiting for llama runner to start"),
    Problem.INSUFFICIENT_QUOTA: (
        429,
        "you have reached your session usage limit, upgrade for higher limits: https://ollama.com/upgrade",
    ),
    # What its HTTP client says of ollama.com, where the models are that it does not run itself.
    Problem.BAD_GATEWAY: (502, 'Post "https://ollama.com:443/api/chat": EOF'),
    Problem.UNAVAILABLE: (503, "Service Temporarily Unavailable"),
    Problem.GATEWAY_TIMEOUT: (504, "gateway timeout"),
}


def refuse(refusal: Refusal, request_bits: bytes) -> Reply:
    """The refusal as a whole response."""
    del request_bits
    bare = _BARE.get(refusal.problem)
    if bare is not None:
        return Reply(bare[0], _TEXT, bare[1])
    headers = JSON
    if refusal.retry_after is not None:
        headers = (*headers, (b"retry-after", b"%d" % math.ceil(refusal.retry_after)))
    status = _SHAPES[refusal.problem][0]
    if refusal.problem is Problem.UNKNOWN_MODEL and refusal.message and refusal.param is not None:
        # A model of another kind: it is there, but not for this.
        status = 400
    return Reply(refusal.status or status, headers, orjson.dumps({"error": _sentence(refusal)}))


def stream_error(refusal: Refusal, request_bits: bytes) -> bytes:
    """The refusal as the line that ends a stream."""
    del request_bits
    return orjson.dumps({"error": _sentence(refusal)}) + b"\n"


def _sentence(refusal: Refusal) -> str:
    if refusal.message:
        return _clean(refusal.message)
    bare = _BARE.get(refusal.problem)
    if bare is not None:
        return bare[1].decode()
    sentence = _SHAPES[refusal.problem][1].format(model=_clean(quote(refusal.model)))
    if refusal.problem is Problem.UNKNOWN_MODEL and refusal.known:
        known = [name for name in refusal.known if not name.endswith(":latest")] or list(refusal.known)
        more = len(known) - _MOST_NAMES
        sentence += f". This simulator's models are: {', '.join(known[:_MOST_NAMES])}"
        sentence += f" and {more} more." if more > 0 else "."
    return sentence


def _clean(text: str) -> str:
    """Text that has a UTF-8 form: a header or path may carry lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
