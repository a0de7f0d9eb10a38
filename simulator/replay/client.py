"""Sends one request over a connection of its own and reads what comes. Edge of sockets."""

import asyncio
import ssl
from urllib.parse import urlsplit

from simulator.replay.response import Got, Reading

GRACE = 1.0
"""Seconds that a complete response may take to close its connection: what comes meanwhile belongs to it, too."""


class Unreachable(Exception):  # noqa: N818 - it is told, not a crash
    """Nobody answers at an address."""


class Target:
    """Where requests go: `http://host:port`, with a path before theirs if there is one."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for an address that cannot be one."""
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{url!r} is not an address such as http://127.0.0.1:8080")
        self.host = parts.hostname
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.tls = ssl.create_default_context() if parts.scheme == "https" else None


async def ask(target: Target, request: bytes, patience: float) -> Got:
    """The response to a request; given up after `patience` seconds. Raises `Unreachable`."""
    loop = asyncio.get_running_loop()
    try:
        _, connection = await loop.create_connection(
            lambda: _Connection(loop), target.host, target.port, ssl=target.tls
        )
    except OSError as error:
        raise Unreachable(f"{target.url} does not answer: {error.strerror or error}") from error
    return await connection.ask(request, patience)


class _Connection(asyncio.Protocol):
    """One connection and its one response."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._reading = Reading()
        self._ended: asyncio.Future[str] = loop.create_future()
        self._grace: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    async def ask(self, request: bytes, patience: float) -> Got:
        """Send and wait."""
        transport = self._transport
        if transport is None:
            raise Unreachable("the connection was lost before it was used")
        self._began = self._loop.time()
        transport.write(request)
        try:
            async with asyncio.timeout(patience):
                how = await self._ended
        except TimeoutError:
            how = "late"
        finally:
            transport.abort()
        return self._reading.ended(how, self._loop.time() - self._began)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = transport if isinstance(transport, asyncio.Transport) else None

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._reading.feed(data, self._loop.time() - self._began)
        if self._reading.complete and self._grace is None:
            self._grace = self._loop.call_later(GRACE, self._end, "close")

    def connection_lost(self, error: Exception | None) -> None:
        """It is over."""
        if self._grace is not None:
            self._grace.cancel()
        self._end("reset" if isinstance(error, ConnectionResetError) else "close")

    def _end(self, how: str) -> None:
        if not self._ended.done():
            self._ended.set_result(how)
