"""The response headers that OpenAI's service adds, without those that belong to the server. Pure."""

from collections.abc import Sequence

from simulator.engine.plan import Plan
from simulator.providers.base import Header

ORGANIZATION = b"llm-simulator"
API_VERSION = b"2020-10-01"

_JSON = (b"content-type", b"application/json")
_COMMON = ((b"openai-organization", ORGANIZATION), (b"openai-version", API_VERSION))
_EVENTS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    *_COMMON,
)
_PLAIN = (_JSON, *_COMMON)


def request_id(request_bits: bytes) -> str:
    """`req_` and 32 hexadecimal digits."""
    return "req_" + request_bits.hex()


def plain_headers(plan: Plan) -> Sequence[Header]:
    """For a whole answer; the processing time is the planned time of its last token, in milliseconds."""
    due = plan.offsets[-1] if len(plan.offsets) else 0.0
    return (*_PLAIN, *_own(plan, due))


def stream_headers(plan: Plan, step: int = 0) -> Sequence[Header]:
    """For a stream; the processing time is the planned time of the first step that shows anything, in milliseconds."""
    due = plan.offsets[step] if len(plan.offsets) else 0.0
    return (*_EVENTS, *_own(plan, due))


def bare_headers(request_bits: bytes) -> Sequence[Header]:
    """For a refusal or a listing, which took no planned time."""
    return (*_PLAIN, (b"openai-processing-ms", b"0"), (b"x-request-id", request_id(request_bits).encode()))


def _own(plan: Plan, due: float) -> tuple[Header, Header]:
    return (
        (b"openai-processing-ms", b"%d" % int(due * 1000)),
        (b"x-request-id", b"req_" + plan.request_bits.hex().encode()),
    )
