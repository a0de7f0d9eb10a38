"""What every endpoint of one worker shares. Wiring: values only, built once after the fork."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.config.load import Loaded
from simulator.engine.engine import Engine
from simulator.providers.base import ModelEntry, Provider
from simulator.server.address import Addresses
from simulator.server.admission import Admission
from simulator.server.lag import lag_of, note_lag
from simulator.server.wheel import Wheel
from simulator.state.slot import Slot
from simulator.telemetry.metrics import FLUSH_SECONDS, Metrics

log = logging.getLogger("simulator.server")


class Prepared:
    """What is made before the fork and shared by all workers: nothing here changes or holds a descriptor."""

    def __init__(self, loaded: Loaded, engine: Engine, providers: Sequence[Provider]) -> None:
        self.loaded = loaded
        self.config = loaded.config
        self.engine = engine
        self.providers = tuple(providers)
        self.entries: dict[str, list[ModelEntry]] = {}
        named = {**dict.fromkeys(engine.effective, ""), **engine.aliases}
        for name, target in named.items():
            card = engine.effective[target or name].card
            self.entries.setdefault(card.provider, []).append(
                ModelEntry(
                    name,
                    card.provider,
                    card.display_name or name,
                    card.created,
                    card.context_window,
                    card.max_output_tokens,
                    card.kind,
                    target,
                )
            )


class House:
    """One worker: its slot, its engine, its wheel, its metrics."""

    def __init__(self, prepared: Prepared, slot: Slot, clock: Callable[[], float] = time.monotonic) -> None:
        config = prepared.config
        self.prepared = prepared
        self.config = config
        self.engine = prepared.engine
        self.slot = slot
        self.row = slot.row
        self.clock = clock
        self.metrics = Metrics(str(slot.ordinal), prepared.engine.models)
        self.metrics.on_note = self._flush_soon
        self.admission = Admission(slot.board, slot.ordinal, config.simulation.concurrency)
        self.addresses = Addresses(slot, prepared.engine.seeds.seed, keyed=config.simulation.conditions == "request")
        server = config.server
        self.limits = (server.request_timeout_secs or float("inf"), server.write_timeout_secs)
        self.lag_threshold = config.telemetry.lag_threshold_ms / 1000
        self._wheel: Wheel | None = None

    @property
    def wheel(self) -> Wheel:
        """The worker's wheel; made in its event loop when first needed."""
        if self._wheel is None:
            self._wheel = Wheel(asyncio.get_running_loop(), self.clock, self._tell_lag)
        return self._wheel

    def now(self) -> int:
        """The wall clock in Unix seconds; only answers that are free of determinism read it."""
        return int(time.time())

    def lag(self) -> float:
        """This worker's recent schedule lag in seconds."""
        return lag_of(self.row, self.clock())

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
    """The request's headers by lower-case name; of a repeated header the last counts."""
    return dict(scope["headers"])
