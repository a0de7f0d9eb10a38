"""Rate limits and leases over Redis, or over this pod's share while it is away. Edge: ties the parts together.

Away, the embedded store of the host grants 1/pods of each limit, beginning with that share of the level that Redis was
last seen at; what it grants is a debt, which is charged to Redis when it is back. So over a failure no more is granted
than the limit, but for what two pods learn too late of each other (a second or less), and for limits smaller than the
number of pods: each may grant one.

Leases: Redis has a count for each owner, which expires unless it is renewed; `_held` is the truth about this worker.
Away, the same number is held in the embedded store.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from simulator.state.embedded.buckets import CAPACITY_MOST, LEVEL_MOST, NAME_MOST, check, present, remaining
from simulator.state.embedded.buckets import reset_us as reset_of
from simulator.state.embedded.buckets import wait_us as wait_of
from simulator.state.embedded.share import shared
from simulator.state.redis.batch import Batcher
from simulator.state.redis.mirror import Mirror
from simulator.state.redis.packing import ADMIT, RAISE, RENEW, SETTLE, Operation
from simulator.state.redis.pods import share_of
from simulator.state.store import Demand, Lease, Standing, StoreUnavailable, Verdict

log = logging.getLogger("simulator.state")

SECOND_US = 1_000_000
BUCKETS_AT_ONCE = 200
"""Buckets of one operation when many are told."""
NAMES_MOST = 10_000
"""Names of leases that are remembered although none is held."""
ANY_NUMBER = 2**31
"""The limit of a lease that is taken whatever others hold."""


class Local(Protocol):
    """What is needed of the embedded store."""

    def raise_level(self, demand: Demand, level_units: int, at_us: int) -> None:
        """Make a bucket at least as used as this."""

    def admit_share(self, demands: Sequence[Demand], leases: Sequence[Lease], share: float) -> Verdict:
        """Admit within a share of each limit, and remember it as a debt."""

    def take_debts(self) -> list[Demand]:
        """What was granted since, once."""

    def settle_now(self, changes: Sequence[Demand], released: Sequence[bytes] = ()) -> None:
        """As the store."""

    def settle_share(self, changes: Sequence[Demand], released: Sequence[bytes], share: float) -> None:
        """Settle what `admit_share` granted; the debts change with it."""


class RedisLimits:
    """`healthy()` says whether Redis is asked; `clock_us` is this host's clock, `client_clock` whether it counts."""

    def __init__(
        self,
        tag: bytes,
        owner: bytes,
        local: Local,
        *,
        clock_us: Callable[[], int],
        client_clock: bool,
        healthy: Callable[[], bool],
        broken: Callable[[str], None],
    ) -> None:
        self._local = local
        self._clock_us = clock_us
        self._client_clock = client_clock
        self._healthy = healthy
        self.pods = 1
        self.offset_us = 0
        """How far Redis's clock is ahead of this host's."""
        self.mirror = Mirror()
        self._held: dict[bytes, int] = {}
        self._doubtful: set[bytes] = set()
        self._seeded: set[bytes] = set()
        self._unpaid: list[Demand] = []
        self.batcher = Batcher(
            tag,
            owner,
            clock_us if client_clock else lambda: -1,
            answered=self._answered,
            lost=self._lost,
            broken=broken,
            held=self._counts,
        )

    async def admit(self, demands: Sequence[Demand], leases: Sequence[Lease] = ()) -> Verdict:
        """As the store."""
        for demand in demands:
            if (
                not 0 <= demand.amount <= LEVEL_MOST
                or not 0 < len(demand.name) <= NAME_MOST
                or not 0 < demand.capacity <= CAPACITY_MOST
                or not 0 < demand.period_us <= LEVEL_MOST
            ):
                _refuse(demand)
        for lease in leases:
            if not (0 < len(lease.name) <= NAME_MOST and 0 < lease.limit <= LEVEL_MOST):
                raise ValueError(f"lease {lease.name!r}: a name has 1 to {NAME_MOST} bytes, a limit is 1 or more")
        if self._healthy():
            for lease in leases:
                if lease.name not in self._held:
                    self._claim(lease.name)
            future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
            operation = Operation(ADMIT, demands, leases, future)
            self.batcher.submit(operation)
            granted = await future
            if granted is not None:
                return _verdict(operation, granted)
        return self._share(demands, leases)

    async def settle(self, changes: Sequence[Demand], released: Sequence[bytes] = ()) -> None:
        """As the store. A caller that leaves does not take its changes with it."""
        for change in changes:
            check(change)
        operation = Operation(
            SETTLE, changes, [Lease(name, 0) for name in released], asyncio.get_running_loop().create_future()
        )
        if self._healthy():
            self.batcher.submit(operation)
            await operation.future
        else:
            self._settle_here(operation, sure=True)

    # -- While Redis is away ---------------------------------------------------------------------------------------

    def down(self) -> None:
        """Redis is away from here on: the running requests' leases count in the embedded store."""
        self._seeded.clear()
        held = [Lease(name, ANY_NUMBER) for name, count in self._held.items() for _ in range(count)]
        try:
            if held:
                self._local.admit_share((), held, 1.0)
        except StoreUnavailable as error:
            log.warning("running requests do not count while Redis is away: %s", error)

    def _share(self, demands: Sequence[Demand], leases: Sequence[Lease]) -> Verdict:
        share = share_of(self.pods)
        for demand in demands:
            if demand.name not in self._seeded:
                self._seeded.add(demand.name)
                (part,) = shared((demand,), share)
                level = self.mirror.share(demand, part)
                if level is not None:
                    self._local.raise_level(part, *level)
        verdict = self._local.admit_share(demands, leases, share)
        if verdict.admitted:
            for lease in leases:
                self._held[lease.name] = self._held.get(lease.name, 0) + 1
        return verdict

    def _settle_here(self, operation: Operation, *, sure: bool) -> None:
        """Settle in the embedded store, and in Redis later.

        Not `sure`: Redis may have done it, so only charges are told again.
        """
        share = share_of(self.pods)
        released = [lease.name for lease in operation.leases]
        for name in released:
            self._release(name)
        later = [change for change in operation.demands if sure or change.amount > 0]
        self._local.settle_share(later, released, share)
        if len(later) < len(operation.demands):
            self._local.settle_now(shared([change for change in operation.demands if change.amount < 0], share))

    # -- When Redis is back ----------------------------------------------------------------------------------------

    async def restore(self) -> bool:
        """Put back into an emptied Redis what it was seen to hold; False if it is lost again."""
        now_us = self._clock_us()
        found = list(self.mirror.used(now_us))
        for begin in range(0, len(found), BUCKETS_AT_ONCE):
            part = found[begin : begin + BUCKETS_AT_ONCE]
            demands = [_amounting(demand, level) for demand, level, _ in part]
            moments = [at_us + self.offset_us for _, _, at_us in part]
            future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
            self.batcher.submit(Operation(RAISE, demands, (), future, moments))
            if await future is None:
                return False
        return True

    def pay(self) -> "list[asyncio.Future[bool | None]]":
        """Charge to Redis what was granted and settled here; each future gets None if it is lost, and is owed again."""
        debts, self._unpaid = [*self._unpaid, *self._local.take_debts()], []
        loop = asyncio.get_running_loop()
        paid = []
        for begin in range(0, len(debts), BUCKETS_AT_ONCE):
            operation = Operation(SETTLE, debts[begin : begin + BUCKETS_AT_ONCE], (), loop.create_future())
            operation.debts = True
            self.batcher.submit(operation)
            paid.append(operation.future)
        return paid

    def up(self) -> None:
        """Redis is asked from here on: what is owed and held is told before the next request."""
        self.pay()
        self.batcher.renew()
        released = [name for name, count in self._held.items() for _ in range(count)]
        if released:
            self._local.settle_now((), released)

    def renew(self) -> None:
        """Keep the leases from expiring; also forget the names of leases that are no more."""
        if len(self._held) > NAMES_MOST:
            self._held = {name: count for name, count in self._held.items() if count}
        if any(self._held.values()) or self._doubtful:
            self.batcher.renew()

    def give_back(self) -> "asyncio.Future[bool | None]":
        """End all leases of this worker."""
        self._doubtful.update(self._held)
        self._held = dict.fromkeys(self._held, 0)
        return self.batcher.renew()

    # -- What the batcher tells ------------------------------------------------------------------------------------

    def _claim(self, name: bytes) -> None:
        """Have the name among those whose leases are dropped if this worker dies."""
        self._held[name] = 0
        future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self.batcher.submit(Operation(RENEW, (), (Lease(name, 0),), future))

    def _counts(self) -> Mapping[bytes, int]:
        return {name: count for name, count in self._held.items() if count or name in self._doubtful}

    def _answered(self, operation: Operation, granted: bool) -> None:
        if not self._client_clock:
            self.offset_us = operation.now_us - self._clock_us()
        offset_us = self.offset_us
        note = self.mirror.note
        for demand, (level, at_us) in zip(operation.demands, operation.levels, strict=True):
            note(demand, level, at_us - offset_us)
        if operation.kind == ADMIT and granted:
            held = self._held
            for lease in operation.leases:
                held[lease.name] = held.get(lease.name, 0) + 1
            if operation.future.cancelled():
                self._undo(operation)
        elif operation.kind == SETTLE:
            for lease in operation.leases:
                self._release(lease.name)
        elif operation.kind == RENEW:
            self._doubtful.difference_update([lease.name for lease in operation.leases])

    def _undo(self, operation: Operation) -> None:
        """Nobody waits for what was granted any more."""
        back = [_amounting(demand, -demand.amount) for demand in operation.demands]
        future: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self.batcher.submit(Operation(SETTLE, back, operation.leases, future))

    def _lost(self, operation: Operation) -> None:
        self._doubtful.update([lease.name for lease in operation.leases])
        if operation.debts:
            # Charged twice at the worst, which is only stricter; what came back is not told twice.
            self._unpaid += [debt for debt in operation.demands if debt.amount > 0]
        elif operation.kind == SETTLE:
            try:
                self._settle_here(operation, sure=False)
            except StoreUnavailable as error:
                log.warning("a settlement is lost with Redis: %s", error)

    def _release(self, name: bytes) -> None:
        count = self._held.get(name, 0)
        if count > 0:
            self._held[name] = count - 1


