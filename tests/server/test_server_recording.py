"""The journal of requests: exact over all workers, bounded, without keys, and nothing where it is off."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgi_client import ask, call, make
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import Simulator

from simulator.server.recording.record import (
    LEFT_OUT,
    Record,
    body_of,
    decode,
    encode,
    shown,
    without_key,
    without_keys,
)

CHAT = "/v1/chat/completions"
HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
ON = {"simulation": {"latency": "none", "recording": {"enabled": True, "max_requests": 300, "max_body_bytes": 2000}}}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("recording"), config=ON, workers=3) as running:
        yield running


@pytest.fixture
def journal(fleet):
    """Reads the journal, which is empty when a test begins."""
    fleet.ask("/admin/requests", method="DELETE")

    def read(query="?limit=1000"):
        answer = fleet.ask(f"/admin/requests{query}")
        assert answer.status == 200, answer.body
        return answer.json()["requests"]

    assert read() == []
    return read


def test_whoever_has_an_answer_finds_the_request(fleet, journal):
    def client(number):
        with fleet.connect() as connection:
            for turn in range(10):
                body = {**HELLO, "user": f"{number}.{turn}", "stream": bool(turn % 2)}
                assert fleet.ask(CHAT, body, connection=connection).status == 200
                # Asked over a connection of its own, which any worker may answer.
                assert f"{number}.{turn}" in [each["json"]["user"] for each in journal()]

    with ThreadPoolExecutor(6) as clients:
        list(clients.map(client, range(6)))
    found = journal()
    assert sorted(each["json"]["user"] for each in found) == sorted(f"{a}.{b}" for a in range(6) for b in range(10))
    assert [each["time"] for each in found] == sorted(each["time"] for each in found)
    assert {each["streamed"] for each in found} == {True, False}
    assert len({each["address"].split("/")[0] for each in found}) > 1


def test_the_oldest_give_way(fleet, journal):
    with fleet.connect() as connection:
        for number in range(320):
            fleet.ask("/v1/embeddings", {"model": "text-embedding-3-small", "input": str(number)}, None, connection)
    assert sorted(int(each["json"]["input"]) for each in journal()) == list(range(20, 320))
    assert [each["json"]["input"] for each in journal("?limit=2")] == ["318", "319"]


def test_what_is_recorded_of_a_request(fleet, journal):
    headers = {"x-llm-sim-test": "one", "x-stainless-retry-count": "2"}
    answer = fleet.ask(f"{CHAT}?api-version=1&key=hidden", HELLO, headers)
    (found,) = journal()
    shard, sequence = answer.address
    assert found["usage"]["input_tokens"] == answer.json()["usage"]["prompt_tokens"]
    assert found["usage"]["output_tokens"] == answer.json()["usage"]["completion_tokens"]
    assert found["address"] == f"{shard}/{sequence}"
    assert found["headers"].items() >= {"authorization": "Bearer [redacted]", "x-llm-sim-test": "one"}.items()
    assert "sk-test" not in json.dumps(found)
    assert found["query"] == "api-version=1&key=[redacted]"
    given = {key: found[key] for key in ("provider", "endpoint", "model", "method", "path", "status", "reason", "json")}
    assert given == {
        "provider": "openai",
        "endpoint": "chat_completions",
        "model": "gpt-4o",
        "method": "POST",
        "path": CHAT,
        "status": 200,
        "reason": "",
        "json": HELLO,
    }
    fleet.ask(CHAT, HELLO, {"authorization": "Bearer sk-other"})
    assert len(journal("?test=one")) == 1
    assert len(journal(f"?key={found['key']}")) == 1
    assert len(journal()) == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "endpoint", "reason"),
    [
        ("POST", CHAT, b"{", 400, "chat_completions", "invalid"),
        ("POST", CHAT, {**HELLO, "model": "no-such-model"}, 404, "chat_completions", "unknown_model"),
        ("POST", "/chat/completions", HELLO, 404, "unknown", ""),
        ("PUT", "/v1/embeddings", HELLO, 405, "embeddings", "wrong_method"),
        ("GET", "/v1/models", None, 200, "models", ""),
        ("GET", "/v1/files", None, 200, "files", ""),
        ("GET", "/v1/files/file-none", None, 404, "files", ""),
    ],
)
def test_requests_that_get_no_plan(fleet, journal, method, path, body, status, endpoint, reason):
    assert fleet.ask(path, body, method=method).status == status
    (found,) = journal()
    assert (found["method"], found["path"], found["status"]) == (method, path, status)
    assert found["endpoint"].startswith(endpoint)
    assert found["reason"] == reason


def test_a_long_body_is_cut_and_a_strange_one_kept(fleet, journal):
    fleet.ask(CHAT, {**HELLO, "user": "x" * 5000})
    fleet.ask(CHAT, b'{"model": "\\ud800"}')
    fleet.ask(CHAT, b"\xff\x00")
    fleet.ask(CHAT, b"[" * 1500)
    cut, surrogate, binary, deep = journal()
    assert cut["cut"]
    assert (cut["size"], len(cut["text"])) == (len(json.dumps({**HELLO, "user": "x" * 5000})), 2000)
    assert surrogate["text"] == '{"model": "\\ud800"}'
    assert binary["base64"] == "/wA="
    assert deep["text"] == "[" * 1500


def test_the_page_is_the_operators(fleet, journal):
    assert journal() == []
    assert fleet.ask("/admin/requests", headers={"x-forwarded-for": "1.2.3.4"}).status == 403
    assert fleet.ask("/admin/requests?limit=0").status == 400
    assert fleet.ask("/admin/requests?limit=many").status == 400
    assert fleet.ask("/admin/requests?other=1").status == 400
    assert fleet.ask("/admin/requests", {}, method="POST").status == 405
    fleet.ask(CHAT, HELLO)
    assert fleet.ask("/admin/requests", method="DELETE").json() == {"dropped": 1}
    assert journal() == []


def test_it_can_be_switched_while_the_fleet_runs(fleet, journal):
    try:
        fleet.ask("/admin/config", {"simulation": {"recording": {"enabled": False}}})
        fleet.ask(CHAT, HELLO)
        assert journal() == []
        assert fleet.ask("/admin/requests").json()["recording"] is False
    finally:
        fleet.ask("/admin/config", method="DELETE")
    fleet.ask(CHAT, HELLO)
    assert len(journal()) == 1


def test_failures_are_recorded_before_they_are_held(tmp_path):
    config = {**ON, "errors": {"timeout": {"probability": 1, "timeout_ms": 60_000}}}
    with Simulator(tmp_path, config=config, workers=1) as fleet, fleet.connect() as connection:
        connection.request("POST", CHAT, json.dumps(HELLO), {"content-type": "application/json"})
        found = []
        while not found:
            found = fleet.ask("/admin/requests").json()["requests"]
        assert (found[0]["status"], found[0]["reason"]) == (None, "timeout")


class Away:
    """A store that cannot write."""

    def __getattr__(self, name):
        from simulator.state.store import StoreUnavailable

        async def fail(*_arguments, **_more):
            raise StoreUnavailable("it is away")

        return fail


def test_without_the_state_a_request_is_answered_all_the_same():
    app = make(simulation__latency="none", **{"simulation.recording.enabled": True})
    app._house.store = Away()
    answer = ask(app, "POST", CHAT, HELLO)
    assert answer.status == 200
    assert answer.headers["x-llm-sim-state"] == "degraded"
    assert ask(app, "GET", "/v1/models").status == 200
    assert ask(app, "GET", "/admin/requests").status == 503


def test_recording_takes_no_address(tmp_path):
    """What is recorded must not shift the conditions of the requests that follow."""

    async def sequences(recording):
        app = make(simulation__latency="none", **{"simulation.recording.enabled": recording})
        told = []
        for method, path in (("GET", "/v1/models"), ("POST", CHAT), ("GET", "/nowhere"), ("POST", CHAT)):
            answer = await call(app, method, path, HELLO if method == "POST" else b"")
            told.append(answer.headers["x-llm-sim-sequence"])
        return told

    assert asyncio.run(sequences(recording=True)) == asyncio.run(sequences(recording=False))


def test_keys_are_left_out():
    given = [(b"Authorization", b"Bearer sk-1"), (b"X-Api-Key", b"sk-2"), (b"x-goog-api-key", b"sk-3")]
    given += [(b"cookie", b"id=4"), (b"Content-Type", b"text/plain"), (b"x-amz-security-token", b"5")]
    assert without_keys(given) == {
        "authorization": f"Bearer {LEFT_OUT}",
        "x-api-key": LEFT_OUT,
        "x-goog-api-key": LEFT_OUT,
        "cookie": LEFT_OUT,
        "content-type": "text/plain",
        "x-amz-security-token": LEFT_OUT,
    }
    assert without_key(b"alt=sse&key=AIza&api%5Fkey=x&page_token=y&a") == (
        f"alt=sse&key={LEFT_OUT}&api%5Fkey={LEFT_OUT}&page_token=y&a"
    )


@settings(max_examples=40)
@given(st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_a_record_is_read_as_it_was_written(body):
    record = Record(1, 2, "p", "e", "m", "GET", "/", "", {}, "s", 0, "", False, 0, 0, "", len(body), body)
    assert decode(encode(record)) == record
    assert shown(record)["status"] is None
    assert len([key for key in ("json", "text", "base64") if key in body_of(body)]) == 1
