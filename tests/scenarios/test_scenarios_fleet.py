"""Scenarios on a real fleet of four workers: counts that begin with a phase, two at once, an end to the moment."""

import datetime as dt
import http.client
import json
import time

import pytest
from serving import Simulator, wait_for

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
CLAUDE = {**CHAT, "model": "claude-sonnet-4-5"}
FAILING, PAUSE = 1.6, 0.2
ROUNDS = {
    "repeat": True,
    "phases": [
        {
            "name": "failing",
            "duration_secs": FAILING,
            "set": {"faults": {"storm": {"kind": "server_error", "first": 3, "forget_secs": 60}}},
        },
        {"name": "pause", "duration_secs": PAUSE},
    ],
}
RISING = {
    "phases": [
        {
            "duration_secs": 1000,
            "set": {"faults": {"rising": {"kind": "stall", "duration_ms": 0, "ramp": {"over_secs": 1000}}}},
        }
    ]
}
MARGIN = 0.1
"""Seconds: how far from its time an expiry may be seen."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")
    config = {"scenarios": {"rounds": ROUNDS, "rising": RISING}}
    with Simulator(folder, "--latency", "none", config=config, workers=4) as running:
        yield running


@pytest.fixture
def play(fleet):
    """Switch a scenario on; all are ended after the test."""
    names = []

    def activate(name, seconds=None, **parameters):
        body = {"parameters": parameters} | ({} if seconds is None else {"duration_seconds": seconds})
        answer = fleet.ask(f"/admin/scenarios/{name}/activate", body)
        assert answer.status == 200, answer.body
        names.append(name)
        return answer.json()

    yield activate
    for name in names:
        assert fleet.ask(f"/admin/scenarios/{name}/deactivate", {}).status == 200


def chat(fleet, key="sk-test", **more):
    return fleet.ask("/v1/chat/completions", CHAT, {"authorization": f"Bearer {key}", **more})


def messages(fleet, key="sk-ant-test"):
    return fleet.ask("/v1/messages", CLAUDE, {"x-api-key": key, "anthropic-version": "2023-06-01"})


def unix(text):
    return dt.datetime.fromisoformat(text).timestamp()


def test_the_first_of_each_round_fail_over_all_workers(fleet, play):
    started = unix(play("rounds")["started_at"])
    judged = []
    number = 0
    while len(judged) < 2:
        begins = started + number * (FAILING + PAUSE)
        number += 1
        wait_for(lambda begins=begins: time.time() > begins, "the next round")
        answers = [chat(fleet) for _ in range(24)]
        if time.time() > begins + FAILING:
            continue  # the machine was too slow to ask within this phase
        judged.append([answer.status for answer in answers])
        assert len({answer.address[0] for answer in answers}) > 1
        # All have counted under one name: each request is one of them, and none is two.
        counts = [int(answer.headers["x-llm-sim-circumstances"].partition("n.storm=")[2]) for answer in answers]
        assert counts == list(range(1, 25))
        assert [answer.headers.get("x-llm-sim-fault") for answer in answers] == ["storm"] * 3 + [None] * 21
    assert judged == [[500] * 3 + [200] * 21] * 2


def test_a_ramp_counts_from_its_phase_on_every_worker(fleet, play):
    started = unix(play("rising")["started_at"])
    for _ in range(16):
        before = time.time()
        told = chat(fleet).headers["x-llm-sim-circumstances"]
        elapsed = float(told.removeprefix("t.rising="))
        assert before - started - 0.01 < elapsed < time.time() - started + 0.01


def test_of_two_at_once_the_later_one_lies_over_the_other(fleet, play):
    play("outage", retry_after_secs=7)
    play("flapping", down_secs=1000)
    # Both set errors.overloaded: the one that was activated later is seen.
    assert (chat(fleet).status, chat(fleet).headers["retry-after"]) == (503, "1")
    play("outage", retry_after_secs=8)
    assert chat(fleet).headers["retry-after"] == "8"
    active = [one["name"] for one in fleet.ask("/admin/scenarios").json()["active"]]
    assert active == ["flapping", "outage"]


def test_failures_of_two_at_once_are_both_there(fleet, play):
    play("retry_storm", first=1, retry_after_secs=3, count_by="fleet")
    play("quota_exhausted", keys="sk-poor*")
    assert [chat(fleet).status for _ in range(2)] == [429, 200]
    assert chat(fleet, "sk-poor-1").json()["error"]["code"] == "insufficient_quota"


def test_a_retry_storm_counts_each_key_by_itself(fleet, play):
    play("retry_storm", first=2, retry_after_secs=3)
    for key in ("sk-one", "sk-two"):
        answers = [chat(fleet, key) for _ in range(4)]
        assert [answer.status for answer in answers] == [429, 429, 200, 200]
        assert answers[0].headers["retry-after"] == "3"


def test_an_incident_spares_the_other_providers_at_first(fleet, play):
    play("multi_provider_incident")
    assert (chat(fleet).status, messages(fleet).status) == (503, 200)
    play("multi_provider_incident", down_secs=0.01, failover_secs=0.01, limited_rate=1, overflow_secs=0.01)
    wait_for(lambda: messages(fleet).status == 429, "the limits of the other provider")


def test_a_bad_upstream_and_a_bad_network_are_met_on_the_wire(fleet, play):
    play("bad_upstream", bad_gateway_rate=1)
    assert chat(fleet).status == 502
    play("bad_upstream", bad_gateway_rate=0, timeout_rate=1, timeout_ms=1)
    assert chat(fleet).status == 504
    play("bad_upstream", bad_gateway_rate=0, timeout_rate=0, malformed_rate=1)
    broken = chat(fleet)
    assert (broken.status, broken.headers["x-llm-sim-fault"]) == (200, "upstream_malformed")
    with pytest.raises(json.JSONDecodeError):
        broken.json()
    fleet.ask("/admin/scenarios/bad_upstream/deactivate", {})
    play("flaky_network", stall_rate=1, stall_ms=1, reset_rate=0, cut_rate=0)
    assert (chat(fleet).status, chat(fleet).headers["x-llm-sim-fault"]) == (200, "network_stall")
    for rates in ({"reset_rate": 1, "cut_rate": 0}, {"reset_rate": 0, "cut_rate": 1}):
        play("flaky_network", stall_rate=0, **rates)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            chat(fleet)


def test_brownout_and_bursts_strike_some(fleet, play):
    play("brownout", error_rate=1, rising_secs=0.01)
    assert {chat(fleet).status for _ in range(4)} == {503}
    assert fleet.ask("/admin/scenarios/brownout").json()["active"]["phase"] == "plateau"
    play("brownout", error_rate=1, rising_secs=0.01, plateau_secs=0.01, falling_secs=0.01)
    wait_for(lambda: chat(fleet).status == 200, "its end")
    play("bursty_errors", begin=0.4, end=0.4)
    assert {chat(fleet).status for _ in range(60)} == {200, 500}


def test_a_failure_ends_with_its_scenario_to_the_moment(fleet, play):
    told = play("quota_exhausted", seconds=0.7)
    ends = unix(told["expires_at"])
    assert ends - unix(told["started_at"]) == pytest.approx(0.7, abs=1e-5)
    seen = []
    while not seen or seen[-1][1] < ends + 3 * MARGIN:
        began = time.time()
        status = chat(fleet).status
        seen.append((began, time.time(), status))
    assert [one for one in seen if one[1] < ends - MARGIN and one[2] == 200] == []
    assert [one for one in seen if one[0] > ends + MARGIN and one[2] != 200] == []
    assert {status for _, _, status in seen} == {200, 429}
