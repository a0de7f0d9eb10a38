"""Refusals in the API's own status, headers and words. Pure.

The shape is `{"id","message"}`. Statuses and most sentences are those of the documentation's page about errors and of
public issue reports; where none is known, their pattern is followed. A stream of version 2 ends with a `message-end`
event whose finish reason is ERROR; one of version 1 with such a `stream-end` line.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import orjson

from simulator.providers.base import Header, Problem, Refusal, Reply
from simulator.providers.cohere.quotas import sentence
from simulator.providers.cohere.wire import json_headers, uuid, whole_seconds
from simulator.providers.decode import quote

UNKNOWN_FIELD: Final = "unknown_field"
"""The code of a refusal that the service answers with 422: of a field that it does not know."""


class _Words(msgspec.Struct, frozen=True):
    status: int
    message: str


_UNPROCESSABLE: Final = 422
_WORDS: Final[Mapping[Problem, _Words]] = {
    Problem.INVALID: _Words(400, "invalid request"),
    Problem.CONTEXT_LENGTH: _Words(400, "too many tokens: the prompt exceeds the context length of this model."),
    Problem.OUTPUT_LIMIT: _Words(400, "too many tokens: max tokens exceeds the maximum output for this model."),
    Problem.AUTHENTICATION: _Words(401, "invalid api token"),
    Problem.PERMISSION: _Words(403, "your API key does not have access to this resource"),
    Problem.UNKNOWN_MODEL: _Words(404, "model not found"),
    Problem.UNKNOWN_PATH: _Words(404, "404 page not found"),
    Problem.NOT_FOUND: _Words(404, "resource not found"),
    Problem.CONFLICT: _Words(409, "the resource is not in a state that allows this"),
    Problem.WRONG_METHOD: _Words(405, "405 method not allowed"),
    Problem.TOO_LARGE: _Words(413, "request entity too large"),
    Problem.RATE_LIMIT: _Words(429, "You are past the per minute request limit, please wait and try again later."),
    Problem.OVERLOADED: _Words(503, "service unavailable, please try again later"),
    Problem.SERVER_ERROR: _Words(500, "internal server error, this has been reported to our developers"),
    Problem.TIMEOUT: _Words(504, "the request timed out, please try again"),
    Problem.INSUFFICIENT_QUOTA: _Words(
        402, "Please add or update your payment method at https://dashboard.cohere.com/billing?tab=payment to continue"
    ),
    Problem.BAD_GATEWAY: _Words(502, "bad gateway"),
    Problem.UNAVAILABLE: _Words(503, "service unavailable"),
    Problem.GATEWAY_TIMEOUT: _Words(504, "the request timed out, please try again"),
}

MOST_KNOWN: Final = 50
"""How many models an error names."""


def refuse(refusal: Refusal, request_bits: bytes) -> Reply:
    """The refusal as a whole response."""
    headers: tuple[Header, ...] = json_headers(request_bits)
    if refusal.retry_after is not None:
        headers = (*headers, (b"retry-after", whole_seconds(refusal.retry_after)))
    status = _UNPROCESSABLE if refusal.code == UNKNOWN_FIELD else _WORDS[refusal.problem].status
    status = refusal.status or status
    return Reply(status, headers, orjson.dumps({"id": uuid(request_bits), "message": _message(refusal)}))


def stream_error(refusal: Refusal) -> bytes:
    """The events that end a stream of version 2 in band."""
    told = orjson.dumps({"type": "message-end", "delta": {"error": _message(refusal), "finish_reason": "ERROR"}})
    return b"event: message-end\ndata: %b\n\ndata: [DONE]\n\n" % told


def line_error(refusal: Refusal) -> bytes:
    """The line that ends a stream of version 1 in band."""
    end = {
        "is_finished": True,
        "event_type": "stream-end",
        "response": {"text": "", "finish_reason": "ERROR", "meta": {"warnings": [_message(refusal)]}},
        "finish_reason": "ERROR",
    }
    return orjson.dumps(end) + b"\n"


def _message(refusal: Refusal) -> str:
    """The refusal's own sentence, else the API's for the problem."""
    # A path or a header may have brought half of a surrogate pair, which no JSON can carry.
    return (refusal.message or _sentence(refusal)).encode("utf-8", "replace").decode()


def _sentence(refusal: Refusal) -> str:
    problem, asked, limit = refusal.problem, refusal.asked, refusal.limit
    if refusal.quota is not None:
        return sentence(refusal.quota)
    if problem is Problem.UNKNOWN_MODEL and refusal.model:
        return (
            f"model '{quote(refusal.model)}' not found, make sure the correct model ID was used and that you have "
            f"access to the model.{_others(refusal)}"
        )
    if problem is Problem.CONTEXT_LENGTH and asked is not None and limit is not None:
        return (
            f"too many tokens: size limit exceeded by {asked - limit} tokens. Try using shorter or fewer inputs. "
            f"The limit for this model is {limit} tokens."
        )
    if problem is Problem.OUTPUT_LIMIT and asked is not None and limit is not None:
        return (
            f"too many tokens: max tokens must be less than or equal to {limit}, the maximum output for this model - "
            f"received {asked}."
        )
    if problem is Problem.TOO_LARGE and limit is not None:
        return f"request entity too large: the maximum is {limit} bytes"
    return _WORDS[problem].message


def _others(refusal: Refusal) -> str:
    known = refusal.known
    if not known:
        return ""
    more = f" and {len(known) - MOST_KNOWN} more" if len(known) > MOST_KNOWN else ""
    return f" The models there are: {', '.join(known[:MOST_KNOWN])}{more}."
