"""What every answer of this dialect carries besides its body: ids and headers. Pure.

It knows no schema and no error; the bits of an id come with the plan.
"""

import binascii
import math
from typing import Final

from simulator.providers.base import Header

BASE58: Final = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""The alphabet of the real ids: no 0, I, O or l."""

# Base64 has six characters more than base58; they take the place of six others, which leaves 127 of 128 bits.
_TO_BASE58 = bytes.maketrans(b"0OIl+/", b"1oiLzZ")

ORGANIZATION: Final[Header] = (b"anthropic-organization-id", b"5b1c7f0e-6d3a-4c92-9e57-2f8d1a4b6c03")
JSON: Final[Header] = (b"content-type", b"application/json")

_EVENTS: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    ORGANIZATION,
)


def base58(bits: bytes) -> bytes:
    """22 characters for the first 16 of the bytes; recorded ids are `01` and 22 characters of this alphabet."""
    return binascii.b2a_base64(bits[:16], newline=False)[:22].translate(_TO_BASE58)


def request_id(bits: bytes) -> bytes:
    """The id of one arrival, `req_01…`."""
    return b"req_01" + base58(bits)


def json_headers(request_bits: bytes) -> tuple[Header, ...]:
    """The headers of an answer in one body."""
    return (JSON, (b"request-id", request_id(request_bits)), ORGANIZATION)


def event_headers(request_bits: bytes) -> tuple[Header, ...]:
    """The headers of a stream of events."""
    return (*_EVENTS, (b"request-id", request_id(request_bits)))


def whole_seconds(seconds: float) -> bytes:
    """A `retry-after` value: whole seconds, rounded up so that a client never comes too early."""
    return b"%d" % max(0, math.ceil(seconds))
