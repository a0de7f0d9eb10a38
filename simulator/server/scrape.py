"""`/metrics`: the fleet's metrics, whichever worker is asked.

Edge. The files of all slots are merged off the request loop; what is known of the whole fleet at once
(in-flight, queue, connections, restarts) is read from the board at that moment, so it needs no files and
cannot be left behind by a dead worker.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from simulator import __version__
from simulator.server.breaking import standings
from simulator.server.context import House
from simulator.server.lag import lag_of
from simulator.server.live import Live
from simulator.server.play import Receive, Send
from simulator.server.respond import only_get, respond
from simulator.state.board import Column, Shared, SlotState
from simulator.state.circuit import CircuitStanding
from simulator.state.store import StoreUnavailable
from simulator.telemetry.metrics import DIRECTORY_VARIABLE, FLUSH_SECONDS, files

log = logging.getLogger("simulator.metrics")


class BoardCollector(Collector):
    """The fleet's gauges, from the board and from what is live; made in the loop, read in a thread."""

    def __init__(self, house: House, live: Live, sessions: int | None, circuits: Mapping[str, CircuitStanding]) -> None:
        """`sessions` is how many there are; None if the store cannot tell. `circuits` are by provider."""
        self._house = house
        self._live = live
        self._sessions = sessions
        self._circuits = circuits

    def collect(self) -> Iterator[Metric]:
        """The families of one scrape."""
        house, live = self._house, self._live
        board = house.slot.board
        concurrency = live.config.simulation.concurrency
        yield _gauge("active_requests", "Requests being answered", board.total(Column.IN_FLIGHT))
        yield _gauge("queue_depth", "Requests waiting for a place", board.total(Column.QUEUED))
        yield _gauge("queue_capacity", "Requests that may wait", concurrency.queue_size)
        yield _gauge("active_streams", "Streams being played", board.total(Column.STREAMS))
        if self._sessions is not None:
            yield _gauge("sessions_active", "Conversations that are remembered", self._sessions)
        scenarios = GaugeMetricFamily("llm_simulator_scenario_active", "Scenarios at work", labels=("scenario",))
        for name in live.scenarios:
            scenarios.add_metric((name,), 1)
        yield scenarios
        if self._circuits:
            circuits = GaugeMetricFamily(
                "llm_simulator_circuit_state", "0 closed, 1 half-open, 2 open", labels=("provider",)
            )
            for name, standing in self._circuits.items():
                circuits.add_metric((name,), standing.state)
            yield circuits
        holders = [board.seats(ordinal) for ordinal in range(board.slots)]
        serving = [row for row, _ in holders if row[Column.STATE] == SlotState.READY]
        yield _gauge(
            "config_revision",
            "Applied control revision of the slowest worker",
            min([row[Column.REVISION] for row in serving], default=0),
        )
        reloads = CounterMetricFamily(
            "llm_simulator_config_reloads", "Reloads of the configuration by their result", labels=("result",)
        )
        reloads.add_metric(("ok",), board.shared[Shared.RELOADS])
        reloads.add_metric(("failed",), board.shared[Shared.RELOADS_FAILED])
        yield reloads
        yield _gauge(
            "config_last_reload_successful",
            "Whether the configuration in force is the latest that was asked for",
            not (board.notice() or house.keeper.problem),
        )
        state = house.state()
        if state is not None and state.redis_up is not None:
            yield _gauge("redis_up", "Whether this worker reaches Redis", state.redis_up)
        info = GaugeMetricFamily("llm_simulator_build_info", "Version and seed", labels=("version", "seed", "pod"))
        info.add_metric((__version__, str(live.engine.seeds.seed), str(house.slot.pod)), 1)
        yield info
        connections = GaugeMetricFamily("llm_simulator_worker_connections", "Open connections", labels=("worker",))
        lag = GaugeMetricFamily("llm_simulator_worker_lag_seconds", "Recent schedule lag", labels=("worker",))
        up = GaugeMetricFamily("llm_simulator_worker_ready", "Whether the slot serves", labels=("worker",))
        restarts = CounterMetricFamily("llm_simulator_worker_restarts", "Respawns of the slot", labels=("worker",))
        now = house.clock()
        for ordinal, (row, other) in enumerate(holders):
            if not (row[Column.BOOTED_NS] or other[Column.BOOTED_NS]):
                continue
            label = (str(ordinal),)
            connections.add_metric(label, row[Column.CONNECTIONS] + other[Column.CONNECTIONS])
            lag.add_metric(label, max(lag_of(row, now), lag_of(other, now)))
            up.add_metric(label, row[Column.STATE] == SlotState.READY)
            restarts.add_metric(label, board.row(ordinal)[Column.RESTARTS])
        yield from (connections, lag, up, restarts)


class Scrape:
    """The ASGI application of `/metrics`."""

    def __init__(self, house: House) -> None:
        self._house = house
        directory = os.environ.get(DIRECTORY_VARIABLE)
        self._directory = Path(directory) if directory else None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer a scrape."""
        if not await only_get(scope, send):
            return
        self._house.metrics.flush()
        if self._directory is not None:
            await asyncio.sleep(2 * FLUSH_SECONDS)  # the other workers' notes
        board = BoardCollector(self._house, self._house.live, await self._sessions(), await self._circuits())
        body = await asyncio.get_running_loop().run_in_executor(None, self._text, board)
        await respond(send, 200, body, CONTENT_TYPE_LATEST.encode())

    async def _sessions(self) -> int | None:
        limits, store = self._house.live.session_limits, self._house.store
        if limits is None or store is None:
            return None
        with contextlib.suppress(StoreUnavailable):
            return await store.session_count(limits)
        return None

    async def _circuits(self) -> Mapping[str, CircuitStanding]:
        circuits = self._house.live.breaker
        if circuits is not None:
            with contextlib.suppress(StoreUnavailable):
                return await standings(self._house, circuits)
        return {}

    def _text(self, board: BoardCollector) -> bytes:
        gauges = CollectorRegistry()
        gauges.register(board)
        if self._directory is None:
            return generate_latest(self._house.metrics.registry) + generate_latest(gauges)
        gauges.register(_Merged(self._directory))
        return generate_latest(gauges)


class _Merged(Collector):
    """All slots' files; one that cannot be read is left out and told, never the end of a scrape."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        readable = []
        for path in files(self._directory):
            try:
                MultiProcessCollector.merge([str(path)])  # type: ignore[no-untyped-call]  # prometheus-client is not typed here
            except Exception as error:  # noqa: BLE001 - whatever a damaged file raises
                log.warning("metrics file %s is damaged and left out: %s", path.name, error)
            else:
                readable.append(str(path))
        merged: Iterable[Metric] = MultiProcessCollector.merge(readable)  # type: ignore[no-untyped-call]  # as above
        return merged


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"llm_simulator_{name}", meaning, value=value)
