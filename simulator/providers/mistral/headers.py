"""The response headers that Mistral's service adds, without those that belong to the server. Pure."""

from collections.abc import Sequence

from simulator.engine.plan import Plan
from simulator.providers.base import Header

_JSON = (b"content-type", b"application/json")
_EVENTS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
)


def correlation(request_bits: bytes) -> bytes:
    """16 bytes as a UUID is written."""
    digits = request_bits.hex().encode()
    return b"%b-%b-%b-%b-%b" % (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32])


def plain_headers(request_bits: bytes) -> Sequence[Header]:
    """Of a whole response."""
    return (_JSON, (b"mistral-correlation-id", correlation(request_bits)))


def stream_headers(plan: Plan) -> Sequence[Header]:
    """Of a stream."""
    return (*_EVENTS, (b"mistral-correlation-id", correlation(plan.request_bits)))
