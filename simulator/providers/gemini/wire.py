"""What every answer of this dialect carries besides its body: headers, ids, times. Pure.

It knows no schema and no error; the bits of an id come with the plan or the desk.
"""

import base64
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import orjson

from simulator.engine.plan import Plan
from simulator.providers.base import Header, Reply

JSON: Final[Header] = (b"content-type", b"application/json; charset=UTF-8")
_GUARDS: Final[tuple[Header, ...]] = (
    (b"vary", b"Origin, X-Origin, Referer"),
    (b"x-xss-protection", b"0"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-content-type-options", b"nosniff"),
)
_SERVED: Final[tuple[Header, ...]] = (*_GUARDS, (b"x-gemini-service-tier", b"standard"))
_BARE: Final[tuple[Header, ...]] = (JSON, *_GUARDS, (b"server-timing", b"gfet4t7; dur=0"))
_PLAIN: Final[tuple[Header, ...]] = (JSON, *_SERVED)
_UNBUFFERED: Final[tuple[Header, ...]] = ((b"cache-control", b"no-cache, no-transform"), (b"x-accel-buffering", b"no"))
_EVENTS: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/event-stream"),
    (b"content-disposition", b"attachment"),
    *_UNBUFFERED,
    *_SERVED,
)
_ARRAY: Final[tuple[Header, ...]] = (JSON, *_UNBUFFERED, *_SERVED)

_ALPHABET: Final = b"0123456789abcdefghijklmnopqrstuvwxyz"
_TO_BASE36: Final = bytes(_ALPHABET[byte % 36] for byte in range(256))
RESPONSE_ID_BYTES: Final = 17
RESPONSE_ID: Final = 23
SIGNATURE_BYTES: Final = 96
CALL_ID: Final = 8


def plain_headers(plan: Plan) -> Sequence[Header]:
    """For a whole answer; the server's timing is the planned time of its last token, in milliseconds."""
    return (*_PLAIN, _timing(plan.offsets[-1] if len(plan.offsets) else 0.0))


def stream_headers(plan: Plan, *, events: bool) -> Sequence[Header]:
    """For a stream, of events or one JSON array; the timing is that of its first token."""
    return (*(_EVENTS if events else _ARRAY), _timing(plan.offsets[0] if len(plan.offsets) else 0.0))


def _timing(seconds: float) -> Header:
    return (b"server-timing", b"gfet4t7; dur=%d" % int(seconds * 1000))


def bare_headers() -> Sequence[Header]:
    """For a refusal, a listing or a stored object, which took no planned time."""
    return _BARE


def told(value: object) -> Reply:
    """A JSON value as a whole answer, in the service's layout: two spaces a level, a newline at the end."""
    return Reply(200, _BARE, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def response_id(bits: bytes, prefix: str | None) -> bytes:
    """The id of an answer as a JSON literal: 23 characters of URL-safe base64 after the configured prefix."""
    name = base64.urlsafe_b64encode(bits[:RESPONSE_ID_BYTES])[:RESPONSE_ID]
    return b'"%b"' % name if prefix is None else orjson.dumps(prefix + name.decode())


def signature(bits: bytes, place: int = 0) -> bytes:
    """What stands for an encrypted thought: base64 that depends on an answer's bits and a place in it."""
    made = blake2b(bits, digest_size=48, salt=place.to_bytes(4, "little")).digest()
    return base64.b64encode(b"\x12\xc8\x01\x0a" + made + blake2b(made, digest_size=44).digest())


def base36(bits: bytes, length: int) -> str:
    """`length` characters of [0-9a-z], at most 64, for ids of calls, files and caches."""
    return blake2b(bits, digest_size=length).digest().translate(_TO_BASE36).decode("ascii")


def stamp(seconds: float) -> str:
    """A time as the service writes it: RFC 3339 in UTC with microseconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_of(text: str) -> float | None:
    """An RFC 3339 time in Unix seconds, None for a text that is none."""
    try:
        found = datetime.fromisoformat(text)
        return found.timestamp() if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def whole_seconds(seconds: float) -> bytes:
    """A `retry-after` value: whole seconds, rounded up so that a client never comes too early."""
    return b"%d" % max(0, math.ceil(seconds))
