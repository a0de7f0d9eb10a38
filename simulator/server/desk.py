"""What an endpoint may use that stores objects or answers without a plan: `providers.base.Desk`, at work.

Edge of the store. Objects are kept for each API key and each provider apart.
"""

import logging
from collections.abc import Awaitable, Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

import msgspec

from simulator.engine.errors import EngineRefusal
from simulator.engine.plan import Address, Fault
from simulator.providers.base import NO_TARGET, Problem, Provider, Refusal, Reply
from simulator.server.context import House
from simulator.server.engine_refusals import refused
from simulator.server.live import Live
from simulator.server.sessions import scope_of
from simulator.state.store import Store, StoreUnavailable, TooLarge

log = logging.getLogger("simulator.objects")
T = TypeVar("T")


class StoreShelf:
    """Implements `Shelf`."""

    def __init__(self, store: Store | None, live: Live, provider: str, headers: Mapping[bytes, bytes]) -> None:
        self._store = store
        self._live = live
        self._scope = f"{provider}.{scope_of(headers)}"

    async def get(self, kind: str, name: str) -> bytes | None:
        """See `Shelf.get`."""
        if not _nameable(name):
            return None
        return await _told(self._open().object(self._scope, kind, name))

    async def put(self, kind: str, name: str, body: bytes, ttl_secs: float | None = None) -> None:
        """See `Shelf.put`."""
        objects = self._live.config.state.objects
        ttl = objects.ttl_secs if ttl_secs is None else ttl_secs
        self._check(body)
        limits = self._live.object_limits
        await _told(self._open().put(self._scope, kind, name, body, max(1, int(ttl * 1e6)), limits))

    async def swap(self, kind: str, name: str, old: bytes, new: bytes) -> bool:
        """See `Shelf.swap`."""
        self._check(new)
        return await _told(self._open().swap(self._scope, kind, name, old, new))

    async def drop(self, kind: str, name: str) -> bool:
        """See `Shelf.drop`."""
        return _nameable(name) and await _told(self._open().drop(self._scope, kind, name))

    async def page(
        self, kind: str, *, after: str = "", most: int = 100, oldest_first: bool = False
    ) -> Sequence[tuple[str, bytes]]:
        """See `Shelf.page`."""
        if after and not _nameable(after):
            return ()
        return await _told(self._open().objects(self._scope, kind, after=after, most=most, oldest_first=oldest_first))

    def _check(self, body: bytes) -> None:
        most = self._live.object_limits.max_bytes
        if len(body) > most:
            raise Refusal(Problem.TOO_LARGE, limit=most)

    def _open(self) -> Store:
        if self._store is None:
            raise Refusal(Problem.SERVER_ERROR)
        return self._store


class WorkDesk:
    """Implements `Desk` for one request."""

    def __init__(
        self, house: House, live: Live, provider: Provider, address: Address, headers: Mapping[bytes, bytes]
    ) -> None:
        self._house = house
        self._live = live
        self._provider = provider
        self._address = address
        self._headers = headers
        self.shelf = StoreShelf(house.store, live, provider.name, headers)
        self.now = house.wall()
        self.request_bits = live.engine.seeds.request_bits(address)
        self.models = live.entries.get(provider.name, ())
        self.batch_rate = live.config.simulation.batch_requests_per_sec

    def run(self, path: str, body: bytes, ordinal: int = 0, headers: Mapping[bytes, bytes] | None = None) -> Reply:
        """See `Desk.run`."""
        bits = blake2b(self.request_bits + ordinal.to_bytes(8, "little"), digest_size=16).digest()
        try:
            endpoint = next(one for one in self._provider.endpoints if one.path == path)
        except StopIteration:
            return self._provider.refuse(Refusal(Problem.UNKNOWN_PATH, param=f"POST {path}"), bits)
        try:
            call = endpoint.decode(body, self._headers if headers is None else headers, NO_TARGET)
            plan = self._live.engine.plan(call.request, self._address, int(self.now), faultless=True)
        except Refusal as refusal:
            return self._provider.refuse(refusal, bits)
        except EngineRefusal as refusal:
            known = self._live.known.get(self._provider.name, ())
            return self._provider.refuse(refused(refusal, known), bits)
        if isinstance(plan.outcome, Fault):
            raise TypeError("a plan without faults has one")
        return endpoint.reply(call, msgspec.structs.replace(plan, offsets=(), request_bits=bits))


def _nameable(name: str) -> bool:
    """Whether an object may have this name: a client may ask for any."""
    return 0 < len(name) <= 150 and name.isascii() and name.isprintable()


async def _told(asked: Awaitable[T]) -> T:
    """What the store answers; that it cannot is told in the provider's words."""
    try:
        return await asked
    except TooLarge as error:
        raise Refusal(Problem.TOO_LARGE, limit=error.most) from None
    except StoreUnavailable as error:
        log.warning("a stored object cannot be reached: %s", error)
        raise Refusal(Problem.SERVER_ERROR, "The shared state of this simulator cannot be reached.") from None
