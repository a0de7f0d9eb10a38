"""What the embedded store does from time to time, in the worker's loop. Edge: a task and a thread.

Every second a tick; where the state must outlast a loss of power, a flush every few seconds, in a thread, since the
disk may take its time.
"""

import asyncio
import logging
from collections.abc import Callable

from simulator.state.store import StoreUnavailable

log = logging.getLogger("simulator.state")

TICK_S = 1.0
FLUSH_TICKS = 5


class Upkeep:
    """Calls `tick` in the loop and, if there is one, `flush` in a thread."""

    def __init__(self, tick: Callable[[], None], flush: Callable[[], None] | None) -> None:
        self._tick = tick
        self._flush = flush
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="upkeep of the shared state")

    async def stop(self) -> None:
        """End, after a flush that may be under way, with a last one."""
        self._stopped.set()
        if self._task is not None:
            await self._task
        await self._flushed()

    async def _run(self) -> None:
        ticks = 0
        while not await self._pause():
            ticks += 1
            try:
                self._tick()
            except StoreUnavailable as error:
                log.error("%s", error)  # noqa: TRY400 - the message is meant for the operator, the place is not
            if ticks % FLUSH_TICKS == 0:
                await self._flushed()

    async def _pause(self) -> bool:
        """Wait for the next tick; whether the end came first."""
        try:
            async with asyncio.timeout(TICK_S):
                await self._stopped.wait()
        except TimeoutError:
            return False
        return True

    async def _flushed(self) -> None:
        if self._flush is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._flush)
