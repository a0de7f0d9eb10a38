"""Without a supervisor: `python -m simulator`, and the factory under any ASGI server. The same answers."""

import os
import re
import subprocess
import sys

from requests200 import REQUESTS
from serving import wait_for


def answers(simulator):
    found = []
    for path, body, headers in REQUESTS[::10]:
        found.append(simulator.ask(path, body, headers).body)
        if path != "/v1/embeddings":
            found.append(simulator.ask(path, {**body, "stream": True}, headers).body)
    return found


def test_one_process_answers_as_a_fleet_does(serve):
    one = serve("--latency", "none", command=())
    fleet = serve("--latency", "none", workers=2)
    assert answers(one) == answers(fleet)
    assert one.ask("/ready").status == 200
    assert one.metrics()["llm_simulator_active_requests"] == 0


def test_the_factory_answers_under_plain_uvicorn(serve, tmp_path):
    fleet = serve("--latency", "none", workers=2)
    config = tmp_path / "c.yaml"
    config.write_text("simulation: {latency: none}\n")
    command = [sys.executable, "-m", "uvicorn", "simulator.server.app:create_app", "--factory", "--port", "0"]
    environ = {**os.environ, "LLM_SIM_CONFIG": str(config)}
    log = tmp_path / "log"
    with log.open("wb") as sink, subprocess.Popen(command, stderr=sink, env=environ) as process:
        try:
            told = wait_for(lambda: re.search(r"running on http://127\.0\.0\.1:(\d+)", log.read_text()), "uvicorn")
            fleet_answers = answers(fleet)
            fleet.port = int(told.group(1))
            assert answers(fleet) == fleet_answers
        finally:
            process.terminate()
            process.wait(10)
