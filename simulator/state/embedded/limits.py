"""Rate limits and leases in LMDB: one write transaction a call, all or nothing. Edge: reads, decides, writes.

What is granted is decided by `buckets` and `leases`, on records read under the file's write lock, so a limit is exact
over all workers. A refusal charges nothing. Credits are charged here like what is granted, and end here: a request
that they do not suffice for gives them back first, in its own transaction.

    limits   name -> level, at_us, and when the record means nothing (at_us + period)
    leases   name -> entries, see `leases`
    debts    name -> amount granted on behalf of another store, capacity, period, fixed
"""

import os
import struct
from collections.abc import Sequence

import msgspec

from simulator.state.embedded import buckets, leases
from simulator.state.embedded.buckets import CAPACITY_MOST, LEVEL_MOST, NAME_MOST, UNIT
from simulator.state.embedded.credit import Credit, Purse
from simulator.state.embedded.leases import Holder
from simulator.state.embedded.tables import Tables, Txn
from simulator.state.store import Demand, Lease, Standing, Verdict

_BUCKET = struct.Struct("<qqq")
_DEBT = struct.Struct("<qqq?")
_SECOND_US = 1_000_000
_NO_PLACES: dict[bytes, bytes] = {}

_take, _present, _reset_us = buckets.take, buckets.present, buckets.reset_us
_pack, _unpack = _BUCKET.pack, _BUCKET.unpack


