"""Sessions in LMDB. Edge: a transaction a call; turns are records of their own, so that a turn more costs a turn.

sessions  key -> meta; the key is the text `scope/name` (its first 400 bytes), 0, and a digest of both
used      microsecond of the latest use, digest -> key: the order in which sessions give way
turns     digest, number -> tokens, then the turn's body
"""

import hashlib
import re
import struct
from collections.abc import Iterator, Sequence

import msgspec

from simulator.state.embedded.buckets import LEVEL_MOST
from simulator.state.embedded.room import Room
from simulator.state.embedded.tables import Tables, Txn
from simulator.state.store import Session, SessionLimits, SessionSummary, StoreUnavailable, Turn

_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,256}\Z")
_PREFIX = 400
"""Bytes of the text in a key: LMDB's keys have 511 at most."""
_EXPIRED_A_CALL = 8
"""Expired sessions that one call clears away, so that none pays for all."""
_EVICTED_A_CALL = 64
_TURN_SHARE = 0.1
"""What one call may add: a turn lies in one piece, and a fragmented file has few large ones."""

_USED = struct.Struct(">Q16s")
_TURN_KEY = struct.Struct(">16sI")
_TOKENS = struct.Struct("<q")


class _Meta(msgspec.Struct, array_like=True, gc=False):
    """What is kept of a session beside its turns, which are numbered `first` to `end - 1`."""

    scope: str
    name: str
    created_us: int
    used_us: int
    first: int = 0
    end: int = 0
    tokens: int = 0

    @property
    def digest(self) -> bytes:
        return _digest(self.scope, self.name)

    @property
    def key(self) -> bytes:
        return _text(self.scope, self.name)[:_PREFIX] + b"\0" + self.digest


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Meta).decode


