"""One worker's HTTP server: uvicorn's, with our signals, our accept, our heartbeat and our way to leave.

Edge. Promises to operators:

- While a predecessor holds the slot the worker waits, started but without accepting, until it is let go.
- TERM: the worker leaves and loses no request: with the fleet if that stops, by itself while others serve
  (`supervisor.departure`). INT and QUIT stop quickly: running responses are cut.
- The heartbeat comes from the event loop, also while draining: a blocked loop is seen, a slow stream is not.
- When the supervisor is gone the worker leaves within five seconds, whatever its loop does.

It knows nothing of what is served.
"""

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any, cast

import uvicorn

from simulator.config import schema
from simulator.state.board import Column, Order, Shared, SlotState, Stopping
from simulator.state.slot import Slot
from supervisor.accept import Acceptor
from supervisor.deadlines import lifetime
from supervisor.departure import Departure, Way
from supervisor.memory import Tide
from supervisor.parent import ORPHAN_LIMIT_SECONDS, Parent
from supervisor.protocol import LLMProtocol
from supervisor.refusing import Gate

log = logging.getLogger("supervisor.server")

BEAT_SECONDS = 0.5
STANDBY_SECONDS = 0.001
"""Between two looks at whether the predecessor has let go; a loop's timers are no finer."""
SHUTDOWN_SECONDS = 1.0
"""How long the application may take to stop; half of it where the worker must leave quickly."""
SWITCH_MARGIN_SECONDS = 15.0
"""Beyond the supervisor's own limit the kernel ends a worker whose loop no longer runs, so that one without a
supervisor does not live for ever, even where the system tells nobody of a parent's death."""
LONGEST_SWITCH_SECONDS = 1_000_000.0


class StartError(Exception):
    """The application did not start; it has told why in the log."""


class Server(uvicorn.Server):
    """Serve one application on shared listening sockets until told to stop.

    `ready` is called when connections are accepted. `parent` is None where there is no supervisor; a TERM then stops
    as it stops a fleet, and a second one stops quickly.
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
        self._orphaned = False
        self._acceptors: list[Acceptor] = []
        self._app = app
        self._gate = Gate(())
        self._protocol: type[LLMProtocol] = LLMProtocol
        state = self.server_state
        connections = cast("set[LLMProtocol]", state.connections)
        self._departure = Departure(app, connections, state.tasks, settings)
        self._lifetime = lifetime(settings, slot.shard, slot.home[Column.SEQUENCE])
        self._tide = Tide()
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
            await self._departure.wait()
            self._protocol.leaving = True
            self._row[Column.STATE] = SlotState.DRAINING
            await self._departure.run(self._acceptors, sockets or ())
            await self._end()
        finally:
            for timer in self._timers.values():
                timer.cancel()
            if self._parent is not None:
                self._parent.watch(0)

    async def _boot(self, listeners: Sequence[socket.socket]) -> None:
        config = self.config
        config.load()
        self.lifespan = config.lifespan_class(config)
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise StartError("the application's start failed; the log tells why")
        factory = self._factory()
        await self._standby()
        if self._departure.told:
            return
        limit = self._settings.max_connections
        self._acceptors = [
            Acceptor(self._loop, listener, self._slot, factory, max_connections=limit) for listener in listeners
        ]
        for acceptor in self._acceptors:
            acceptor.start()
        self._gate = Gate(self._acceptors)
        self._ask_refusal()
        self.started = True
        row = self._row
        row[Column.BOOTED_NS] = time.monotonic_ns()
        row[Column.STATE] = SlotState.READY
        self._ready()

    async def _standby(self) -> None:
        """Until the slot is this worker's."""
        row = self._row
        if row[Column.ORDER] == Order.WAIT:
            row[Column.STATE] = SlotState.STANDBY
        while row[Column.ORDER] == Order.WAIT and not self._departure.told:  # noqa: ASYNC110 - what is awaited is a cell
            await asyncio.sleep(STANDBY_SECONDS)

    def _factory(self) -> Callable[[], asyncio.BaseProtocol]:
        """A maker of protocols that take themselves off the board when their connection is lost."""
        row, look = self._row, self._departure.look

        class Counted(LLMProtocol):
            write_timeout = self._settings.write_timeout_secs

            def connection_lost(self, exc: Exception | None) -> None:
                row[Column.CONNECTIONS] -= 1
                super().connection_lost(exc)
                look()

        self._protocol = Counted
        config, state, app_state, loop = self.config, self.server_state, self.lifespan.state, self._loop
        return lambda: Counted(config, state, app_state, loop)

    async def _end(self) -> None:
        """Have the application stop."""
        seconds = SHUTDOWN_SECONDS / 2 if self._departure.quick or self._orphaned else SHUTDOWN_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self.lifespan.shutdown()
        except TimeoutError:
            log.warning("the application did not stop within %g s", seconds)

    def _told(self, number: signal.Signals) -> None:
        """A signal; runs in the event loop."""
        self._look_for_parent()
        shared = self._slot.board.shared
        if number != signal.SIGTERM or (self._parent is None and self._departure.told):
            self._departure.tell(Way.QUICK)
        elif self._parent is None:
            shared[Shared.STOPPING] = Stopping.STOP
            self._departure.tell(Way.STOP)
        else:
            self._departure.tell(Way.STOP if shared[Shared.STOPPING] == Stopping.STOP else Way.RETIRE)

    def _look_for_parent(self) -> None:
        if self._parent is None or self._orphaned or self._parent.alive:
            return
        self._orphaned = True
        log.error("the supervisor is gone; this worker leaves within %g s", ORPHAN_LIMIT_SECONDS)
        self._departure.tell(Way.ORPHAN)

    def _beat(self) -> None:
        self._row[Column.HEARTBEAT_NS] = time.monotonic_ns()
        self._tide.look(self._row[Column.CONNECTIONS])
        if self._lifetime and self.server_state.total_requests >= self._lifetime:
            self._row[Column.SPENT] = 1
        if self._parent is not None:
            self._look_for_parent()
            limit = min(self._settings.heartbeat_timeout_secs, LONGEST_SWITCH_SECONDS) + SWITCH_MARGIN_SECONDS
            self._parent.watch(limit)
        self._later(BEAT_SECONDS, self._beat)
        self._ask_refusal()

    def _ask_refusal(self) -> None:
        """Have the application tell whether connections are refused: at the start, and again with every beat."""
        tell_refusal: Callable[[Callable[[bool], None]], None] | None = getattr(self._app, "tell_refusal", None)
        if tell_refusal is not None and self._acceptors:
            tell_refusal(self._gate.tell)

    def _tell_date(self) -> None:
        """Renew the `date` header at every turn of the second."""
        now = time.time()
        self.server_state.default_headers = [(b"date", formatdate(now, usegmt=True).encode())]
        self._later(1.0 - now % 1.0, self._tell_date)

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        self._timers[then] = self._loop.call_later(seconds, then)
