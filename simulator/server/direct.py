"""The seam between `play` and the worker's protocol: writing to the connection without ASGI's detours.

Pure. `supervisor.protocol` offers an object of this shape in the scope; where none is offered (a test
client, another server) `play` falls back to ASGI's `send`.
"""

from collections.abc import Callable
from typing import Any, Protocol

EXTENSION = "llm_simulator.direct"
"""The key under `scope["extensions"]`."""


class Direct(Protocol):
    """One request's way to its connection. All methods are plain calls and never block."""

    @property
    def gone(self) -> bool:
        """Whether the client has left; writes are then dropped."""

    @property
    def paused(self) -> bool:
        """Whether the client reads too slowly: the write buffer is above its high-water mark."""

    def take_body(self) -> bytes | None:
        """The whole request body where it has arrived already, else None (then `receive` it)."""

    def reply(self, status: int, headers: bytes, body: bytes) -> None:
        """Send a whole response in one write and complete it.

        `headers` are ready lines, each ended by CRLF, with a content length and without date or connection.
        """

    def start(self, status: int, headers: bytes, first: bytes, *, last: bool = False) -> bool:
        """Open a chunked response; `first`, its first bytes, leave in the same write. Returns `paused`.

        With `last` these are all of it: the response is complete and the connection may serve its next request.
        """

    def write(self, data: bytes, *, last: bool = False) -> bool:
        """Send a chunk; with `last` the response is complete. Returns `paused`, so a stream that flows need not ask."""

    def begin(self, status: int, headers: bytes, first: bytes) -> None:
        """Write a head as it is given, with the length or the coding that it tells, and the bytes that follow it.

        What comes after is written with `raw` and ended with `finish` or `reset`; nobody checks that it is HTTP.
        """

    def raw(self, data: bytes) -> None:
        """Write bytes as they are."""

    def finish(self, *, close: bool) -> None:
        """The response is complete; with `close` so is the connection, as soon as all is sent."""

    def reset(self) -> None:
        """Reset the connection: what is not sent yet is dropped, and the client's next read fails (RFC 9293 3.5.3)."""

    def abort(self) -> None:
        """Close the connection at once, without completing the response."""

    def watch(self, lost: Callable[[], None] | None) -> None:
        """Call `lost` once when the client leaves before the response is complete; None stops watching."""


def direct_of(scope: Any) -> Direct | None:
    """The direct way of a request, or None."""
    extensions = scope.get("extensions")
    return extensions.get(EXTENSION) if extensions else None
