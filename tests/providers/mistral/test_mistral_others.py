import base64
import json

import numpy as np
import pytest
from mistral_plans import EMBEDDINGS, ENDPOINTS, PROVIDER, REQUEST_BITS, plan_of, refused

from simulator.engine.plan import Embedded, Synthetic, Usage
from simulator.providers.base import ModelEntry, Problem, Quota, Refusal

VECTOR = np.array([0.6, -0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1], dtype="<f4")
PATHS = {
    "/v1/chat/completions", "/v1/fim/completions", "/v1/embeddings", "/v1/moderations", "/v1/chat/moderations",
    "/v1/classifications", "/v1/chat/classifications",
}  # fmt: skip


def test_the_paths():
    assert {endpoint.path for endpoint in PROVIDER.endpoints} == PATHS
    assert len(ENDPOINTS) == len(PROVIDER.endpoints)


@pytest.mark.parametrize(
    ("agent", "claimed"),
    [
        (b"mistral-client-python/3.7.0", True),
        (b"mistral-client-typescript/2.2.1", True),
        (b"OpenAI/Python 3.52.0", False),
        (b"mistral-client", False),
        (b"", False),
    ],
)
def test_only_its_own_clients_are_claimed(agent, claimed):
    assert PROVIDER.claims({b"user-agent": agent}) is claimed
    assert not PROVIDER.claims({})


def embedded(**fields):
    call = EMBEDDINGS.decode(json.dumps({"model": "codestral-embed", "input": "x", **fields}).encode(), {})
    plan = plan_of(Embedded((VECTOR.tobytes(),), 8, Usage(3, 0)), model="codestral-embed")
    return call, json.loads(EMBEDDINGS.reply(call, plan).body)


def test_embeddings():
    call, answer = embedded()
    assert call.request.dimensions == 1536
    assert answer["data"] == [{"object": "embedding", "embedding": pytest.approx(VECTOR.tolist()), "index": 0}]
    assert (answer["object"], answer["model"]) == ("list", "codestral-embed")
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] == 3
    assert embedded(output_dimension=64, input=["a", "b"])[0].request.dimensions == 64


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("int8", [76, -102, 0, 0, 0, 0, 0, 13]),
        ("uint8", [204, 25, 128, 128, 128, 128, 128, 140]),
        ("ubinary", [0b10000001]),
        ("binary", [1]),
    ],
)
def test_smaller_types(dtype, values):
    _, answer = embedded(output_dtype=dtype)
    assert answer["data"][0]["embedding"] == values
    _, packed = embedded(output_dtype=dtype, encoding_format="base64")
    raw = base64.b64decode(packed["data"][0]["embedding"])
    assert list(np.frombuffer(raw, np.uint8 if dtype.startswith("u") else np.int8)) == values


def test_embeddings_that_are_refused():
    assert refused(EMBEDDINGS, {"model": "mistral-embed", "input": []})[0] == 422
    assert refused(EMBEDDINGS, {"model": "mistral-embed", "input": ["a", ""]})[0] == 422
    assert refused(EMBEDDINGS, {"model": "mistral-embed", "input": ["a"] * 2000})[0] == 400
    assert refused(EMBEDDINGS, {"model": "mistral-embed", "input": "a", "output_dtype": "int8"})[0] == 400
    assert refused(EMBEDDINGS, {"model": "mistral-embed", "input": [1]})[1]["detail"][0]["loc"] == ["body", "input", 0]
    reply = PROVIDER.refuse(Refusal(Problem.INVALID, "Invalid value for 'dimensions' = 9."), REQUEST_BITS)
    assert json.loads(reply.body)["message"] == "Invalid value for 'output_dimension' = 9."


def judged(label, body):
    endpoint = ENDPOINTS[label]
    call = endpoint.decode(json.dumps(body).encode(), {})
    return json.loads(endpoint.reply(call, plan_of(Synthetic(bytes(32), Usage(5, 0), 0), model=body["model"])).body)


MODEL = "mistral-moderation-latest"


def test_moderations():
    answer = judged("moderations", {"model": MODEL, "input": ["I will kill you", "Good morning"]})
    bad, good = answer["results"]
    assert [name for name, found in bad["categories"].items() if found] == ["violence_and_threats"]
    assert not any(good["categories"].values())
    assert bad["category_scores"].keys() == bad["categories"].keys() == good["categories"].keys()
    assert all(0 < score < 1 for score in bad["category_scores"].values())
    assert answer == judged("moderations", {"model": MODEL, "input": ["I will kill you", "Good morning"]})
    older = judged("moderations", {"model": "mistral-moderation-2411", "input": "x"})["results"][0]["categories"]
    assert "dangerous_and_criminal_content" in older
    assert "jailbreaking" in good["categories"]


def test_moderations_of_conversations():
    talk = [{"role": "user", "content": "How do I build a bomb?"}, {"role": "assistant", "content": "I won't say."}]
    (one,) = judged("chat_moderations", {"model": MODEL, "input": talk})["results"]
    assert one["categories"]["dangerous"]
    assert len(judged("chat_moderations", {"model": MODEL, "input": [talk, talk[:1]]})["results"]) == 2
    (scores,) = judged("chat_classifications", {"model": MODEL, "input": {"messages": talk}})["results"]
    assert scores["moderation"]["scores"]["dangerous"] > 0.5
    assert len(judged("classifications", {"model": MODEL, "input": ["a", "b", "c"]})["results"]) == 3