class Limits:
    """`holder` is the worker as leases name it; `degraded` is told with every verdict."""

    def __init__(self, tables: Tables, holder: Holder, *, degraded: bool = False) -> None:
        self._tables = tables
        self._begin = tables.env.begin
        self._holder = holder
        self._degraded = degraded
        self._empty = Purse(0)

    def admit(
        self,
        demands: Sequence[Demand],
        wanted: Sequence[Lease],
        now_us: int,
        owed: Sequence[Demand] = (),
        purse: Purse | None = None,
    ) -> Verdict:
        """Grant all or nothing; `owed` is added to the debts if it is granted. Raises ValueError for nonsense.

        What `purse` holds of these limits is given back first; new credits are taken if that is worth it.
        """
        purse = purse or self._empty
        ended = purse.of(demands, self)
        taken: Sequence[Credit] = ()
        txn = self._begin(self._tables.limits, None, True)
        try:
            for credit in ended:
                self._put_back(txn, credit, now_us)
            standings: list[Standing] = []
            levels = self._levels(txn, demands, now_us, standings)
            places = self._places(txn, wanted, standings) if wanted and levels is not None else _NO_PLACES
            if levels is None or places is None:
                verdict = self._refusal(txn, demands, wanted, now_us)
            else:
                verdict = Verdict(True, tuple(standings), self._degraded)
                if purse.open and not wanted:
                    taken = self._advance(purse, demands, standings, levels, now_us)
                self._keep_all(txn, levels, places, owed)
            if verdict.admitted or ended:
                txn.commit()
            else:
                txn.abort()
        except BaseException:
            txn.abort()
            raise
        if ended or taken:
            purse.exchange(ended, taken)
        return verdict

    def give_back(self, purse: Purse, ended: Sequence[Credit], now_us: int) -> None:
        """End these of the purse's credits."""
        if purse.home is self and ended:
            with self._begin(self._tables.limits, write=True) as txn:
                for credit in ended:
                    self._put_back(txn, credit, now_us)
        purse.exchange(ended)

    def _levels(
        self, txn: Txn, demands: Sequence[Demand], now_us: int, standings: list[Standing]
    ) -> dict[bytes, bytes] | None:
        """The records with all demands granted, or None if one is not; appends the demands' standings."""
        levels: dict[bytes, bytes] = {}
        get = txn.get
        for demand in demands:
            name, amount, capacity, period = demand.name, demand.amount, demand.capacity, demand.period_us
            if amount < 0 or not 0 < len(name) <= NAME_MOST:
                _refuse(demand)
            if not (0 < capacity <= CAPACITY_MOST and 0 < period <= LEVEL_MOST):
                _refuse(demand)
            # What one request asks for twice stands the second time upon the first.
            record = levels[name] if name in levels else get(name)
            level, at_us, _ = _unpack(record) if record is not None else (0, now_us, 0)
            taken = _take(demand, level, at_us, now_us)
            if taken is None:
                return None
            level, at_us, standing = taken
            if amount:
                levels[name] = _pack(level, at_us, at_us + period)
            standings.append(standing)
        return levels

    def settle(
        self, changes: Sequence[Demand], released: Sequence[bytes], now_us: int, owed: Sequence[Demand] = ()
    ) -> None:
        """Charge or give back, and end leases. Raises ValueError for nonsense."""
        for change in changes:
            buckets.check(change)
        with self._begin(self._tables.limits, write=True) as txn:
            for change in changes:
                record = txn.get(change.name)
                level, at_us = _state(record, now_us)
                level, at_us = _present(change, level, at_us, now_us)
                if change.amount > 0 or (change.amount < 0 and level > 0):
                    self._write(txn, change, buckets.charged(level, change.amount), at_us)
            for name in released:
                record = txn.get(name, b"", self._tables.leases)
                self._keep(txn, name, record, leases.added(record, self._holder, -1))
            if owed:
                self._owe(txn, owed)

    def raise_level(self, demand: Demand, level: int, at_us: int, now_us: int) -> None:
        """Make the limit at least as used as `(level, at_us)`, level in millionths."""
        buckets.check(demand)
        given = _present(demand, min(max(level, 0), LEVEL_MOST), at_us, now_us)
        if given[0] == 0:
            return  # over by now: it must not make a window that is under way longer
        with self._begin(self._tables.limits, write=True) as txn:
            stored = _present(demand, *_state(txn.get(demand.name), at_us), now_us)
            state = buckets.raised(demand, stored, given) if stored[0] else given
            self._write(txn, demand, *state)

    def level_of(self, demand: Demand) -> tuple[int, int]:
        """The state as it is stored; (0, 0) if there is none."""
        with self._begin(self._tables.limits) as txn:
            record = txn.get(demand.name)
        return _state(record, 0)

    def take_debts(self) -> list[Demand]:
        """Empty the debts and return them."""
        with self._begin(self._tables.debts, write=True) as txn:
            debts = [Demand(name, *_DEBT.unpack(record)) for name, record in txn.cursor()]
            txn.drop(self._tables.debts, delete=False)
        return [debt for debt in debts if debt.amount]

    def disown(self) -> None:
        """Drop what the worker, or an earlier process in its place, and other fleets hold."""
        with self._begin(self._tables.leases, write=True) as txn:
            for name, record in list(txn.cursor()):
                self._keep(txn, name, record, leases.without(record, self._holder))

    def _write(self, txn: Txn, demand: Demand, level: int, at_us: int) -> None:
        txn.put(demand.name, _pack(level, at_us, at_us + demand.period_us))

    def _keep_all(
        self, txn: Txn, levels: dict[bytes, bytes], places: dict[bytes, bytes], owed: Sequence[Demand]
    ) -> None:
        put = txn.put
        for name, record in levels.items():
            put(name, record)
        for name, record in places.items():
            put(name, record, db=self._tables.leases)
        if owed:
            self._owe(txn, owed)

    def _advance(
        self,
        purse: Purse,
        demands: Sequence[Demand],
        standings: Sequence[Standing],
        levels: dict[bytes, bytes],
        now_us: int,
    ) -> Sequence[Credit]:
        """Charge lots to levels that are about to be written, if that is worth it; returns them as credits."""
        lots = () if self._degraded else purse.lots(demands, standings, now_us)
        taken = []
        for demand, standing, lot in zip(demands, standings, lots, strict=False):
            level, at_us, over_us = _unpack(levels[demand.name])
            levels[demand.name] = _pack(level + lot * UNIT, at_us, over_us)
            taken.append(Credit(demand, standing, lot, at_us, now_us))
        return taken

    def _put_back(self, txn: Txn, credit: Credit, now_us: int) -> None:
        demand = credit.demand
        level, at_us = _present(demand, *_state(txn.get(demand.name), now_us), now_us)
        if level and not (demand.fixed and at_us != credit.began_us):
            self._write(txn, demand, max(0, level - credit.left * UNIT), at_us)

    def _keep(self, txn: Txn, name: bytes, before: bytes, after: bytes) -> None:
        if after == before:
            return
        if after:
            txn.put(name, after, db=self._tables.leases)
        else:
            txn.delete(name, db=self._tables.leases)

    def _places(self, txn: Txn, wanted: Sequence[Lease], standings: list[Standing]) -> dict[bytes, bytes] | None:
        """The records with all leases taken, or None if there is no place; appends the leases' standings."""
        places: dict[bytes, bytes] = {}
        for lease in wanted:
            record = places[lease.name] if lease.name in places else self._record(txn, lease)
            count = leases.held(record, self._holder.fleet)
            if count >= lease.limit:
                return None
            places[lease.name] = leases.added(record, self._holder, 1)
            standings.append(Standing(lease.limit, lease.limit - count - 1, _SECOND_US))
        return places

    def _record(self, txn: Txn, lease: Lease) -> bytes:
        """Who holds places. Where none is left, workers that were killed are left out."""
        if not (0 < len(lease.name) <= NAME_MOST and lease.limit > 0):
            raise ValueError(f"lease {lease.name!r}: a name has 1 to {NAME_MOST} bytes, a limit is 1 or more")
        record = txn.get(lease.name, b"", self._tables.leases)
        if leases.held(record, self._holder.fleet) >= lease.limit:
            return leases.living(record, _alive)
        return record

    def _refusal(self, txn: Txn, demands: Sequence[Demand], wanted: Sequence[Lease], now_us: int) -> Verdict:
        """How everything stands without the request; nothing has been written in the transaction."""
        standings = []
        asked: dict[bytes, int] = {}
        for demand in demands:
            buckets.check(demand)
            name = demand.name
            stored = _state(txn.get(name), now_us)
            level, at_us = _present(demand, *stored, now_us)
            left, reset = buckets.remaining(demand, level), _reset_us(demand, level, at_us, now_us)
            asked[name] = asked.get(name, 0) + demand.amount
            whole = demand if asked[name] == demand.amount else msgspec.structs.replace(demand, amount=asked[name])
            standings.append(Standing(demand.capacity, left, reset, buckets.wait_us(whole, *stored, now_us)))
        for lease in wanted:
            left = max(0, lease.limit - leases.held(self._record(txn, lease), self._holder.fleet))
            standings.append(Standing(lease.limit, left, _SECOND_US, 0 if left else _SECOND_US))
        return Verdict(False, tuple(standings), self._degraded)

    def _owe(self, txn: Txn, owed: Sequence[Demand]) -> None:
        for debt in owed:
            record = txn.get(debt.name, db=self._tables.debts)
            amount = debt.amount + (_DEBT.unpack(record)[0] if record is not None else 0)
            amount = min(max(amount, -LEVEL_MOST), LEVEL_MOST)
            txn.put(debt.name, _DEBT.pack(amount, debt.capacity, debt.period_us, debt.fixed), db=self._tables.debts)


def _state(record: bytes | None, now_us: int) -> tuple[int, int]:
    if record is None:
        return 0, now_us
    level, at_us, _ = _unpack(record)
    return level, at_us


def _refuse(demand: Demand) -> None:
    buckets.check(demand)
    raise ValueError(f"limit {demand.name!r}: an amount of {demand.amount} cannot be asked for")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
