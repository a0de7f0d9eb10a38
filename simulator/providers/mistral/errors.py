"""Mistral's error bodies: each problem's status, shape, code and sentence. Pure.

Three shapes, as the service has several layers: its gateway's (`{"message", "request_id"}`), its web framework's
(`{"detail"}`: a sentence, or the list of what does not fit the schema) and its own (`{"object": "error", …}`).
A key that a client sent is never repeated.
"""

import math
from collections.abc import Sequence

import msgspec
import orjson

from simulator.providers.base import Header, Problem, Refusal, Reply
from simulator.providers.decode import quote
from simulator.providers.edges import own_words
from simulator.providers.mistral.headers import plain_headers
from simulator.providers.mistral.wording import ARGUMENTS, CODES, Flawed

_MOST_NAMES = 50
"""How many of the models there are an unknown name is answered with."""


class _Shape(msgspec.Struct, frozen=True):
    """How a problem looks on the wire. A `kind` is for the service's own shape; without one it is a bare detail."""

    status: int
    message: str
    kind: str = ""
    code: str | None = None


_SHAPES = {
    Problem.INVALID: _Shape(400, "Invalid request.", "invalid_request_error"),
    Problem.NOT_FOUND: _Shape(404, "Not found"),
    Problem.CONFLICT: _Shape(409, "Conflict"),
    Problem.TOO_LARGE: _Shape(413, "Request body too large{limit}.", "invalid_request_error"),
    Problem.UNKNOWN_MODEL: _Shape(400, "Invalid model: {model}", "invalid_model", "1500"),
    Problem.UNKNOWN_PATH: _Shape(404, "no Route matched with those values"),
    Problem.WRONG_METHOD: _Shape(405, "Method Not Allowed"),
    Problem.CONTEXT_LENGTH: _Shape(
        400,
        "Prompt contains {asked} tokens and 0 draft tokens, too large for model with {limit} maximum context length",
        ARGUMENTS,
        CODES[ARGUMENTS],
    ),
    Problem.OUTPUT_LIMIT: _Shape(
        400, "max_tokens of {asked} is too large for model with {limit} maximum context length", ARGUMENTS, "3051"
    ),
    Problem.AUTHENTICATION: _Shape(401, "Invalid API Key"),
    Problem.PERMISSION: _Shape(403, "Forbidden"),
    Problem.RATE_LIMIT: _Shape(429, "Rate limit exceeded", "rate_limited", "1300"),
    Problem.OVERLOADED: _Shape(503, "Service unavailable.", "unreachable_backend", "1100"),
    Problem.SERVER_ERROR: _Shape(500, "Internal server error", "internal_server_error", "1000"),
    Problem.TIMEOUT: _Shape(504, "The request timed out.", "unreachable_backend", "1100"),
    Problem.INSUFFICIENT_QUOTA: _Shape(402, "Payment required", "payment_required"),
    Problem.BAD_GATEWAY: _Shape(502, "Bad gateway.", "unreachable_backend", "1100"),
    Problem.UNAVAILABLE: _Shape(503, "Service unavailable.", "unreachable_backend", "1100"),
    Problem.GATEWAY_TIMEOUT: _Shape(504, "Gateway timeout.", "unreachable_backend", "1100"),
}
_GATEWAY = {
    Problem.BAD_GATEWAY: "An invalid response was received from the upstream server",
    Problem.GATEWAY_TIMEOUT: "The upstream server is timing out",
}
"""What the gateway tells instead, which is Kong, in Kong's words."""


def refuse(refusal: Refusal, request_bits: bytes) -> Reply:
    """The refusal as a whole response."""
    headers: Sequence[Header] = plain_headers(request_bits)
    if refusal.retry_after is not None:
        headers = (*headers, (b"retry-after", b"%d" % math.ceil(refusal.retry_after)))
    status = 422 if isinstance(refusal, Flawed) else _SHAPES[refusal.problem].status
    body = _body(refusal, request_bits)
    if refusal.problem in _GATEWAY and not own_words(refusal):
        body = {"message": _GATEWAY[refusal.problem], "request_id": request_bits.hex()}
    return Reply(refusal.status or status, headers, orjson.dumps(body))


def stream_error(refusal: Refusal, request_bits: bytes) -> bytes:
    """The refusal as the frame that ends a stream; no `[DONE]` follows an error."""
    return b"data: " + orjson.dumps(_body(refusal, request_bits)) + b"\n\n"


def _body(refusal: Refusal, request_bits: bytes) -> dict[str, object]:
    if isinstance(refusal, Flawed):
        return {"detail": [refusal.detail]}
    shape = _SHAPES[refusal.problem]
    message = _sentence(shape, refusal)
    if refusal.problem is Problem.UNKNOWN_PATH:
        return {"message": message, "request_id": request_bits.hex()}
    if not shape.kind and not refusal.kind:
        return {"detail": message}
    kind, code = shape.kind, shape.code
    if refusal.kind:
        kind, code = refusal.kind, refusal.code or None
    elif refusal.code is not None:
        kind, code = refusal.code, CODES.get(refusal.code)
    return {
        "object": "error",
        "message": message,
        "type": kind,
        "param": None,
        "code": code,
        "raw_status_code": refusal.status or shape.status,
    }


def _sentence(shape: _Shape, refusal: Refusal) -> str:
    if refusal.message:
        return _clean(refusal.message.replace("'dimensions'", "'output_dimension'"))
    limit = refusal.limit
    if refusal.problem is Problem.TOO_LARGE:
        return shape.message.format(limit="" if limit is None else f" ({limit} bytes at most)")
    sentence = shape.message.format(
        model=_clean(quote(refusal.model)),
        asked="?" if refusal.asked is None else refusal.asked,
        limit="?" if limit is None else limit,
    )
    if refusal.problem is Problem.UNKNOWN_MODEL and refusal.known:
        more = len(refusal.known) - _MOST_NAMES
        names = ", ".join(refusal.known[:_MOST_NAMES])
        sentence += f". This simulator's models are: {names}{f' and {more} more' if more > 0 else ''}."
    return sentence


def _clean(text: str) -> str:
    """Text that has a UTF-8 form: a header or path may carry lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
