"""Stored objects in Redis. Edge.

While Redis is away no object can be read or written: what another pod has stored cannot be made up. A large body
travels in pieces, each under a name of its own: Redis serves nobody else while it copies one, and a script was measured
to hold it up for 90 ms with 32 MB. They are stored first and then named, all at once; pieces that nobody names expire.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from simulator.state.objects import TTL_MOST_US, check, check_put, possible
from simulator.state.redis import scripts
from simulator.state.redis.freight import Freight
from simulator.state.redis.sessions import MARGIN_MS
from simulator.state.store import ObjectLimits, StoreUnavailable, TooLarge

PIECE = 256 * 1024
"""Bytes of a piece; a body that is no larger has none."""
PAGE_BYTES = 1024 * 1024
"""Bodies of a listing that are asked for at once."""
BODY_MOST = 256 * 1024 * 1024
"""A thousand pieces, which a script must not take much longer than a millisecond to name."""

_LOST = -1
"""What a script replies that finds a piece gone."""


class _Body(NamedTuple):
    """What scripts take as a body."""

    size: int
    digest: bytes
    token: bytes
    pieces: int
    whole: bytes


class RedisObjects:
    """`now_us` is what scripts take as the clock."""

    def __init__(self, freight: Freight, tag: bytes, now_us: Callable[[], int]) -> None:
        self._freight = freight
        self._tag = tag
        self._now_us = now_us

    async def object(self, scope: str, kind: str, name: str) -> bytes | None:
        """As the store."""
        return await self._read(_id(scope, kind, name))

    async def put(self, scope: str, kind: str, name: str, body: bytes, ttl_us: int, limits: ObjectLimits) -> None:
        """As the store."""
        identity = _id(scope, kind, name)
        check_put(len(body), ttl_us, limits)
        bounds = limits.max_objects, limits.max_bytes
        given = min(ttl_us, TTL_MOST_US), *bounds, MARGIN_MS
        within = await self._write(scripts.OBJECT_PUT, (_LOST,), body, identity, *given)
        while not within:
            within = await self._freight.run(scripts.OBJECT_TRIM, self._now_us(), identity, *bounds)

    async def swap(self, scope: str, kind: str, name: str, old: bytes, new: bytes) -> bool:
        """As the store."""
        identity = _id(scope, kind, name)
        expected = await _digest(old)
        return bool(await self._write(scripts.OBJECT_SWAP, (_LOST, 0), new, identity, expected, MARGIN_MS))

    async def drop(self, scope: str, kind: str, name: str) -> bool:
        """As the store."""
        return bool(await self._freight.run(scripts.OBJECT_DROP, self._now_us(), _id(scope, kind, name)))

    async def objects(
        self, scope: str, kind: str, *, after: str = "", most: int = 100, oldest_first: bool = False
    ) -> list[tuple[str, bytes]]:
        """As the store. One that is dropped while its page is read may be missing from it."""
        check(scope, kind)
        found: list[tuple[str, bytes]] = []
        if after and not possible(after):
            return found
        shelf, behind = f"{scope}\n{kind}".encode(), after
        done = most <= 0
        while not done:
            given = shelf, behind, most - len(found), int(oldest_first), PAGE_BYTES
            done, place, *told = await self._freight.run(scripts.OBJECT_LIST, self._now_us(), *given, size=PAGE_BYTES)
            for name, body in zip(told[::2], told[1::2], strict=True):
                whole = body if isinstance(body, bytes) else await self._read(shelf + b"\n" + name)
                if whole is not None:
                    found.append((name.decode(), whole))
            behind = " " + place.decode()
        return found

    async def _write(
        self, script: scripts.Script, refusals: tuple[int, ...], body: bytes, identity: bytes, *given: Any
    ) -> int:
        """What the script replies that takes a body; its pieces are stored before, and removed after a refusal."""
        if len(body) > BODY_MOST:
            raise TooLarge(len(body), BODY_MOST, "Redis is given")
        digest = await _digest(body)
        if len(body) <= PIECE:
            sent = _Body(len(body), digest, b"", 0, body)
        else:
            sent = _Body(len(body), digest, os.urandom(8).hex().encode(), -(-len(body) // PIECE), b"")
        view = memoryview(body)
        try:
            for number in range(sent.pieces):
                piece = view[number * PIECE : (number + 1) * PIECE]
                await self._freight.call("SET", self._name(sent.token, number), piece, "PX", MARGIN_MS, size=len(piece))
            reply = int(await self._freight.run(script, self._now_us(), identity, *given, *sent, size=len(sent.whole)))
        except StoreUnavailable:
            await self._discard(sent)
            raise
        if reply in refusals:
            await self._discard(sent)
        if reply == _LOST:
            raise StoreUnavailable(f"an object of {len(body)} bytes was not stored in time")
        return reply

    async def _discard(self, sent: _Body) -> None:
        """Pieces that were not named: a Redis that is full has no room for them until they expire."""
        if sent.pieces:
            with suppress(StoreUnavailable):
                await self._freight.call(
                    "UNLINK", *[self._name(sent.token, each) for each in range(sent.pieces)], size=0
                )

    async def _read(self, identity: bytes) -> bytes | None:
        missed = b""
        while True:
            told = await self._freight.run(scripts.OBJECT_READ, self._now_us(), identity, size=PIECE)
            if len(told) < 2:
                body: bytes | None = told[0] if told else None
                return body
            _, number, token = told
            whole = await self._gathered(token, number)
            if whole is not None:
                return whole
            if token == missed:
                # It was not replaced meanwhile: Redis has evicted a piece.
                await self._freight.run(scripts.OBJECT_DROP, self._now_us(), identity, token)
            missed = token

    async def _gathered(self, token: bytes, number: int) -> bytes | None:
        """The body that lies in so many pieces; None if one is gone."""
        pieces = []
        for each in range(number):
            piece = await self._freight.call("GET", self._name(token, each), size=PIECE)
            if piece is None:
                return None
            pieces.append(piece)
        return b"".join(pieces)

    def _name(self, token: bytes, number: int) -> bytes:
        return b"%s:p:%s:%d" % (self._tag, token, number)


async def _digest(body: bytes) -> bytes:
    """What tells the body from another; the loop goes on while that of a large one is made."""
    if len(body) <= PIECE:
        return hashlib.blake2b(body, digest_size=16).digest()
    digest, view = hashlib.blake2b(digest_size=16), memoryview(body)
    for start in range(0, len(body), PIECE):
        digest.update(view[start : start + PIECE])
        await asyncio.sleep(0)
    return digest.digest()


def _id(scope: str, kind: str, name: str) -> bytes:
    check(scope, kind, name)
    return f"{scope}\n{kind}\n{name}".encode()
