"""The connection for stored objects: bodies of megabytes, which must not hold up a limit or a session. Edge.

It is dialled when it is first needed; other calls go between the pieces of a large body. An answer may take as long as
any other, and longer by the size of what is on its way. What goes wrong here is the object's trouble alone: the
connection is made anew, and Redis stays in use for all else.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from redis.exceptions import ResponseError

from simulator.state.redis.client import Dialer, Unreachable
from simulator.state.redis.lane import Lane, Lost
from simulator.state.redis.scripts import Script
from simulator.state.store import StoreUnavailable

BYTES_A_SECOND = 10_000_000
"""What a network is trusted with at the least; half a megabyte may take 50 ms longer."""


class Freight:
    """`reason` tells why Redis is not in use, empty if it is. `shared`, if given, is used in place of an own lane."""

    def __init__(
        self,
        dialer: Dialer,
        tag: bytes,
        *,
        call_s: float,
        reason: Callable[[], str],
        shared: Callable[[], Lane] | None = None,
    ) -> None:
        self._dialer = dialer
        self._tag = tag
        self._call_s = call_s
        self._reason = reason
        self._shared = shared
        self._lane: Lane | None = None
        self._dialling = asyncio.Lock()
        self._under_way = 0

    async def run(self, script: Script, *arguments: Any, size: int = 0) -> Any:
        """The reply of a script; `size` is how many bytes the question or the answer has.

        Raises `StoreUnavailable`; whether the script was executed is not known then.
        """
        return await self._carried((self._tag, *arguments), script, size)

    async def call(self, *arguments: Any, size: int) -> Any:
        """The reply of a command, likewise."""
        return await self._carried(arguments, None, size)

    async def _carried(self, arguments: tuple[Any, ...], script: Script | None, size: int) -> Any:
        self._under_way += size
        try:
            lane = await self._open()
            return await lane.ask(arguments, script, self._under_way / BYTES_A_SECOND)
        except (Lost, Unreachable) as error:
            raise StoreUnavailable(f"stored objects are in Redis, which is away: {error}") from None
        except ResponseError as error:
            raise StoreUnavailable(f"Redis refuses: {error}") from None
        finally:
            self._under_way -= size

    def end(self, why: str) -> None:
        """Every call under way fails at once."""
        if self._lane is not None:
            self._lane.end(why, tell=False)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._lane is not None:
            await self._lane.close()

    async def _open(self) -> Lane:
        reason = self._reason()
        if reason:
            raise StoreUnavailable(f"stored objects are in Redis, which is away: {reason}")
        if self._shared is not None:
            return self._shared()
        async with self._dialling:
            if self._lane is None or self._lane.ended:
                self._lane = Lane(await self._dialer.dial(self._tag), self._call_s, _nobody)
            return self._lane


def _nobody(_: str) -> None:
    """That a lane has ended is told by its calls."""
