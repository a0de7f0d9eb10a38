"""`/health`, `/ready`, `/admin/stats` and `/metrics` while workers are replaced, reloads fail and fleets stop."""

import time

import pytest
from asgi_client import ask

from simulator.config.load import load
from simulator.server.app import create_app, preload
from simulator.state.board import Board, Column, Shared, SlotState, Stopping
from simulator.state.slot import Slot

PREPARED = preload(load(None, environ={}))


def sit(board, ordinal, seat, state, **cells):
    row = board.row(ordinal, seat)
    row[Column.STATE] = state
    row[Column.PID] = 100 + 10 * seat + ordinal
    row[Column.BOOTED_NS] = 1
    row[Column.HEARTBEAT_NS] = time.monotonic_ns()
    for name, value in cells.items():
        row[Column[name]] = value


@pytest.fixture
def board():
    """Slot 0 amid a replacement, slot 1 served, slot 2 given up, the others never used."""
    board = Board(5)
    board.shared[Shared.WANTED] = 2
    sit(board, 0, 0, SlotState.DRAINING, CONNECTIONS=3, STREAMS=2, REQUESTS=10, SEQUENCE=14, RESTARTS=1, REVISION=4)
    sit(board, 0, 1, SlotState.READY, CONNECTIONS=1, STREAMS=1, REQUESTS=2, REVISION=6, LAG_US=5_000)
    board.row(0, 1)[Column.LAG_AT_NS] = time.monotonic_ns()
    sit(board, 1, 0, SlotState.READY, CONNECTIONS=2, REVISION=5)
    sit(board, 2, 0, SlotState.EMPTY)
    return board


@pytest.fixture
def app(board):
    return create_app(PREPARED, Slot(0, 0, board, seat=1))


def samples(app):
    lines = ask(app, "GET", "/metrics").body.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_a_slot_is_told_once_with_both_seats(app):
    stats = ask(app, "GET", "/admin/stats").json()
    first, second = stats["workers"]
    assert (first["ordinal"], first["state"], first["pid"], first["draining"]) == (0, "ready", 110, 100)
    assert (first["connections"], first["streams"], first["requests"]) == (4, 3, 12)
    assert (first["sequence"], first["restarts"], first["config_revision"]) == (14, 1, 6)
    assert 0 < first["schedule_lag_ms"] <= 5
    assert (second["ordinal"], second["state"], second["draining"]) == (1, "ready", None)
    assert stats["totals"]["connections"] == 6


def test_a_replacement_is_no_ill_health(app):
    health = ask(app, "GET", "/health").json()
    assert (health["status"], health["warnings"]) == ("healthy", [])
    assert health["workers"] == {"ready": 2, "known": 2}


def test_a_missing_worker_is(app, board):
    board.row(1)[Column.STATE] = SlotState.EMPTY
    health = ask(app, "GET", "/health").json()
    assert (health["status"], health["warnings"]) == ("degraded", ["1 of 2 workers are not ready"])


def test_a_failed_reload_is_told_until_one_works(app, board):
    board.post("server.prot: no such key")
    board.shared[Shared.RELOADS_FAILED] += 1
    assert ask(app, "GET", "/health").json()["warnings"] == [
        "the configuration was not reloaded: server.prot: no such key"
    ]
    found = samples(app)
    assert found['llm_simulator_config_reloads_total{result="failed"}'] == 1
    assert found["llm_simulator_config_last_reload_successful"] == 0
    board.post("")
    board.shared[Shared.RELOADS] += 1
    assert ask(app, "GET", "/health").json()["warnings"] == []
    found = samples(app)
    assert found['llm_simulator_config_reloads_total{result="ok"}'] == 1
    assert found["llm_simulator_config_last_reload_successful"] == 1


def test_metrics_know_slots_and_not_seats(app):
    found = samples(app)
    assert found['llm_simulator_worker_connections{worker="0"}'] == 4
    assert found['llm_simulator_worker_ready{worker="0"}'] == 1
    assert found['llm_simulator_worker_restarts_total{worker="0"}'] == 1
    assert found['llm_simulator_worker_ready{worker="2"}'] == 0
    assert 'llm_simulator_worker_ready{worker="3"}' not in found
    assert found["llm_simulator_config_revision"] == 5, "a worker that leaves is not waited for"


@pytest.mark.parametrize(
    ("stopping", "state", "status"),
    [
        (Stopping.NO, SlotState.READY, 200),
        (Stopping.NO, SlotState.DRAINING, 200),
        (Stopping.STOP, SlotState.READY, 503),
        (Stopping.STOP, SlotState.DRAINING, 503),
        (Stopping.HANDED_OVER, SlotState.DRAINING, 200),
    ],
)
def test_readiness_is_the_fleet_s(app, board, stopping, state, status):
    """A worker that retires answers for those that serve: its fleet is ready."""
    board.shared[Shared.STOPPING] = stopping
    board.row(0, 1)[Column.STATE] = state
    answer = ask(app, "GET", "/ready")
    assert answer.status == status
    assert answer.json() == {"ready": status == 200, "draining": state is SlotState.DRAINING}


def test_nobody_is_ready_when_all_drain(app, board):
    for ordinal, seat in ((0, 1), (1, 0)):
        board.row(ordinal, seat)[Column.STATE] = SlotState.DRAINING
    assert ask(app, "GET", "/ready").status == 503


def test_a_stop_is_told(app, board):
    board.shared[Shared.STOPPING] = Stopping.STOP
    assert "the fleet is stopping" in ask(app, "GET", "/health").json()["warnings"]
