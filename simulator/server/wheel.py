"""The timing wheel: one timer a worker for everything that waits.

Edge of the clock. A sleeping task a token costs a timer, a future and a task switch each; here a deadline is one
append to the list of its millisecond, and all that is due in one turn leaves in that turn.

Rules
- A deadline is absolute, in seconds of `time.monotonic`, so a late token never delays the next.
- It is rounded to the nearest millisecond: the error is at most half a millisecond either way and has no
  bias, so distributions measured by a client keep their shape.
- An entry that raises loses only itself.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol

from simulator.server.timer import Timer, timer

TICKS = 1000
"""Slots a second."""
log = logging.getLogger("simulator.play")


class Concluded(Exception):  # noqa: N818 - it is answered, not a crash
    """The worker stops and nothing more is waited for."""


class Entry(Protocol):
    """Something that waits."""

    def due(self, now: float) -> float | None:
        """Act; return the next deadline, or None when there is none."""

    def failed(self, error: BaseException) -> None:
        """`due` has raised; nothing more is called."""

    def conclude(self) -> None:
        """The worker stops: end, whatever was still to come; nothing more is called."""


class Wheel:
    """Deadlines of one event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float] = time.monotonic,
        tell_lag: Callable[[float], None] | None = None,
        make_timer: Callable[..., Timer] = timer,
    ) -> None:
        """`tell_lag` is given, once a turn, how many seconds late its earliest deadline was."""
        self._loop = loop
        self._clock = clock
        self._tell_lag = tell_lag
        self._slots: dict[int, list[Entry]] = {}
        self._ticks: list[int] = []
        self._timer = make_timer(loop, self._fire, clock)
        self._armed: int | None = None

    def __len__(self) -> int:
        """How many entries wait."""
        return sum(map(len, self._slots.values()))

    def add(self, when: float, entry: Entry) -> None:
        """Call `entry.due` at `when`; what is past is called in the loop's next turn."""
        tick = round(when * TICKS)
        slot = self._slots.get(tick)
        if slot is not None:
            slot.append(entry)
            return
        self._slots[tick] = [entry]
        heappush(self._ticks, tick)
        if self._armed is None or tick < self._armed:
            self._arm(tick)

    def conclude(self) -> None:
        """Have every entry end."""
        slots, self._slots = self._slots, {}
        self._ticks.clear()
        self._armed = None
        self._timer.disarm()
        for entry in [entry for slot in slots.values() for entry in slot]:
            try:
                entry.conclude()
            except Exception as error:  # the outermost loop: one stream's fault is not another's
                log.exception("a stream failed")
                entry.failed(error)

    def close(self) -> None:
        """Forget every entry and let go of the loop."""
        self._slots.clear()
        self._ticks.clear()
        self._timer.close()

    def alarm(self, when: float) -> "asyncio.Future[None]":
        """A future that is done at `when`; whoever tires of waiting may complete or cancel it.

        It ends in `Concluded` if the worker stops before.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        self.add(when, _Alarm(future))
        return future

    def _arm(self, tick: int) -> None:
        self._armed = tick
        self._timer.arm(tick / TICKS)

    def _fire(self) -> None:
        ticks, slots, clock = self._ticks, self._slots, self._clock
        now = clock()
        current = int(now * TICKS + 0.5)
        if self._tell_lag is not None and ticks and ticks[0] <= current:
            self._tell_lag(max(0.0, now - ticks[0] / TICKS))
        # Only what was due when the turn began: a flood of deadlines must let the loop read and accept.
        while ticks and ticks[0] <= current:
            for entry in slots.pop(heappop(ticks)):
                try:
                    when = entry.due(now)
                except Exception as error:  # the outermost loop: one stream's fault is not another's
                    log.exception("a stream failed")
                    entry.failed(error)
                    continue
                if when is not None:
                    tick = round(when * TICKS)
                    slot = slots.get(tick)
                    if slot is not None:
                        slot.append(entry)
                    else:
                        slots[tick] = [entry]
                        heappush(ticks, tick)
            now = clock()
        if ticks:
            self._arm(ticks[0])
        else:
            self._armed = None
            self._timer.disarm()


class _Alarm:
    """A future's place in the wheel."""

    __slots__ = ("_future",)

    def __init__(self, future: "asyncio.Future[None]") -> None:
        self._future = future

    def due(self, now: float) -> None:  # noqa: ARG002 - the wheel's signature
        if not self._future.done():
            self._future.set_result(None)

    def failed(self, error: BaseException) -> None:
        if not self._future.done():
            self._future.set_exception(error)

    def conclude(self) -> None:
        self.failed(Concluded())
