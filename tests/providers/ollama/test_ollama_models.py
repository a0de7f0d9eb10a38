import hashlib
import json

import pytest
from ollama_plans import ACTIONS, DESK, PROVIDER, REQUEST_BITS, acted

from simulator.providers.base import Problem, Refusal


def steps(reply):
    assert dict(reply.headers)[b"content-type"] == b"application/x-ndjson"
    return [json.loads(line) for line in reply.body.splitlines()]


def test_the_models_there_are():
    models = json.loads(acted("GET", "/api/tags").body)["models"]
    assert [model["name"] for model in models] == ["llama3.2:latest", "mine:v1", "e:latest"]
    first = models[0]
    assert first["model"] == first["name"]
    assert first["modified_at"] == "2026-01-01T00:00:00Z"
    assert len(first["digest"]) == 64
    assert first["details"]["family"] == "llama"
    assert 1e9 < first["size"] < 4e9
    assert json.loads(acted("GET", "/api/ps").body) == {"models": []}
    assert json.loads(acted("GET", "/api/version").body)["version"].count(".") == 2
    assert acted("GET", "/").body == b"Ollama is running"


@pytest.mark.parametrize("name", ["llama3.2", "llama3.2:latest"])
def test_one_model(name):
    shown = json.loads(acted("POST", "/api/show", {"model": name}).body)
    assert shown["capabilities"] == ["completion", "tools"]
    assert shown["details"]["parameter_size"] == "3.2B"
    assert shown["model_info"]["llama.context_length"] == 131_072
    assert json.loads(acted("POST", "/api/show", {"name": "e"}).body)["capabilities"] == ["embedding"]


def test_a_model_that_is_not_there():
    for method, path in (("POST", "/api/show"), ("DELETE", "/api/delete")):
        reply = acted(method, path, {"model": "nothing"})
        assert (reply.status, json.loads(reply.body)) == (404, {"error": "model 'nothing' not found"})
        assert acted(method, path, {}).status == 400
    reply = acted("POST", "/api/copy", {"source": "nothing", "destination": "x"})
    assert (reply.status, json.loads(reply.body)) == (404, {"error": 'model "nothing" not found'})
    assert acted("POST", "/api/copy", {"source": "llama3.2"}).status == 400


def test_upkeep_goes_well_and_changes_nothing():
    before = acted("GET", "/api/tags").body
    pulled = steps(acted("POST", "/api/pull", {"model": "llama3.2"}))
    assert pulled[0] == {"status": "pulling manifest"}
    assert pulled[1]["total"] == pulled[1]["completed"] > 0
    assert pulled[1]["digest"].startswith("sha256:")
    assert steps(acted("POST", "/api/push", {"model": "llama3.2"}))[-1] == {"status": "success"}
    made = {"model": "x", "from": "llama3.2"}
    assert steps(acted("POST", "/api/create", made))[-1] == {"status": "success"}
    assert steps(acted("POST", "/api/create", {"model": "x", "files": {"a": "sha256:b"}}))[-1]["status"] == "success"
    assert json.loads(acted("POST", "/api/create", {**made, "stream": False}).body) == {"status": "success"}
    assert acted("POST", "/api/copy", {"source": "llama3.2", "destination": "y"}).status == 200
    assert acted("DELETE", "/api/delete", {"model": "llama3.2"}).status == 200
    assert acted("GET", "/api/tags").body == before


def test_upkeep_of_what_is_not_there():
    for path in ("/api/pull", "/api/push"):
        told = steps(acted("POST", path, {"model": "nothing"}))
        assert "file does not exist" in told[-1]["error"]
        alone = acted("POST", path, {"model": "nothing", "stream": False})
        assert (alone.status, json.loads(alone.body)) == (500, told[-1])
        assert acted("POST", path, {}).status == 400
    assert acted("POST", "/api/create", {"model": "x", "from": "nothing"}).status == 404
    assert acted("POST", "/api/create", {"model": "x"}).status == 400
    assert acted("POST", "/api/create", {}).status == 400


def test_blobs():
    name = "sha256:" + hashlib.sha256(b"file").hexdigest()
    path = "/api/blobs/{digest}"
    assert acted("POST", path, b"file", {"digest": name}).status == 201
    assert acted("POST", path, b"other", {"digest": name}).status == 400
    assert acted("POST", path, b"file", {"digest": "md5:1"}).status == 400
    assert acted("GET", path, None, {"digest": name}).status == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model":5}', b"\xff", b'{"model":"' + b"\\ud800" + b'"}'])
def test_bodies_that_are_none(body):
    for method, path in ACTIONS:
        if path not in {"/", "/api/tags", "/api/ps", "/api/version", "/api/blobs/{digest}"}:
            reply = acted(method, path, body)
            assert reply.status == 400
            assert json.loads(reply.body)["error"]


@pytest.mark.parametrize(
    ("agent", "claimed"),
    [
        (b"ollama-python/0.6.3 (x86_64 linux) Python/3.12", True),
        (b"ollama-js/0.6.0", True),
        (b"ollama/0.24.0 (amd64 linux) Go/go1.24", True),
        (b"openai/ollama", False),
    ],
)
def test_only_its_own_clients_are_claimed(agent, claimed):
    assert PROVIDER.claims({b"user-agent": agent}) is claimed
    assert not PROVIDER.claims({})


def test_every_problem_has_words():
    for problem in Problem:
        reply = PROVIDER.refuse(Refusal(problem, model="m\udc80", retry_after=1.5), REQUEST_BITS)
        assert 400 <= reply.status < 600
        assert reply.body
        frame = json.loads(PROVIDER.stream_error(Refusal(problem), REQUEST_BITS))
        assert list(frame) == ["error"]
    assert PROVIDER.refuse(Refusal(Problem.UNKNOWN_PATH), REQUEST_BITS).body == b"404 page not found"
    known = [f"m{number}" for number in range(60)] + ["m1:latest"]
    sentence = json.loads(PROVIDER.refuse(Refusal(Problem.UNKNOWN_MODEL, model="x", known=known), REQUEST_BITS).body)
    assert sentence["error"].startswith("model 'x' not found. This simulator's models are: m0, m1,")
    assert sentence["error"].endswith(" and 10 more.")
    own = PROVIDER.refuse(Refusal(Problem.UNKNOWN_MODEL, "Own words.", model="x"), REQUEST_BITS)
    assert (own.status, json.loads(own.body)) == (404, {"error": "Own words."})
    other = Refusal(Problem.UNKNOWN_MODEL, "It is of another kind.", model="x", param="model")
    assert PROVIDER.refuse(other, REQUEST_BITS).status == 400


def test_it_has_no_headers_for_limits_and_no_listing_of_its_own():
    assert PROVIDER.quota_writer(["requests"])([], 0.0) == b""
    assert list(PROVIDER.models_paths) == []
    assert len(json.loads(PROVIDER.models(DESK.models, {}, REQUEST_BITS).body)["models"]) == 4
    assert json.loads(PROVIDER.model(DESK.models[0], REQUEST_BITS).body)["name"] == "llama3.2"
