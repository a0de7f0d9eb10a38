"""A simulator beside a user's tests: started on a free port, told what to answer, asked what clients sent.

With pytest the plugin does all of this (docs/testing.md). Elsewhere `running` does:

    with running() as simulator:
        simulator.answer("Hello")
        client = OpenAI(base_url=simulator.openai_base_url, api_key=simulator.api_key)

Imports no pytest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.testing.calls import Calls, Usage
from simulator.testing.errors import NotStartedError, RefusedError, SimulatorError
from simulator.testing.fleet import Fleet
from simulator.testing.process import Process
from simulator.testing.sent import SentRequest
from simulator.testing.simulator import Simulator

__all__ = ["Calls", "NotStartedError", "RefusedError", "SentRequest", "Simulator", "SimulatorError", "Usage", "running"]


@contextmanager
def running(config: Path | str | None = None, *, workers: int = 1, latency: str = "none") -> Iterator[Simulator]:
    """A simulator for as long as the context lives, as one test sees it. Raises `NotStartedError`.

    `config` is a configuration file; `latency` is `none` to answer at once, or `profile`.
    """
    with Process(None if config is None else Path(config), workers=workers, latency=latency) as process:
        fleet = Fleet(process)
        try:
            yield Simulator(fleet, fleet.begin())
        finally:
            fleet.close()
