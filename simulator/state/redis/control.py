"""The control document in Redis, and a copy of it in this host's store, which its workers read. Edge.

Redis has the truth. What it has of a higher revision is copied here; where it has a lower one, since it began empty,
the copy is put back. So all pods come to the document of the highest revision.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from simulator.state.redis import scripts
from simulator.state.redis.link import Away
from simulator.state.redis.pods import KEEP_MS
from simulator.state.store import Conflict, Control, StoreUnavailable


class Local(Protocol):
    """What is needed of the embedded store."""

    def read_control(self) -> Control:
        """The document of this host."""

    def write_control(self, base: int | None, revision: int | None, body: bytes) -> int:
        """With no base, take over a document whose revision is higher, and tell the board."""


class RedisControl:
    """`run` calls a script and raises `Away`."""

    def __init__(
        self,
        local: Local,
        *,
        run: Callable[..., Awaitable[Any]],
        healthy: Callable[[], bool],
        reason: Callable[[], str],
    ) -> None:
        self._local = local
        self._run = run
        self._healthy = healthy
        self._reason = reason

    async def control(self) -> Control:
        """As the store; this host's copy while Redis is away."""
        if self._healthy():
            try:
                _, revision, body = await self._run(scripts.CONTROL, KEEP_MS)
            except Away:
                return self._local.read_control()
            self._take(revision, body)
            return Control(revision, body)
        return self._local.read_control()

    async def change(self, base: int, body: bytes) -> int:
        """As the store; refused while Redis is away. When it returns, this host's workers see the change."""
        if not self._healthy():
            raise StoreUnavailable(f"nothing can be changed for all pods: {self._reason()}")
        try:
            done, revision, present = await self._run(scripts.CONTROL, KEEP_MS, "change", base, body)
        except Away as error:
            raise StoreUnavailable(f"the change may have been made or not, read it again: {error}") from None
        self._take(revision, present)
        if not done:
            raise Conflict(revision)
        return int(revision)

    async def heard(self, revision: int) -> None:
        """Redis is said to be at this revision: see to it that both are at the same. Raises `Away`."""
        if revision != self._local.read_control().revision:
            await self.synchronise()

    async def synchronise(self) -> None:
        """Bring Redis and this host to the higher of their revisions. Raises `Away`."""
        here = self._local.read_control()
        _, revision, body = await self._run(scripts.CONTROL, KEEP_MS, "put", here.revision, here.body)
        self._take(revision, body)

    def _take(self, revision: int, body: bytes) -> None:
        if revision > self._local.read_control().revision:
            self._local.write_control(None, revision, body)
