"""What the writing endpoints of the admin plane share: methods, JSON bodies, and errors in one shape.

Edge of ASGI. An error is `{"error": "…", "faults": [{"key", "found", "allowed", "hint"}]}`; faults only where keys are
at fault.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import msgspec
import orjson

from simulator.config.expand import plain_fault
from simulator.config.faults import ConfigError
from simulator.config.library import UnknownScenario
from simulator.config.text import MAX_DEPTH
from simulator.config.tree import dotted
from simulator.providers.base import Refusal
from simulator.server.body import ClientLeft, read_body
from simulator.server.context import header_map
from simulator.server.control.change import Busy, TooLarge
from simulator.server.direct import direct_of
from simulator.server.play import Receive, Send
from simulator.server.respond import respond, respond_json
from simulator.state.store import StoreUnavailable

log = logging.getLogger("simulator.admin")

BODY_LIMIT = 1_048_576
"""Bytes of a request."""
Answer = tuple[int, Any]
"""Status and what is answered, as a value for JSON."""


class Wrong(Exception):  # noqa: N818 - it is answered, not a crash
    """A request that cannot be acted on: the status, and what the answer has besides the message."""

    def __init__(self, status: int, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.fields = fields


class Asked:
    """A request of the admin plane. `body` reads it; `name` is what stands in the path's place for a name."""

    def __init__(self, scope: Any, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self.method: str = scope["method"]
        self.name: str = scope.get("path_params", {}).get("name", "")

    async def body(self) -> dict[str, Any]:
        """The JSON object of the body; an empty body is an empty object. Raises `Wrong`."""
        try:
            text = await read_body(direct_of(self._scope), self._receive, header_map(self._scope), BODY_LIMIT)
        except Refusal:
            raise Wrong(413, f"the body has more than {BODY_LIMIT} bytes") from None
        if not text.strip():
            return {}
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Wrong(400, f"the body is not valid JSON: {error}") from None
        if not isinstance(value, dict):
            raise Wrong(400, "the body must be a JSON object")
        if too_deep(value):
            raise Wrong(400, f"the body is nested more than {MAX_DEPTH} levels deep")
        fault = plain_fault(value)
        if fault is not None:
            raise Wrong(400, f"{dotted(fault[0])}: {fault[1]}; allowed: a finite number of 64 bits")
        return value

    def query(self, *known: str) -> Mapping[str, str]:
        """The parameters of the query. Raises `Wrong` for one that is not known or given twice."""
        try:
            given = self._scope.get("query_string", b"").decode("latin-1")
            pairs = parse_qsl(given, keep_blank_values=True, max_num_fields=10)
        except ValueError as error:
            raise Wrong(400, "the query has too many parameters") from error
        query = dict(pairs)
        if len(query) < len(pairs) or not query.keys() <= set(known):
            raise Wrong(400, f"the query may have, once each: {', '.join(known)}")
        return query

    def flag(self, name: str) -> bool:
        """Whether a parameter of the query is `true`. Raises `Wrong` if it is neither `true` nor `false`."""
        query = parse_qs(self._scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        given: str = query.get(name, ["false"])[-1]
        if given not in ("true", "false"):
            raise Wrong(400, f"the query's {name} must be true or false")
        return given == "true"


class Resource:
    """An ASGI application that answers each of its methods by a function."""

    def __init__(self, **methods: Callable[[Asked], Awaitable[Answer]]) -> None:
        self._methods = methods
        named = [*methods, *(["HEAD"] if "GET" in methods else [])]
        self._allow = ", ".join(named).encode()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer. Raises nothing: a fault of ours is told as one and logged."""
        asked = Asked(scope, receive)
        method = self._methods.get("GET" if asked.method == "HEAD" else asked.method)
        if method is None:
            message = {"error": f"{asked.method} is not allowed here", "allowed": self._allow.decode()}
            await respond(send, 405, orjson.dumps(message) + b"\n", extra=((b"allow", self._allow),))
            return
        try:
            status, value = await method(asked)
        except ClientLeft:
            return
        except Exception as error:  # the outermost loop: an operator gets words, not a broken connection
            status, value = told(error)
            if status == 500:
                log.exception("an admin request failed: %s %s", asked.method, scope["path"])
        await respond_json(send, status, value)


STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (TooLarge, 413, "{}"),
    (Busy, 409, "{}"),
    (StoreUnavailable, 503, "the shared state cannot be reached: {}"),
    (OSError, 503, "the state folder cannot be used: {}"),
    (ValueError, 400, "{}"),
)
"""What an exception is answered with, the first that fits."""


def told(error: Exception) -> Answer:
    """An exception as an answer."""
    if isinstance(error, Wrong):
        return error.status, {"error": str(error), **error.fields}
    if isinstance(error, ConfigError):
        return 404 if isinstance(error, UnknownScenario) else 400, with_faults(error)
    for kind, status, words in STATUS:
        if isinstance(error, kind):
            return status, {"error": words.format(error)}
    return 500, {"error": "the simulator failed; its log says how"}


def with_faults(error: ConfigError) -> Mapping[str, Any]:
    """The faults of a configuration as a value."""
    faults = [
        {"key": one.path, "found": one.found, "allowed": one.allowed, "hint": one.hint, "place": str(one.place)}
        for one in error.faults
    ]
    first = str(error.faults[0])
    more = len(faults) - 1
    return {"error": first if not more else f"{first} (and {more} more)", "faults": faults}


def too_deep(value: object) -> bool:
    """Whether mappings and lists stand in each other more than `MAX_DEPTH` deep."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)
