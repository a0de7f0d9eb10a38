"""Real fleets for the tests of this folder."""

import pytest
from running import Running


@pytest.fixture
def launch(tmp_path):
    """A maker of fleets: `launch(workers=2, server={...}, kind="fleet")`, all stopped at the end."""
    running = []

    def make(*, workers=2, kind="fleet", start=True, server=None, environ=None, **sections):
        folder = tmp_path / str(len(running))
        folder.mkdir()
        config = {
            "server": {"host": "127.0.0.1", "port": 0, "workers": workers, **(server or {})},
            "telemetry": {"logging": {"level": "debug", "format": "json"}},
            **sections,
        }
        fleet = Running(folder, kind, config, environ or {})
        running.append(fleet)
        return fleet.start() if start else fleet

    yield make
    for fleet in running:
        fleet.stop()