def _refuse(demand: Demand) -> None:
    check(demand)
    raise ValueError(f"limit {demand.name!r}: an amount of {demand.amount} cannot be asked for")


def _verdict(operation: Operation, granted: bool) -> Verdict:
    now_us = operation.now_us
    standings = []
    asked: dict[bytes, int] = {}
    for demand, (level, at_us) in zip(operation.demands, operation.levels, strict=True):
        here, since = present(demand, level, at_us, now_us)
        wait = 0
        if not granted:
            # What one request asks for twice stands the second time upon the first.
            whole = asked[demand.name] = asked.get(demand.name, 0) + demand.amount
            wait = wait_of(_amounting(demand, whole), level, at_us, now_us)
        standings.append(
            Standing(demand.capacity, remaining(demand, here), reset_of(demand, here, since, now_us), wait)
        )
    for lease, used in zip(operation.leases, operation.used, strict=True):
        left = max(0, lease.limit - used)
        standings.append(Standing(lease.limit, left, SECOND_US, 0 if granted or left else SECOND_US))
    return Verdict(granted, tuple(standings))


def _amounting(demand: Demand, amount: int) -> Demand:
    if amount == demand.amount:
        return demand
    return Demand(demand.name, amount, demand.capacity, demand.period_us, demand.fixed)
