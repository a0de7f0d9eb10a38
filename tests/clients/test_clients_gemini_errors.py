"""What the official Gemini client raises, and how it retries."""

import asyncio
import json

import pytest
from gemini_client import FLASH, KEY, gemini, gemini_aio
from google.genai import errors, types
from serving import Simulator

FAULTS = {
    "gemini-2.5-pro": {"authentication": {"probability": 1}},
    "gemini-3.6-flash": {"rate_limit": {"probability": 1, "retry_after_secs": 7}},
    "gemini-3.5-flash": {"overloaded": {"probability": 1}},
    "gemini-3.7-flash": {"server_error": {"probability": 1}},
    "gemini-3.1-flash-lite": {"overloaded": {"probability": 0.5}},
}
CONFIG = {
    "providers": {name: {"errors": faults} for name, faults in FAULTS.items()},
    "limits": {"models": {"gemini-2.5-flash-lite": {"requests_per_minute": 2}}},
}


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """One worker whose models always or often fail, and one model with a rate limit."""
    with Simulator(tmp_path_factory.mktemp("gemini"), "--latency", "none", config=CONFIG, workers=1) as it:
        yield it


@pytest.fixture(scope="module")
def client(failing):
    with gemini(failing.url) as made:
        yield made


@pytest.mark.parametrize(
    ("model", "kind", "code", "status", "message"),
    [
        ("gemini-2.5-pro", errors.ClientError, 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API"),
        ("gemini-3.6-flash", errors.ClientError, 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted"),
        ("gemini-3.5-flash", errors.ServerError, 503, "UNAVAILABLE", "This model is currently experiencing high"),
        ("gemini-3.7-flash", errors.ServerError, 500, "INTERNAL", "An internal error has occurred"),
        ("nope", errors.ClientError, 404, "NOT_FOUND", "models/nope is not found for API version"),
        ("tunedModels/x", errors.ClientError, 404, "NOT_FOUND", "tunedModels/x is not found"),
        ("gemini-embedding-001", errors.ClientError, 404, "NOT_FOUND", "is not supported for generateContent"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_failures(client, model, kind, code, status, message, streamed):
    ask = client.models.generate_content_stream if streamed else client.models.generate_content
    with pytest.raises(kind) as caught:
        list(ask(model=model, contents="Hi"))
    assert (caught.value.code, caught.value.status) == (code, status)
    assert message in caught.value.message
    assert KEY not in str(caught.value)


def test_the_async_client_raises_the_same(failing):
    async def ask():
        async with gemini_aio(failing.url) as there:
            await there.models.generate_content(model="gemini-3.5-flash", contents="Hi")

    with pytest.raises(errors.ServerError) as caught:
        asyncio.run(ask())
    assert caught.value.code == 503


def test_wrong_requests_name_the_field(client):
    for config, message in (
        ({"temperature": 9}, "generation_config.temperature: temperature must be in the range [0.0, 2.0]."),
        ({"candidate_count": 99}, "generation_config.candidate_count"),
        ({"max_output_tokens": 99_999_999}, "generation_config.max_output_tokens"),
        ({"response_modalities": ["IMAGE"]}, "response modalities"),
    ):
        with pytest.raises(errors.ClientError) as caught:
            client.models.generate_content(model=FLASH, contents="Hi", config=config)
        assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
        assert message in caught.value.message


def test_a_prompt_beyond_the_window(client):
    with pytest.raises(errors.ClientError, match=r"The input token count \(\d+\) exceeds the maximum number of tokens"):
        client.models.generate_content(model="gemma-4-31b-it", contents="word " * 400_000)


def test_a_real_limit_tells_which_and_for_how_long(client):
    for _ in range(2):
        client.models.generate_content(model="gemini-2.5-flash-lite", contents="Hi")
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="gemini-2.5-flash-lite", contents="Hi")
    details = {detail["@type"].rpartition(".")[2]: detail for detail in caught.value.details["error"]["details"]}
    assert details["QuotaFailure"]["violations"][0]["quotaId"] == "GenerateRequestsPerMinutePerProjectPerModel"
    assert 0 < int(details["RetryInfo"]["retryDelay"].removesuffix("s")) <= 60
    assert caught.value.message.startswith("You exceeded your current quota")


def test_the_client_retries_where_it_is_told_to(failing):
    options = types.HttpRetryOptions(attempts=20, initial_delay=0.01, max_delay=0.02)
    with gemini(failing.url, retry_options=options) as client:
        for number in range(4):
            assert client.models.generate_content(model="gemini-3.1-flash-lite", contents=f"Hi {number}").text


def test_paths_that_there_are_not(failing):
    for path in (f"/v1beta/models/{FLASH}:dance", "/v1beta/nowhere"):
        answer = failing.ask(path, {"contents": []}, {"x-goog-api-key": KEY})
        assert answer.status in {404, 405}
        assert answer.json()["error"]["code"] == answer.status


def test_a_wrong_method_and_a_shared_path(failing):
    answer = failing.ask(f"/v1beta/models/{FLASH}:generateContent", None, {"x-goog-api-key": KEY}, method="GET")
    assert answer.status in {404, 405}
    assert "code" in answer.json()["error"]
    names = [model["name"] for model in failing.ask("/v1/models", headers={"x-goog-api-key": KEY}).json()["models"]]
    assert f"models/{FLASH}" in names
    assert json.loads(failing.ask("/v1/models").body)["object"] == "list"
