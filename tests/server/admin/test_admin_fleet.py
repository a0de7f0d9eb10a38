"""Changes while a real fleet runs: all workers at once, also those that start later."""

import contextlib
import json
import subprocess
import sys

import pytest
from serving import Simulator, wait_for

CHAT = {"model": "gpt-4o", "max_tokens": 3, "messages": [{"role": "user", "content": "Hello"}]}
FAIL = {"errors": {"server_error": {"probability": 1}}}
WORKERS = 3
LOOKS = 8


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    config = {"watch": {"enabled": False}}
    with Simulator(tmp_path_factory.mktemp("control"), "--latency", "none", workers=WORKERS, config=config) as running:
        yield running


def statuses(fleet, connections):
    """What each connection is answered, in turn."""
    return {fleet.ask("/v1/chat/completions", CHAT, connection=each).status for each in connections}


@contextlib.contextmanager
def connected(fleet):
    """Connections to every worker of the fleet."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(fleet.connect()) for _ in range(LOOKS)]
        shards = {fleet.ask("/v1/chat/completions", CHAT, connection=each).address[0] for each in connections}
        assert len(shards) == WORKERS
        yield connections


def act(fleet, path, body=None, method=None):
    answer = fleet.ask(path, {} if body is None else body, method=method)
    assert answer.status == 200, answer.body
    found = answer.json()
    assert found["workers"] == {"ready": WORKERS, "applied": WORKERS, "behind": []}
    return found


def test_every_worker_follows_before_the_call_returns(fleet):
    with connected(fleet) as connections:
        for _ in range(4):
            act(fleet, "/admin/scenarios/outage/activate", {"duration_seconds": 60})
            assert statuses(fleet, connections) == {503}
            act(fleet, "/admin/scenarios/outage/deactivate")
            assert statuses(fleet, connections) == {200}
        act(fleet, "/admin/config", FAIL)
        assert statuses(fleet, connections) == {500}
        act(fleet, "/admin/config", method="DELETE")
        assert statuses(fleet, connections) == {200}


def test_a_scenario_ends_on_every_worker(fleet):
    with connected(fleet) as connections:
        act(fleet, "/admin/scenarios/outage/activate", {"duration_seconds": 0.3})
        wait_for(lambda: statuses(fleet, connections) == {200}, "the scenario to end")
        assert fleet.ask("/admin/scenarios").json()["active"] == []


def test_a_reload_reaches_every_worker_and_those_that_start_later(fleet):
    fleet.config_path.write_text(json.dumps({**FAIL, "server": {"keep_alive_secs": 9}, "watch": {"enabled": False}}))
    with connected(fleet) as connections:
        before = fleet.pids()
        done = act(fleet, "/admin/config/reload")
        assert done["changed"] == ["errors.server_error.probability"]
        assert done["needs_hup"] == ["server.keep_alive_secs"]
        assert statuses(fleet, connections) == {500}
        assert fleet.pids() == before
    act(fleet, "/admin/scenarios/bad-keys/activate")
    fleet.kill(0)
    act(fleet, "/admin/scenarios/outage/deactivate")
    with contextlib.ExitStack() as stack:
        fresh = [stack.enter_context(fleet.connect()) for _ in range(LOOKS)]
        assert statuses(fleet, fresh) == {401}
        act(fleet, "/admin/scenarios/bad-keys/deactivate")
        assert statuses(fleet, fresh) == {500}
    fleet.config_path.write_text("{")
    assert fleet.ask("/admin/config/reload", {}).status == 400
    fleet.config_path.write_text("{}")
    act(fleet, "/admin/config/reload")


def test_a_fleet_that_begins_with_a_scenario_watches_its_file(tmp_path):
    config = {"watch": {"interval_secs": 0.1}}
    arguments = ("--latency", "none", "--scenario", "outage", "--scenario-parameter", "retry_after_secs=9")
    with Simulator(tmp_path, *arguments, config=config) as running, running.connect() as connection:
        refused = running.ask("/v1/chat/completions", CHAT)
        assert (refused.status, refused.headers["retry-after"]) == (503, "9")
        assert running.ask("/admin/scenarios/outage/deactivate", {}).status == 200
        assert statuses(running, [connection]) == {200}
        running.config_path.write_text(json.dumps({**FAIL, **config}))
        wait_for(lambda: statuses(running, [connection]) == {500}, "the file to be read again")
        running.config_path.write_text("{")
        problem = wait_for(lambda: running.ask("/admin/config").json()["problem"], "the fault to be told")
        assert "not valid JSON" in problem
        assert statuses(running, [connection]) == {500}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--scenario", "outtage"), 'did you mean "outage"?'),
        (("--scenario", "outage", "--scenario-parameter", "error_rate=2"), "a number from 0 to 1"),
        (("--scenario", "outage", "--scenario-parameter", "rate=2"), "unknown parameter"),
        (("--scenario", "outage", "--scenario-parameter", "x"), "is not KEY=VALUE"),
        (("--scenario-parameter", "x=1"), "needs --scenario"),
    ],
)
def test_a_start_with_a_scenario_that_does_not_fit_ends_with_words(arguments, words):
    command = [sys.executable, "-m", "simulator", "serve", "--port", "0", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode in (1, 2)
    assert words in ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
