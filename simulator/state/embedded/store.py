"""The embedded store: LMDB, one file shared by all workers of a host. Wiring: each operation to its table.

Every operation is one short transaction in the caller's thread, microseconds long: the `async` methods never wait.
Opened after the fork and never used across one. What a killed worker wrote is kept by the kernel; what a loss of
power may take is told at `Embedded`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from simulator.state.board import Board
from simulator.state.circuit import CircuitRules, CircuitStanding, Event
from simulator.state.embedded import share as shares
from simulator.state.embedded.credit import Purse
from simulator.state.embedded.keeping import Keeping
from simulator.state.embedded.mount import FAULTS, Mount
from simulator.state.embedded.upkeep import Upkeep
from simulator.state.store import (
    Control,
    Demand,
    Lease,
    Level,
    Session,
    SessionLimits,
    SessionSummary,
    StoreHealth,
    StoreUnavailable,
    Turn,
    Verdict,
    Wanted,
)

log = logging.getLogger("simulator.state")

CREDIT_S = 0.02
"""How often credits are looked at that are out: none is kept for longer."""


def wall_clock_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class Embedded:
    """Implements `simulator.state.store.Store`.

    `folder` holds the file; None makes one of its own, which `close` removes. `owner` names who holds leases: what an
    earlier worker of that name still held is dropped at the opening, and so is what another `fleet` held. `board`, if
    given, is told each revision of the control document, and tells how many slots share the file: without it no credits
    are taken. With `durable` the file is written to the disk every five
    seconds, so that a loss of power takes no more; without, it may take all. It may also damage the file, which the
    next opening sees.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        size_bytes: int,
        owner: bytes,
        fleet: bytes = b"",
        board: Board | None = None,
        durable: bool = False,
        clock_us: Callable[[], int] = wall_clock_us,
    ) -> None:
        self._clock = clock_us
        self._mount = Mount(folder, size_bytes, (fleet, owner), board, clock_us)
        self._upkeep = Upkeep(self._mount.tick, self.flush if durable else None)
        self._slots = 0 if board is None else board.slots
        self._purse = Purse(0)
        self._returning: asyncio.TimerHandle | None = None
        keeping = Keeping(self._mount, clock_us)
        self.object, self.put, self.swap, self.drop = keeping.object, keeping.put, keeping.swap, keeping.drop
        self.objects, self.recall, self.recall_now = keeping.objects, keeping.recall, keeping.recall_now

    async def open(self) -> None:
        """As `Store.open`."""
        self._mount.open()
        self._upkeep.start()
        self._purse = Purse(self._slots)

    async def close(self) -> None:
        """As `Store.close`; gives back what leases and credits are left."""
        await self._upkeep.stop()
        purse, self._purse = self._purse, Purse(0)
        if self._returning is not None:
            self._returning.cancel()
        try:
            if self._mount.mounted:
                now = self._clock()
                self._mount.call(lambda mount: mount.limits.give_back(purse, [*purse.held.values()], now))
                self._mount.call(lambda mount: mount.limits.disown())
        except StoreUnavailable:
            return  # said already; the next worker of this name drops them
        finally:
            self._mount.close()

    def flush(self) -> None:
        """Write what was changed to the disk. Blocks; for a thread."""
        self._mount.flush()

    def health(self) -> StoreHealth:
        """As `Store.health`."""
        return self._mount.health()

    # Limits.

    async def admit(self, demands: Sequence[Demand], leases: Sequence[Lease] = ()) -> Verdict:
        """As `Store.admit`."""
        return self.admit_now(demands, leases)

    async def settle(self, changes: Sequence[Demand], released: Sequence[bytes] = ()) -> None:
        """As `Store.settle`."""
        self.settle_now(changes, released)

    def admit_now(self, demands: Sequence[Demand], leases: Sequence[Lease] = ()) -> Verdict:
        """As `Store.admit`, without a coroutine."""
        now = self._clock()
        purse = self._purse
        if purse.held and not leases:
            verdict = purse.grant(demands, now)
            if verdict is not None:
                return verdict
        try:
            verdict = self._mount.limits.admit(demands, leases, now, (), purse)
        except FAULTS as error:
            verdict = self._mount.again(error, lambda mount: mount.limits.admit(demands, leases, now, (), purse))
        if purse.held and self._returning is None:
            self._return_later()
        return verdict

    def draw_now(self, wanted: Sequence[Wanted], amounts: Sequence[int]) -> Sequence[Level] | None:
        """As `Immediate.draw_now`."""
        return self._purse.draw(wanted, amounts, self._clock())

    def settle_now(self, changes: Sequence[Demand], released: Sequence[bytes] = ()) -> None:
        """As `Store.settle`, without a coroutine."""
        now = self._clock()
        if self._purse.held and not released and self._purse.settle(changes, now):
            return
        try:
            self._mount.limits.settle(changes, released, now)
        except FAULTS as error:
            self._mount.again(error, lambda mount: mount.limits.settle(changes, released, now))

    def admit_share(self, demands: Sequence[Demand], leases: Sequence[Lease], share: float) -> Verdict:
        """As `Store.admit`, on this pod's share of each limit; what is granted is added to the debts with it."""
        now = self._clock()
        parts, places = shares.shared(demands, share), shares.shared_leases(leases, share)
        owed = [demand for demand in demands if demand.amount]
        verdict = self._mount.call(lambda mount: mount.limits.admit(parts, places, now, owed))
        return shares.told(verdict, demands)

    def settle_share(self, changes: Sequence[Demand], released: Sequence[bytes], share: float) -> None:
        """As `Store.settle`, for what `admit_share` granted; the debts change with it."""
        now = self._clock()
        parts = shares.shared(changes, share)
        owed = [change for change in changes if change.amount]
        self._mount.call(lambda mount: mount.limits.settle(parts, released, now, owed))

    def raise_level(self, demand: Demand, level_units: int, at_us: int) -> None:
        """Make the limit at least as used as `level_units`, in millionths, were at `at_us`."""
        now = self._clock()
        self._mount.call(lambda mount: mount.limits.raise_level(demand, level_units, at_us, now))

    def take_debts(self) -> list[Demand]:
        """Empty the debts and return them: what was granted of each limit since the last time, less what came back."""
        return self._mount.call(lambda mount: mount.limits.take_debts())

    def level_of(self, demand: Demand) -> tuple[int, int]:
        """The limit's state as it is stored, `(level, at_us)`; (0, 0) if nothing is."""
        return self._mount.call(lambda mount: mount.limits.level_of(demand))

    def _return_later(self) -> None:
        self._returning = asyncio.get_running_loop().call_later(CREDIT_S, self._return_credits)

    def _return_credits(self) -> None:
        """Give back the credits that are over; look again as long as there are others."""
        self._returning = None
        now, purse = self._clock(), self._purse
        ended = purse.over(now)
        try:
            self._mount.call(lambda mount: mount.limits.give_back(purse, ended, now))
        except StoreUnavailable as error:
            purse.exchange(ended)
            log.error("what a worker had in advance is lost: %s", error)  # noqa: TRY400 - meant for the operator
        if purse.held:
            self._return_later()

    # Sessions.

    async def session(self, scope: str, name: str, limits: SessionLimits) -> Session | None:
        """As `Store.session`."""
        now = self._clock()
        return self._mount.call(lambda mount: mount.sessions.read(scope, name, limits, now))

    async def remember(self, scope: str, name: str, turns: Sequence[Turn], limits: SessionLimits) -> Session:
        """As `Store.remember`. Raises `StoreUnavailable` also for turns larger than a tenth of the file."""
        now = self._clock()
        return self._mount.call(lambda mount: mount.sessions.append(scope, name, turns, limits, now))

    async def sessions(self, limits: SessionLimits, *, after: str = "", most: int = 100) -> list[SessionSummary]:
        """As `Store.sessions`."""
        now = self._clock()
        return self._mount.call(lambda mount: mount.sessions.summaries(limits, after, most, now))

    async def forget(self, scope: str, name: str) -> bool:
        """As `Store.forget`."""
        return self._mount.call(lambda mount: mount.sessions.forget(scope, name))

    async def session_count(self, limits: SessionLimits) -> int:  # noqa: ARG002 - the protocol's
        """As `Store.session_count`."""
        return self._mount.call(lambda mount: mount.sessions.count())

    # Control, counters and circuits.

    async def control(self) -> Control:
        """As `Store.control`."""
        return self.read_control()

    async def change(self, base: int, body: bytes) -> int:
        """As `Store.change`."""
        return self.write_control(base, None, body)

    def read_control(self) -> Control:
        """As `Store.control`, without a coroutine."""
        document = self._mount.call(lambda mount: mount.records.read())
        self._mount.latest = document
        return document

    def write_control(self, base: int | None, revision: int | None, body: bytes) -> int:
        """Replace the control document that was read at `base`, else `Conflict`; returns its revision afterwards.

        With base None and a revision: take over a newer document from elsewhere; an older one changes nothing.
        """
        written = self._mount.call(lambda mount: mount.records.write(base, revision, body))
        if revision is None or written == revision:
            self._mount.latest = Control(written, body)
        return written

    async def count(self, name: bytes, ttl_us: int) -> int:
        """As `Store.count`."""
        now = self._clock()
        return self._mount.call(lambda mount: mount.records.count(name, ttl_us, now))

    async def circuit(self, name: bytes, event: Event, ticket: int, rules: CircuitRules) -> CircuitStanding:
        """As `Store.circuit`."""
        return self.circuit_now(name, event, ticket, rules)

    def circuit_now(self, name: bytes, event: Event, ticket: int, rules: CircuitRules) -> CircuitStanding:
        """As `Store.circuit`, without a coroutine."""
        now = self._clock()
        return self._mount.call(lambda mount: mount.circuits.step(name, event, ticket, rules, now))
