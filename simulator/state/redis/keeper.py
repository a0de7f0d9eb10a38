"""What goes on beside the requests: probing, bringing Redis up to date, heartbeats. Edge: one task a worker.

Back after a failure, in this order: an emptied Redis gets what it was seen to hold; the control documents are brought
together; until the moment that all workers share (`resume.lua`) what is granted locally is charged to Redis again and
again; then requests go there, and conversations that went on meanwhile follow.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

from simulator.state.redis import scripts
from simulator.state.redis.batch import Batcher
from simulator.state.redis.breaker import Phase
from simulator.state.redis.client import Unreachable
from simulator.state.redis.control import RedisControl
from simulator.state.redis.lane import Lost
from simulator.state.redis.limits import RedisLimits
from simulator.state.redis.link import Away, Link
from simulator.state.redis.pods import BEAT_S, beat_arguments, read_beat
from simulator.state.redis.sessions import RedisSessions

log = logging.getLogger("simulator.state")

RENEW_S = 5.0
"""Between two renewals of the leases, which expire after 30 s; also of the subscription, if it has ended."""
SESSIONS_AT_ONCE = 50
"""Sessions that are told to Redis before a heartbeat may be due again."""
PAY_S = 0.1
"""Between two charges while all workers wait for the shared moment."""
SETTLE_MOST_S = 2.0
"""The longest wait for the shared moment; two probes otherwise, in which every worker has found Redis."""

_FAULTS = (Away, Unreachable, Lost, RedisError)


class Keeper:
    """`clock` is what scripts take as the clock, `clock_us` this host's; `pod` is this pod's name."""

    def __init__(
        self,
        link: Link,
        limits: RedisLimits,
        sessions: RedisSessions,
        control: RedisControl,
        *,
        tag: bytes,
        owner: bytes,
        pod: str,
        clock: Callable[[], int],
        clock_us: Callable[[], int],
    ) -> None:
        self._link = link
        self._limits = limits
        self._batcher: Batcher = limits.batcher
        self._sessions = sessions
        self._control = control
        self._tag = tag
        self._owner = owner
        self._pod = pod
        self._clock = clock
        self._clock_us = clock_us
        self._run_id = b""
        self._again = False
        self._hinted = -1
        self._next_beat = 0.0
        self._next_renewal = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Try once, then go on beside the requests."""
        await self._guarded()
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """End it; the leases of this worker are given back if Redis can be asked."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._link.healthy:
            await self._limits.give_back()

    async def _keep(self) -> None:
        link = self._link
        while True:
            now = asyncio.get_running_loop().time()
            waits = [link.breaker.wait(now)]
            if link.breaker.phase is Phase.CLOSED:
                busy = self._hinted >= 0 or self._sessions.strayed
                waits = [0.0] if busy else [self._next_beat - now, self._next_renewal - now]
            elif link.breaker.phase is Phase.SETTLING:
                waits.append(PAY_S)
            wait = min(waits)
            if wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        await link.wake.wait()
                except TimeoutError:
                    pass
            link.wake.clear()
            await self._guarded()

    async def _guarded(self) -> None:
        """The next step; whatever goes wrong in it opens the breaker."""
        try:
            await self._step()
        except _FAULTS as error:
            self._again = True
            self._link.fail(f"{error}")
        except Exception as error:
            log.exception("the keeper of Redis failed")
            self._again = True
            self._link.fail(f"an internal fault: {type(error).__name__}")

    async def _step(self) -> None:
        breaker = self._link.breaker
        if breaker.phase is Phase.OPEN and breaker.wait(asyncio.get_running_loop().time()) <= 0:
            await self._probe()
        if breaker.phase is Phase.SETTLING:
            await self._settle()
        if breaker.phase is Phase.CLOSED:
            await self._tend()

    async def _probe(self) -> None:
        """Reach Redis and bring it up to date."""
        breaker = self._link.breaker
        lane = await self._link.connect()
        self._batcher.attach(lane)
        settle_us = int(min(2 * breaker.probe_s, SETTLE_MOST_S) * 1e6)
        now_us, moment_us = await lane.run(scripts.RESUME, self._tag, self._clock(), settle_us, int(self._again))
        self._limits.offset_us = now_us - self._clock_us()
        run_id = await self._identity()
        if not self._run_id:
            await lane.run(scripts.DISOWN, self._tag, self._owner)
        elif run_id != self._run_id and not await self._limits.restore():
            raise Away(breaker.reason)
        await self._beat()
        await self._control.synchronise()
        self._run_id = run_id
        self._again = True
        breaker.reached(asyncio.get_running_loop().time(), (moment_us - now_us) / 1e6)

    async def _identity(self) -> bytes:
        """What names a Redis and its memory: another one after every start, and on every node."""
        info: Any = await self._link.call("INFO", "server")
        for line in info.splitlines():
            if line.startswith(b"run_id:"):
                return bytes(line)
        return b"unknown at %d" % self._clock_us()

    async def _settle(self) -> None:
        breaker = self._link.breaker
        for paid in self._limits.pay():
            if await paid is None:
                raise Away(breaker.reason)
        if breaker.phase is not Phase.SETTLING or breaker.wait(asyncio.get_running_loop().time()) > 0:
            return
        breaker.close()
        self._limits.up()
        self._link.healthy = True
        log.info("Redis is in use: limits and sessions are shared by all pods")

    async def _tend(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._hinted >= 0:
            hinted, self._hinted = self._hinted, -1
            await self._control.heard(hinted)
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            self._limits.pay()
            await self._beat()
        if now >= self._next_renewal:
            self._next_renewal = now + RENEW_S
            self._limits.renew()
            self._link.listen(self._heard)
        if self._sessions.strayed:
            await self._sessions.restore(SESSIONS_AT_ONCE)

    async def _beat(self) -> None:
        beat = read_beat(await self._link.run(scripts.BEAT, *beat_arguments(self._clock(), self._pod)))
        # Until all pods are back their share is what it was: an emptied Redis knows only those that came first.
        self._limits.pods = beat.pods if self._link.healthy else max(beat.pods, self._limits.pods)
        mirror = self._limits.mirror
        mirror.note_stored(beat.names, beat.values, self._limits.offset_us)
        mirror.prune(self._clock_us())
        if self._link.healthy:
            await self._control.heard(beat.revision)

    def _heard(self, revision: int) -> None:
        self._hinted = revision
        self._link.wake.set()
