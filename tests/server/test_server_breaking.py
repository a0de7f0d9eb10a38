"""A provider's circuit breaker before its endpoints: what counts, who is refused and how, what passes it by."""

import contextlib
import http.client

import pytest
from asgi_client import ask
from serving import Simulator, wait_for
from session_store import fleet

from simulator.state.circuit import Circuit, Event, step
from simulator.state.store import StoreHealth, StoreUnavailable

CHAT = {"model": "gpt-4o", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
CLAUDE = {"model": "claude-sonnet-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
VERSION = {"anthropic-version": "2023-06-01"}
BREAKER = {"enabled": True, "failure_threshold": 2, "open_secs": 60, "probes": 1}
OPENAI, ANTHROPIC = "/v1/chat/completions", "/v1/messages"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("circuits"), "--latency", "none", workers=1) as simulator:
        yield simulator


@pytest.fixture
def simulate(running):
    """Has the fleet go by a configuration, every circuit closed, and returns what asks it."""

    def configured(breaker=None, **sections):
        patch = {"circuit_breaker": {**BREAKER, **(breaker or {})}, **sections}
        answer = running.ask("/admin/config?replace=true", patch)
        assert answer.status == 200, answer.body
        for name in ("openai", "anthropic", "gemini", "mistral"):
            running.ask(f"/admin/circuits/{name}/reset", {})
        return running

    yield configured
    assert running.ask("/admin/config", method="DELETE").status == 200


def fault(kind, **settings):
    return {"one": {"kind": kind, **settings}}


def chat(simulator, headers=None, **fields):
    return simulator.ask(OPENAI, {**CHAT, **fields}, headers)


def state(simulator, name="openai"):
    [found] = [one for one in simulator.ask("/admin/circuits").json()["circuits"] if one["provider"] == name]
    return found


def test_every_provider_refuses_in_its_own_way(simulate):
    simulator = simulate(errors={"server_error": {"probability": 1}})
    for path, body, headers, status in ((OPENAI, CHAT, {}, 503), (ANTHROPIC, CLAUDE, VERSION, 529)):
        assert [simulator.ask(path, body, headers).status for _ in range(2)] == [500, 500]
        refused = simulator.ask(path, body, headers)
        assert (refused.status, refused.headers["x-llm-sim-circuit"]) == (status, "open")
        assert 58 <= int(refused.headers["retry-after"]) <= 60
        assert "overloaded" in refused.json()["error"]["message"].lower()
        assert refused.address[1] > 0
    assert simulator.ask("/v1beta/models/gemini-2.5-flash:generateContent", {"contents": []}).status == 400


@pytest.mark.parametrize(
    ("settings", "stream", "counts"),
    [
        ({"kind": "server_error"}, True, True),
        ({"kind": "overloaded"}, False, True),
        ({"kind": "timeout", "after_ms": 1}, False, True),
        ({"kind": "rate_limit"}, False, False),
        ({"kind": "bad_request"}, False, False),
        ({"kind": "cut", "after_tokens": 1}, True, True),
        ({"kind": "error_event", "after_tokens": 1}, True, True),
        ({"kind": "error_event", "after_tokens": 1}, False, True),
        ({"kind": "wrong_length"}, False, True),
        ({"kind": "content_filter", "after_tokens": 1}, False, False),
    ],
)
def test_which_failures_count(simulate, settings, stream, counts):
    simulator = simulate(faults=fault(**settings))
    for _ in range(2):
        # A broken answer raises; whether it breaks is another test's matter.
        with contextlib.suppress(OSError, http.client.HTTPException):
            chat(simulator, stream=stream)
    wait_for(lambda: state(simulator)["state"] == ("open" if counts else "closed"), "the outcome to be told")
    assert chat(simulator).headers.get("x-llm-sim-circuit") == ("open" if counts else None)


def test_what_counts_can_be_chosen(simulate):
    simulator = simulate({"counts": ["rate_limit"]}, faults=fault("rate_limit"))
    assert [chat(simulator).status for _ in range(3)] == [429, 429, 503]
    simulator = simulate({"counts": ["rate_limit"]}, faults=fault("server_error"))
    assert [chat(simulator).status for _ in range(4)] == [500] * 4


def test_an_answer_ends_a_row_of_failures_and_what_is_neither_does_not(simulate):
    simulator = simulate(faults={"some": {"kind": "server_error", "when": {"headers": {"x-test": "fail"}}}})
    failing = {"x-test": "fail"}
    for headers, expected in ((failing, 500), ({}, 200), (failing, 500)):
        assert chat(simulator, headers).status == expected
    assert chat(simulator, model="nothing-of-that-name").status == 404
    assert chat(simulator, messages=[]).status == 400
    assert state(simulator)["failures_in_a_row"] == 1
    assert chat(simulator, failing).status == 500
    assert chat(simulator).status == 503


def test_a_probe_decides_and_others_wait(simulate):
    when = {"headers": {"x-test": "fail"}}
    simulator = simulate({"open_secs": 0.05}, faults={"some": {"kind": "server_error", "when": when, "after_ms": 300}})
    assert simulator.ask("/admin/circuits/openai/open", {}).json()["state"] == "open"
    wait_for(lambda: state(simulator)["state"] == "half_open", "the open time to pass")
    # What is refused for what it is gives its place back.
    assert chat(simulator, model="nothing-of-that-name").status == 404
    with simulator.connect() as probing:
        body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}'
        probing.request("POST", OPENAI, body, {"content-type": "application/json", "x-test": "fail"})
        wait_for(lambda: state(simulator)["probes"]["under_way"] == 1, "the probe to be under way")
        crowded = chat(simulator)
        assert (crowded.status, crowded.headers["x-llm-sim-circuit"]) == (503, "half_open")
        assert crowded.headers["retry-after"] == "1"
        assert probing.getresponse().status == 500
    # The next probe is answered.
    wait_for(lambda: chat(simulator).status == 200, "another probe")
    assert state(simulator)["state"] == "closed"


