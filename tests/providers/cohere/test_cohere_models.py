"""The listing of models, the check of a key, and whose requests are claimed."""

import json

import pytest
from cohere_plans import PROVIDER, REQUEST_BITS
from desk import MemoryDesk

from simulator.providers.base import ModelEntry, Refusal

ENTRIES = [
    ModelEntry("command-a-03-2025", "cohere", "Command A", 1, 256_000, 8_000, "chat"),
    ModelEntry("command-a-plus-05-2026", "cohere", "Command A+", 1, 128_000, 64_000, "chat"),
    ModelEntry("embed-english-v3.0", "cohere", "Embed", 1, 49_152, 0, "embedding"),
    ModelEntry("rerank-v4.0-pro", "cohere", "Rerank", 1, 40_960_000, 0, "rerank"),
    ModelEntry("house", "cohere", "House", 1, 7, 0, "rerank"),
]


def page(**query):
    return json.loads(PROVIDER.models(ENTRIES, query, REQUEST_BITS).body)


def names(**query):
    return [model["name"] for model in page(**query)["models"]]


def test_a_model():
    assert json.loads(PROVIDER.model(ENTRIES[1], REQUEST_BITS).body) == {
        "name": "command-a-plus-05-2026",
        "is_deprecated": False,
        "endpoints": ["chat"],
        "finetuned": False,
        "context_length": 128_000,
        "tokenizer_url": None,
        "default_endpoints": [],
        "features": ["json_mode", "json_schema", "safety_modes", "strict_tools", "tools", "vision", "reasoning"],
        "sampling_defaults": {"temperature": 0.3, "k": 0, "p": 0.75, "frequency_penalty": 0, "presence_penalty": 0},
    }


def test_a_model_of_vectors_tells_the_length_of_one_text():
    windows = {model["name"]: model["context_length"] for model in page()["models"]}
    assert windows["embed-english-v3.0"] == 512
    assert windows["rerank-v4.0-pro"] == 32_768
    assert windows["house"] == 7


def test_filters():
    assert names(endpoint="chat") == ["command-a-03-2025", "command-a-plus-05-2026"]
    assert names(endpoint="chat", default_only="true") == ["command-a-03-2025"]
    assert names(endpoint="chat", default_only="False") == names(endpoint="chat")
    assert names(endpoint="embed") == names(endpoint="classify") == ["embed-english-v3.0"]
    assert names(endpoint="generate") == []


def test_pages():
    first = page(page_size="2.0")
    assert len(first["models"]) == 2
    second = page(page_size="2", page_token=first["next_page_token"])
    third = page(page_size="2", page_token=second["next_page_token"])
    assert "next_page_token" not in third
    told = [model["name"] for each in (first, second, third) for model in each["models"]]
    assert told == [entry.id for entry in ENTRIES]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"endpoint": "fly"}, "endpoint"),
        ({"default_only": "true"}, "default_only"),
        ({"endpoint": "chat", "default_only": "maybe"}, "default_only"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "1e999"}, "page_size"),
        ({"page_size": "nan"}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"page_token": "x"}, "page_token"),
        ({"page_token": "é"}, "page_token"),
        ({"page_token": "LTE="}, "page_token"),
    ],
)
def test_a_wrong_parameter_is_named(query, param):
    with pytest.raises(Refusal) as caught:
        page(**query)
    assert caught.value.param == param
    assert param in caught.value.message


@pytest.mark.parametrize(
    ("headers", "claimed"),
    [
        ({b"x-fern-sdk-name": b"cohere", b"user-agent": b"python-httpx/0.27"}, True),
        ({b"x-fern-sdk-name": b"cohere-ai"}, True),
        ({b"user-agent": b"cohere/7.3.1"}, True),
        ({b"x-fern-sdk-name": b"other"}, False),
        ({b"user-agent": b"OpenAI/Python 3.52.0"}, False),
        ({}, False),
    ],
)
def test_claims(headers, claimed):
    assert PROVIDER.claims(headers) is claimed


def test_the_check_of_a_key():
    desk = MemoryDesk(PROVIDER)
    reply = desk.ask("POST", "/v1/check-api-key", headers={b"authorization": b"Bearer key"})
    body = json.loads(reply.body)
    assert body["valid"] is True
    assert set(body) == {"valid", "organization_id", "owner_id"}
    for headers in ({}, {b"authorization": b"Bearer "}, {b"authorization": b"key"}):
        reply = desk.ask("POST", "/v1/check-api-key", headers=headers)
        assert (reply.status, json.loads(reply.body)["message"]) == (401, "no api key supplied")
