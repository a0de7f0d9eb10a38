"""All limits that are asked about in one turn of the loop, as one call. Edge.

While as many batches are under way as may be, what comes gathers in the next one: under load batches grow by
themselves, and a lone request does not wait.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from simulator.state.redis.lane import Lane
from simulator.state.redis.packing import ADMIT, RENEW, Operation, pack, unpack
from simulator.state.redis.scripts import LIMITS
from simulator.state.store import Lease

IN_FLIGHT_MOST = 2
"""Batches under way; a second one keeps Redis busy while the first one's answer is on its way."""
OPERATIONS_MOST = 512
"""Operations of one batch: Redis serves nobody else meanwhile (about 2 ms for so many)."""


class Batcher:
    """Gathers operations and sends them over the lane of the moment.

    `answered(operation, granted)` is told of each outcome in the order in which Redis came to it, before whoever
    waits goes on; `lost(operation)` of each one that may or may not have been executed; `broken(reason)` of a call
    that Redis refused. `held()` says how many of each lease this worker has.
    """

    def __init__(
        self,
        tag: bytes,
        owner: bytes,
        now_us: Callable[[], int],
        *,
        answered: Callable[[Operation, bool], None],
        lost: Callable[[Operation], None],
        broken: Callable[[str], None],
        held: Callable[[], Mapping[bytes, int]],
    ) -> None:
        self._tag = tag
        self._owner = owner
        self._now_us = now_us
        self._answered = answered
        self._lost = lost
        self._broken = broken
        self._held = held
        self._lane: Lane | None = None
        self._waiting: list[Operation] = []
        self._in_flight = 0
        self._scheduled = False
        self._renewing: Operation | None = None

    def attach(self, lane: Lane) -> None:
        """Use this lane from here on."""
        self._lane = lane
        self._in_flight = 0

    def submit(self, operation: Operation) -> None:
        """Send it with the next batch."""
        self._waiting.append(operation)
        if not self._scheduled and self._in_flight < IN_FLIGHT_MOST:
            self._scheduled = True
            operation.future.get_loop().call_soon(self._flush)

    def renew(self) -> "asyncio.Future[bool | None]":
        """Tell Redis how many of each lease are held, whatever it believes.

        Nothing else is under way when it is sent, so that the number is true when it is executed.
        """
        if self._renewing is None:
            loop = asyncio.get_running_loop()
            self._renewing = Operation(RENEW, (), (), loop.create_future())
            if not self._scheduled and self._in_flight == 0:
                self._scheduled = True
                loop.call_soon(self._flush)
        return self._renewing.future

    def abandon(self) -> None:
        """Nothing that waits is sent any more: all of it is lost."""
        waiting, self._waiting = self._waiting, []
        if self._renewing is not None:
            waiting.append(self._renewing)
            self._renewing = None
        for operation in waiting:
            self._lose(operation)

    def _flush(self) -> None:
        self._scheduled = False
        lane = self._lane
        if lane is None or lane.ended:
            self.abandon()
            return
        batch: list[Operation] = []
        if self._renewing is not None:
            if self._in_flight:
                return
            renewing, self._renewing = self._renewing, None
            renewing.leases = [Lease(name, count) for name, count in self._held().items()]
            batch.append(renewing)
        waiting = self._waiting
        self._waiting = waiting[OPERATIONS_MOST:]
        # Whoever left before the call was sent has asked for nothing.
        batch += [each for each in waiting[:OPERATIONS_MOST] if each.kind != ADMIT or not each.future.done()]
        if not batch:
            if self._waiting:
                self._schedule()
            return
        self._in_flight += 1

        def done(reply: Any) -> None:
            self._in_flight -= lane is self._lane
            self._deliver(batch, reply)

        lane.send((self._tag, pack(self._now_us(), self._owner, batch)), done, LIMITS)
        if self._waiting:
            self._schedule()

    def _schedule(self) -> None:
        most = 0 if self._renewing is not None else IN_FLIGHT_MOST - 1
        if not self._scheduled and self._in_flight <= most:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _deliver(self, batch: list[Operation], reply: Any) -> None:
        if isinstance(reply, Exception):
            self._broken(f"{reply}")
            for operation in batch:
                self._lose(operation)
            self.abandon()
            return
        for operation, granted in unpack(reply, batch):
            self._answered(operation, granted)
            if not operation.future.done():
                operation.future.set_result(granted)
        if self._waiting or self._renewing is not None:
            self._schedule()

    def _lose(self, operation: Operation) -> None:
        self._lost(operation)
        if not operation.future.done():
            operation.future.set_result(None)
