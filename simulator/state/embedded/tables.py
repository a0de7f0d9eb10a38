"""The tables of the embedded store, and how one is emptied of what is over. Edge: LMDB; knows no meaning of records.

A table's name carries the version of its records' layout: a record of another layout is never met.
"""

import struct
from dataclasses import dataclass
from typing import TypeAlias

import lmdb

Table: TypeAlias = "lmdb._Database"  # noqa: SLF001 - the type has no public name
Txn: TypeAlias = "lmdb.Transaction[bytes]"

NAMES = (
    *("limits", "leases", "debts", "sessions", "used", "turns", "counts", "control"),
    *("objects", "orders", "bodies", "prompts", "recent", "circuits"),
)
VERSION = b"/1"

_INT = struct.Struct("<q")
_NEVER_OVER = _INT.pack(2**63 - 1)
STEP = 500
"""Records that one sweep looks at: a fraction of a millisecond."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The environment and its tables; what each holds is told where it is used."""

    env: lmdb.Environment
    limits: Table
    leases: Table
    debts: Table
    sessions: Table
    used: Table
    turns: Table
    counts: Table
    control: Table
    objects: Table
    orders: Table
    bodies: Table
    prompts: Table
    recent: Table
    circuits: Table


def open_tables(env: lmdb.Environment) -> Tables:
    """All tables; makes those that are missing."""
    with env.begin(write=True) as txn:
        return Tables(env, *[env.open_db(name.encode() + VERSION, txn=txn) for name in NAMES])


def pages(txn: Txn, tables: tuple[Table, ...]) -> int:
    """How many pages the tables take."""
    stats = [txn.stat(table) for table in tables]
    return sum([stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"] for stat in stats])


class Sweep:
    """Walks a table round and round, some records at a time, and removes those whose time is over.

    A record's last 8 bytes are the microsecond from which on it means nothing.
    """

    def __init__(self, env: lmdb.Environment, table: Table) -> None:
        self._env = env
        self._table = table
        self._after = b""

    def step(self, now_us: int, most: int = STEP) -> int:
        """Look at the next few hundred records and remove at most so many of them; returns how many it were."""
        over: list[bytes] = []
        with self._env.begin(self._table) as txn:
            cursor = txn.cursor()
            found = cursor.set_range(self._after)
            for _ in range(STEP):
                if not found or len(over) >= most:
                    break
                if _end(cursor.value()) <= now_us:
                    over.append(cursor.key())
                found = cursor.next()
            self._after = cursor.key() if found else b""
        if not over:
            return 0
        with self._env.begin(self._table, write=True) as txn:
            return sum([txn.delete(key) for key in over if _end(txn.get(key, _NEVER_OVER)) <= now_us])

    def enough(self, now_us: int, most: int) -> int:
        """Look until some were removed, or at the rest of the table and then at all of it once."""
        removed = starts = 0
        while not removed and starts < 2:
            removed = self.step(now_us, most)
            starts += not self._after
        return removed


def _end(record: bytes) -> int:
    end: int = _INT.unpack_from(record, len(record) - _INT.size)[0]
    return end
