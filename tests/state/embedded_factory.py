"""Makes embedded stores for the suite that every store passes."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from simulator.state.board import Board
from simulator.state.embedded.store import Embedded, wall_clock_us
from simulator.state.store import DAY_US, SessionLimits, Turn

SIZE = 8 << 20
MANY = SessionLimits(10**6, DAY_US, 10**6)


def embedded(folder, clock, *, owner=b"0", fleet=b"fleet", size=SIZE, board=None, durable=False):
    """An embedded store, not opened."""
    return Embedded(folder, size_bytes=size, owner=owner, fleet=fleet, board=board, durable=durable, clock_us=clock)


@contextlib.contextmanager
def opened(folder, clock=wall_clock_us, **options):
    """A store in use, without the upkeep that needs a loop."""
    store = embedded(folder, clock, **options)
    store._mount.open()
    try:
        yield store
    finally:
        store._mount.close()


def remember(store, name, size, limits=MANY):
    return asyncio.run(store.remember("key", name, [Turn(b"x" * size, 1)], limits))


@contextlib.asynccontextmanager
async def make(clock):
    with tempfile.TemporaryDirectory() as folder:
        store = embedded(Path(folder), clock, board=Board(1))
        await store.open()
        try:
            yield store
        finally:
            await store.close()


FACTORIES = {"embedded": make}
"""Async context managers that take a clock and give an open store, by name."""
