"""What every answer of this dialect carries besides its body: ids and headers. Pure.

It knows no schema and no error; the bits of an id come with the plan.
"""

import math
from typing import Final

import orjson

from simulator.engine.plan import Plan
from simulator.providers.base import Header

NAME: Final = "cohere"

_COMMON: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-cache, no-store, no-transform, must-revalidate, private, max-age=0"),
    (b"pragma", b"no-cache"),
    (b"vary", b"Origin"),
    (b"access-control-expose-headers", b"X-Debug-Trace-ID"),
)
_JSON: Final[tuple[Header, ...]] = ((b"content-type", b"application/json"), *_COMMON)
_EVENTS: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/event-stream"),
    *_COMMON,
    (b"x-accel-buffering", b"no"),
)
_LINES: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/stream+json"),
    *_COMMON,
    (b"x-accel-buffering", b"no"),
)


def uuid(bits: bytes) -> str:
    """The UUID of version 4 that 16 random bytes stand for (RFC 9562, 5.4)."""
    digits = bits[:16].hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def answer_id(plan: Plan, bits: bytes) -> bytes:
    """An answer's id as a JSON string: a UUID, behind the configured prefix if there is one."""
    if plan.id_prefix is None:
        return b'"%b"' % uuid(bits).encode()
    return orjson.dumps(plan.id_prefix + uuid(bits))


def json_headers(request_bits: bytes) -> tuple[Header, ...]:
    """The headers of an answer in one body."""
    return (*_JSON, _trace(request_bits))


def event_headers(request_bits: bytes) -> tuple[Header, ...]:
    """The headers of a stream of events, which version 2 sends."""
    return (*_EVENTS, _trace(request_bits))


def line_headers(request_bits: bytes) -> tuple[Header, ...]:
    """The headers of a stream of JSON lines, which version 1 sends."""
    return (*_LINES, _trace(request_bits))


def whole_seconds(seconds: float) -> bytes:
    """A `retry-after` value: whole seconds, rounded up so that a client never comes too early."""
    return b"%d" % max(0, math.ceil(seconds))


def _trace(request_bits: bytes) -> Header:
    return (b"x-debug-trace-id", request_bits.hex().encode())
