"""Streams whose events are made beforehand, as they are few. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from simulator.providers.base import Header


def event(fields: Mapping[str, Any], name: str = "") -> bytes:
    """One event, with a name of its own if one is given."""
    head = b"event: %b\n" % name.encode() if name else b""
    return b"%bdata: %b\n\n" % (head, orjson.dumps(fields))


class Steps:
    """A `Stream` of steps, one at least; a step may be empty."""

    __slots__ = ("_made", "headers", "steps")

    def __init__(self, headers: Sequence[Header], made: Sequence[bytes]) -> None:
        self.headers = headers
        self._made = made
        self.steps = len(made)

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        return b"".join(self._made[max(start, 0) : max(stop, 0)])