def test_a_request_s_own_failures_harm_nobody_and_a_replay_passes(simulate):
    simulator = simulate()
    answered = chat(simulator)
    shard, sequence = answered.address
    own = {"x-llm-sim-fault": "server_error"}
    assert [chat(simulator, own).status for _ in range(3)] == [500] * 3
    assert state(simulator) == {**state(simulator), "state": "closed", "failures_in_a_row": 0}
    simulator.ask("/admin/circuits/openai/open", {})
    assert chat(simulator).status == 503
    assert chat(simulator, own).status == 500
    assert chat(simulator, {"x-llm-sim-replay": f"{shard}/{sequence}"}).body == answered.body


def test_where_providers_share_a_path_each_has_its_own(simulate):
    simulator = simulate()
    simulator.ask("/admin/circuits/openai/open", {})
    answered = chat(simulator, model="mistral-small-latest")
    assert answered.status == 200
    assert "x-llm-sim-circuit" not in answered.headers
    simulator.ask("/admin/circuits/mistral/open", {})
    assert chat(simulator, model="mistral-small-latest").status == 503
    assert simulator.ask(ANTHROPIC, CLAUDE, VERSION).status == 200


def test_it_is_off_unless_asked_for_and_can_be_for_one_alone(simulate):
    failing = {"server_error": {"probability": 1}}
    simulator = simulate({"enabled": False}, errors=failing)
    assert [chat(simulator).status for _ in range(4)] == [500] * 4
    assert simulator.ask("/admin/circuits").json() == {"enabled": False, "circuits": []}
    assert not [name for name in simulator.metrics() if "circuit_state" in name]
    simulator = simulate({"enabled": False, "providers": {"openai": {"enabled": True, "failure_threshold": 1}}})
    assert [one["provider"] for one in simulator.ask("/admin/circuits").json()["circuits"]] == ["openai"]


def test_an_operator_s_word_and_what_is_none(simulate):
    simulator = simulate()
    opened = simulator.ask("/admin/circuits/openai/open", {}).json()
    assert (opened["state"], opened["probes"], opened["degraded"]) == ("open", None, False)
    assert 59 < opened["open_for_seconds"] <= 60
    assert opened["since"].endswith("Z")
    assert simulator.ask("/admin/circuits/openai/reset", {}).json()["state"] == "closed"
    assert chat(simulator).status == 200
    for path, body, method, status in (
        ("/admin/circuits/nobody/open", {}, None, 404),
        ("/admin/circuits/openai/open", {"seconds": 3}, None, 400),
        ("/admin/circuits/openai/open", None, "GET", 405),
        ("/admin/circuits", {}, None, 405),
    ):
        assert simulator.ask(path, body, method=method).status == status
    simulator = simulate({"enabled": False})
    assert simulator.ask("/admin/circuits/openai/open", {}).status == 409


class Elsewhere:
    """A store that has to be waited for. `failing` names what it cannot do."""

    def __init__(self, *failing):
        self.failing, self.circuits, self.now = failing, {}, 0

    def health(self):
        return StoreHealth("memory")

    async def session_count(self, limits):
        return 0

    async def circuit(self, name, event, ticket, rules):
        if event in self.failing:
            raise StoreUnavailable("it is away")
        circuit, standing = step(self.circuits.get(name, Circuit()), event, ticket, rules, self.now)
        self.circuits[name] = circuit
        return standing


FLAGS = {"circuit_breaker__enabled": True, "circuit_breaker__failure_threshold": 2, "limits__enabled": False}


def test_a_store_that_has_to_be_waited_for():
    apps = fleet(Elsewhere(), errors__server_error__probability=1, **FLAGS)
    statuses = [ask(app, "POST", OPENAI, CHAT).status for app in (*apps, *apps)]
    assert statuses == [500, 500, 503, 503]


@pytest.mark.parametrize("store", [Elsewhere(Event.ASKED, Event.LOOKED), Elsewhere(Event.FAILED), None])
def test_where_the_store_cannot_be_asked_nobody_is_refused(store):
    [app] = fleet(store, 1, errors__server_error__probability=1, **FLAGS)
    answers = [ask(app, "POST", OPENAI, CHAT) for _ in range(4)]
    assert [answer.status for answer in answers] == [500] * 4
    asked = store is not None and Event.ASKED not in store.failing
    assert ("x-llm-sim-state" in answers[-1].headers) is not asked
    listed = ask(app, "GET", "/admin/circuits")
    assert listed.status == (200 if asked else 503)
    assert ask(app, "GET", "/metrics").status == 200


def test_a_store_that_is_away_refuses_an_operator():
    [app] = fleet(Elsewhere(Event.TRIPPED), 1, **FLAGS)
    assert ask(app, "POST", "/admin/circuits/openai/open").status == 503
