"""Stored objects and the prompts' memory of the embedded store: each operation to its table. Wiring.

An object's body is written in one transaction, during which no other worker writes: 8 MB were measured at 3 ms, 10 ms
where the file's pages were not used before. What has to give way to it gives way before, a few milliseconds at a time.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from simulator.state.embedded.mount import Mount
from simulator.state.embedded.object_records import Key, key_of
from simulator.state.objects import check_put
from simulator.state.store import ObjectLimits


class _Writing(Protocol):
    """Writes a body; None if there must be room first."""

    def __call__(self, mount: Mount, /, *, sure: bool) -> bool | None: ...


class Keeping:
    """The operations of `Store` that have to do with objects and prompts."""

    def __init__(self, mount: Mount, clock_us: Callable[[], int]) -> None:
        self._mount = mount
        self._clock = clock_us

    async def object(self, scope: str, kind: str, name: str) -> bytes | None:
        """As `Store.object`."""
        key, now = key_of(scope, kind, name), self._clock()
        return self._mount.call(lambda mount: mount.objects.read(key, now))

    async def put(self, scope: str, kind: str, name: str, body: bytes, ttl_us: int, limits: ObjectLimits) -> None:
        """As `Store.put`. A body is too large also if it takes more than half of the file.

        So is one that does not fit in that half beside the body that it replaces.
        """
        key, now = key_of(scope, kind, name), self._clock()
        check_put(len(body), ttl_us, limits)
        within = await self._in_room(
            key,
            len(body),
            lambda mount, *, sure: mount.objects.put(key, name, body, ttl_us, limits, now, sure=sure),
        )
        while not within:
            await asyncio.sleep(0)
            within = self._mount.call(lambda mount: mount.objects.trim(limits, now, key))

    async def swap(self, scope: str, kind: str, name: str, old: bytes, new: bytes) -> bool:
        """As `Store.swap`. A body may be too large, as for `put`."""
        key, now = key_of(scope, kind, name), self._clock()
        return await self._in_room(
            key, len(new), lambda mount, *, sure: mount.objects.swap(key, old, new, now, sure=sure)
        )

    async def drop(self, scope: str, kind: str, name: str) -> bool:
        """As `Store.drop`."""
        key, now = key_of(scope, kind, name), self._clock()
        return self._mount.call(lambda mount: mount.objects.drop(key, now))

    async def objects(
        self, scope: str, kind: str, *, after: str = "", most: int = 100, oldest_first: bool = False
    ) -> list[tuple[str, bytes]]:
        """As `Store.objects`."""
        now = self._clock()
        return self._mount.call(
            lambda mount: mount.objects.page(scope, kind, after, most, now, oldest_first=oldest_first)
        )

    async def recall(self, prefixes: Sequence[bytes], ttl_us: int) -> int:
        """As `Store.recall`."""
        return self.recall_now(prefixes, ttl_us)

    def recall_now(self, prefixes: Sequence[bytes], ttl_us: int) -> int:
        """As `Store.recall`, without a coroutine."""
        now = self._clock()
        return self._mount.call(lambda mount: mount.prompts.recall(prefixes, ttl_us, now))

    async def _in_room(self, key: Key, size: int, operation: _Writing) -> bool:
        """What the operation returns once there is room for a body; it is made some at a time, and the loop goes on."""
        sure = False
        while True:
            done = self._mount.call(partial(operation, sure=sure))
            if done is not None:
                return done
            sure = not self._mount.call(lambda mount: mount.objects.give_way(key, size))
            await asyncio.sleep(0)
