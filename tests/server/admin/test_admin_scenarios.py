"""`/admin/scenarios` and `/admin/workers`, in one process."""

import datetime as dt

import msgspec
import pytest
from admin_client import Operator

from simulator.cli.serve import begun
from simulator.config.library import shipped_scenarios
from simulator.config.load import load
from simulator.server.admin.scenarios import moment
from simulator.state.board import Column

MINE = {
    "description": "Mine.",
    "parameters": {"rate": 1.0, "first_secs": 100},
    "phases": [
        {
            "name": "one",
            "duration_secs": "${first_secs}",
            "set": {"errors": {"rate_limit": {"probability": "${rate}"}}},
        },
        {"duration_secs": 50},
    ],
}


@pytest.fixture
def operator(tmp_path):
    with Operator(tmp_path / "user.json", watch={"enabled": False}, scenarios={"my-own": MINE}) as operator:
        yield operator


def active(operator):
    return operator.ask("GET", "/admin/scenarios").json()["active"]


def test_all_scenarios_are_listed(operator):
    listed = {one["name"]: one for one in operator.ask("GET", "/admin/scenarios").json()["scenarios"]}
    assert set(listed) == {*shipped_scenarios(), "my-own"}
    mine = listed["my-own"]
    assert (mine["source"], mine["description"], mine["parameters"]) == ("configured", "Mine.", MINE["parameters"])
    assert [phase["name"] for phase in mine["phases"]] == ["one", "2"]
    assert listed["outage"]["source"] == "shipped"
    one = operator.ask("GET", "/admin/scenarios/my_own").json()
    assert one == {**mine, "active": None}


def test_a_scenario_is_switched_on_and_off(operator):
    assert operator.chat() == 200
    told = operator.ask("POST", "/admin/scenarios/outage/activate", {"duration_seconds": 300}).json()
    assert (told["status"], told["scenario"], told["revision"]) == ("activated", "outage", 1)
    assert told["workers"] == {"ready": 1, "applied": 1, "behind": []}
    started, expires = [dt.datetime.fromisoformat(told[key]) for key in ("started_at", "expires_at")]
    assert expires - started == dt.timedelta(seconds=300)
    assert operator.chat() == 503
    (one,) = active(operator)
    assert (one["name"], one["phase"], one["expires_at"]) == ("outage", "down", told["expires_at"])
    assert 290 < one["remaining_seconds"] <= 300
    assert operator.house.live.scenarios == {"outage": "down"}
    off = operator.ask("POST", "/admin/scenarios/outage/deactivate").json()
    assert (off["status"], off["revision"]) == ("deactivated", 2)
    assert operator.chat() == 200
    assert active(operator) == []
    again = operator.ask("POST", "/admin/scenarios/outage/deactivate").json()
    assert (again["status"], again["revision"]) == ("not active", 2)


def test_it_is_over_at_its_moment_and_leaves_the_document_with_the_next_change(operator):
    wall = operator.house.wall
    offset = 0.0
    operator.house.wall = lambda: wall() + offset
    operator.ask("POST", "/admin/scenarios/outage/activate", {"duration_seconds": 60})
    assert operator.chat() == 503
    offset = 60.0
    assert operator.chat() == 200
    assert active(operator) == []
    assert len(operator.house.keeper.document.scenarios) == 1
    operator.ask("POST", "/admin/config", {"models": {"allow_unknown": True}})
    assert operator.house.keeper.document.scenarios == ()


def test_phases_and_parameters_of_a_configured_scenario(operator):
    wall = operator.house.wall
    offset = 0.0
    operator.house.wall = lambda: wall() + offset
    body = {"parameters": {"first_secs": 10}}
    told = operator.ask("POST", "/admin/scenarios/my-own/activate", body).json()
    assert told["parameters"] == {"rate": 1.0, "first_secs": 10}
    started, expires = [dt.datetime.fromisoformat(told[key]) for key in ("started_at", "expires_at")]
    assert expires - started == dt.timedelta(seconds=60)
    assert operator.chat() == 429
    offset = 11.0
    assert operator.chat() == 200
    assert active(operator)[0]["phase"] == "2"
    offset = 61.0
    assert active(operator) == []


