"""Contract mode over the wire: what it passes over, what it does not, and its switch."""

import pytest
from serving import Simulator

CLAUDE = {"anthropic-version": "2026-10-21"}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
FAULTY = {"gpt-4-0613": {"errors": {"authentication": {"probability": 1}}}}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    config = {"providers": FAULTY, "server": {"max_body_bytes": 100_000}}
    with Simulator(tmp_path_factory.mktemp("contract"), "--latency", "none", config=config) as it:
        yield it


@pytest.fixture
def lax(fleet):
    """The fleet in contract mode, for the time of a test."""
    assert fleet.ask("/admin/config", {"compat": {"contract": True}}).status == 200
    yield fleet
    assert fleet.ask("/admin/config", method="DELETE").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/assistants", None, 404),
        ("GET", "/v1/files/file-gone", None, 404),
        ("GET", "/v1/models/nobodys", None, 404),
        ("DELETE", "/v1/models/gpt-4o", None, 405),
        ("PUT", "/v1/files", None, 405),
        ("POST", "/v1/chat/completions", {}, 400),
        ("POST", "/v1/chat/completions", {**CHAT, "model": "nobodys"}, 404),
    ],
)
def test_strict_by_default(fleet, method, path, body, status):
    assert fleet.ask(path, body, method=method).status == status


def test_switched_while_the_fleet_runs(lax):
    assert lax.ask("/v1/assistants").json()["data"][0]["object"] == "assistant"
    lax.ask("/admin/config", method="DELETE")
    assert lax.ask("/v1/assistants").status == 404


def test_answers_look_like_the_providers_own(lax):
    made = lax.ask("/v1/assistants", {"model": "m", "name": "n"})
    assert (made.status, made.headers["content-type"]) == (200, "application/json")
    assert made.headers["x-request-id"].startswith("req_")
    assert made.headers["openai-version"] == "2020-10-01"
    assert made.headers["x-llm-sim-shard"]
    profile = lax.ask("/v1/organizations/me", headers=CLAUDE)
    assert (profile.status, "request-id" in profile.headers) == (200, True)
    assert lax.ask("/openai/v1/assistants/asst_1", headers=CLAUDE).json()["type"] == "error"


def test_a_chat_is_mended(lax):
    body = {**CHAT, "temperature": "hot", "max_tokens": -1, "tools": 7, "n": 2}
    answer = lax.ask("/v1/chat/completions", body).json()
    assert (answer["model"], len(answer["choices"])) == (lax.ask("/v1/chat/completions", CHAT).json()["model"], 1)
    clean = lax.ask("/v1/chat/completions", {**CHAT, "n": 2, "temperature": "hot"}).json()
    assert len(clean["choices"]) == 2
    stream = lax.ask("/v1/chat/completions", {"stream": True})
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.body.endswith(b"data: [DONE]\n\n")
    message = lax.ask("/v1/messages", {"model": "no-such"}, CLAUDE).json()
    assert (message["type"], message["model"]) == ("message", "no-such")
    assert lax.ask("/v1/messages", {"model": "no-such"}).json()["role"] == "assistant"


def test_an_empty_body_is_answered(lax):
    for path in (
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/moderations",
        "/v1/images/generations",
    ):
        assert lax.ask(path, b"").status == 200, path
    assert lax.ask("/v1/messages", b"", CLAUDE).status == 200
    assert lax.ask("/v1/batches", b"").json()["object"] == "batch"
    assert lax.ask("/v1/threads", b"[1, 2]").json()["object"] == "thread"


@pytest.mark.parametrize(
    "body", [b'{"a":', b"\xff\xfe", b'{"a": 1e999}', b"[" * 100_000, b'{"a": "\\ud800"}', b"{" + b'"a":{' * 3_000]
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/batches", "/v1/threads"])
def test_what_cannot_be_read_is_refused(lax, path, body):
    refused = lax.ask(path, body)
    assert (refused.status, set(refused.json())) == (400, {"error"})


def test_what_is_not_about_the_request_stays(lax):
    assert lax.ask("/v1/chat/completions", {**CHAT, "model": "gpt-4-0613"}).status == 401
    assert lax.ask("/v1/threads", b'{"a": "' + b"x" * 100_000 + b'"}').status == 413
    assert lax.ask("/v1/nowhere").status == 404
    assert lax.ask("/v1/assistants", {}, method="PATCH").status == 404
    assert lax.ask("/v2/chat", {}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"a": 2**80}, "tools": [[]], "model": {"deep": [[[[]]]]}},
        {"name": None, "tools": [{"type": "function", "function": {"name": "f", "parameters": {"x": 2**70}}}]},
        {"id": "\u0000é", "object": 5, "created_at": -1, "tools": [None, "", {}, {"type": "nothing"}]},
    ],
)
def test_hostile_values(lax, body):
    made = lax.ask("/v1/assistants", body)
    assert made.status == 200
    assert made.json()["object"] == "assistant"


def test_hostile_paths(lax):
    assert lax.ask("/v1/assistants/%ED%A0%80%FF").json()["object"] == "assistant"
    assert lax.ask("/v1/assistants/" + "a" * 5_000).json()["id"] == "a" * 5_000
    assert lax.ask("/v1/threads/a%2Fb/runs/%00").status in (200, 404)
    assert "Traceback" not in lax.log()
