"""Failures and pace through the official clients of Mistral and Ollama, from a fleet of their own."""

import time

import ollama
import pytest
from client_checks import turn
from mistralai.client import Mistral, errors
from mistralai.client.utils import BackoffStrategy, RetryConfig
from serving import Simulator

FAULTS = {
    "mistral-small-2506": {"rate_limit": {"probability": 1, "retry_after_secs": 7}},
    "mistral-medium-2508": {"overloaded": {"probability": 1}},
    "open-mistral-nemo": {"authentication": {"probability": 1}},
    "ministral-8b-2512": {"rate_limit": {"probability": 0.5, "retry_after_secs": 0}},
    "phi4": {"overloaded": {"probability": 1}},
    "llava": {"rate_limit": {"probability": 1, "retry_after_secs": 7}},
    "gemma3": {"server_error": {"probability": 1}},
}
PACE = {"ttft": {"distribution": "constant", "value_ms": 80}, "itl": {"distribution": "constant", "value_ms": 2}}
ASK = [turn("Tell me of tides.")]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    providers = {name: {"errors": found} for name, found in FAULTS.items()}
    providers |= {name: {"latency": PACE} for name in ("ministral-3b-latest", "llama3.2:1b")}
    with Simulator(tmp_path_factory.mktemp("faulty"), config={"providers": providers}, workers=1) as it:
        yield it


@pytest.fixture
def mistral(faulty):
    with Mistral(api_key="key", server_url=faulty.url) as client:
        yield client


@pytest.fixture
def llama(faulty):
    with ollama.Client(host=faulty.url) as client:
        yield client


@pytest.mark.parametrize(
    ("model", "status", "words"),
    [
        ("mistral-small-2506", 429, '"type":"rate_limited","param":null,"code":"1300"'),
        ("mistral-medium-2508", 503, '"type":"unreachable_backend"'),
        ("open-mistral-nemo", 401, '{"detail":"Invalid API Key"}'),
    ],
)
def test_mistrals_failures(mistral, model, status, words):
    for ask in (mistral.chat.complete, mistral.chat.stream):
        with pytest.raises(errors.SDKError) as caught:
            ask(model=model, messages=ASK)
        assert caught.value.status_code == status
        assert words in caught.value.body
    assert ("retry-after" in caught.value.headers) is (status == 429)


def test_mistrals_client_tries_again(faulty):
    backoff = RetryConfig("backoff", BackoffStrategy(1, 5, 1.0, 20_000), retry_connection_errors=False)
    with Mistral(api_key="key", server_url=faulty.url, retry_config=backoff) as client:
        assert client.chat.complete(model="ministral-8b-2512", messages=ASK).choices[0].message.content
        assert client.chat.complete(model="ministral-8b-2512", messages=ASK).choices[0].message.content
    failed = [name for name in faulty.metrics() if 'model="ministral-8b-2512"' in name and 'status="429"' in name]
    assert failed


@pytest.mark.parametrize(("model", "status"), [("phi4", 503), ("llava", 429), ("gemma3", 500)])
def test_ollamas_failures(llama, model, status):
    with pytest.raises(ollama.ResponseError) as caught:
        llama.chat(model, ASK)
    assert caught.value.status_code == status
    assert caught.value.error
    with pytest.raises(ollama.ResponseError):
        list(llama.generate(model, "x", stream=True))


def test_streams_keep_their_pace(mistral, llama):
    began = time.monotonic()
    arrived = [
        time.monotonic() - began for _ in mistral.chat.stream(model="ministral-3b-latest", messages=ASK, max_tokens=30)
    ]
    assert arrived[0] >= 0.08
    assert arrived[-1] - arrived[0] >= 0.05
    began = time.monotonic()
    *others, last = llama.chat("llama3.2:1b", ASK, stream=True, options={"num_predict": 30})
    took = time.monotonic() - began
    assert 0.13 <= last.total_duration / 1e9 <= took
    assert last.load_duration + last.prompt_eval_duration >= 80_000_000
    stamps = [part.created_at for part in others]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps) == 30