@pytest.mark.parametrize(
    ("label", "given"),
    [
        ("moderations", []),
        ("moderations", None),
        ("chat_moderations", []),
        ("chat_moderations", [{"role": "user", "content": "x"}, [{"role": "user", "content": "x"}]]),
        ("chat_classifications", []),
        ("chat_classifications", {"messages": 5}),
    ],
)
def test_inputs_that_are_none(label, given):
    assert refused(ENDPOINTS[label], {"model": MODEL, "input": given})[0] == 422


def entry(name, kind="chat", **more):
    return ModelEntry(name, "mistral", name.title(), 1_700_000_000, 262_144, 0, kind, **more)


def test_models():
    entries = [entry("mistral-small-latest"), entry("mine"), entry("mistral-embed", "embedding")]
    small, mine, embed = json.loads(PROVIDER.models(entries, {}, REQUEST_BITS).body)["data"]
    assert small["name"] == "mistral-small-2603"
    assert "mistral-small-2603" in small["aliases"]
    assert "mistral-small-latest" not in small["aliases"]
    assert small["capabilities"]["reasoning"]
    assert small["capabilities"]["vision"]
    assert not small["capabilities"]["moderation"]
    assert (mine["name"], mine["aliases"], mine["description"]) == ("mine", [], "Mine")
    assert mine["capabilities"]["completion_chat"]
    assert not any(embed["capabilities"].values())
    assert json.loads(PROVIDER.model(entries[0], REQUEST_BITS).body) == small


@pytest.mark.parametrize(
    ("refusal", "status", "body"),
    [
        (Refusal(Problem.AUTHENTICATION), 401, {"detail": "Invalid API Key"}),
        (Refusal(Problem.WRONG_METHOD, param="PUT /v1/models"), 405, {"detail": "Method Not Allowed"}),
        (
            Refusal(Problem.UNKNOWN_PATH, param="GET /v1/x"),
            404,
            {"message": "no Route matched with those values", "request_id": REQUEST_BITS.hex()},
        ),
        (
            Refusal(Problem.GATEWAY_TIMEOUT),
            504,
            {"message": "The upstream server is timing out", "request_id": REQUEST_BITS.hex()},
        ),
    ],
)
def test_refusals_of_other_layers(refusal, status, body):
    reply = PROVIDER.refuse(refusal, REQUEST_BITS)
    assert (reply.status, json.loads(reply.body)) == (status, body)


@pytest.mark.parametrize(
    ("problem", "status", "kind", "code"),
    [
        (Problem.RATE_LIMIT, 429, "rate_limited", "1300"),
        (Problem.OVERLOADED, 503, "unreachable_backend", "1100"),
        (Problem.SERVER_ERROR, 500, "internal_server_error", "1000"),
        (Problem.UNKNOWN_MODEL, 400, "invalid_model", "1500"),
        (Problem.INSUFFICIENT_QUOTA, 402, "payment_required", None),
        (Problem.CONTEXT_LENGTH, 400, "invalid_request_invalid_args", "3051"),
    ],
)
def test_refusals_in_its_own_shape(problem, status, kind, code):
    refusal = Refusal(problem, retry_after=1.2, model="m\udc80", known=["a", "b"], limit=10, asked=20)
    reply = PROVIDER.refuse(refusal, REQUEST_BITS)
    body = json.loads(reply.body)
    assert (reply.status, body["type"], body["code"], body["raw_status_code"]) == (status, kind, code, status)
    assert dict(reply.headers)[b"retry-after"] == b"2"
    frame = PROVIDER.stream_error(refusal, REQUEST_BITS)
    assert json.loads(frame.decode().removeprefix("data: ").removesuffix("\n\n")) == body


def test_every_problem_has_words():
    for problem in Problem:
        reply = PROVIDER.refuse(Refusal(problem), REQUEST_BITS)
        assert 400 <= reply.status < 600
        assert json.loads(reply.body)


class At:
    def __init__(self, limit, remaining):
        self.limit, self.remaining, self.reset_us = limit, remaining, 5


def test_rate_limit_headers():
    write = PROVIDER.quota_writer(["requests", "tokens", "tokens", "concurrent"])
    lines = write([At(60, 59), At(500, 100), At(1000, 900), At(4, 3)], 0.0)
    assert lines == (
        b"x-ratelimit-limit-req-minute: 60\r\nx-ratelimit-remaining-req-minute: 59\r\n"
        b"x-ratelimit-limit-tokens-minute: 500\r\nx-ratelimit-remaining-tokens-minute: 100\r\n"
    )
    assert PROVIDER.quota_writer(["concurrent"])([At(4, 3)], 0.0) == b""
    quota = Quota("requests", "minute", 60, 0, 1, 3.0, 1.0)
    assert PROVIDER.refuse(Refusal(Problem.RATE_LIMIT, quota=quota), REQUEST_BITS).status == 429
