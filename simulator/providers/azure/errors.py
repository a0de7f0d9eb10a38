"""Azure's error bodies. Pure.

What the gateway says has `code` and `message` alone; what the model's own service says of a body is in OpenAI's shape.
A key that a client sent is never repeated.
"""

import math
from typing import Final

import msgspec
import orjson

from simulator.providers.azure import quotas
from simulator.providers.azure.filters import BLOCKED, Filtered
from simulator.providers.azure.headers import bare, gateway_id
from simulator.providers.base import Header, Problem, Refusal, Reply
from simulator.providers.decode import quote
from simulator.providers.openai import errors as openai

_MOST_NAMES: Final = 50
"""How many of the models there are an unknown deployment is answered with."""
_POLICY: Final = "ResponsibleAIPolicyViolation"
_FILTERED: Final = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify "
    "your prompt and retry. To learn more about our content filtering policies please read our documentation: "
    "https://go.microsoft.com/fwlink/?linkid=2198766"
)
_REJECTED: Final = (
    "Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by "
    "our safety system."
)
_UNDEPLOYED: Final = (
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again."
)
_OPERATIONS: Final = {
    "chat": "chatCompletion",
    "completion": "completion",
    "embedding": "embeddings",
    "image": "imageGenerations",
    "speech": "audioSpeech",
    "transcription": "audioTranscription",
}


class _Shape(msgspec.Struct, frozen=True):
    """How a problem looks that the gateway tells."""

    status: int
    code: str
    message: str


_SHAPES: Final = {
    Problem.UNKNOWN_PATH: _Shape(404, "404", "Resource not found"),
    Problem.WRONG_METHOD: _Shape(405, "405", "Method Not Allowed"),
    Problem.UNKNOWN_MODEL: _Shape(404, "DeploymentNotFound", _UNDEPLOYED),
    Problem.AUTHENTICATION: _Shape(
        401,
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource.",
    ),
    Problem.PERMISSION: _Shape(
        403, "PermissionDenied", "The principal lacks the required data action to perform this operation."
    ),
    Problem.RATE_LIMIT: _Shape(429, "429", ""),
    Problem.OVERLOADED: _Shape(
        503,
        "ServiceUnavailable",
        "The service is temporarily unable to process your request. Please try again later.",
    ),
    Problem.TIMEOUT: _Shape(408, "Timeout", "The operation was timeout."),
    Problem.INSUFFICIENT_QUOTA: _Shape(
        429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."
    ),
    Problem.BAD_GATEWAY: _Shape(502, "BadGateway", "The server received an invalid response from an upstream server."),
    Problem.UNAVAILABLE: _Shape(503, "ServiceUnavailable", "The service is unavailable."),
    Problem.GATEWAY_TIMEOUT: _Shape(504, "GatewayTimeout", "The request timed out at the gateway."),
}
_BROKEN: Final = (
    "The server had an error processing your request. Sorry about that! You can retry your request, or contact us "
    "through an Azure support request at: https://go.microsoft.com/fwlink/?linkid=2213926 if you keep seeing this "
    "error. (Please include the request ID {request_id} in your email.)"
)


def refuse(refusal: Refusal, request_bits: bytes) -> Reply:
    """The refusal as a whole response."""
    status, error = _told(refusal, request_bits)
    headers: list[Header] = [*bare(request_bits)]
    wait = refusal.retry_after
    if wait is not None:
        headers.append((b"retry-after", b"%d" % quotas.whole_seconds(wait)))
        headers.append((b"retry-after-ms", b"%d" % math.ceil(wait * 1000 - 1e-6)))
    elif refusal.quota is not None:
        # No wait helps: a client that tried again would only be refused again.
        headers.append((b"x-should-retry", b"false"))
    return Reply(refusal.status or status, headers, orjson.dumps({"error": error}))


def stream_error(refusal: Refusal, request_bits: bytes) -> bytes:
    """The refusal as the frame that ends a stream; no `[DONE]` follows an error."""
    return b"data: " + orjson.dumps({"error": _told(refusal, request_bits)[1]}) + b"\n\n"


def _told(refusal: Refusal, request_bits: bytes) -> tuple[int, dict[str, object]]:
    """The status, and the error object."""
    problem = refusal.problem
    if problem is Problem.INVALID and refusal.code in {"BadRequest", "content_filter"}:
        return 400, _refused_by_policy(refusal) if refusal.code == "content_filter" else _coded(refusal)
    if problem is Problem.SERVER_ERROR:
        message = _clean(refusal.message) or _BROKEN.format(request_id=gateway_id(request_bits).decode())
        return 500, {"message": message, "type": "server_error", "param": None, "code": refusal.code}
    if problem is Problem.UNKNOWN_MODEL and refusal.message and refusal.param is not None:
        return 400, {"code": "OperationNotSupported", "message": _unfit(refusal)}
    shape = _SHAPES.get(problem)
    if shape is None:
        reply = openai.refuse(refusal, request_bits)
        error: dict[str, object] = orjson.loads(reply.body)["error"]
        return reply.status, error
    message = _clean(refusal.message) or shape.message
    if problem is Problem.UNKNOWN_MODEL:
        message += _named(refusal)
    elif problem is Problem.RATE_LIMIT and not refusal.message:
        message = quotas.reached(
            "requests" if refusal.quota is None else refusal.quota.resource, refusal.model, refusal.retry_after
        )
    return shape.status, {"code": refusal.code or shape.code, "message": message}


def _coded(refusal: Refusal) -> dict[str, object]:
    return {"code": refusal.code, "message": _clean(refusal.message)}


def _refused_by_policy(refusal: Refusal) -> dict[str, object]:
    """A blocked prompt, told in the manner of the endpoint that was asked."""
    blocked = refusal if isinstance(refusal, Filtered) else Filtered(BLOCKED)
    if blocked.api == "images":
        inner = {"code": _POLICY, "content_filter_results": blocked.results}
        return {
            "code": "content_policy_violation",
            "inner_error": inner,
            "message": _REJECTED,
            "param": None,
            "type": "invalid_request_error",
        }
    told: dict[str, object] = {"message": _FILTERED, "type": None, "param": "prompt", "code": "content_filter"}
    if blocked.api == "responses":
        offsets = {"start_offset": 0, "end_offset": blocked.length, "check_offset": 0}
        found = {"blocked": True, "source_type": "prompt", "content_filter_results": blocked.results}
        return {
            **told,
            "type": "invalid_request_error",
            "content_filters": [{**found, "content_filter_offsets": offsets}],
        }
    return {**told, "status": 400, "innererror": {"code": _POLICY, "content_filter_result": blocked.results}}


def _unfit(refusal: Refusal) -> str:
    """Why a deployment does not serve an operation; the kind that it needs is the last word of the neutral sentence."""
    operation = _OPERATIONS.get(refusal.message.rstrip(".").rpartition(" ")[2], "requested")
    return (
        f"The {operation} operation does not work with the specified model, {_clean(quote(refusal.model))}. Please "
        "choose different model and try again. You can learn more about which models can be used with each operation "
        "here: https://go.microsoft.com/fwlink/?linkid=2197993."
    )


def _named(refusal: Refusal) -> str:
    if not refusal.known:
        return ""
    more = len(refusal.known) - _MOST_NAMES
    names = ", ".join(refusal.known[:_MOST_NAMES])
    return f" This simulator's deployments are: {names}{f' and {more} more' if more > 0 else ''}."


def _clean(text: str) -> str:
    """Text that has a UTF-8 form: a header or path may carry lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
