"""How a worker leaves without a lost request. Edge: connections and the clock; knows nothing of what is served.

The ways, each more urgent than the one before; a worker that leaves may be told a more urgent one:

- RETIRE, while others serve on the same sockets: accept no more; serve what still comes over kept connections, and
  say on each response that it is the last; close a connection once it was idle for the grace; let responses finish
  for at most `server.shutdown_timeout_secs` after that.
- STOP, with the whole fleet: serve everybody for `server.lame_duck_secs`, each response the last of its connection;
  then go on accepting, but have the application refuse, while responses finish for at most
  `server.shutdown_timeout_secs`.
- ORPHAN, without a supervisor: free the sockets for its successor and let responses finish for `ORPHAN_SECONDS`.
- QUICK: cut.

What has not finished in its time is ended in band by the application, then cancelled, then aborted. All waits are
bounded, and their sum is less than what the supervisor, or the parent's death, grants.
"""

import asyncio
import enum
import logging
import socket
from collections.abc import Callable, Collection, Sequence
from typing import Any

from simulator.config import schema
from supervisor.accept import Acceptor
from supervisor.deadlines import IDLE_GRACE_SECONDS, grace_of
from supervisor.protocol import LLMProtocol

log = logging.getLogger("supervisor.server")

ORPHAN_SECONDS = 2.0
"""How long an orphan's responses may go on."""
CONCLUDE_SECONDS = 0.5
"""How long responses that the application ends in band may take to be written."""
CANCEL_SECONDS = 0.5
"""How long cancelled responses may take to end."""
FLUSH_SECONDS = 0.5
"""How long what is written may take to reach the kernel when its connection closes."""
LATECOMER_SECONDS = 0.25
"""How long those who connected in the fleet's last moment have for their request, to hear that it is refused."""
POLL_SECONDS = 0.05
"""Between two looks at what still runs; a lost connection is seen at once."""


class Way(enum.IntEnum):
    """How a worker leaves, in order of urgency."""

    RETIRE = 1
    STOP = 2
    ORPHAN = 3
    QUICK = 4


class Departure:
    """One worker's way out: `tell` it, then `run` it."""

    def __init__(
        self,
        app: Any,
        connections: Collection[LLMProtocol],
        tasks: Collection[asyncio.Task[None]],
        settings: schema.Server,
    ) -> None:
        """The server's own `connections` and `tasks`, which change under our eyes.

        `app` may have the methods of `supervisor.application.Leaving`; where it has not, nothing is refused and what
        did not finish is cancelled.
        """
        self._app = app
        self._connections = connections
        self._tasks = tasks
        self._settings = settings
        self._news = asyncio.Event()
        self._way: Way | None = None
        self._acceptors: Sequence[Acceptor] = ()
        self._deadline = 0.0

    @property
    def told(self) -> bool:
        """Whether the worker is to leave."""
        return self._way is not None

    def tell(self, way: Way) -> None:
        """Leave this way, unless a more urgent one is taken already."""
        if self._way is None or way > self._way:
            self._way = way
        self._news.set()

    def look(self) -> None:
        """Something has changed, such as a lost connection."""
        self._news.set()

    async def wait(self) -> None:
        """Until told to leave."""
        while self._way is None:
            self._news.clear()
            await self._news.wait()

    async def run(self, acceptors: Sequence[Acceptor], listeners: Sequence[socket.socket]) -> None:
        """Leave. Afterwards every connection is closed. The protocols know already that their server leaves."""
        self._acceptors = acceptors
        for connection in list(self._connections):
            connection.leave()
        if self._way is Way.RETIRE:
            await self._retire()
        if self._way is Way.STOP:
            await self._lame_duck()
        if self._way in (Way.STOP, Way.ORPHAN):
            await self._finish(listeners)
        await self._close()

    @property
    def quick(self) -> bool:
        """Whether everything is cut."""
        return self._way is Way.QUICK

    async def _retire(self) -> None:
        await self._stop_accepting()
        clock = asyncio.get_running_loop().time
        idle_until = clock() + grace_of(self._settings)
        self._deadline = idle_until + self._settings.shutdown_timeout_secs
        sweep_at = 0.0
        while self._way is Way.RETIRE and self._connections and clock() < self._deadline:
            if clock() >= sweep_at:
                # Not at each piece of news: thousands of connections may be lost one by one.
                sweep_at = clock() + POLL_SECONDS
                self._sweep(clock(), idle_until)
            await self._rest(POLL_SECONDS)

    def _sweep(self, now: float, idle_until: float) -> None:
        """Close what has been idle for its grace."""
        for connection in list(self._connections):
            since = connection.idle_since()
            # A response that ends late leaves its client the same chance to have begun another request.
            if since is not None and now >= max(idle_until, since + IDLE_GRACE_SECONDS):
                connection.transport.close()

    async def _lame_duck(self) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + self._settings.lame_duck_secs
        self._deadline = until + self._settings.shutdown_timeout_secs
        while self._way is Way.STOP and (remaining := until - clock()) > 0:
            await self._rest(remaining)

    async def _finish(self, listeners: Sequence[socket.socket]) -> None:
        """Have new requests refused until the last response has finished, or its time is over."""
        clock = asyncio.get_running_loop().time
        if self._way is Way.ORPHAN:
            self._deadline = clock() + ORPHAN_SECONDS
            await self._stop_accepting()
            for listener in listeners:
                listener.close()
        self._call("refuse")
        # Two turns: a request that has already arrived on an idle connection is read, and then answered.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        while not self.quick and self._running() and (remaining := self._deadline - clock()) > 0:
            await self._rest(min(remaining, POLL_SECONDS))
        if self._way is Way.STOP:
            # Who is queued is taken in; when the last worker has closed the socket, connections are refused.
            for acceptor in self._acceptors:
                acceptor.finish()
            for listener in listeners:
                listener.close()
            await self._stop_accepting()
            await self._until(lambda: all(each.quiet or each.busy for each in self._connections), LATECOMER_SECONDS)

    async def _close(self) -> None:
        """End whatever is left."""
        await self._stop_accepting()
        running = self._running()
        if running:
            log.warning("%d responses did not finish in time and were ended", running)
            if not self.quick and self._call("conclude"):
                await self._until(lambda: not self._running(), CONCLUDE_SECONDS)
        tasks = set(self._tasks)
        if tasks:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS)
        for connection in list(self._connections):
            connection.transport.close()
        if not self.quick:
            await self._until(lambda: not self._connections, FLUSH_SECONDS)
        for connection in list(self._connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    async def _stop_accepting(self) -> None:
        for acceptor in self._acceptors:
            acceptor.stop()
        for acceptor in self._acceptors:
            await acceptor.settle()

    def _running(self) -> int:
        """Responses that are not complete."""
        return len([connection for connection in self._connections if connection.busy])

    def _call(self, name: str) -> bool:
        """One of the application's own methods, if it has it; a fault in it must not keep the worker."""
        method: Callable[[], None] | None = getattr(self._app, name, None)
        if method is None:
            return False
        try:
            method()
        except Exception:
            log.exception("the application failed while it left")
        return True

    async def _rest(self, seconds: float) -> None:
        """Until there is news, for at most `seconds`."""
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while not done() and (remaining := until - clock()) > 0:
            await self._rest(min(remaining, POLL_SECONDS / 5))
