"""What an endpoint or an action may tell of itself for the OpenAPI document. Pure.

All of it is optional, each as an attribute of the class or the instance; nothing else reads it. Whoever tells nothing
is described by path, method and errors alone.
"""

from collections.abc import Sequence
from typing import Any, Protocol, get_type_hints

import msgspec

from simulator.providers.base import Action, Endpoint

EVENTS = "text/event-stream"


class Described(Protocol):
    """The attributes there may be."""

    body: Any
    """The type of a JSON body, as msgspec decodes it."""
    form: Any
    """The type of a multipart form's fields, without its files."""
    files: Sequence[str]
    """The names of a multipart form's files."""
    query: Sequence[str]
    """The parameters of the query."""
    answers: str
    """The media type of a whole answer; `application/json` if nothing is told."""
    streamed: str
    """The media type of a streamed answer; that of server-sent events if the body has a field `stream`."""


class Description(msgspec.Struct, frozen=True):
    """What is told of an endpoint or an action, with what follows where nothing is told."""

    body: Any
    form: Any
    files: tuple[str, ...]
    query: tuple[str, ...]
    answers: str
    streamed: str


def described(operation: Endpoint | Action) -> Description:
    """What an endpoint or an action tells of itself."""
    body = getattr(operation, "body", None)
    form = getattr(operation, "form", None)
    streams = any("stream" in _fields(kind) for kind in (body, form) if kind is not None)
    return Description(
        body,
        form,
        tuple(getattr(operation, "files", ())),
        tuple(getattr(operation, "query", ())),
        getattr(operation, "answers", "application/json"),
        getattr(operation, "streamed", EVENTS if streams else ""),
    )


def _fields(kind: Any) -> frozenset[str]:
    return frozenset(get_type_hints(kind)) if isinstance(kind, type) else frozenset()
