"""The worker's HTTP protocol: uvicorn's httptools protocol, leaner, with a direct way to the connection.

Edge. What differs from uvicorn's own:

- The scope offers the request's `Cycle` as `extensions["llm_simulator.direct"]`, through which a response leaves in
  one write and streamed frames go straight to the transport.
- A request whose body is small starts when its body is complete, so the application need not await it, and a
  task is only made for an application that waits.
- One recurring timer a connection replaces the timers a request: it ends connections that are idle beyond
  keep-alive, and those that have begun a request and do not finish sending it (uvicorn has no deadline for
  head or body, and no limit of the head).

It knows nothing of what is said on the connection.
"""

import asyncio
import urllib.parse
from collections import deque
from collections.abc import Coroutine
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from supervisor.cycle import EXTENSION, Cycle

RECEIVE_SECONDS = 30.0
"""How long a client may take from a request's first byte to its last."""
CHECK_SECONDS = 5.0
MAX_HEAD_BYTES = 65_536
"""Request line and headers together; beyond it the answer is 431."""
_ASGI = {"version": "3.0", "spec_version": "2.3"}


class LLMProtocol(HttpToolsProtocol):
    """One connection."""

    write_timeout = 30.0
    """Seconds that a complete response may lie unread while its client reads nothing of it."""
    leaving = False
    """Whether the server leaves: every response that begins is then the last of its connection, and says so."""
    cycle: Cycle | None  # type: ignore[assignment]  # leaner than uvicorn's, with the same part in the protocol

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
        self._in_head = True
        self._head_bytes = 0
        self._read = 0
        self._unmeasured = 0
        self._too_large = False
        self._check: asyncio.TimerHandle | None = None
        self._waiting: deque[Cycle] = deque()
        self._running: Cycle | None = None
        self._unread = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the watch over the connection."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows asyncio's own type
        self._check = self.loop.call_later(CHECK_SECONDS, self._watch)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request of the connection that its client has left."""
        self.connections.discard(self)
        if self._check is not None:
            self._check.cancel()
            self._check = None
        self._waiting.clear()
        self._lose()
        self.flow.resume_writing()
        self.parser = None  # type: ignore[assignment]  # nothing more is fed; uvicorn lets it go here too
        if exc is None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a fault of its grammar ends only this connection."""
        if self._in_head:
            self._head_bytes += len(data)
        # At most so many bytes can a head have that ends in this read; only beyond the limit is it measured.
        self._read = len(data)
        self._unmeasured += self._read
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            if self._too_large:
                self._refuse(431, b"Request header fields too large.")
            else:
                self._refuse(400, b"Invalid HTTP request received.")
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        else:
            if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, b"Request header fields too large.")

    def on_message_begin(self) -> None:
        """A request begins; its deadline with it."""
        self._since = self._clock()
        self._receiving = True
        self._in_head = True
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_url(self, url: bytes) -> None:
        """Part of the URL."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete: the request starts here if its body is long, else when that is complete."""
        self._in_head = False
        self._head_bytes = 0
        unmeasured, self._unmeasured = self._unmeasured, self._read
        if unmeasured > MAX_HEAD_BYTES:
            size = len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers])
            if size > MAX_HEAD_BYTES:
                self._too_large = True
                raise ValueError("the head is too large")  # ends the parser, which tells `data_received`
        parser = self.parser
        if parser.should_upgrade():
            return  # it comes again, without its upgrade
        version = parser.get_http_version()
        target = self.url
        raw_path, mark, query = target.partition(b"?")
        if mark or not raw_path.startswith(b"/"):
            parsed = httptools.parse_url(target)
            raw_path, query = parsed.path or b"/", parsed.query or b""
        path = raw_path.decode("ascii", "replace")
        scope: Any = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": parser.get_method().decode("ascii"),
            "root_path": "",
            "path": urllib.parse.unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
            "state": self.app_state,
        }
        previous = self.cycle
        cycle = Cycle(
            self,
            scope,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            expects_continue=self.expect_100_continue,
        )
        scope["extensions"] = {EXTENSION: cycle}
        self.cycle = cycle
        if previous is not None and not previous.response_complete:
            self.flow.pause_reading()
            self._waiting.append(cycle)
        elif self.expect_100_continue or self._long_body():
            self._run(cycle)

    def on_body(self, body: bytes) -> None:
        """Part of the body."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return
        if cycle.body:
            # Bytes on bytes would copy the whole body again for every part.
            if isinstance(cycle.body, bytes):
                cycle.body = bytearray(cycle.body)
            cycle.body += body
        else:
            cycle.body = body
        if len(cycle.body) > HIGH_WATER_LIMIT and cycle.started:
            self.flow.pause_reading()
        cycle.wake()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._receiving = False
        self._in_head = True
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return
        cycle.more_body = False
        cycle.wake()
        if not cycle.started and not self._waiting:
            self._run(cycle)

    def on_response_complete(self) -> None:
        """A response is complete: the next pipelined request starts, or the connection idles."""
        self.server_state.total_requests += 1
        self._since = self._clock()
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self._waiting:
            # In a turn of its own: a client may pipeline more requests than the stack is deep.
            self.loop.call_soon(self._next)

    def common_headers(self) -> bytes:
        """The lines that stand on every response of the server; made once for each list of them."""
        headers = self.server_state.default_headers
        made, lines = self._common
        if made is not headers:
            lines = b"".join([b"%b: %b\r\n" % header for header in headers])
            LLMProtocol._common = (headers, lines)
        return lines

    def keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run what is left of a request as a task, and let the server know it."""
        task = self.loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    @property
    def busy(self) -> bool:
        """Whether a request is complete, or begun in earnest, and its response is not."""
        return bool(self._waiting) or (self.cycle is not None and not self.cycle.response_complete)

    @property
    def quiet(self) -> bool:
        """Whether the client has got an answer to all that it has sent, and has sent something."""
        return not (self.busy or self._receiving)

    def idle_since(self) -> float | None:
        """Since when, on the loop's clock, nothing has been asked or answered; None amid a request or response."""
        if self.busy:
            return None
        untouched = self.cycle is None and self._in_head and not self._head_bytes
        return self._since if untouched or not self._receiving else None

    def leave(self) -> None:
        """The server leaves: the response that is about to begin is the connection's last.

        An idle connection stays: its client may be sending at this very moment, and would lose the request. One whose
        response began with the promise to stay open becomes idle after it.
        """
        cycle = self._running
        if cycle is not None and not cycle.response_started and not self._waiting:
            cycle.keep_alive = False

    _common: tuple[Any, bytes] = (None, b"")

    def _run(self, cycle: Cycle) -> None:
        """Start a request. `self.cycle` is the latest, which waits for its turn where a client pipelines."""
        if self.leaving:
            if self.transport.is_closing():
                return  # what follows a last response is not answered (RFC 9112 9.6)
            cycle.keep_alive = cycle.keep_alive and bool(self._waiting)
        self._running = cycle
        cycle.run(self.app)

    def _lose(self) -> None:
        """Tell the request that is being answered, and the latest, that their client has left."""
        for cycle in (self._running, self.cycle):
            if cycle is not None and not cycle.response_complete:
                cycle.lose()

    def _next(self) -> None:
        if self._waiting and not self.transport.is_closing():
            self._run(self._waiting.popleft())

    def _long_body(self) -> bool:
        """Whether the body is too long, or its length unknown, to wait for it before starting."""
        for name, value in self.headers:
            if name == b"content-length":
                return len(value) > 5 or not value.isdigit() or int(value) > HIGH_WATER_LIMIT
            if name == b"transfer-encoding":
                return True
        return False

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Serve the request as if it had asked for no upgrade (RFC 9110 7.8); `rest` is what follows its head.

        Java's HttpClient asks every server for h2c. The parser skips the body of such a request, so it is given the
        head again without the upgrade.
        """
        parser = self.parser
        method = parser.get_method()
        if method == b"CONNECT":
            self._refuse(400, b"Tunnels are not supported.")
            return
        kept = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        head = b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, parser.get_http_version().encode(), b"".join(kept))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        self._in_head = True
        self.data_received(head + rest)

    def _refuse(self, status: int, message: bytes) -> None:
        """An answer to what is not HTTP, so in no provider's shape; then the connection ends."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        silent = False
        if cycle is not None and not cycle.response_complete:
            # Bytes of another response may be on their way, or be due first: an answer would be taken for that one.
            silent = bool(self._waiting) or cycle.response_started or not cycle.more_body
            self._lose()
        if not silent:
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
                % (len(message), message)
            )
        self.transport.close()

    def _watch(self) -> None:
        """End the connection if its client keeps it without using it, or sends too slowly."""
        self._check = self.loop.call_later(CHECK_SECONDS, self._watch)
        running = self._running
        if running is not None and not running.response_complete and not running.more_body:
            return
        waited = self._clock() - self._since
        if self._receiving:
            if waited > RECEIVE_SECONDS:
                self._lose()
                self.transport.close()
            return
        unread = self.transport.get_write_buffer_size()
        if unread != self._unread:
            self._unread = unread
            self._since = self._clock()
        elif unread and waited > self.write_timeout:
            # Closing would wait for a client that does not read its last response.
            self.transport.abort()
        elif not unread and waited > self.timeout_keep_alive:
            self.transport.close()
