"""One recorded request: its form in the store, what is left out of it, and how it is shown. Pure."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec
import orjson

from simulator.server.recording.answered import Answered

SECRET_HEADERS = (
    *("authorization", "cookie", "api-key", "apikey", "admin-key", "subscription-key"),
    *("token", "secret", "password", "signature"),
)
"""A header whose name has one of these in it may be a key."""
SECRET_PARAMETERS = frozenset(
    {
        *("key", "api-key", "apikey", "subscription-key", "token", "access-token", "auth", "code", "sig", "signature"),
        *("secret", "client-secret", "password", "x-amz-signature", "x-amz-security-token", "x-goog-signature"),
    }
)
"""Parameters of a query that may be keys, with `-` for `_`."""
LEFT_OUT = "[redacted]"
TEST = "x-llm-sim-test"
"""The header in which a client names the test that it belongs to."""


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A request and how it was answered.

    `number` counts the requests that the fleet recorded; `time_us` is the wall clock of its arrival. `scope` is the
    digest of its API key. `status` is 0 where the connection is closed without an answer; `reason` says what failed,
    empty if nothing did. Tokens are those that the whole answer is billed with, also where it is streamed. `size` is
    the body's, `body` as much of it as is kept.

    What a replay needs stands behind: the `seed`, the `key` and the `retry` of the address (a key of None is none),
    the `circumstances` as their header tells them, the failures that struck, whether the answer was `planned`, and
    what was to be `answered`: None where nobody can tell before it is.
    """

    number: int
    time_us: int
    provider: str
    endpoint: str
    model: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    scope: str
    status: int
    reason: str
    streamed: bool
    input_tokens: int
    output_tokens: int
    address: str
    size: int
    body: bytes
    seed: int = 0
    key: str | None = None
    retry: int = 0
    circumstances: str = ""
    struck: tuple[str, ...] = ()
    planned: bool = False
    answered: Answered | None = None


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Record).decode
"""Raises `msgspec.DecodeError`."""


def without_keys(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; of a key no more than its scheme. Of a repeated header the last counts."""
    shown: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        if any(word in name for word in SECRET_HEADERS):
            scheme, space, _ = text.partition(" ")
            text = f"{scheme} {LEFT_OUT}" if space and scheme.isalpha() else LEFT_OUT
        shown[name] = text
    return shown


def without_key(query: bytes) -> str:
    """A query without the values of keys."""
    parts = []
    for part in query.decode("latin-1").split("&"):
        name, sign, _ = part.partition("=")
        secret = unquote_plus(name).lower().replace("_", "-") in SECRET_PARAMETERS
        parts.append(f"{name}={LEFT_OUT}" if sign and secret else part)
    return "&".join(parts)


def shown(record: Record) -> dict[str, Any]:
    """A record as a value for JSON.

    The body stands as one of `json` (its value), `text` and `base64`; `cut` tells that it was longer.
    """
    return {**_without_body(record), **body_of(record.body)}


def line_of(record: Record) -> bytes:
    """A record as a line of a log (JSON, without its line feed), with the body as it was: `body` or `body_base64`."""
    try:
        body = {"body": record.body.decode()}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(record.body).decode("ascii")}
    return orjson.dumps({**_without_body(record), **body})


def _without_body(record: Record) -> dict[str, Any]:
    return {
        "number": record.number,
        "time": record.time_us / 1e6,
        "provider": record.provider,
        "endpoint": record.endpoint,
        "model": record.model,
        "method": record.method,
        "path": record.path,
        "query": record.query,
        "headers": record.headers,
        "key": record.scope,
        "status": record.status or None,
        "reason": record.reason,
        "streamed": record.streamed,
        "usage": {"input_tokens": record.input_tokens, "output_tokens": record.output_tokens},
        "address": record.address,
        "size": record.size,
        "cut": len(record.body) < record.size,
        "seed": record.seed,
        "keyed": None if record.key is None else {"key": record.key, "retry": record.retry},
        "circumstances": record.circumstances,
        "struck": record.struck,
        "planned": record.planned,
        "answer": None if record.answered is None else msgspec.structs.asdict(record.answered),
    }


def body_of(body: bytes) -> Mapping[str, Any]:
    """A body under the name of its form."""
    if not body:
        return {"text": ""}
    try:
        return {"json": orjson.Fragment(body)} if orjson.loads(body) is not None else {"json": None}
    except orjson.JSONDecodeError:
        pass
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
