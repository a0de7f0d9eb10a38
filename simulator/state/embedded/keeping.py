"""Stored objects and the prompts' memory of the embedded store: each operation to its table. Wiring.

An object's body is written in one transaction, during which no other worker writes: 8 MB were measured at 3 ms, 10 ms
where the file's pages were not used before. What has to give way to it gives way before, a few milliseconds at a time.
"""

import asyncio
from collections.abc import Callable, Sequence

from simulator.state.embedded.mount import Mount
from simulator.state.embedded.object_records import Key, key_of
from simulator.state.objects import check_put
from simulator.state.store import ObjectLimits


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
        """As `Store.put`. Raises ValueError also for a body that takes more than half of the file.

        So does one that does not fit in that half beside the body that it replaces.
        """
        key, now = key_of(scope, kind, name), self._clock()
        check_put(len(body), ttl_us, limits)
        await self._room(key, len(body))
        within = self._mount.call(lambda mount: mount.objects.put(key, name, body, ttl_us, limits, now))
        while not within:
            await asyncio.sleep(0)
            within = self._mount.call(lambda mount: mount.objects.trim(limits, now, key))

    async def swap(self, scope: str, kind: str, name: str, old: bytes, new: bytes) -> bool:
        """As `Store.swap`. Raises ValueError for a body that has no room, as `put`."""
        key, now = key_of(scope, kind, name), self._clock()
        await self._room(key, len(new))
        return self._mount.call(lambda mount: mount.objects.swap(key, old, new, now))

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

    async def _room(self, key: Key, size: int) -> None:
        """Make room for a body, some at a time, so that the loop goes on meanwhile."""
        while True:
            if self._mount.call(lambda mount: mount.objects.room(key, size)):
                return
            await asyncio.sleep(0)
