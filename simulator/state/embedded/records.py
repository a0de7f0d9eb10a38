"""The control document and the counters, in LMDB. Edge: a transaction each.

control  b"document" -> revision, then the body
counts   name -> count, and when it is forgotten
"""

import struct

from simulator.state.board import Board, Shared
from simulator.state.embedded.buckets import LEVEL_MOST, NAME_MOST
from simulator.state.embedded.tables import Tables
from simulator.state.store import Conflict, Control

_REVISION = struct.Struct("<q")
_COUNT = struct.Struct("<qq")
_DOCUMENT = b"document"


class Records:
    """`board` is told each revision of the control document before anybody can read it."""

    def __init__(self, tables: Tables, board: Board | None) -> None:
        self._tables = tables
        self._board = board

    def read(self) -> Control:
        """The control document."""
        with self._tables.env.begin(self._tables.control) as txn:
            return _control(txn.get(_DOCUMENT))

    def write(self, base: int | None, revision: int | None, body: bytes) -> int:
        """Replace the control document; returns the revision that is stored afterwards.

        With `base`, if that is the stored revision, else `Conflict`; the new revision is above all that the board has
        seen, or `revision`. With `revision` alone, if it is above the stored one: a newer document from elsewhere.
        """
        if base is None and revision is None:
            raise ValueError("a document is written upon a base or at a revision")
        with self._tables.env.begin(self._tables.control, write=True) as txn:
            stored = _control(txn.get(_DOCUMENT)).revision
            if base is not None and base != stored:
                raise Conflict(stored)
            if revision is None:
                revision = max(stored, self._seen()) + 1
            elif revision <= stored:
                return stored
            txn.put(_DOCUMENT, _REVISION.pack(revision) + body)
            # Under the write lock, so that the board only grows. If the commit fails, readers merely look once more.
            self._tell(revision)
        return revision

    def tell(self) -> None:
        """Raise the board to the stored revision, where a fleet begins with a document of an earlier one."""
        with self._tables.env.begin(self._tables.control, write=True) as txn:
            self._tell(_control(txn.get(_DOCUMENT)).revision)

    def count(self, name: bytes, ttl_us: int, now_us: int) -> int:
        """Count one more and return the count."""
        if not 0 < len(name) <= NAME_MOST:
            raise ValueError(f"a counter's name has 1 to {NAME_MOST} bytes, not {len(name)}")
        if not 0 < ttl_us <= LEVEL_MOST:
            raise ValueError(f"counter {name!r}: it is kept for 1 to {LEVEL_MOST} µs, not {ttl_us}")
        with self._tables.env.begin(self._tables.counts, write=True) as txn:
            record = txn.get(name)
            count, until_us = _COUNT.unpack(record) if record is not None else (0, 0)
            if now_us >= until_us:
                count, until_us = 0, now_us + ttl_us
            txn.put(name, _COUNT.pack(count + 1, until_us))
        counted: int = count + 1
        return counted

    def _seen(self) -> int:
        return self._board.shared[Shared.CONTROL] if self._board is not None else 0

    def _tell(self, revision: int) -> None:
        if self._board is not None and self._board.shared[Shared.CONTROL] < revision:
            self._board.shared[Shared.CONTROL] = revision


def _control(record: bytes | None) -> Control:
    if record is None:
        return Control()
    return Control(_REVISION.unpack_from(record)[0], record[_REVISION.size :])