def test_an_active_one_is_replaced_and_the_latest_lies_over_the_others(operator):
    for rate in (0, 1):
        body = {"parameters": {"error_rate": rate}}
        assert operator.ask("POST", "/admin/scenarios/outage/activate", body).status == 200
    assert operator.chat() == 503
    operator.ask("POST", "/admin/scenarios/bad-keys/activate", {})
    assert [one["name"] for one in active(operator)] == ["outage", "bad_keys"]
    assert operator.chat() == 401
    operator.ask("POST", "/admin/scenarios/outage/activate", {"parameters": {"error_rate": 0}})
    assert [one["name"] for one in active(operator)] == ["bad_keys", "outage"]


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("outtage", {}, 404, 'did you mean "outage"?'),
        ("outage", {"duration_secs": 5}, 400, 'did you mean "duration_seconds"?'),
        ("outage", {"duration_seconds": "5"}, 400, 'duration_seconds: found "5"'),
        ("outage", {"duration_seconds": True}, 400, "duration_seconds: found true"),
        ("outage", {"duration_seconds": 0}, 400, "a number of seconds from 0.01"),
        ("outage", {"duration_seconds": 1e10}, 400, "a number of seconds from 0.01"),
        ("outage", {"parameters": []}, 400, "parameters: not a mapping"),
        ("outage", {"parameters": {"error_rat": 1}}, 400, 'did you mean "error_rate"?'),
        ("outage", {"parameters": {"error_rate": "1"}}, 400, 'parameters.error_rate: found "1"; allowed: a number'),
        ("outage", {"parameters": {"error_rate": None}}, 400, "parameters.error_rate: found null"),
        ("outage", {"parameters": {"error_rate": 2}}, 400, "a number from 0 to 1"),
        ("flapping", {"parameters": {"up_secs": 0}}, 400, "parameters.up_secs: found 0"),
        ("model_outage", {"parameters": {"models": 5}}, 400, "allowed: text"),
        ("outage", b"[]", 400, "must be a JSON object"),
        ("outage", b"{", 400, "not valid JSON"),
    ],
)
def test_what_does_not_fit_is_refused(operator, name, body, status, words):
    refused = operator.ask("POST", f"/admin/scenarios/{name}/activate", body)
    assert refused.status == status
    assert words in refused.json()["error"]
    assert active(operator) == []
    assert operator.ask("GET", "/admin/scenarios").json()["revision"] == 0


def test_paths_and_methods(operator):
    assert operator.ask("POST", "/admin/scenarios/nowhere/deactivate").status == 404
    assert operator.ask("GET", "/admin/scenarios/nowhere").status == 404
    for method, path in (("POST", "/admin/scenarios"), ("GET", "/admin/scenarios/outage/activate")):
        assert operator.ask(method, path).status == 405
    stranger = operator.ask("POST", "/admin/scenarios/outage/activate", client=("203.0.113.9", 1))
    assert stranger.status == 403
    assert operator.chat() == 200


def test_only_the_models_that_are_meant_fail(operator):
    operator.ask("POST", "/admin/scenarios/model-outage/activate", {"parameters": {"models": "gpt-4o*"}})
    assert operator.chat("gpt-4o") == 503
    assert operator.chat("gpt-4.1") == 200


def test_a_scenario_that_is_no_longer_configured_can_be_ended(operator):
    operator.ask("POST", "/admin/config", {"scenarios": {"short_lived": {"phases": [{"set": {"errors": {}}}]}}})
    assert operator.ask("POST", "/admin/scenarios/short-lived/activate").status == 200
    operator.ask("DELETE", "/admin/config")
    assert [one["name"] for one in active(operator)] == ["short_lived"]
    assert operator.ask("POST", "/admin/scenarios/short-lived/deactivate").json()["status"] == "deactivated"
    assert active(operator) == []


def test_a_scenario_of_the_start_is_listed_and_can_be_ended():
    loaded = begun(load(environ={}, flags={"simulation.latency": "none"}), "outage", ("retry_after_secs=7",))
    assert loaded.activations[0].parameters["retry_after_secs"] == 7
    assert msgspec.structs.replace(loaded, activations=()).config == loaded.config
    with Operator(loaded=loaded) as operator:
        assert operator.chat() == 503
        assert [one["name"] for one in active(operator)] == ["outage"]
        operator.ask("POST", "/admin/config/reload")
        assert operator.chat() == 503
        assert operator.ask("POST", "/admin/scenarios/outage/deactivate").json()["status"] == "deactivated"
        assert operator.chat() == 200
        assert active(operator) == []


def test_workers_are_shown_with_what_they_have_applied(operator):
    operator.house.row[Column.HEARTBEAT_NS] = int(operator.house.clock() * 1e9)
    operator.ask("POST", "/admin/scenarios/outage/activate")
    shown = operator.ask("GET", "/admin/workers").json()
    assert (shown["revision"], shown["ready"], shown["up_to_date"]) == (1, 1, 1)
    (worker,) = shown["workers"]
    assert (worker["applied_revision"], worker["up_to_date"], worker["state"]) == (1, True, "ready")
    assert 0 <= worker["heartbeat_age_ms"] < 60_000


def test_moments_in_words():
    assert moment(0) == "1970-01-01T00:00:00.000000Z"
    assert moment(1_800_000_000.25) == "2027-01-15T08:00:00.250000Z"
    assert moment(float("inf")) is None
    assert moment(1e15) is None
