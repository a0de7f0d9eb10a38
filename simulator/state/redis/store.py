"""The store of many pods: Redis, and this host's embedded store while Redis is away. Wiring."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.config.state import State
from simulator.state.embedded.buckets import LEVEL_MOST, NAME_MOST
from simulator.state.embedded.prompts import check as check_prompts
from simulator.state.redis import circuits, control, limits, scripts, sessions
from simulator.state.redis.breaker import Breaker, Phase
from simulator.state.redis.circuits import RedisCircuits
from simulator.state.redis.client import Dialer
from simulator.state.redis.control import RedisControl
from simulator.state.redis.freight import Freight
from simulator.state.redis.keeper import Keeper
from simulator.state.redis.limits import RedisLimits
from simulator.state.redis.link import Away, Link
from simulator.state.redis.objects import RedisObjects
from simulator.state.redis.sessions import RedisSessions
from simulator.state.redis.url import parse
from simulator.state.slot import Slot
from simulator.state.store import PROMPTS_MOST, StoreHealth


class Local(limits.Local, sessions.Local, control.Local, circuits.Local, Protocol):
    """What is needed of the embedded store."""

    async def open(self) -> None:
        """As the store."""

    async def close(self) -> None:
        """As the store."""

    def health(self) -> StoreHealth:
        """As the store."""

    async def count(self, name: bytes, ttl_us: int) -> int:
        """As the store."""

    async def recall(self, prefixes: Sequence[bytes], ttl_us: int) -> int:
        """As the store."""


CONNECTIONS_WITH_FREIGHT = 4
"""Objects have a connection of their own where there may be so many, the subscription among them."""


def wall_clock_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class RedisStore:
    """Implements `simulator.state.store.Store`. Raises ValueError if the URL means nothing.

    `local` belongs to the store, which opens and closes it. `clock_us` is this host's clock; limits go by it only
    with `state.redis.clock: client`.
    """

    def __init__(self, settings: State, slot: Slot, local: Local, clock_us: Callable[[], int] = wall_clock_us) -> None:
        redis = settings.redis
        tag = scripts.tag(redis.prefix)
        pod = slot.fleet or os.urandom(8).hex()
        owner = f"{pod}.{slot.identity}".encode()
        client_clock = redis.clock == "client"
        self._now_us = clock_us if client_clock else _servers_own
        self._local = local
        self._breaker = Breaker(redis.probe_ms / 1000)
        dialer = Dialer(parse(settings.url), redis.connect_timeout_ms / 1000)
        self._link = Link(
            dialer,
            tag,
            call_s=redis.call_timeout_ms / 1000,
            breaker=self._breaker,
            connections=redis.max_connections,
            went=self._went,
        )
        link = self._link
        self._limits = RedisLimits(
            tag,
            owner,
            local,
            clock_us=clock_us,
            client_clock=client_clock,
            healthy=self._healthy,
            broken=link.fail,
        )
        self._sessions = RedisSessions(
            tag, local, run=link.run, call=link.call, healthy=self._healthy, now_us=self._now_us
        )
        self._freight = Freight(
            dialer,
            tag,
            call_s=redis.call_timeout_ms / 1000,
            reason=lambda: "" if link.healthy else self._breaker.reason,
            shared=(lambda: link.other_lane) if redis.max_connections < CONNECTIONS_WITH_FREIGHT else None,
        )
        objects = RedisObjects(self._freight, tag, self._now_us)
        self._control = RedisControl(local, run=link.run, healthy=self._healthy, reason=lambda: self._breaker.reason)
        self.circuit = RedisCircuits(
            local,
            run=link.run,
            healthy=self._healthy,
            reason=lambda: self._breaker.reason,
            now_us=self._now_us,
        ).circuit
        self._keeper = Keeper(
            link,
            self._limits,
            self._sessions,
            self._control,
            tag=tag,
            owner=owner,
            pod=pod,
            clock=self._now_us,
            clock_us=clock_us,
        )
        self.admit = self._limits.admit
        self.settle = self._limits.settle
        self.session = self._sessions.session
        self.remember = self._sessions.remember
        self.sessions = self._sessions.sessions
        self.forget = self._sessions.forget
        self.session_count = self._sessions.session_count
        self.object, self.put, self.swap, self.drop = objects.object, objects.put, objects.swap, objects.drop
        self.objects = objects.objects
        self.control = self._control.control
        self.read_control = local.read_control
        self.change = self._control.change

    async def open(self) -> None:
        """Open the embedded store and try Redis once; without it, begin degraded."""
        await self._local.open()
        await self._keeper.start()

    async def close(self) -> None:
        """Give back leases, let go of Redis, close the embedded store."""
        await self._keeper.stop()
        await self._freight.close()
        await self._link.close()
        await self._local.close()

    def health(self) -> StoreHealth:
        """As the store."""
        phase = self._breaker.phase
        if phase is not Phase.CLOSED:
            return StoreHealth("redis", "degraded", self._breaker.reason, phase is Phase.SETTLING)
        local = self._local.health()
        reason = f"this host's own store: {local.reason}" if local.state != "ok" else ""
        return StoreHealth("redis", local.state, reason, redis_up=True)

    async def count(self, name: bytes, ttl_us: int) -> int:
        """As the store; this host's count while Redis is away."""
        if not 0 < len(name) <= NAME_MOST:
            raise ValueError(f"a counter's name has 1 to {NAME_MOST} bytes, not {len(name)}")
        if not 0 < ttl_us <= LEVEL_MOST:
            raise ValueError(f"counter {name!r}: it is kept for 1 to {LEVEL_MOST} µs, not {ttl_us}")
        if self._link.healthy:
            try:
                return int(await self._link.run(scripts.COUNT, self._now_us(), name, ttl_us))
            except Away:
                pass
        return await self._local.count(name, ttl_us)

    async def recall(self, prefixes: Sequence[bytes], ttl_us: int) -> int:
        """As the store; what this host knows while Redis is away."""
        check_prompts(prefixes, ttl_us)
        if self._link.healthy:
            given = self._now_us(), ttl_us, PROMPTS_MOST, sessions.MARGIN_MS
            try:
                return int(await self._link.run(scripts.RECALL, *given, *prefixes))
            except Away:
                pass
        return await self._local.recall(prefixes, ttl_us)

    def _healthy(self) -> bool:
        return self._link.healthy

    def _went(self) -> None:
        self._limits.down()
        self._freight.end(self._breaker.reason)


def _servers_own() -> int:
    """No moment: the script takes Redis's."""
    return -1
