"""Stored objects in LMDB. Edge: a transaction a call.

The layout of its records is told in `object_records`.
"""

import struct
from collections.abc import Callable, Iterator
from typing import TypeAlias

import lmdb

from simulator.state.embedded.object_records import (
    END,
    LISTED,
    PIECE,
    PLACE,
    SHELF,
    TALLY,
    Key,
    Meta,
    Tally,
    decode,
    digest_of,
    encode,
    ended,
    shelf_of,
)
from simulator.state.embedded.room import Room
from simulator.state.embedded.tables import Tables, Txn
from simulator.state.objects import TTL_MOST_US, check, check_put, possible
from simulator.state.store import ObjectLimits, TooLarge

_DROPPED_A_CALL = 200
"""Objects that one transaction drops: a few milliseconds."""
_DROPPED_PAGES = 2000
"""Pages after which it drops no more: a millisecond."""
_EXPIRED_A_CALL = 8
_OTHERS_A_CALL = 8
_HEAD_BYTES = 16
"""Of a page, which a piece leaves to LMDB."""
_SPARE_PAGES = 32
"""For the pages of the trees that a put changes."""
_Views: TypeAlias = "lmdb.Transaction[memoryview]"
_FIRST, _LAST = bytes(8), b"\xff" * 8


class Objects:
    """All objects of the file. `others(most)` drops some of what gives way to objects and returns how many."""

    def __init__(self, tables: Tables, others: Callable[[int], int]) -> None:
        self._env = tables.env
        self._objects, self._orders, self._bodies = tables.objects, tables.orders, tables.bodies
        self._others = others
        self._room = Room(tables)
        self._piece = self._room.page_bytes - _HEAD_BYTES

    def read(self, key: Key, now_us: int) -> bytes | None:
        """As `Store.object`."""
        with self._env.begin(self._objects, buffers=True) as txn:
            record = txn.get(key.digest)
            meta = decode(record) if record is not None else None
            return self._body(txn, meta) if meta is not None and meta.until_us > now_us else None

    def put(
        self, key: Key, name: str, body: bytes, ttl_us: int, limits: ObjectLimits, now_us: int, *, sure: bool
    ) -> bool | None:
        """As `Store.put`; whether all is within the limits, else `trim` is to be called.

        None, and nothing is done, where `give_way` must make room first, unless `sure`.
        """
        check_put(len(body), ttl_us, limits)
        until_us = now_us + min(ttl_us, TTL_MOST_US)
        with self._env.begin(self._objects, write=True) as txn:
            tally = self._tally(txn)
            meta = self._find(txn, key.digest)
            if not self._fits(txn, meta, len(body)) and not sure:
                return None
            if meta is not None and meta.until_us <= now_us:
                self._drop(txn, key.digest, meta, tally)
                meta = None
            if meta is None:
                meta = Meta(key.shelf, name, tally.next, 0, 0, 0, until_us)
                tally.objects += 1
                txn.put(PLACE.pack(b"p", meta.place), key.digest, db=self._orders)
            else:
                txn.delete(END.pack(b"e", meta.until_us, meta.place), db=self._orders)
                meta.until_us = until_us
            txn.put(END.pack(b"e", until_us, meta.place), key.digest, db=self._orders)
            listed = LISTED.pack(until_us, key.digest)
            txn.put(SHELF.pack(b"s", meta.shelf, meta.place), listed, db=self._orders)
            self._replace(txn, key.digest, meta, body, tally)
            self._clear(txn, tally, now_us, _EXPIRED_A_CALL)
            within = self._cap(txn, tally, limits, now_us, key.digest)
            self._keep(txn, tally)
        return within

    def trim(self, limits: ObjectLimits, now_us: int, spared: Key) -> bool:
        """Drop some of what is beyond the limits, but not the object at `spared`; whether nothing is left beyond."""
        with self._env.begin(self._objects, write=True) as txn:
            tally = self._tally(txn)
            within = self._cap(txn, tally, limits, now_us, spared.digest)
            self._keep(txn, tally)
        return within

    def swap(self, key: Key, old: bytes, new: bytes, now_us: int, *, sure: bool) -> bool | None:
        """As `Store.swap`, and None as `put`."""
        with self._env.begin(self._objects, write=True) as txn:
            meta = self._find(txn, key.digest)
            if meta is None or meta.until_us <= now_us or meta.size != len(old) or self._body(txn, meta) != old:
                return False
            if not self._fits(txn, meta, len(new)) and not sure:
                return None
            tally = self._tally(txn)
            self._replace(txn, key.digest, meta, new, tally)
            self._keep(txn, tally)
        return True

    def drop(self, key: Key, now_us: int) -> bool:
        """As `Store.drop`."""
        with self._env.begin(self._objects, write=True) as txn:
            meta = self._find(txn, key.digest)
            if meta is None:
                return False
            tally = self._tally(txn)
            self._drop(txn, key.digest, meta, tally)
            self._keep(txn, tally)
        return meta.until_us > now_us

    def page(
        self, scope: str, kind: str, after: str, most: int, now_us: int, *, oldest_first: bool
    ) -> list[tuple[str, bytes]]:
        """As `Store.objects`."""
        check(scope, kind)
        if after and not possible(after):
            return []
        shelf = b"s" + shelf_of(scope, kind)
        found: list[tuple[str, bytes]] = []
        with self._env.begin(self._orders, buffers=True) as txn:
            start = _FIRST if oldest_first else _LAST
            if after:
                record = txn.get(digest_of(f"{scope}\0{kind}\0{after}"), db=self._objects)
                meta = decode(record) if record is not None else None
                if meta is None or meta.until_us <= now_us:
                    return []
                start = meta.place.to_bytes(8, "big")
            for digest in self._walk(txn, shelf, start, now_us, oldest_first=oldest_first):
                if len(found) >= most:
                    break
                meta = decode(txn.get(digest, b"", self._objects))
                found.append((meta.name, self._body(txn, meta)))
        return found

    def clear(self, now_us: int) -> None:
        """Drop some of those whose time is over."""
        with self._env.begin(self._orders) as txn:
            cursor = txn.cursor()
            if not cursor.set_range(b"e") or not ended(cursor.key(), now_us):
                return
        with self._env.begin(self._objects, write=True) as txn:
            tally = self._tally(txn)
            self._clear(txn, tally, now_us, _DROPPED_A_CALL)
            self._keep(txn, tally)

    def pages(self) -> int:
        """How many pages they take."""
        with self._env.begin() as txn:
            return self._room.objects(txn)

    def evict(self, most: int, spared: bytes = b"") -> int:
        """Drop the oldest, but not the one of that digest; returns how many."""
        dropped = freed = 0
        with self._env.begin(self._objects, write=True) as txn:
            tally = self._tally(txn)
            for digest in self._oldest(txn, most, spared):
                meta = self._find(txn, digest)
                if freed >= _DROPPED_PAGES:
                    break
                if meta is not None:
                    freed += self._drop(txn, digest, meta, tally)
                    dropped += 1
            if dropped:
                self._keep(txn, tally)
        return dropped

    def give_way(self, key: Key, size: int) -> bool:
        """Drop something for a body of that size, but not what is at `key`; whether there was anything."""
        with self._env.begin(self._objects) as txn:
            crowded = self._room.objects(txn) + self._needed(size) > self._room.most_objects
        if not crowded:
            return self._others(_OTHERS_A_CALL) > 0
        if not self.evict(_DROPPED_A_CALL, key.digest):
            return False
        # LMDB gives out a page in the second transaction after the one that freed it.
        with self._env.begin(self._orders, write=True) as txn:
            self._keep(txn, self._tally(txn))
        return True

    def _fits(self, txn: Txn, old: Meta | None, size: int) -> bool:
        """Whether a body has room in the file. Raises `TooLarge` for one that has none whatever gives way.

        It is read in the transaction that writes: a reader that is interrupted holds what others free meanwhile.
        """
        room, needed = self._room, self._needed(size)
        beside = old.pages if old is not None else 0
        if needed + beside > room.most_objects:
            most = (room.most_objects - _SPARE_PAGES - beside) * 63 // 64 * self._piece
            raise TooLarge(size, max(0, most), "state.size_mb leaves room for")
        return room.objects(txn) + needed <= room.most_objects and room.taken(txn) + needed <= room.most

    def _needed(self, size: int) -> int:
        return self._pages(size) + self._pages(size) // 64 + _SPARE_PAGES

    def _cap(self, txn: Txn, tally: Tally, limits: ObjectLimits, now_us: int, spared: bytes) -> bool:
        dropped = freed = 0

        def over() -> bool:
            return tally.objects > limits.max_objects or tally.size > limits.max_bytes

        if over():
            dropped += self._clear(txn, tally, now_us, _DROPPED_A_CALL)
        while over() and dropped < _DROPPED_A_CALL and freed < _DROPPED_PAGES:
            oldest = self._oldest(txn, 1, spared)
            if not oldest:
                return True
            meta = self._find(txn, oldest[0])
            freed += self._drop(txn, oldest[0], meta, tally) if meta is not None else 0
            dropped += 1
        return not over()

    def _clear(self, txn: Txn, tally: Tally, now_us: int, most: int) -> int:
        """Drop so many at the most whose time is over; returns how many."""
        dropped = freed = 0
        cursor = txn.cursor(self._orders)
        while dropped < most and freed < _DROPPED_PAGES and cursor.set_range(b"e") and ended(cursor.key(), now_us):
            digest = cursor.value()
            meta = self._find(txn, digest)
            if meta is None:
                raise struct.error("an object that expires is not there")
            freed += self._drop(txn, digest, meta, tally)
            dropped += 1
        return dropped

    def _find(self, txn: Txn, digest: bytes) -> Meta | None:
        record = txn.get(digest, db=self._objects)
        return decode(record) if record is not None else None

    def _oldest(self, txn: Txn, most: int, spared: bytes) -> list[bytes]:
        found: list[bytes] = []
        cursor = txn.cursor(self._orders)
        there = cursor.set_range(b"p")
        while there and len(found) < most and cursor.key()[:1] == b"p":
            if cursor.value() != spared:
                found.append(cursor.value())
            there = cursor.next()
        return found

    def _replace(self, txn: Txn, digest: bytes, meta: Meta, body: bytes, tally: Tally) -> None:
        """Write the body in place of the present one, and the record with it."""
        self._erase(txn, meta)
        tally.size += len(body) - meta.size
        meta.number, meta.size, meta.pages = tally.next, len(body), self._pages(len(body))
        tally.next += 1
        view, piece = memoryview(body), self._piece
        for index in range(meta.pages):
            part = view[index * piece : (index + 1) * piece]
            txn.put(PIECE.pack(meta.number, index), part, db=self._bodies)
        txn.put(digest, encode(meta), db=self._objects)

    def _drop(self, txn: Txn, digest: bytes, meta: Meta, tally: Tally) -> int:
        """Remove an object; returns how many pages of its body come free."""
        self._erase(txn, meta)
        txn.delete(digest, db=self._objects)
        txn.delete(PLACE.pack(b"p", meta.place), db=self._orders)
        txn.delete(END.pack(b"e", meta.until_us, meta.place), db=self._orders)
        txn.delete(SHELF.pack(b"s", meta.shelf, meta.place), db=self._orders)
        tally.size -= meta.size
        tally.objects -= 1
        return meta.pages

    def _erase(self, txn: Txn, meta: Meta) -> None:
        for index in range(meta.pages):
            txn.delete(PIECE.pack(meta.number, index), db=self._bodies)

    def _body(self, txn: "Txn | _Views", meta: Meta) -> bytes:
        """The body of an object that is there; struct.error where a piece is missing, which only damage explains."""
        pieces = [txn.get(PIECE.pack(meta.number, index), b"", self._bodies) for index in range(meta.pages)]
        body = b"".join(pieces)
        if len(body) != meta.size:
            raise struct.error(f"an object of {meta.size} bytes has {len(body)}")
        return body

    def _walk(self, txn: _Views, shelf: bytes, start: bytes, now_us: int, *, oldest_first: bool) -> Iterator[bytes]:
        """Keys of a shelf's objects behind a place that have not expired."""
        cursor = txn.cursor(self._orders)
        there = cursor.set_range(shelf + start)
        if oldest_first:
            there = cursor.next() if there and cursor.key() == shelf + start else there
        else:
            there = cursor.prev() if there else cursor.last()
        while there and bytes(cursor.key()[: len(shelf)]) == shelf:
            until_us, digest = LISTED.unpack(cursor.value())
            if until_us > now_us:
                yield digest
            there = cursor.next() if oldest_first else cursor.prev()

    def _pages(self, size: int) -> int:
        return -(-size // self._piece)

    def _tally(self, txn: Txn) -> Tally:
        return Tally(txn.get(b"t", db=self._orders), txn.stat(self._objects)["entries"])

    def _keep(self, txn: Txn, tally: Tally) -> None:
        txn.put(b"t", TALLY.pack(tally.next, tally.size), db=self._orders)
