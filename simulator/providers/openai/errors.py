"""OpenAI's error bodies: each problem's status, type, code and sentence. Pure.

The shape is `{"error": {"message", "type", "param", "code"}}`, always with all four keys. A key that a client
sent is never repeated. Where its gateway fails it is not the API that answers but the edge before it, with a page.
"""

import math
from collections.abc import Sequence

import msgspec
import orjson

from simulator.providers.base import Header, Problem, Refusal, Reply
from simulator.providers.decode import quote
from simulator.providers.edges import cloudflare, own_words
from simulator.providers.openai.headers import bare_headers, request_id
from simulator.providers.openai.quotas import duration, kind, reached

_MOST_NAMES = 50
"""How many of the models there are an unknown name is answered with."""

_RETRY = (
    "You can retry your request, or contact us through our help center at help.openai.com if the error persists. "
    "(Please include the request ID {request_id} in your message.)"
)


class _Shape(msgspec.Struct, frozen=True):
    """How a problem looks on the wire. `message` may use the names that `_sentence` fills in."""

    status: int
    kind: str
    code: str | None
    message: str


_INVALID = "invalid_request_error"
_SHAPES = {
    Problem.INVALID: _Shape(400, _INVALID, None, "Invalid request."),
    Problem.NOT_FOUND: _Shape(404, _INVALID, None, "No such object."),
    Problem.CONFLICT: _Shape(409, _INVALID, None, "The object is not in a state that allows this."),
    Problem.TOO_LARGE: _Shape(413, _INVALID, None, "Maximum content size limit{limit} exceeded."),
    Problem.UNKNOWN_MODEL: _Shape(
        404, _INVALID, "model_not_found", "The model `{model}` does not exist or you do not have access to it."
    ),
    Problem.UNKNOWN_PATH: _Shape(404, _INVALID, None, "Invalid URL{what}"),
    Problem.WRONG_METHOD: _Shape(
        405,
        _INVALID,
        "method_not_supported",
        "Not allowed to {what}. (HINT: Perhaps you meant to use a different HTTP method?)",
    ),
    Problem.CONTEXT_LENGTH: _Shape(
        400,
        _INVALID,
        "context_length_exceeded",
        "This model's maximum context length was exceeded. Please reduce the length of the messages.",
    ),
    Problem.OUTPUT_LIMIT: _Shape(400, _INVALID, "invalid_value", "max_tokens is too large."),
    Problem.AUTHENTICATION: _Shape(
        401,
        _INVALID,
        "invalid_api_key",
        "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    Problem.PERMISSION: _Shape(
        403, _INVALID, "insufficient_permissions", "You have insufficient permissions for this operation."
    ),
    Problem.RATE_LIMIT: _Shape(
        429,
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached{model} on requests per min (RPM).{wait} "
        "Visit https://platform.openai.com/account/rate-limits to learn more.",
    ),
    Problem.OVERLOADED: _Shape(
        503, "server_error", None, "That model is currently overloaded with other requests. " + _RETRY
    ),
    Problem.SERVER_ERROR: _Shape(
        500, "server_error", None, "The server had an error while processing your request. Sorry about that! " + _RETRY
    ),
    Problem.TIMEOUT: _Shape(504, "server_error", "timeout", "The request timed out before it was answered. " + _RETRY),
    Problem.INSUFFICIENT_QUOTA: _Shape(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    ),
    Problem.BAD_GATEWAY: _Shape(502, "server_error", None, "Bad gateway. " + _RETRY),
    Problem.UNAVAILABLE: _Shape(
        503,
        "service_unavailable_error",
        "server_is_overloaded",
        "The engine is currently overloaded, please try again later",
    ),
    Problem.GATEWAY_TIMEOUT: _Shape(504, "server_error", None, "Gateway timeout. " + _RETRY),
}
_EDGE = frozenset({Problem.BAD_GATEWAY, Problem.GATEWAY_TIMEOUT})
"""What the edge tells."""


