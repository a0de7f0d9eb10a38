"""Refusals in the API's own status, headers and words. Pure.

The shape is `{"type":"error","error":{"type","message"},"request_id"}`; within a stream the same follows
`event: error`. The statuses and types are documented; the sentences are those seen from the real API. What fails
before the API is reached is told by the machines before it, in a page or a line of text.
"""

import http
from collections.abc import Mapping
from typing import Final

import msgspec
import orjson

from simulator.providers.anthropic.quotas import sentence
from simulator.providers.anthropic.wire import JSON, ORGANIZATION, request_id, whole_seconds
from simulator.providers.base import Problem, Refusal, Reply
from simulator.providers.decode import quote
from simulator.providers.edges import cloudflare, envoy, own_words


class _Words(msgspec.Struct, frozen=True):
    status: int
    type: str
    message: str


OVERLOADED: Final = 529
"""Not in any RFC; the provider's own."""

_WORDS: Final[Mapping[Problem, _Words]] = {
    Problem.INVALID: _Words(400, "invalid_request_error", "Invalid request"),
    Problem.CONTEXT_LENGTH: _Words(400, "invalid_request_error", "prompt is too long"),
    Problem.OUTPUT_LIMIT: _Words(400, "invalid_request_error", "max_tokens: above the model's maximum"),
    Problem.AUTHENTICATION: _Words(401, "authentication_error", "invalid x-api-key"),
    Problem.PERMISSION: _Words(
        403, "permission_error", "Your API key does not have permission to use the specified resource"
    ),
    Problem.UNKNOWN_MODEL: _Words(404, "not_found_error", "model: not found"),
    Problem.UNKNOWN_PATH: _Words(404, "not_found_error", "Not Found"),
    Problem.NOT_FOUND: _Words(404, "not_found_error", "Not Found"),
    Problem.CONFLICT: _Words(409, "conflict_error", "The resource is not in a state that allows this"),
    Problem.WRONG_METHOD: _Words(405, "invalid_request_error", "Method Not Allowed"),
    Problem.TOO_LARGE: _Words(413, "request_too_large", "Request exceeds the maximum size"),
    Problem.RATE_LIMIT: _Words(
        429, "rate_limit_error", "This request would exceed your account's rate limit. Please try again later."
    ),
    Problem.SERVER_ERROR: _Words(500, "api_error", "Internal server error"),
    Problem.TIMEOUT: _Words(504, "timeout_error", "Request timed out"),
    Problem.INSUFFICIENT_QUOTA: _Words(
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or "
        "purchase credits.",
    ),
    Problem.BAD_GATEWAY: _Words(502, "api_error", "Bad gateway"),
    Problem.UNAVAILABLE: _Words(503, "api_error", "Service unavailable"),
    Problem.GATEWAY_TIMEOUT: _Words(504, "timeout_error", "Request timed out"),
    Problem.OVERLOADED: _Words(OVERLOADED, "overloaded_error", "Overloaded"),
}

_EDGE: Final = {Problem.BAD_GATEWAY: cloudflare, Problem.UNAVAILABLE: envoy}
"""What the machines before the API tell. Of a gateway's timeout the API has documented words of its own."""

RETRIED: Final = frozenset(
    {http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.CONFLICT, http.HTTPStatus.TOO_MANY_REQUESTS}
)
"""Statuses below 500 that the official client tries again by itself."""
MOST_KNOWN: Final = 50
"""How many models an error names."""


def refuse(refusal: Refusal, request_bits: bytes) -> Reply:
    """The refusal as a whole response."""
    words = _WORDS[refusal.problem]
    edge = _EDGE.get(refusal.problem)
    if edge is not None and not own_words(refusal):
        return edge(refusal, words.status, request_bits)
    name = request_id(request_bits)
    status = refusal.status or words.status
    retryable = status in RETRIED or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    if refusal.quota is not None and refusal.retry_after is None:
        retryable = False  # no wait helps
    headers = [
        JSON,
        (b"request-id", name),
        ORGANIZATION,
        (b"x-should-retry", b"true" if retryable else b"false"),
    ]
    if refusal.retry_after is not None:
        headers.append((b"retry-after", whole_seconds(refusal.retry_after)))
    return Reply(status, headers, _body(refusal, words, name))


def stream_error(refusal: Refusal, request_bits: bytes) -> bytes:
    """The event that ends a stream in band."""
    return b"event: error\ndata: %b\n\n" % _body(refusal, _WORDS[refusal.problem], request_id(request_bits))


def _body(refusal: Refusal, words: _Words, name: bytes) -> bytes:
    error: dict[str, object] = {"type": refusal.kind or words.type, "message": _printable(_message(refusal, words))}
    if refusal.code:
        error["details"] = {"error_code": refusal.code}
    return orjson.dumps({"type": "error", "error": error, "request_id": name.decode()})


def _message(refusal: Refusal, words: _Words) -> str:
    """The refusal's own sentence, else the API's for the problem."""
    if refusal.message:
        return refusal.message
    problem, model, asked, limit = refusal.problem, refusal.model, refusal.asked, refusal.limit
    if refusal.quota is not None:
        return sentence(refusal.quota, model)
    if problem is Problem.UNKNOWN_MODEL and model:
        return f"model: {quote(model)}{_others(refusal)}"
    if problem is Problem.CONTEXT_LENGTH and asked is not None and limit is not None:
        return f"prompt is too long: {asked} tokens > {limit} maximum"
    if problem is Problem.OUTPUT_LIMIT and asked is not None and limit is not None:
        return f"max_tokens: {asked} > {limit}, which is the maximum allowed number of output tokens for {model}"
    return words.message


def _others(refusal: Refusal) -> str:
    known = refusal.known
    if not known:
        return ""
    more = f" and {len(known) - MOST_KNOWN} more" if len(known) > MOST_KNOWN else ""
    return f". The models there are: {', '.join(known[:MOST_KNOWN])}{more}"


def _printable(message: str) -> str:
    # A path or a header may have brought half of a surrogate pair, which no JSON can carry.
    return message.encode("utf-8", "replace").decode()
