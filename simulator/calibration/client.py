"""The client: keep-alive connections that ask for one stream after the other, and time every token.

Edge: sockets and the clock. A read is timed first and looked at after, in the loop's own callback; no stream reader and
no task stands between the socket and the clock. Between two streams a connection pauses for a drawn part of some
milliseconds, so that requests arrive at every phase of the server's tick.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol, TypeVar, cast

import numpy as np

from simulator.calibration.arrivals import Arrived, NotHttp, Reading
from simulator.server.timer import timer

PAUSE_SECONDS: Final = 4e-3
"""Up to so long a connection pauses after a stream."""
SPREAD_SECONDS: Final = 1.0
"""Over at most so long the connections of a run begin."""
T = TypeVar("T")


class Order(Protocol):
    """A share of a run: so many requests over so many connections; each answer is handed over as it ends."""

    requests: int
    streams: int

    def request(self, number: int) -> bytes:
        """The bytes of one of them, counted from 0."""

    def count(self, lines: bytes) -> int:
        """How many tokens whole lines of an answer bring."""

    def take(self, arrived: Arrived) -> None:
        """One answer, whole or not."""


class Line(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._reading: Reading | None = None
        self._ended: asyncio.Future[bool] | None = None

    @property
    def open(self) -> bool:
        """Whether another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop's call."""
        # uvloop's transports are not asyncio's by class, only by what they do.
        self._transport = cast(asyncio.WriteTransport, transport)

    async def ask(self, request: bytes, count: Callable[[bytes], int]) -> Arrived:
        """Send a request and follow its answer to the end, or to the connection's."""
        assert self._transport is not None  # noqa: S101 - only an open line is asked
        self._ended = asyncio.get_running_loop().create_future()
        self._reading = Reading(count, time.monotonic())
        self._transport.write(request)
        whole = await self._ended
        return self._reading.arrived(whole=whole)

    def data_received(self, data: bytes) -> None:
        """The loop's call."""
        now = time.monotonic()
        reading, ended = self._reading, self._ended
        if reading is None or ended is None or ended.done():
            self.close()
            return
        try:
            if reading.feed(now, data):
                ended.set_result(True)
        except NotHttp:
            self.close()
            ended.set_result(False)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The loop's call."""
        self._transport = None
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(False)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()


class Pause:
    """Waits to a part of a millisecond, which no loop's own timer does."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] | None = None
        self._timer = timer(self._loop, self._fire, time.monotonic)

    async def until(self, when: float) -> None:
        """Wait until `when`, seconds of the monotonic clock."""
        self._done = self._loop.create_future()
        self._timer.arm(when)
        try:
            await self._done
        finally:
            self._timer.disarm()

    def close(self) -> None:
        """Let go of the loop."""
        self._timer.close()

    def _fire(self) -> None:
        self._timer.disarm()
        if self._done is not None and not self._done.done():
            self._done.set_result(None)


async def follow(host: str, port: int, orders: Sequence[Order], deadline: float) -> bool:
    """Ask for all that is ordered, side by side. False if there was no time for all of it.

    `deadline` is of the monotonic clock: what has not ended then is hung up. Raises OSError where nobody answers.
    """
    begin = time.monotonic()
    drives = []
    for order in orders:
        numbers = iter(range(order.requests))
        step = SPREAD_SECONDS / order.streams
        for place in range(order.streams):
            draws = np.random.Generator(np.random.Philox(key=place))
            # A part of a millisecond of its own for each, or all would begin at one phase of the tick.
            start = begin + place * step + draws.random() * min(step, PAUSE_SECONDS)
            drives.append(_drive((host, port), order, numbers, start, draws))
    tasks = [asyncio.ensure_future(drive) for drive in drives]
    left = max(0.0, deadline - time.monotonic())
    ended, late = await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_EXCEPTION)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for task in ended:
        task.result()
    return not late


async def _drive(
    address: tuple[str, int], order: Order, numbers: Iterator[int], start: float, draws: np.random.Generator
) -> None:
    """One connection's share: the next request of the order as long as there is one."""
    loop = asyncio.get_running_loop()
    pause = Pause()
    line = Line()
    try:
        await pause.until(start)
        for number in numbers:
            if not line.open:
                _, line = await loop.create_connection(Line, *address)
            order.take(await line.ask(order.request(number), order.count))
            await pause.until(time.monotonic() + draws.random() * PAUSE_SECONDS)
    finally:
        line.close()
        pause.close()


@contextmanager
def undisturbed() -> Iterator[None]:
    """No collection of garbage meanwhile: it would stop the client for milliseconds."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run it on the fastest loop there is."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with suppress(ImportError):
        # Imported here: where there is none the standard loop measures as well, at a lower rate.
        import uvloop  # noqa: PLC0415 - see above

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner, undisturbed():
        return runner.run(main)
