"""Admission: how many requests the fleet answers at once, and how many may wait.

Edge of the board. A worker first counts a request into its own cell and then reads all cells: two workers
that do so at the same instant may both step back, but never both go over the limit. What steps back waits
in the worker's own queue, first come first served; a place is tried for whenever this worker finishes a
request, and every few milliseconds because another worker may have finished one.
"""

import asyncio
from collections import deque

from simulator.config.schema import Concurrency
from simulator.state.board import Column
from simulator.state.slot import Slot

POLL_SECONDS = 0.005
RETRY_AFTER_SECONDS = 1.0
_IN_FLIGHT = Column.IN_FLIGHT
_QUEUED = Column.QUEUED


class QueueFull(Exception):  # noqa: N818 - it is answered, not a crash
    """The fleet is full and so is its queue, or it stops. `retry_after` is in seconds."""

    def __init__(self) -> None:
        super().__init__("too many requests wait already")
        self.retry_after = RETRY_AFTER_SECONDS


class Admission:
    """One worker's gate. `enter` before a request is planned, `leave` when its response is over."""

    def __init__(self, slot: Slot, limits: Concurrency) -> None:
        self._board = slot.board
        self._row = slot.row
        self._limit = limits.max_concurrent_requests
        self._queue_size = limits.queue_size
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._poll: asyncio.TimerHandle | None = None

    def try_enter(self) -> bool:
        """Take a place if one is free and nobody waits before. Plain and fast: the common case."""
        if self._waiting:
            return False
        return self._take()

    async def enter(self) -> None:
        """Wait in the queue for a place. Raises `QueueFull` at once if the queue is full, and when the fleet stops.

        Cancelled, the request leaves the queue.
        """
        row = self._row
        row[_QUEUED] += 1
        if self._board.total(_QUEUED) > self._queue_size:
            row[_QUEUED] -= 1
            raise QueueFull
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._watch()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.leave()
            raise
        finally:
            row[_QUEUED] -= 1

    def leave(self) -> None:
        """Give the place back."""
        self._row[_IN_FLIGHT] -= 1
        if self._waiting:
            self._next()

    def resize(self, limits: Concurrency) -> None:
        """Take up other limits; who is in stays in."""
        self._limit = limits.max_concurrent_requests
        self._queue_size = limits.queue_size

    def conclude(self) -> None:
        """Let nobody wait any longer: `enter` raises `QueueFull`."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_exception(QueueFull())

    def _take(self) -> bool:
        row = self._row
        row[_IN_FLIGHT] += 1
        if self._board.total(_IN_FLIGHT) <= self._limit:
            return True
        row[_IN_FLIGHT] -= 1
        return False

    def _next(self) -> None:
        waiting = self._waiting
        while waiting:
            if waiting[0].done():
                waiting.popleft()
            elif self._take():
                waiting.popleft().set_result(None)
            else:
                break

    def _watch(self) -> None:
        if self._poll is None:
            self._poll = asyncio.get_running_loop().call_later(POLL_SECONDS, self._look)

    def _look(self) -> None:
        self._poll = None
        self._next()
        if self._waiting:
            self._watch()
