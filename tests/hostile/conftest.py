"""Fleets to be attacked, and the watch that nothing of the attack remains."""

import pytest
from hostile_wire import MAX_BODY, WRITE_TIMEOUT
from serving import Simulator, wait_for

PACE = {
    "ttft": {"distribution": "constant", "value_ms": 100},
    "itl": {"distribution": "constant", "value_ms": 5},
    "prefill_ms_per_token": 0,
}
LONG = {"length": {"p50": 3000, "p95": 3500, "min": 2500}}


@pytest.fixture(scope="session")
def at_once(tmp_path_factory):
    """A fleet of two that answers at once and takes only small bodies."""
    config = {"server": {"max_body_bytes": MAX_BODY}}
    with Simulator(tmp_path_factory.mktemp("hostile"), "--latency", "none", config=config, workers=2) as fleet:
        yield fleet


@pytest.fixture(scope="session")
def slowly(tmp_path_factory):
    """A fleet of two whose answers take 12 seconds and more, and which waits only briefly for a slow reader."""
    config = {
        "server": {"write_timeout_secs": WRITE_TIMEOUT},
        "providers": {"gpt-4o*": {"latency": PACE, "response": LONG}},
    }
    with Simulator(tmp_path_factory.mktemp("slowly"), config=config, workers=2) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def fleet(at_once):
    """The fleet that answers at once; after each module the same workers serve, idle, and nothing was a 5xx."""
    yield from watched(at_once)


@pytest.fixture(scope="module")
def paced(slowly):
    """The fleet with a pace, watched in the same way."""
    yield from watched(slowly)


def watched(fleet):
    """Give the fleet, and check afterwards what the attack left of it."""
    before = fleet.pids()
    assert len(before) == fleet.workers
    yield fleet
    assert fleet.pids() == before
    wait_for(lambda: fleet.metrics()["llm_simulator_active_requests"] == 0, "all requests to be over", patience=5)
    samples = fleet.metrics()
    assert samples["llm_simulator_active_streams"] == samples["llm_simulator_queue_depth"] == 0
    failed = {name: count for name, count in samples.items() if 'status="5' in name and count}
    assert failed == {}
    assert sum(count for name, count in samples.items() if name.startswith("llm_simulator_worker_restarts")) == 0
    assert "Traceback" not in fleet.log()