def refuse(refusal: Refusal, request_bits: bytes) -> Reply:
    """The refusal as a whole response."""
    if refusal.problem in _EDGE and not own_words(refusal):
        return cloudflare(refusal, _SHAPES[refusal.problem].status, request_bits)
    headers: Sequence[Header] = bare_headers(request_bits)
    if refusal.retry_after is not None:
        headers = (*headers, *_retry_headers(refusal.retry_after))
    elif refusal.quota is not None:
        # No wait helps: a client that tried again would only be refused again.
        headers = (*headers, (b"x-should-retry", b"false"))
    body = orjson.dumps(_body(refusal, request_bits), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return Reply(refusal.status or _SHAPES[refusal.problem].status, headers, body)


def stream_error(refusal: Refusal, request_bits: bytes) -> bytes:
    """The refusal as the frame that ends a stream; no `[DONE]` follows an error."""
    return b"data: " + orjson.dumps(_body(refusal, request_bits)) + b"\n\n"


def _body(refusal: Refusal, request_bits: bytes) -> dict[str, dict[str, str | None]]:
    shape = _SHAPES[refusal.problem]
    about_url = refusal.problem in {Problem.UNKNOWN_PATH, Problem.WRONG_METHOD}
    error = {
        "message": _clean(refusal.message) or _sentence(shape, refusal, request_bits),
        "type": refusal.kind or (shape.kind if refusal.quota is None else kind(refusal.quota)),
        "param": None if about_url or refusal.param is None else _clean(refusal.param),
        "code": (shape.code if refusal.code is None else refusal.code) or None,
    }
    return {"error": error}


def _sentence(shape: _Shape, refusal: Refusal, request_bits: bytes) -> str:
    asked, limit = refusal.asked, refusal.limit
    what = _clean(quote(refusal.param or ""))
    model = _clean(quote(refusal.model))
    wait = ""
    match refusal.problem:
        case Problem.CONTEXT_LENGTH if asked is not None and limit is not None:
            return (
                f"This model's maximum context length is {limit} tokens. However, your messages resulted in {asked} "
                "tokens. Please reduce the length of the messages."
            )
        case Problem.OUTPUT_LIMIT if asked is not None and limit is not None:
            return (
                f"max_tokens is too large: {asked}. This model supports at most {limit} completion tokens, whereas you "
                f"provided {asked}."
            )
        case Problem.UNKNOWN_PATH:
            what = f" ({what})" if what else ""
        case Problem.WRONG_METHOD:
            method, _, path = what.partition(" ")
            what = f"{method or 'use this method'} on {path or 'this URL'}"
        case Problem.RATE_LIMIT if refusal.quota is not None:
            return reached(refusal.quota, refusal.model)
        case Problem.RATE_LIMIT:
            model = f" for {model}" if model else ""
            wait = "" if refusal.retry_after is None else f" Please try again in {duration(refusal.retry_after)}."
        case _:
            pass
    sentence = shape.message.format(
        request_id=request_id(request_bits),
        model=model,
        wait=wait,
        what=what,
        limit="" if limit is None else f" ({limit})",
    )
    if refusal.problem is Problem.UNKNOWN_MODEL and refusal.known:
        more = len(refusal.known) - _MOST_NAMES
        names = ", ".join(refusal.known[:_MOST_NAMES])
        sentence += f" This simulator's models are: {names}{f' and {more} more' if more > 0 else ''}."
    return sentence


def _retry_headers(seconds: float) -> tuple[Header, Header]:
    """Whole seconds and milliseconds, both rounded up, so that a client that waits so long is not early."""
    return (
        (b"retry-after", b"%d" % math.ceil(seconds)),
        (b"retry-after-ms", b"%d" % math.ceil(seconds * 1000 - 1e-6)),
    )


def _clean(text: str) -> str:
    """Text that has a UTF-8 form: a header or path may carry lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
