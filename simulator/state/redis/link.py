"""The connections of one worker and whether they may be used. Edge: dials, and tells the breaker how it went.

Two lanes: one for limits, one for all else, so that a long conversation never delays an admission; and a subscription,
whose messages are only hints. `state.redis.max_connections` below three leaves out the subscription, then the second
lane. Stored objects have a connection beside these, see `freight`.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

from simulator.state.redis.breaker import Breaker, Phase
from simulator.state.redis.client import Dialer, Unreachable
from simulator.state.redis.lane import Lane, Lost
from simulator.state.redis.scripts import Script

log = logging.getLogger("simulator.state")


class Away(Exception):  # noqa: N818 - an event that is dealt with
    """Redis cannot be asked; whether it did what it was asked is not known."""


class Link:
    """`went(reason)` is told, inside the loop, when requests no longer go to Redis."""

    def __init__(
        self, dialer: Dialer, tag: bytes, *, call_s: float, breaker: Breaker, connections: int, went: Callable[[], None]
    ) -> None:
        self._dialer = dialer
        self._tag = tag
        self._call_s = call_s
        self._connections = connections
        self._went = went
        self._lanes: list[Lane] = []
        self._listener: asyncio.Task[None] | None = None
        self.breaker = breaker
        self.healthy = False
        """Whether requests go to Redis: the breaker is closed."""
        self.wake = asyncio.Event()
        """Set when the keeper has something to do."""

    @property
    def lane(self) -> Lane:
        """The lane of the limits."""
        if not self._lanes:
            raise Away(self.breaker.reason)
        return self._lanes[0]

    @property
    def other_lane(self) -> Lane:
        """The lane of all else."""
        if not self._lanes:
            raise Lost(self.breaker.reason)
        return self._lanes[-1]

    def fail(self, reason: str) -> None:
        """Redis is away from here on; all calls under way are lost at once."""
        was_healthy, self.healthy = self.healthy, False
        if self.breaker.phase is not Phase.OPEN:
            log.warning("Redis is away: %s; limits are this pod's share, sessions are this host's", reason)
        self.breaker.failed(asyncio.get_running_loop().time(), reason)
        if was_healthy:
            self._went()
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            lane.end(reason)
        self.wake.set()

    async def connect(self) -> Lane:
        """Open the lanes; returns that of the limits. Raises `Unreachable`."""
        lanes: list[Lane] = []
        try:
            while len(lanes) < min(2, self._connections):
                lanes.append(Lane(await self._dialer.dial(self._tag), self._call_s, self.fail))
        except BaseException:
            for lane in lanes:
                await lane.close()
            raise
        if any(lane.ended for lane in lanes):
            for lane in lanes:
                await lane.close()
            raise Unreachable(self.breaker.reason)
        self._lanes = lanes
        return lanes[0]

    async def run(self, script: Script, *arguments: Any) -> Any:
        """The reply of a script on the lane of all else. Raises `Away`."""
        return await self._guarded(lambda lane: lane.run(script, self._tag, *arguments))

    async def call(self, *arguments: Any) -> Any:
        """The reply of a command. Raises `Away`."""
        return await self._guarded(lambda lane: lane.call(*arguments))

    async def _guarded(self, ask: Callable[[Lane], Any]) -> Any:
        if not self._lanes:
            raise Away(self.breaker.reason)
        try:
            return await ask(self._lanes[-1])
        except Lost as error:
            raise Away(f"{error}") from None
        except ResponseError as error:
            self.fail(f"Redis refuses: {error}")
            raise Away(f"{error}") from None

    def listen(self, heard: Callable[[int], None]) -> None:
        """Have `heard` told each revision that is published; begins anew if the subscription has ended."""
        if self._connections > 2 and (self._listener is None or self._listener.done()):
            self._listener = asyncio.get_running_loop().create_task(self._listen(heard))

    async def _listen(self, heard: Callable[[int], None]) -> None:
        connection: AbstractConnection | None = None
        with suppress(Unreachable, RedisError, OSError):
            try:
                connection = await self._dialer.dial(self._tag)
                await connection.send_command("SUBSCRIBE", self._tag + b":control")
                while True:
                    message: Any = await connection.read_response()
                    if message[0] == b"message" and message[2].isdigit():
                        heard(int(message[2]))
            finally:
                if connection is not None:
                    await connection.disconnect(nowait=True)

    async def close(self) -> None:
        """Let go of all connections."""
        self.healthy = False
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            await lane.close()
