"""The pytest plugin: one simulator for each process that runs tests, all as it was for each test. Wiring.

With pytest-xdist every worker is such a process, so that tests which run at the same time have simulators of their own.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.testing.fleet import Fleet
from simulator.testing.process import Process
from simulator.testing.simulator import Simulator

MARKER = "llm_simulator"
SETTINGS = ("seed", "rules", "config", "scenario", "latency")
"""What the marker takes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the configuration file."""
    parser.addini("llm_simulator_config", "configuration file of the simulator, beside the one of pytest", default="")
    parser.addini("llm_simulator_workers", "worker processes of the simulator", default="1")
    parser.addini("llm_simulator_latency", "none answers at once, profile at the configuration's pace", default="none")
    parser.addini(
        "llm_simulator_environment",
        "point the environment variables of the official clients to the simulator",
        type="bool",
        default=True,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(seed=…, rules=[…], config={{…}}, scenario=…, latency=…): use the simulator, set up like this",
    )


@pytest.fixture(scope="session")
def llm_simulator_fleet(pytestconfig: pytest.Config) -> Iterator[Fleet]:
    """The simulator of this process, started when the first test needs it and stopped after the last."""
    with Process(
        _config_file(pytestconfig), workers=_workers(pytestconfig), latency=pytestconfig.getini("llm_simulator_latency")
    ) as process:
        fleet = Fleet(process)
        yield fleet
        fleet.close()


@pytest.fixture
def llm_simulator(llm_simulator_fleet: Fleet, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulator for this test alone: nothing that another one did is left, and nothing of this one will be."""
    wanted = _wanted(request.node)
    test = llm_simulator_fleet.begin()
    try:
        simulator = Simulator(llm_simulator_fleet, test)
        with pytest.MonkeyPatch.context() as patch:
            if request.config.getini("llm_simulator_environment"):
                for name, value in simulator.environment(os.environ).items():
                    if value is None:
                        patch.delenv(name, raising=False)
                    else:
                        patch.setenv(name, value)
            _set_up(simulator, wanted)
            yield simulator
    finally:
        llm_simulator_fleet.end(test)


@pytest.fixture(autouse=True)
def _llm_simulator_marked(request: pytest.FixtureRequest) -> None:
    """A marked test has the simulator, whether or not it names the fixture."""
    if request.node.get_closest_marker(MARKER) is not None:
        request.getfixturevalue("llm_simulator")


def _wanted(node: Any) -> dict[str, Any]:
    """What the markers of a test ask for; the one that is nearest to it counts."""
    wanted: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(MARKER))):
        unknown = [name for name in marker.kwargs if name not in SETTINGS]
        if marker.args or unknown:
            found = ", ".join([*map(repr, marker.args), *unknown])
            raise pytest.UsageError(f"{MARKER} takes {', '.join(SETTINGS)} by name, not {found}")
        wanted |= marker.kwargs
    return wanted


def _set_up(simulator: Simulator, wanted: dict[str, Any]) -> None:
    if "config" in wanted:
        simulator.configure(wanted["config"])
    if "seed" in wanted:
        simulator.seed(wanted["seed"])
    if "latency" in wanted:
        latency = wanted["latency"]
        simulator.latency(**latency) if isinstance(latency, dict) else simulator.latency(latency)
    if "rules" in wanted:
        simulator.rules(wanted["rules"])
    if "scenario" in wanted:
        simulator.scenario(wanted["scenario"])


def _config_file(config: pytest.Config) -> Path | None:
    named = config.getini("llm_simulator_config")
    if not named:
        return None
    return (config.inipath.parent if config.inipath is not None else config.rootpath) / str(named)


def _workers(config: pytest.Config) -> int:
    told = str(config.getini("llm_simulator_workers"))
    if not (told.isascii() and told.isdecimal() and 1 <= int(told) <= 64):
        raise pytest.UsageError(f"llm_simulator_workers must be a whole number from 1 to 64, not {told!r}")
    return int(told)
