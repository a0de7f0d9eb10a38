"""What every endpoint of one worker shares. Wiring: built once after the fork."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from simulator.config.schema import Config
from simulator.engine.engine import Engine
from simulator.server.admission import Admission
from simulator.server.control.keeper import Keeper
from simulator.server.lag import lag_of, note_lag
from simulator.server.live import Live, Prepared
from simulator.server.wheel import Wheel
from simulator.state.board import Column, Shared
from simulator.state.slot import Slot
from simulator.state.store import Immediate, Store, StoreHealth
from simulator.telemetry.metrics import FLUSH_SECONDS, Metrics

log = logging.getLogger("simulator.server")
_CONTROL = Shared.CONTROL


class House:
    """One worker: its slot, what it answers with, its wheel, its store, its metrics."""

    def __init__(
        self,
        prepared: Prepared,
        slot: Slot,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.prepared = prepared
        self.slot = slot
        self.row = slot.row
        self.clock = clock
        self.wall = wall
        self.store: Store | None = None
        """Open from the application's start to its end."""
        self.immediate: Immediate | None = None
        """The same store, if it never waits."""
        self.metrics = Metrics(slot.identity, prepared.engine.models)
        self.metrics.on_note = self._flush_soon
        self.admission = Admission(slot, prepared.config.simulation.concurrency)
        self.keeper = Keeper(prepared, slot, lambda: None if self.store is None else self.store.read_control())
        self.refusing = False
        """Whether the fleet stops and takes no new request."""
        self.tell_refusal: Callable[[bool], None] = lambda _: None
        """Is told at every turn whether new connections are to be refused."""
        self._shared = slot.board.shared
        self._live = Live(prepared, slot)
        self._wheel: Wheel | None = None

    @property
    def live(self) -> Live:
        """What a request that arrives at this moment is answered with.

        A change of the control document is seen by the first request after it: the board is read each time.
        """
        live = self._live
        if self._shared[_CONTROL] != live.revision or self.wall() >= live.until:
            return self.turn()
        return live

    @property
    def config(self) -> Config:
        """The configuration that holds at this moment."""
        return self.live.config

    @property
    def engine(self) -> Engine:
        """The engine that answers at this moment."""
        return self.live.engine

    @property
    def wheel(self) -> Wheel:
        """The worker's wheel; made in its event loop when first needed."""
        if self._wheel is None:
            self._wheel = Wheel(asyncio.get_running_loop(), self.clock, self._tell_lag)
        return self._wheel

    def now(self) -> int:
        """The wall clock in Unix seconds; only answers that are free of determinism read it."""
        return int(self.wall())

    def lag(self) -> float:
        """This worker's recent schedule lag in seconds."""
        return lag_of(self.row, self.clock())

    def state(self) -> StoreHealth | None:
        """How the shared state does; None where there is none."""
        return None if self.store is None else self.store.health()

    def turn(self) -> Live:
        """Look again at all that decides what is live, and take it up."""
        live = self._live = self.keeper.live(self._live, self._shared[_CONTROL], self.wall())
        self.admission.resize(live.config.simulation.concurrency)
        self.tell_refusal(live.config.server.refuse_connections)
        self.row[Column.REVISION] = live.revision
        return live

    async def open(self, store: Store) -> None:
        """Begin to share state. Raises `StoreUnavailable` if nothing can be kept at all."""
        await store.open()
        self.store = store
        self.immediate = store if isinstance(store, Immediate) else None

    def conclude(self) -> None:
        """End every response that is under way, in band, and let nobody wait any longer."""
        self.refusing = True
        self.admission.conclude()
        if self._wheel is not None:
            self._wheel.conclude()

    def close(self) -> None:
        """Write what is still noted and let go of the loop; the worker ends."""
        self.metrics.flush()
        if self._wheel is not None:
            self._wheel.close()
            self._wheel = None

    def _tell_lag(self, seconds: float) -> None:
        self.metrics.lagged(seconds)
        note_lag(self.row, seconds, self.clock())

    def _flush_soon(self) -> None:
        asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.metrics.flush)


def header_map(scope: Any) -> Mapping[bytes, bytes]:
    """The request's headers by lower-case name; of a repeated header the last counts.

    Google's clients may bring their API key in the query: it stands for the header.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    query = scope.get("query_string")
    if query and b"key=" in query and (key := parse_qs(query).get(b"key")):
        headers.setdefault(b"x-goog-api-key", key[0])
    return headers
