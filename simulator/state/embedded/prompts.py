"""Which prompts were met of late, in LMDB. Edge: a transaction a call.

prompts  digest of a name -> microsecond of its latest use, microsecond at which it is forgotten
recent   microsecond of the latest use, digest -> nothing: the order in which they give way
"""

import hashlib
import struct
from collections.abc import Sequence

from simulator.state.embedded.buckets import LEVEL_MOST
from simulator.state.embedded.room import PROMPTS_SHARE, Room
from simulator.state.embedded.tables import Tables, Txn
from simulator.state.store import PROMPT_NAME_MOST, PROMPTS_MOST, RECALL_MOST

_DIGEST_BYTES = 16
_RECORD = struct.Struct("<QQ")
_USED = struct.Struct(">Q16s")
_ENTRY_BYTES = 144
"""What an entry was measured to take of the file: two records, in pages that are two thirds full."""
_EXPIRED_A_CALL = 8
_SECOND_US = 1_000_000
_LAG = 64
"""An entry is renewed when its end lies back by a second, or by this part of its life: a prompt that is repeated in
each request is only read."""


def check(names: Sequence[bytes], ttl_us: int) -> None:
    """Raise ValueError for what cannot be recalled."""
    if len(names) > RECALL_MOST:
        raise ValueError(f"at most {RECALL_MOST} blocks of a prompt are recalled, not {len(names)}")
    for name in names:
        if not 0 < len(name) <= PROMPT_NAME_MOST:
            raise ValueError(f"a block's name has 1 to {PROMPT_NAME_MOST} bytes, not {len(name)}")
    if not 0 < ttl_us <= LEVEL_MOST // 2:
        raise ValueError(f"a prompt is kept for 1 to {LEVEL_MOST // 2} µs, not {ttl_us}")


class Prompts:
    """All prompts of the file; as many as a tenth of it holds, and no more than `PROMPTS_MOST`."""

    def __init__(self, tables: Tables) -> None:
        self._env = tables.env
        self._prompts, self._recent = tables.prompts, tables.recent
        self._room = Room(tables)
        self.most = min(PROMPTS_MOST, int(self._room.size_bytes * PROMPTS_SHARE) // _ENTRY_BYTES)

    def recall(self, names: Sequence[bytes], ttl_us: int, now_us: int) -> int:
        """As `Store.recall`."""
        check(names, ttl_us)
        keys = [_key(name) for name in names]
        late_us = now_us + ttl_us - min(_SECOND_US, ttl_us // _LAG)
        with self._env.begin(self._prompts) as txn:
            if all(_until(txn.get(key)) >= late_us for key in keys):
                return len(keys)
        with self._env.begin(self._prompts, write=True) as txn:
            return self._renew(txn, keys, now_us + ttl_us, now_us)

    def pages(self) -> int:
        """How many pages they take."""
        with self._env.begin() as txn:
            return self._room.prompts(txn)

    def evict(self, most: int) -> int:
        """Forget those that were not met for longest; returns how many."""
        with self._env.begin(self._prompts, write=True) as txn:
            return self._drop(txn, most)

    def _renew(self, txn: Txn, keys: Sequence[bytes], until_us: int, now_us: int) -> int:
        # Before any of them is renewed: a name may be there twice.
        known = max([place for place, key in enumerate(keys, 1) if _until(txn.get(key)) > now_us], default=0)
        for key in keys:
            record = txn.get(key)
            used_us, end_us = _RECORD.unpack(record) if record is not None else (0, 0)
            if record is not None:
                txn.delete(_USED.pack(used_us, key), db=self._recent)
            txn.put(key, _RECORD.pack(now_us, max(end_us, until_us)))
            txn.put(_USED.pack(now_us, key), b"", db=self._recent)
        entries: int = txn.stat(self._prompts)["entries"]
        self._drop(txn, max(0, entries - self.most))
        self._clear(txn, now_us)
        return known

    def _drop(self, txn: Txn, most: int) -> int:
        dropped = 0
        cursor = txn.cursor(self._recent)
        while dropped < most and cursor.first():
            txn.delete(cursor.key()[-_DIGEST_BYTES:], db=self._prompts)
            cursor.delete()
            dropped += 1
        return dropped

    def _clear(self, txn: Txn, now_us: int) -> None:
        """Forget some whose time is over."""
        cursor = txn.cursor(self._recent)
        for _ in range(_EXPIRED_A_CALL):
            if not cursor.first() or _until(txn.get(cursor.key()[-_DIGEST_BYTES:])) > now_us:
                break
            txn.delete(cursor.key()[-_DIGEST_BYTES:], db=self._prompts)
            cursor.delete()


def _key(name: bytes) -> bytes:
    return hashlib.blake2b(name, digest_size=_DIGEST_BYTES).digest()


def _until(record: bytes | None) -> int:
    until_us: int = _RECORD.unpack(record)[1] if record is not None else 0
    return until_us
