"""The service's error bodies: each problem's status, code and sentence. Pure.

The shape is `{"error": {"code", "message", "status", "details"?}}`. A key that a client sent is never repeated. A bad
gateway is told by the front end before the service, with a page.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from simulator.providers.base import Header, Problem, Refusal, Reply
from simulator.providers.decode import quote
from simulator.providers.edges import google, own_words
from simulator.providers.gemini.quotas import EXCEEDED, HELP, failure, retry_info, sentence
from simulator.providers.gemini.wire import bare_headers, whole_seconds
from simulator.providers.gemini.wording import UNREADABLE

_MOST_NAMES: Final = 50
"""How many of the models there are an unknown name is answered with."""


class _Shape(NamedTuple):
    """How a problem looks on the wire."""

    status: int
    code: str
    message: str


_INVALID: Final = "INVALID_ARGUMENT"
_SHAPES: Final = {
    Problem.INVALID: _Shape(400, _INVALID, "Request contains an invalid argument."),
    Problem.NOT_FOUND: _Shape(404, "NOT_FOUND", "Requested entity was not found."),
    Problem.CONFLICT: _Shape(409, "ALREADY_EXISTS", "Requested entity already exists"),
    Problem.TOO_LARGE: _Shape(400, _INVALID, "Request payload size exceeds the limit."),
    Problem.UNKNOWN_MODEL: _Shape(404, "NOT_FOUND", ""),
    Problem.UNKNOWN_PATH: _Shape(404, "NOT_FOUND", "Method not found."),
    Problem.WRONG_METHOD: _Shape(405, "UNIMPLEMENTED", "Method not allowed."),
    Problem.CONTEXT_LENGTH: _Shape(
        400, _INVALID, "The input token count exceeds the maximum number of tokens allowed."
    ),
    Problem.OUTPUT_LIMIT: _Shape(400, _INVALID, "max_output_tokens is too large."),
    Problem.AUTHENTICATION: _Shape(400, _INVALID, "API key not valid. Please pass a valid API key."),
    Problem.PERMISSION: _Shape(403, "PERMISSION_DENIED", "The caller does not have permission"),
    Problem.RATE_LIMIT: _Shape(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    Problem.OVERLOADED: _Shape(
        503,
        "UNAVAILABLE",
        "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again "
        "later.",
    ),
    Problem.SERVER_ERROR: _Shape(
        500,
        "INTERNAL",
        "An internal error has occurred. Please retry or report in "
        "https://developers.generativeai.google/guide/troubleshooting",
    ),
    Problem.TIMEOUT: _Shape(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
    Problem.INSUFFICIENT_QUOTA: _Shape(
        429,
        "RESOURCE_EXHAUSTED",
        EXCEEDED.rstrip(),
    ),
    Problem.BAD_GATEWAY: _Shape(502, "UNAVAILABLE", "Bad gateway."),
    Problem.UNAVAILABLE: _Shape(503, "UNAVAILABLE", "The service is currently unavailable."),
    Problem.GATEWAY_TIMEOUT: _Shape(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
_BAD_KEY: Final[list[dict[str, Any]]] = [
    {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    },
    {
        "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
        "locale": "en-US",
        "message": _SHAPES[Problem.AUTHENTICATION].message,
    },
]


def refuse(refusal: Refusal) -> Reply:
    """The refusal as a whole response."""
    if refusal.problem is Problem.BAD_GATEWAY and not own_words(refusal):
        return google(refusal, _SHAPES[refusal.problem].status)
    headers: Sequence[Header] = bare_headers()
    if refusal.retry_after is not None:
        headers = (*headers, (b"retry-after", whole_seconds(refusal.retry_after)))
    body = orjson.dumps(_body(refusal), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return Reply(refusal.status or _SHAPES[refusal.problem].status, headers, body)


def event(refusal: Refusal) -> bytes:
    """The refusal as the event that ends a stream."""
    return b"data: " + orjson.dumps(_body(refusal)) + b"\r\n\r\n"


def element(refusal: Refusal) -> bytes:
    """The refusal as the last element of a streamed array that has begun."""
    return b",\r\n" + orjson.dumps(_body(refusal)) + b"]"


def _body(refusal: Refusal) -> dict[str, dict[str, Any]]:
    shape = _SHAPES[refusal.problem]
    error: dict[str, Any] = {
        "code": refusal.status or shape.status,
        "message": _message(refusal, shape),
        "status": refusal.kind or shape.code,
    }
    details = [] if refusal.kind else _details(refusal, error["message"])
    if details:
        error["details"] = details
    return {"error": error}


def _message(refusal: Refusal, shape: _Shape) -> str:
    if refusal.problem is Problem.UNKNOWN_MODEL and not (refusal.message and refusal.param is None):
        # A model of another kind is not found either: that refusal tells the field, and a sentence of no use here.
        return _unknown(refusal)
    return _clean(refusal.message) or _sentence(refusal) or shape.message


def _sentence(refusal: Refusal) -> str:
    """What is said with the refusal's own numbers; empty where it has none."""
    asked, limit = refusal.asked, refusal.limit
    match refusal.problem:
        case Problem.CONTEXT_LENGTH if asked is not None and limit is not None:
            return f"The input token count ({asked}) exceeds the maximum number of tokens allowed ({limit})."
        case Problem.OUTPUT_LIMIT if limit is not None:
            return (
                "* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be in the range "
                f"[1, {limit}].\n"
            )
        case Problem.TOO_LARGE if limit is not None:
            return (
                f"Request payload size exceeds the limit: {limit} bytes. Please upload your files with the File API "
                "instead."
            )
        case Problem.RATE_LIMIT if refusal.quota is not None:
            return EXCEEDED + sentence(refusal.quota, _clean(quote(refusal.model)))
        case _:
            return ""


def _unknown(refusal: Refusal) -> str:
    """The service names the API version and the method, which the refusal does not tell: its most usual ones."""
    name = refusal.model if refusal.model.startswith("tunedModels/") else f"models/{refusal.model}"
    told = (
        f"{_clean(quote(name))} is not found for API version v1beta, or is not supported for generateContent. Call "
        "ListModels to see the list of available models and their supported methods."
    )
    if not refusal.known:
        return told
    more = len(refusal.known) - _MOST_NAMES
    names = ", ".join(refusal.known[:_MOST_NAMES])
    return f"{told} This simulator's models are: {names}{f' and {more} more' if more > 0 else ''}."


def _details(refusal: Refusal, message: str) -> list[dict[str, Any]]:
    match refusal.problem:
        case Problem.AUTHENTICATION:
            return _BAD_KEY
        case Problem.RATE_LIMIT | Problem.INSUFFICIENT_QUOTA:
            details = [HELP]
            if refusal.quota is not None:
                details.insert(0, failure(refusal.quota, _clean(quote(refusal.model))))
            if refusal.retry_after is not None:
                details.append(retry_info(refusal.retry_after))
            return details
        case Problem.INVALID if refusal.code == UNREADABLE:
            violation = {"description": message}
            if refusal.param is not None:
                violation = {"field": _clean(refusal.param), **violation}
            return [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
        case _:
            return []


def _clean(text: str) -> str:
    """Text that has a UTF-8 form: a path may carry lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