class Sessions:
    """All sessions of the file."""

    def __init__(self, tables: Tables) -> None:
        self._env = tables.env
        self._sessions, self._used, self._turns = tables.sessions, tables.used, tables.turns
        self._room = Room(tables)
        self._most_bytes = int(self._room.size_bytes * _TURN_SHARE)

    def read(self, scope: str, name: str, limits: SessionLimits, now_us: int) -> Session | None:
        """As `Store.session`."""
        _check(limits)
        key = _Meta(_checked("scope", scope), _checked("name", name), 0, 0).key
        with self._env.begin(self._sessions, write=True) as txn:
            meta = self._find(txn, key)
            if meta is None:
                return None
            if _expired(meta, limits, now_us):
                self._drop(txn, key, meta)
                return None
            self._keep(txn, key, meta, now_us)
            return self._whole(txn, meta)

    def append(self, scope: str, name: str, turns: Sequence[Turn], limits: SessionLimits, now_us: int) -> Session:
        """As `Store.remember`."""
        _check(limits)
        fresh = _Meta(_checked("scope", scope), _checked("name", name), now_us, now_us)
        turns = self._latest(turns, limits.max_tokens)
        key = fresh.key
        with self._env.begin(self._sessions, write=True) as txn:
            meta = self._find(txn, key) or fresh
            if _expired(meta, limits, now_us):
                self._drop(txn, key, meta)
                meta = fresh
            more = sum([turn.tokens for turn in turns])
            digest = meta.digest
            spared = 0 if turns else 1
            while meta.end - meta.first > spared and meta.tokens + more > limits.max_tokens:
                old = _TURN_KEY.pack(digest, meta.first)
                meta.tokens -= _turn(txn.get(old, db=self._turns)).tokens
                txn.delete(old, db=self._turns)
                meta.first += 1
            for turn in turns:
                txn.put(_TURN_KEY.pack(digest, meta.end), _TOKENS.pack(turn.tokens) + turn.body, db=self._turns)
                meta.end += 1
            meta.tokens += more
            self._keep(txn, key, meta, now_us)
            self._cap(txn, key, limits, now_us)
            return self._whole(txn, meta)

    def summaries(self, limits: SessionLimits, after: str, most: int, now_us: int) -> list[SessionSummary]:
        """As `Store.sessions`; sessions whose text is the same but for its slash count as one for `after`."""
        _check(limits)
        start = after.encode("utf-8", "surrogatepass")
        found: list[tuple[bytes, SessionSummary]] = []
        with self._env.begin(self._sessions) as txn:
            cursor = txn.cursor()
            there = cursor.set_range(start[:_PREFIX])
            prefix = b""
            while there:
                key, meta = cursor.key(), _decode(cursor.value())
                # Keys with the whole prefix stand for longer texts, which are not in order among themselves.
                if len(found) >= most and not (len(key) > _PREFIX + 16 and key.startswith(prefix)):
                    break
                prefix = key[:_PREFIX]
                text = _text(meta.scope, meta.name)
                if text > start and not _expired(meta, limits, now_us):
                    found.append((text, _summary(meta)))
                there = cursor.next()
        return [summary for _, summary in sorted(found, key=lambda each: each[0])[: max(most, 0)]]

    def forget(self, scope: str, name: str) -> bool:
        """As `Store.forget`."""
        key = _Meta(_checked("scope", scope), _checked("name", name), 0, 0).key
        with self._env.begin(self._sessions, write=True) as txn:
            meta = self._find(txn, key)
            if meta is not None:
                self._drop(txn, key, meta)
            return meta is not None

    def count(self) -> int:
        """How many there are, expired ones included."""
        with self._env.begin() as txn:
            entries: int = txn.stat(self._sessions)["entries"]
        return entries

    def pages(self) -> int:
        """How many pages they take."""
        with self._env.begin() as txn:
            return self._room.sessions(txn)

    def evict(self, most: int) -> int:
        """Drop those unused for longest; returns how many."""
        with self._env.begin(self._sessions, write=True) as txn:
            return sum([self._evict(txn, key) for key in self._oldest(txn, most)])

    def _latest(self, turns: Sequence[Turn], max_tokens: int) -> list[Turn]:
        """The last turns that fit, one at least if there is one."""
        kept: list[Turn] = []
        tokens = size = 0
        for turn in reversed(turns):
            if not 0 <= turn.tokens <= LEVEL_MOST:
                raise ValueError(f"a turn of {turn.tokens} tokens")
            tokens += turn.tokens
            if kept and tokens > max_tokens:
                break
            kept.append(turn)
            size += len(turn.body)
        if size > self._most_bytes:
            raise StoreUnavailable(f"turns of {size} bytes; state.size_mb leaves room for {self._most_bytes} at once")
        return kept[::-1]

    def _cap(self, txn: Txn, key: bytes, limits: SessionLimits, now_us: int) -> None:
        """Drop what is beyond the limits, and what the file has no room for, but never the session at `key`."""
        surplus = txn.stat(self._sessions)["entries"] - limits.max_sessions
        if surplus > 0:
            for each in self._oldest(txn, surplus, key):
                self._evict(txn, each)
        for each in self._oldest(txn, _EXPIRED_A_CALL, key):
            meta = self._find(txn, each)
            if meta is None or not _expired(meta, limits, now_us):
                break
            self._drop(txn, each, meta)
        room = self._room
        if room.taken(txn) > room.most:
            for each in self._oldest(txn, _EVICTED_A_CALL, key):
                self._evict(txn, each)
                if room.taken(txn) <= room.most:
                    break

    def _find(self, txn: Txn, key: bytes) -> _Meta | None:
        record = txn.get(key)
        return _decode(record) if record is not None else None

    def _keep(self, txn: Txn, key: bytes, meta: _Meta, now_us: int) -> None:
        digest = meta.digest
        txn.delete(_USED.pack(meta.used_us, digest), db=self._used)
        meta.used_us = max(meta.used_us, now_us)
        txn.put(_USED.pack(meta.used_us, digest), key, db=self._used)
        txn.put(key, _encode(meta))

    def _drop(self, txn: Txn, key: bytes, meta: _Meta) -> None:
        digest = meta.digest
        for number in range(meta.first, meta.end):
            txn.delete(_TURN_KEY.pack(digest, number), db=self._turns)
        txn.delete(_USED.pack(meta.used_us, digest), db=self._used)
        txn.delete(key)

    def _evict(self, txn: Txn, key: bytes) -> bool:
        meta = self._find(txn, key)
        if meta is not None:
            self._drop(txn, key, meta)
        return meta is not None

    def _oldest(self, txn: Txn, most: int, spared: bytes = b"") -> list[bytes]:
        keys: list[bytes] = []
        for _, key in txn.cursor(self._used):
            if len(keys) >= most:
                break
            if key != spared:
                keys.append(key)
        return keys

    def _whole(self, txn: Txn, meta: _Meta) -> Session:
        return Session(meta.scope, meta.name, meta.created_us, meta.used_us, tuple(self._read_turns(txn, meta)))

    def _read_turns(self, txn: Txn, meta: _Meta) -> Iterator[Turn]:
        digest = meta.digest
        for number in range(meta.first, meta.end):
            yield _turn(txn.get(_TURN_KEY.pack(digest, number), db=self._turns))


def _turn(record: bytes | None) -> Turn:
    """A record as a turn; struct.error where there is none though its number says so, which only damage explains."""
    stored = record if record is not None else b""
    return Turn(stored[_TOKENS.size :], _TOKENS.unpack_from(stored)[0])


def _checked(what: str, text: str) -> str:
    if not _NAME.match(text):
        raise ValueError(f"a session's {what} has 1 to 256 characters and no control characters")
    return text


def _check(limits: SessionLimits) -> None:
    if min(limits.max_sessions, limits.ttl_us, limits.max_tokens) < 1:
        raise ValueError(f"every limit of sessions is 1 or more: {limits}")


def _digest(scope: str, name: str) -> bytes:
    return hashlib.blake2b(f"{scope}\0{name}".encode(), digest_size=16).digest()


def _text(scope: str, name: str) -> bytes:
    return f"{scope}/{name}".encode()


def _expired(meta: _Meta, limits: SessionLimits, now_us: int) -> bool:
    return now_us - meta.used_us >= limits.ttl_us


def _summary(meta: _Meta) -> SessionSummary:
    turns = meta.end - meta.first
    return SessionSummary(meta.scope, meta.name, meta.created_us, meta.used_us, turns, meta.tokens)
