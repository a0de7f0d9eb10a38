"""Failures of what is answered without a plan: lists of models, files."""

import http.client
import time

import pytest
from serving import Simulator

FAILURES = {
    "away": {"kind": "overloaded", "retry_after_secs": 3, "when": {"headers": {"x-test": "away"}}},
    "broken": {"kind": "cut", "after_tokens": 0, "when": {"endpoint": "files*", "headers": {"x-test": "broken"}}},
    "once": {"kind": "server_error", "first": 1, "when": {"endpoint": "models", "headers": {"x-test": "once"}}},
}
FILE = {
    "path": "/v1/files",
    "body": b'--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{}\r\n--b--\r\n',
    "headers": {"content-type": "multipart/form-data; boundary=b"},
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    config = {"faults": FAILURES}
    with Simulator(tmp_path_factory.mktemp("unplanned"), "--latency", "none", config=config, workers=2) as simulator:
        yield simulator


def files(fleet):
    return [one["id"] for one in fleet.ask("/v1/files").json()["data"]]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-4o", "/v1/files", "/v1beta/models"])
def test_a_configured_error_in_the_provider_s_words(fleet, path):
    answer = fleet.ask(path, headers={"x-test": "away"})
    assert answer.status == 503
    assert answer.headers["x-llm-sim-fault"] == "away"
    assert "error" in answer.json()
    assert fleet.ask(path).status == 200


def test_a_request_may_ask_for_one(fleet):
    answer = fleet.ask("/v1/models", headers={"x-llm-sim-fault": "rate_limit;retry_after_secs=2"})
    assert (answer.status, answer.headers["retry-after"]) == (429, "2")
    answer = fleet.ask("/v1/models", headers={"x-llm-sim-fault": "error_event;error=overloaded"})
    assert answer.status == 503
    assert fleet.ask("/v1/models", headers={"x-llm-sim-fault": "nonsense"}).status == 400


@pytest.mark.parametrize("path", ["/v1/models", "/v1/files"])
@pytest.mark.parametrize("fault", ["reset;after_tokens=0", "cut;after_tokens=0", "timeout;after_ms=20", "wrong_length"])
def test_what_fails_on_the_wire_fails_there_too(fleet, path, fault):
    with pytest.raises((http.client.HTTPException, ConnectionResetError)):
        fleet.ask(path, headers={"x-llm-sim-fault": fault})


def test_a_stall_is_waited_for(fleet):
    began = time.monotonic()
    answer = fleet.ask("/v1/models", headers={"x-llm-sim-fault": "stall;after_tokens=0;duration_ms=150"})
    assert answer.status == 200
    assert time.monotonic() - began >= 0.149
    assert answer.json() == fleet.ask("/v1/models").json()


def test_what_fails_is_not_done_and_what_is_lost_on_the_way_is(fleet):
    before = files(fleet)
    failed = fleet.ask(FILE["path"], FILE["body"], {**FILE["headers"], "x-test": "away"})
    assert failed.status == 503
    assert files(fleet) == before
    with pytest.raises((http.client.HTTPException, ConnectionResetError)):
        fleet.ask(FILE["path"], FILE["body"], {**FILE["headers"], "x-test": "broken"})
    assert len(files(fleet)) == len(before) + 1


def test_the_first_are_counted_over_the_fleet(fleet):
    assert sorted(fleet.ask("/v1/models", headers={"x-test": "once"}).status for _ in range(4)) == [200, 200, 200, 500]


def test_plain_errors_strike_whatever_is_asked_for(fleet):
    patch = {"errors": {"overloaded": {"probability": 1, "retry_after_secs": 1}}}
    assert fleet.ask("/admin/config", patch).status == 200
    try:
        assert fleet.ask("/v1/models").status == 503
        assert fleet.ask("/v1/files").status == 503
    finally:
        assert fleet.ask("/admin/config", method="DELETE").status == 200
    assert fleet.ask("/v1/models").status == 200


def test_a_replay_fails_alike(fleet):
    patch = {"faults": {"coin": {"kind": "overloaded", "probability": 0.5}}}
    assert fleet.ask("/admin/config", patch).status == 200
    try:
        seen = [fleet.ask("/v1/models") for _ in range(12)]
        assert {answer.status for answer in seen} == {200, 503}
        for answer in seen:
            address = f"{answer.headers['x-llm-sim-shard']}/{answer.headers['x-llm-sim-sequence']}"
            assert fleet.ask("/v1/models", headers={"x-llm-sim-replay": address}).status == answer.status
    finally:
        assert fleet.ask("/admin/config", method="DELETE").status == 200
