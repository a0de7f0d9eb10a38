import json

import pytest
from openai.types import Model
from openai_plans import BITS, PROVIDER, chat_body, no_extras

from simulator.engine.request import Operation
from simulator.providers.base import ModelEntry, Refusal
from simulator.providers.openai import OpenAI

ENTRIES = [
    ModelEntry("gpt-4o", "openai", "GPT-4o", 1_715_367_049, 128_000, 16_384, "chat"),
    ModelEntry("own", "acme", "Own", 5, 1, 1, "chat"),
]


def test_the_listing_is_what_the_official_client_expects():
    reply = PROVIDER.models(ENTRIES, {"limit": "1"}, BITS)
    body = json.loads(reply.body)
    assert (reply.status, body["object"]) == (200, "list")
    models = [Model.model_validate_json(json.dumps(item), strict=True) for item in body["data"]]
    assert all(map(no_extras, models))
    assert [(model.id, model.created, model.owned_by) for model in models] == [
        ("gpt-4o", 1_715_367_049, "system"),
        ("own", 5, "acme"),
    ]


def test_one_model():
    reply = PROVIDER.model(ENTRIES[0], BITS)
    assert Model.model_validate_json(reply.body, strict=True).id == "gpt-4o"
    assert (b"content-type", b"application/json") in reply.headers


def test_an_empty_listing():
    assert json.loads(PROVIDER.models([], {}, BITS).body) == {"object": "list", "data": []}


def test_the_dialect_serves_these_paths():
    served = [(endpoint.path, endpoint.operation, endpoint.label) for endpoint in PROVIDER.endpoints]
    assert len({path for path, _, _ in served}) == len(served)
    assert {
        ("/v1/chat/completions", Operation.CHAT, "chat_completions"),
        ("/v1/completions", Operation.COMPLETION, "completions"),
        ("/v1/embeddings", Operation.EMBEDDING, "embeddings"),
    } <= set(served)
    assert (PROVIDER.name, PROVIDER.models_paths) == ("openai", ("/v1/models",))
    assert PROVIDER.claims({}) is True


def test_the_depth_of_bodies_can_be_set():
    schema = {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {}}}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    body = chat_body(tools=[tool])
    for max_depth in (9, 10):
        assert OpenAI(max_depth=max_depth).endpoints[0].decode(body, {}).request.tools[0].schema == schema
    with pytest.raises(Refusal, match="nested deeper than the 8 levels allowed"):
        OpenAI(max_depth=8).endpoints[0].decode(body, {})
