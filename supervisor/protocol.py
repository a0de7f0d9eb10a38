"""The worker's HTTP protocol: uvicorn's httptools protocol with a direct way to the connection.

Edge. Three things differ from uvicorn's own:

- The scope offers `extensions["llm_simulator.direct"]`, through which a response leaves in one write and
  streamed frames go straight to the transport.
- A request whose body is small starts when its body is complete, so the application need not await it.
- One recurring timer a connection replaces the timers a request: it ends connections that are idle beyond
  keep-alive, and those that have begun a request and do not finish sending it (uvicorn has no deadline for
  head or body).

It knows nothing of what is said on the connection.
"""

import asyncio
import urllib.parse
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

EXTENSION = "llm_simulator.direct"
RECEIVE_SECONDS = 30.0
"""How long a client may take from a request's first byte to its last."""
CHECK_SECONDS = 5.0
MAX_HEADER_BYTES = 65_536
"""Head of one request: names and values and URL together; beyond it the answer is 431."""


class Cycle(RequestResponseCycle):
    """One request and its response; also the `Direct` of that request."""

    def __init__(self, protocol: "LLMProtocol", scope: Any, *, keep_alive: bool, expect_100_continue: bool) -> None:
        super().__init__(
            scope=scope,
            transport=protocol.transport,
            flow=protocol.flow,
            logger=protocol.logger,
            access_logger=protocol.access_logger,
            access_log=protocol.access_log,
            default_headers=protocol.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=expect_100_continue,
            keep_alive=keep_alive,
            on_response=protocol.on_response_complete,
        )
        self._lost: Callable[[], None] | None = None
        self.started = False

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self.disconnected

    @property
    def paused(self) -> bool:
        """Whether the write buffer is above its high-water mark."""
        return self.flow.write_paused

    def take_body(self) -> bytes | None:
        """The body, if all of it is here."""
        if self.more_body:
            return None
        body, self.body = self.body, bytearray()
        return bytes(body)

    def reply(self, status: int, headers: bytes, body: bytes) -> None:
        """A whole response in one write."""
        if self.disconnected:
            return
        self.response_started = True
        self.transport.write(self._head(status, headers, body))
        self._complete()

    def start(self, status: int, headers: bytes, first: bytes) -> None:
        """The head of a chunked response and its first bytes in one write."""
        if self.disconnected:
            return
        self.response_started = True
        if self.scope["http_version"] == "1.0":
            # RFC 9112 6.1: no chunks for a 1.0 client; the end of the connection ends the body.
            self.chunked_encoding = False
            self.keep_alive = False
            self.transport.write(self._head(status, headers, first))
            return
        self.chunked_encoding = True
        chunk = b"%x\r\n%b\r\n" % (len(first), first) if first else b""
        self.transport.write(self._head(status, headers + b"transfer-encoding: chunked\r\n", chunk))

    def write(self, data: bytes) -> None:
        """A chunk."""
        if not self.disconnected:
            self.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked_encoding else data)

    def finish(self) -> None:
        """The last chunk."""
        if self.disconnected:
            return
        if self.chunked_encoding:
            self.transport.write(b"0\r\n\r\n")
        self._complete()

    def abort(self) -> None:
        """Close without completing."""
        self.disconnected = True
        self.response_started = True
        self.transport.abort()

    def watch(self, lost: Callable[[], None] | None) -> None:
        """Tell when the client leaves."""
        self._lost = lost

    def lose(self) -> None:
        """The connection is lost."""
        self.disconnected = True
        lost, self._lost = self._lost, None
        if lost is not None:
            lost()

    def _head(self, status: int, headers: bytes, body: bytes) -> bytes:
        parts = [STATUS_LINE[status]]
        for name, value in self.default_headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(headers)
        parts.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        parts.append(body)
        return b"".join(parts)

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class LLMProtocol(HttpToolsProtocol):
    """One connection."""

    cycle: Cycle

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._clock = self.loop.time
        self._since = self._clock()
        self._receiving = True
        self._head_bytes = 0
        self._check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the watch over the connection."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows asyncio's own type
        self._check = self.loop.call_later(CHECK_SECONDS, self._watch)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request of the connection that its client has left."""
        if self._check is not None:
            self._check.cancel()
            self._check = None
        super().connection_lost(exc)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.lose()
        for cycle, _ in self.pipeline:
            cycle.disconnected = True
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a fault of its grammar ends only this connection."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, HeadTooLarge):
                self._refuse(431, "Request header fields too large.")
            else:
                self._refuse(400, "Invalid HTTP request received.")
        except httptools.HttpParserUpgrade:
            # RFC 9110 7.8: a server may ignore an upgrade it does not support.
            self._refuse(400, "Upgrades are not supported.")

    def on_message_begin(self) -> None:
        """A request begins; its deadline with it."""
        self._since = self._clock()
        self._receiving = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Part of the URL."""
        self._grow(len(url))
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._grow(len(name) + len(value))
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete: the request starts here if its body is long, else when that is complete."""
        scope: Any = self.scope
        parser = self.parser
        version = parser.get_http_version()
        scope["method"] = parser.get_method().decode("ascii")
        scope["http_version"] = version
        url = httptools.parse_url(self.url)
        raw_path = url.path or b"/"
        path = raw_path.decode("ascii", "replace")
        scope["raw_path"] = raw_path
        scope["path"] = urllib.parse.unquote(path) if "%" in path else path
        scope["query_string"] = url.query or b""
        previous = self.cycle
        cycle = Cycle(
            self,
            scope,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            expect_100_continue=self.expect_100_continue,
        )
        scope["extensions"] = {EXTENSION: cycle}
        self.cycle = cycle
        if previous is not None and not previous.response_complete:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
            cycle.started = True
        elif self.expect_100_continue or self._long_body():
            self._start(cycle)

    def on_body(self, body: bytes) -> None:
        """Part of the body."""
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._receiving = False
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.more_body = False
        cycle.message_event.set()
        if not cycle.started:
            self._start(cycle)

    def on_response_complete(self) -> None:
        """A response is complete: the next pipelined request starts, or the connection idles."""
        self.server_state.total_requests += 1
        self._since = self._clock()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, _ = self.pipeline.pop()
            self._start(cycle)  # type: ignore[arg-type]  # every cycle of this protocol is a Cycle

    def _long_body(self) -> bool:
        """Whether the body is too long, or its length unknown, to wait for it before starting."""
        for name, value in self.headers:
            if name == b"content-length":
                return not value.isdigit() or len(value) > 9 or int(value) > HIGH_WATER_LIMIT
            if name == b"transfer-encoding":
                return True
        return False

    def _start(self, cycle: Cycle) -> None:
        cycle.started = True
        self._start_asgi_task(cycle, self.app)

    def _grow(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES:
            raise HeadTooLarge

    def _refuse(self, status: int, message: str) -> None:
        """An answer to what is not HTTP, so in no provider's shape; then the connection ends."""
        if self.transport is None or self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # Bytes of another response may be on their way: nothing can be said without garbling it.
            self.cycle.lose()
            self.transport.close()
            return
        body = message.encode("ascii")
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        self.transport.close()

    def _watch(self) -> None:
        """End the connection if its client keeps it without using it, or sends too slowly."""
        self._check = self.loop.call_later(CHECK_SECONDS, self._watch)
        cycle = self.cycle
        if cycle is not None and cycle.started and not cycle.response_complete and not cycle.more_body:
            return
        waited = self._clock() - self._since
        if self._receiving:
            if waited > RECEIVE_SECONDS:
                if cycle is not None and not cycle.response_complete:
                    cycle.lose()
                self.transport.close()
        elif waited > self.timeout_keep_alive:
            self.transport.close()


class HeadTooLarge(Exception):  # noqa: N818 - raised into the parser to stop it
    """The head of a request is beyond `MAX_HEADER_BYTES`."""
