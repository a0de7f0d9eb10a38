"""What each worker does by itself: look whether something else holds, and whether the configuration's file changed.

Edge of the loop and the file system. Requests do not wait for it: each compares for itself. It is for workers that
have no request, and for sources that nobody tells of.
"""

import asyncio
import logging

from simulator.config.load import Stamp, stamp_of
from simulator.server.context import House
from simulator.server.control.again import reload_sources
from simulator.server.control.keeper import line_of
from simulator.state.board import Column, SlotState

log = logging.getLogger("simulator.control")

BEAT_SECONDS = 0.05


class Pulse:
    """The timer of one worker, from `start` to `stop`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._look_at = 0.0
        self._waiting: Stamp | None = None
        self._refused: Stamp | None = None

    def start(self) -> None:
        """Begin, in the worker's loop: the worker is in step when this returns."""
        self._house.turn()
        self._timer = asyncio.get_running_loop().call_later(BEAT_SECONDS, self._beat)

    async def stop(self) -> None:
        """End; a reload that is under way is ended with it."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _beat(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(BEAT_SECONDS, self._beat)
        house = self._house
        _ = house.turn() if house.keeper.shared.changed() else house.live
        watch = house.config.watch
        now = house.clock()
        if not watch.enabled or now < self._look_at or self._task is not None:
            return
        self._look_at = now + watch.interval_secs
        if self._is_first():
            self._look()

    def _is_first(self) -> bool:
        """Whether this worker serves and has the lowest ordinal of those that do: one a fleet looks at the file."""
        board, slot = self._house.slot.board, self._house.slot
        if self._house.row[Column.STATE] != SlotState.READY:
            return False
        return not any(
            SlotState.READY in (row[Column.STATE] for row in board.seats(ordinal)) for ordinal in range(slot.ordinal)
        )

    def _look(self) -> None:
        """Read a changed file again once it has stayed as it is for one interval."""
        keeper = self._house.keeper
        stamp = stamp_of(keeper.base.path)
        if stamp is None or stamp == keeper.base.stamp:
            self._waiting = None
            if stamp is not None and keeper.shared.problem:
                self._complain("")
        elif stamp != self._waiting:
            self._waiting = stamp
        elif stamp != self._refused:
            self._task = asyncio.get_running_loop().create_task(self._reload(stamp))

    async def _reload(self, stamp: Stamp) -> None:
        try:
            await reload_sources(self._house)
        except Exception as error:  # noqa: BLE001 - nobody else would tell; what runs goes on
            self._refused = stamp
            reason = line_of(error)
            log.error("the changed configuration is not taken up and the running one stays: %s", reason)  # noqa: TRY400
            self._complain(f"the changed configuration was not taken up: {reason}")
        finally:
            self._task = None

    def _complain(self, reason: str) -> None:
        try:
            self._house.keeper.shared.complain(reason)
        except OSError as error:
            log.warning("the state folder cannot be written: %s", error)
