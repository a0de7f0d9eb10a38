"""One request and its response on a connection: ASGI's two calls, and a direct way past them.

Edge. `send` and `receive` are what any ASGI application expects; the methods of the direct way
(`take_body`, `reply`, `start`, `write`, `abort`, `watch`) let an application that finds the cycle in its
scope answer without a message, a copy or an await. Both ways end in the same state.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

EXTENSION = "llm_simulator.direct"
"""The key under `scope["extensions"]`."""
_OVER = {"http_version": "1.1", "method": ""}
"""The scope of a request that is over."""
_AT_ONCE = struct.pack("ii", 1, 0)
"""On, and no second."""
RESET_SECONDS = 1.0
"""How long a reset waits for a client that reads slowly."""
RESET_LOOK_SECONDS = 0.001
log = logging.getLogger("supervisor.http")


class Connection(Protocol):
    """What a cycle needs of the connection that it is on."""

    transport: asyncio.Transport
    flow: FlowControl

    def common_headers(self) -> bytes:
        """The lines that stand on every response."""

    def keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Carry a waiting request on as a task."""

    def on_response_complete(self) -> None:
        """The response of the current cycle is complete."""


class Cycle:
    """A request from its head to the end of its response."""

    __slots__ = (
        "_connection", "_event", "_flow", "_length", "_lost", "_told", "body", "chunked", "expects_continue",
        "gone", "keep_alive", "more_body", "response_complete", "response_started", "scope", "started", "transport",
    )  # fmt: skip

    def __init__(self, connection: Connection, scope: Any, *, keep_alive: bool, expects_continue: bool) -> None:
        self._connection = connection
        self._flow = connection.flow
        self.transport = connection.transport
        self.scope = scope
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.body: bytes | bytearray = b""
        self.more_body = True
        self.started = False
        self.gone = False
        self.response_started = False
        self.response_complete = False
        self.chunked = False
        self._length: int | None = None
        self._event: asyncio.Event | None = None
        self._lost: Callable[[], None] | None = None
        self._told = False

    # The direct way.

    @property
    def paused(self) -> bool:
        """Whether the write buffer is above its high-water mark."""
        return self._flow.write_paused

    def take_body(self) -> bytes | None:
        """The body, if all of it is here."""
        return None if self.more_body else bytes(self.body)

    def reply(self, status: int, headers: bytes, body: bytes) -> None:
        """A whole response in one write."""
        if self.gone:
            return
        self.response_started = True
        # RFC 9110 9.3.2: no body follows the head of a HEAD's answer, or the client takes it for the next response.
        self.transport.write(self._head(status, headers, b"" if self.scope["method"] == "HEAD" else body))
        self._complete()

    def start(self, status: int, headers: bytes, first: bytes, *, last: bool = False) -> bool:
        """The head of a streamed response and its first bytes in one write; with `last` they are all of it."""
        if self.gone:
            return False
        self.response_started = True
        if self.scope["http_version"] == "1.0":
            # RFC 9112 6.1: no chunks for a 1.0 client; the end of the connection ends the body.
            self.keep_alive = False
            self.transport.write(self._head(status, headers, first))
        else:
            self.chunked = True
            self.transport.write(
                self._head(status, headers + b"transfer-encoding: chunked\r\n", self._chunk(first, last=last))
            )
        if last:
            self._complete()
        return self._flow.write_paused

    def write(self, data: bytes, *, last: bool = False) -> bool:
        """A chunk; with `last` the response is complete."""
        if self.gone:
            return False
        if last:
            self.transport.write(self._chunk(data, last=True) if self.chunked else data)
            self._complete()
        else:
            # Every token of every stream passes here: no call that can be spared.
            self.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)
        return self._flow.write_paused

    def begin(self, status: int, headers: bytes, first: bytes) -> None:
        """A head as it is given, and what follows it."""
        if self.gone:
            return
        self.response_started = True
        self.transport.write(self._head(status, headers, first))

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        if not self.gone:
            self.transport.write(data)

    def finish(self, *, close: bool) -> None:
        """The response is complete, whatever was sent of it."""
        if self.gone:
            return
        if close:
            self.response_started = True
            self.keep_alive = False
        self._complete()

    def reset(self) -> None:
        """End the connection with a RST, once what was written before has left this process."""
        if self.gone:
            return
        self.gone = True
        self.response_started = True
        loop = asyncio.get_running_loop()
        # In a turn of its own: uvloop writes what is queued at the end of this one.
        loop.call_soon(self._reset, loop, loop.time() + RESET_SECONDS)

    def _reset(self, loop: asyncio.AbstractEventLoop, deadline: float) -> None:
        transport = self.transport
        if transport.get_write_buffer_size() and not transport.is_closing() and loop.time() < deadline:
            loop.call_later(RESET_LOOK_SECONDS, self._reset, loop, deadline)
            return
        connection = transport.get_extra_info("socket")
        if connection is not None and not transport.is_closing():
            # socket(7): closed with a linger of no time, what is queued is dropped and the peer is sent a RST.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()

    def abort(self) -> None:
        """Close without completing."""
        self.gone = True
        self.response_started = True
        self.transport.abort()

    def watch(self, lost: Callable[[], None] | None) -> None:
        """Tell when the client leaves."""
        self._lost = lost

    # ASGI.

    async def receive(self) -> dict[str, Any]:
        """The body as it comes, then the client's departure."""
        if self.expects_continue and not self.response_started:
            self.expects_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # Whoever asks again after the last part waits for the departure.
        while not (self.body or self.gone or self.response_complete) and (self.more_body or self._told):
            self._event = asyncio.Event()
            self._flow.resume_reading()
            await self._event.wait()
        if self.gone or self.response_complete:
            return {"type": "http.disconnect"}
        self._told = not self.more_body
        body, self.body = self.body, b""
        return {"type": "http.request", "body": bytes(body), "more_body": self.more_body}

    async def send(self, message: Any) -> None:
        """A message of the response. Waits while the client reads too slowly."""
        if self._flow.write_paused and not self.gone:
            await self._flow.drain()
        if self.gone:
            return
        kind = message["type"]
        if not self.response_started:
            if kind != "http.response.start":
                raise RuntimeError(f"expected http.response.start, got {kind}")
            self._send_head(message["status"], message.get("headers", ()))
        elif self.response_complete or kind != "http.response.body":
            raise RuntimeError(f"unexpected {kind}")
        else:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))

    # The application's run.

    def run(self, app: Any) -> None:
        """Start the application, and follow it to its end.

        It runs at once, up to where it first waits: most requests never do, and so need no task.
        """
        self.started = True
        follow = self._follow(app)
        try:
            waits_for = follow.send(None)
        except StopIteration:
            return
        self._connection.keep(_Resumed(follow, waits_for).run())

    def lose(self) -> None:
        """The connection is lost."""
        self.gone = True
        lost, self._lost = self._lost, None
        if lost is not None:
            lost()
        self.wake()

    def wake(self) -> None:
        """Something that `receive` waits for has happened."""
        if self._event is not None:
            self._event.set()

    async def _follow(self, app: Any) -> None:
        try:
            await app(self.scope, self.receive, self.send)
            if not (self.response_complete or self.gone):
                log.error("the application returned without completing its response")
                self.transport.close()
        except Exception:
            log.exception("the application failed")
            if self.response_started:
                self.transport.close()
            else:
                self.keep_alive = False
                self.reply(500, b"content-type: text/plain\r\ncontent-length: 21\r\n", b"Internal Server Error")
        finally:
            # The scope holds the cycle and the cycle the scope: let go, or each request waits for the collector.
            self.scope = _OVER

    def _send_head(self, status: int, headers: Any) -> None:
        lines = []
        for name, value in headers:
            lower = name.lower()
            if lower == b"content-length":
                self._length = int(value)
            elif lower == b"connection":
                self.keep_alive = self.keep_alive and b"close" not in value.lower()
                continue
            if b"\n" in value or b"\r" in value or b"\0" in value:
                raise RuntimeError(f"a header value of {name!r} would end its line")
            lines.append(b"%b: %b\r\n" % (name, value))
        self.response_started = True
        if self._length is None and status not in (204, 304):
            if self.scope["http_version"] == "1.0":
                self.keep_alive = False
            else:
                self.chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
        self.transport.write(self._head(status, b"".join(lines), b""))

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] != "HEAD":
            if self.chunked:
                self.transport.write(self._chunk(body, last=not more))
            else:
                self._count(len(body), more=more)
                self.transport.write(body)
        if not more:
            self._complete()

    @staticmethod
    def _chunk(data: bytes, *, last: bool) -> bytes:
        if last:
            return b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        # A chunk of no length would end the body.
        return b"%x\r\n%b\r\n" % (len(data), data) if data else b""

    def _count(self, size: int, *, more: bool) -> None:
        if self._length is None:
            return
        self._length -= size
        if self._length < 0 or (self._length and not more):
            raise RuntimeError("the body is not as long as its content-length")

    def _head(self, status: int, headers: bytes, body: bytes) -> bytes:
        return b"%b%b%b%b%b" % (
            STATUS_LINE[status],
            self._connection.common_headers(),
            headers,
            b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n",
            body,
        )

    def _complete(self) -> None:
        self.response_complete = True
        self.wake()
        if not self.keep_alive:
            self.transport.close()
        self._connection.on_response_complete()


class _Resumed:
    """A coroutine that has run to its first wait, made into one that a task can carry on."""

    __slots__ = ("_coroutine", "_waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    async def run(self) -> None:
        """What the task runs."""
        await self

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for, coroutine = self._waits_for, self._coroutine
        while True:
            error: BaseException | None = None
            try:
                yield waits_for
            except BaseException as raised:  # noqa: BLE001 - cancellation too goes to the coroutine that waits
                error = raised
            try:
                waits_for = coroutine.send(None) if error is None else coroutine.throw(error)
            except StopIteration:
                return
