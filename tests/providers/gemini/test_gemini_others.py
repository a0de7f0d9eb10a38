"""Counting, embeddings and the listings of models."""

import json

import numpy as np
import pytest
from desk import MemoryDesk
from gemini_plans import BATCH, COUNT, EMBED, NEW, PROVIDER, REQUEST_BITS, embedded_of, plan_of, target_of, turn

from simulator.providers.base import ModelEntry, Refusal

EMBEDDER = "gemini-embedding-001"
ONE = "/v1beta/models/{model}:embedContent"
MANY = "/v1/models/{model}:batchEmbedContents"


@pytest.fixture
def desk():
    return MemoryDesk(PROVIDER)


def asked(desk, path, body, model=NEW, method="POST"):
    reply = desk.ask(method, path, json.dumps(body).encode(), parameters={"model": model})
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


@pytest.mark.parametrize("version", ["v1beta", "v1"])
def test_a_count_is_what_an_answer_costs(desk, version):
    image = {"inlineData": {"mimeType": "image/png", "data": ""}}
    contents = [{"parts": [{"text": "What is this?"}, image]}]
    counted = asked(desk, f"/{version}/models/{{model}}:countTokens", {"contents": contents})
    answered = asked(desk, f"/{version}/models/{{model}}:generateContent", {"contents": contents})
    assert counted["totalTokens"] == answered["usageMetadata"]["promptTokenCount"]
    assert counted["promptTokensDetails"] == answered["usageMetadata"]["promptTokensDetails"]
    assert counted["promptTokensDetails"][1] == {"modality": "IMAGE", "tokenCount": 1_120}


def test_a_whole_request_is_counted(desk):
    path = "/v1beta/models/{model}:countTokens"
    alone = asked(desk, path, {"contents": [turn("Hi")]})["totalTokens"]
    whole = {"contents": [turn("Hi")], "systemInstruction": {"parts": [{"text": "Be terse."}]}, "model": NEW}
    assert asked(desk, path, {"generateContentRequest": whole})["totalTokens"] > alone


def test_the_model_of_a_count_may_be_in_the_body_alone():
    body = {"generateContentRequest": {"model": f"models/{NEW}", "contents": [turn("Hi")]}}
    assert COUNT.decode(json.dumps(body).encode(), {}).request.model == NEW
    with pytest.raises(Refusal, match="unexpected model name format"):
        COUNT.decode(json.dumps({"contents": [turn("Hi")]}).encode(), {})


def test_embeddings(desk):
    one = asked(desk, ONE, {"content": turn("a cat sat"), "taskType": "RETRIEVAL_QUERY"}, EMBEDDER)
    values = np.array(one["embedding"]["values"])
    assert values.shape == (3_072,)
    assert np.linalg.norm(values) == pytest.approx(1, abs=1e-3)
    requests = [{"model": f"models/{EMBEDDER}", "content": turn(text)} for text in ("a cat sat", "a dog ran")]
    many = asked(desk, MANY, {"requests": requests}, EMBEDDER)
    assert [len(each["values"]) for each in many["embeddings"]] == [3_072, 3_072]
    assert many["embeddings"][0]["values"] == one["embedding"]["values"]
    assert many["usageMetadata"]["promptTokenCount"] > one["usageMetadata"]["promptTokenCount"]


def test_smaller_embeddings(desk):
    for body in (
        {"content": turn("a"), "outputDimensionality": 256},
        {"content": turn("a"), "embedContentConfig": {"outputDimensionality": 256, "taskType": "CLUSTERING"}},
    ):
        assert len(asked(desk, ONE, body, EMBEDDER)["embedding"]["values"]) == 256


def test_an_embedding_of_a_picture_depends_on_the_picture():
    def text(data):
        body = {"content": {"parts": [{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": data}}]}}
        return EMBED.decode(json.dumps(body).encode(), {}, target_of("gemini-embedding-2")).request.inputs[0]

    assert text("YQ==") == text("YQ==") != text("Yg==")


def test_the_layout_of_embeddings():
    vector = np.array([0.5, -0.25], "<f4").tobytes()
    call = EMBED.decode(json.dumps({"content": turn("a")}).encode(), {}, target_of(EMBEDDER))
    assert EMBED.reply(call, plan_of(embedded_of(vector))).body == (
        b'{\n  "embedding": {\n    "values": [\n      0.5,\n      -0.25\n    ]\n  },\n'
        b'  "usageMetadata": {\n    "promptTokenCount": 5\n  }\n}\n'
    )
    call = BATCH.decode(json.dumps({"requests": [{"content": turn("a")}]}).encode(), {}, target_of(EMBEDDER))
    found = json.loads(BATCH.reply(call, plan_of(embedded_of(vector))).body)
    assert found["embeddings"] == [{"values": [0.5, -0.25]}]


@pytest.mark.parametrize("endpoint", [EMBED, COUNT])
def test_what_is_not_streamed(endpoint):
    with pytest.raises(NotImplementedError):
        endpoint.stream(None, None)


def listed(desk, **query):
    return json.loads(PROVIDER.models(desk.models, query, REQUEST_BITS).body)


def test_models_are_paged(desk):
    names, token = [], ""
    while True:
        page = listed(desk, pageSize="7", **({"pageToken": token} if token else {}))
        assert len(page["models"]) <= 7
        names += [model["name"] for model in page["models"]]
        token = page.get("nextPageToken")
        if token is None:
            break
    assert names == [f"models/{entry.id}" for entry in desk.models]
    assert "nextPageToken" not in listed(desk, pageSize="99999")
    assert len(listed(desk)["models"]) == min(50, len(names))


@pytest.mark.parametrize("query", [{"pageSize": "x"}, {"pageSize": "-1"}, {"pageToken": "é"}, {"pageToken": "abc"}])
def test_wrong_paging_is_refused(desk, query):
    with pytest.raises(Refusal, match="page"):
        listed(desk, **query)


def test_a_model_of_each_kind(desk):
    by_name = {model["name"]: model for model in listed(desk, pageSize="1000")["models"]}
    flash = by_name["models/gemini-3.8-flash"]
    assert (flash["version"], flash["displayName"]) == ("3.8", "Gemini 3.8 Flash")
    assert (flash["inputTokenLimit"], flash["outputTokenLimit"]) == (1_048_576, 65_536)
    assert flash["thinking"] is True
    assert "generateContent" in flash["supportedGenerationMethods"]
    assert "embedContent" in by_name["models/gemini-embedding-001"]["supportedGenerationMethods"]
    assert "thinking" not in by_name["models/gemma-4-31b-it"]


def test_one_model():
    entry = ModelEntry("m", "gemini", "", 0, 10, 5, "chat")
    assert json.loads(PROVIDER.model(entry, REQUEST_BITS).body)["name"] == "models/m"


def test_there_are_no_tuned_models(desk):
    assert asked(desk, "/v1/tunedModels", None, method="GET") == {}
    assert desk.ask("GET", "/v1/tunedModels/{model}", parameters={"model": "x"}).status == 404
    body = json.dumps({"contents": [turn("a")]}).encode()
    reply = desk.ask("POST", "/v1beta/tunedModels/{model}:generateContent", body, parameters={"model": "x"})
    assert json.loads(reply.body)["error"]["message"].startswith("tunedModels/x is not found")
