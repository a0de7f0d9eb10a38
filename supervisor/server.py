"""One worker's HTTP server: uvicorn's, with our signals, our accept, our heartbeat and our drain.

Edge. Promises to operators:

- TERM drains: the worker accepts no more, closes idle connections, lets running responses finish for at most
  `server.shutdown_timeout_secs`, then cancels them, and returns.
- INT and QUIT stop quickly: running responses are cut.
- The heartbeat comes from the event loop, also while draining: a blocked loop is seen, a slow stream is not.
- When the supervisor is gone the worker drains for at most `ORPHAN_SECONDS`.

It knows nothing of what is served.
"""

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any

import uvicorn

from simulator.config import schema
from simulator.state.board import Column, SlotState
from simulator.state.slot import Slot
from supervisor.accept import Acceptor
from supervisor.parent import Parent
from supervisor.protocol import LLMProtocol

log = logging.getLogger("supervisor.server")

BEAT_SECONDS = 0.5
ORPHAN_SECONDS = 2.5
"""How long an orphan's responses may go on."""
CANCEL_SECONDS = 1.0
"""How long cancelled responses may take to end, and how long the application may take to stop."""
POLL_SECONDS = 0.05
"""Between two looks at what still runs while draining; a lost connection is seen at once."""
SWITCH_MARGIN_SECONDS = 15.0
"""Beyond the supervisor's own limit the kernel ends a worker whose loop no longer runs, so that even a blocked
orphan does not live for ever."""
LONGEST_SWITCH_SECONDS = 1_000_000.0


class StartError(Exception):
    """The application did not start; it has told why in the log."""


class Server(uvicorn.Server):
    """Serve one application on shared listening sockets until told to stop.

    `ready` is called when connections are accepted. `parent` is None where there is no supervisor; a second
    TERM then stops quickly.
    """

    def __init__(
        self,
        app: Any,
        slot: Slot,
        settings: schema.Server,
        *,
        parent: Parent | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=LLMProtocol,
            ws="none",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        # uvicorn annotates whole seconds, but only passes the number on to `loop.call_later`.
        config.timeout_keep_alive = settings.keep_alive_secs  # type: ignore[assignment]
        super().__init__(config)
        self._row = slot.row
        self._slot = slot
        self._settings = settings
        self._parent = parent
        self._ready = ready
        self._acceptors: list[Acceptor] = []
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        self._quick = False
        self._deadline = float("inf")
        self._orphaned = False
        self._timers: dict[Callable[[], None], asyncio.TimerHandle] = {}

    async def serve(self, sockets: Sequence[socket.socket] | None = None) -> None:
        """Run from start to the end of the drain. Raises `StartError` if the application does not start."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, self._told, number)
        self._beat()
        self._tell_date()
        try:
            await self._boot(sockets or ())
            await self._stop.wait()
            await self._drain()
        finally:
            for timer in self._timers.values():
                timer.cancel()
            signal.setitimer(signal.ITIMER_REAL, 0)

    async def _boot(self, listeners: Sequence[socket.socket]) -> None:
        config = self.config
        config.load()
        self.lifespan = config.lifespan_class(config)
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise StartError("the application's start failed; the log tells why")
        factory = self._factory()
        limit = self._settings.max_connections
        self._acceptors = [
            Acceptor(self._loop, listener, self._slot, factory, max_connections=limit) for listener in listeners
        ]
        for acceptor in self._acceptors:
            acceptor.start()
        self.started = True
        row = self._row
        row[Column.BOOTED_NS] = time.monotonic_ns()
        row[Column.STATE] = SlotState.READY
        self._ready()

    def _factory(self) -> Callable[[], asyncio.BaseProtocol]:
        """A maker of protocols that take themselves off the board when their connection is lost."""
        row, news, patience = self._row, self._news, self._settings.write_timeout_secs

        class Counted(LLMProtocol):
            write_timeout = patience

            def connection_lost(self, exc: Exception | None) -> None:
                row[Column.CONNECTIONS] -= 1
                news.set()
                super().connection_lost(exc)

        config, state, app_state, loop = self.config, self.server_state, self.lifespan.state, self._loop
        return lambda: Counted(config, state, app_state, loop)

    async def _drain(self) -> None:
        self._row[Column.STATE] = SlotState.DRAINING
        self._deadline = min(self._deadline, self._loop.time() + self._settings.shutdown_timeout_secs)
        for acceptor in self._acceptors:
            acceptor.stop()
        for acceptor in self._acceptors:
            await acceptor.settle()
        # Two turns: a request that has already arrived on an idle connection is read, and then answered.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._finish()
        await self._cancel()
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await self.lifespan.shutdown()
        except TimeoutError:
            log.warning("the application did not stop within %g s", CANCEL_SECONDS)

    async def _finish(self) -> None:
        """Wait for running responses, until the deadline or a quick stop."""
        state = self.server_state
        while (state.connections or state.tasks) and not self._quick:
            remaining = self._deadline - self._loop.time()
            if remaining <= 0:
                return
            self._news.clear()
            try:
                async with asyncio.timeout(min(remaining, POLL_SECONDS)):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _cancel(self) -> None:
        """End what still runs."""
        tasks = set(self.server_state.tasks)
        # Idle connections are closed by now, and a response need not have a task.
        running = max(len(tasks), len(self.server_state.connections))
        if running:
            log.warning("%d responses did not finish in time and were cut", running)
        if tasks:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.close()
        if self.server_state.connections:
            await asyncio.sleep(0)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    def _told(self, number: signal.Signals) -> None:
        """A signal; runs in the event loop."""
        again = self._stop.is_set()
        if number != signal.SIGTERM or (again and self._parent is None):
            self._quick = True
            self._deadline = 0.0
        self._stop.set()
        self._news.set()
        self._look_for_parent()

    def _look_for_parent(self) -> None:
        if self._parent is None or self._orphaned or self._parent.alive:
            return
        self._orphaned = True
        log.error("the supervisor is gone; this worker leaves within %g s", ORPHAN_SECONDS)
        self._deadline = min(self._deadline, self._loop.time() + ORPHAN_SECONDS)
        self._stop.set()
        self._news.set()

    def _beat(self) -> None:
        self._row[Column.HEARTBEAT_NS] = time.monotonic_ns()
        if self._parent is not None:
            self._look_for_parent()
            # SIGALRM is left to its default action, which ends the process.
            limit = min(self._settings.heartbeat_timeout_secs, LONGEST_SWITCH_SECONDS) + SWITCH_MARGIN_SECONDS
            signal.setitimer(signal.ITIMER_REAL, limit)
        self._later(BEAT_SECONDS, self._beat)

    def _tell_date(self) -> None:
        """Renew the `date` header at every turn of the second."""
        now = time.time()
        self.server_state.default_headers = [(b"date", formatdate(now, usegmt=True).encode())]
        self._later(1.0 - now % 1.0, self._tell_date)

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        self._timers[then] = self._loop.call_later(seconds, then)
