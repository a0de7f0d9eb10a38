"""What the official clients make of a limit that counts: the exception, its headers, and a retry that is admitted."""

import uuid

import anthropic
import openai
import pytest
from client_checks import turn
from serving import Simulator

BURST = 5
SOON = 30
"""A place comes back every two seconds: more slowly than a client asks, and soon enough to wait for."""
LIMITS = {"keys": {"sk-few-*": {"requests_per_minute": BURST}, "sk-soon-*": {"requests_per_minute": SOON}}}
ASK = {"model": "gpt-4o-mini", "messages": [turn("Hello")], "max_tokens": 5}
MESSAGE = {"model": "claude-sonnet-5-5", "messages": [turn("Hello")], "max_tokens": 5}


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limited")
    with Simulator(folder, "--latency", "none", config={"limits": LIMITS}, workers=4) as fleet:
        yield fleet


def key(kind):
    """A key of its own for each test, so that none meets what another has used."""
    return f"sk-{kind}-{uuid.uuid4().hex}"


def test_openai_raises_and_tells_how_it_stands(limited):
    with openai.OpenAI(base_url=f"{limited.url}/v1", api_key=key("few"), max_retries=0) as client:
        for left in reversed(range(BURST)):
            raw = client.chat.completions.with_raw_response.create(**ASK)
            assert raw.headers["x-ratelimit-limit-requests"] == str(BURST)
            assert raw.headers["x-ratelimit-remaining-requests"] == str(left)
        with pytest.raises(openai.RateLimitError) as raised:
            client.chat.completions.create(**ASK)
        assert raised.value.code == "rate_limit_exceeded"
        assert raised.value.type == "requests"
        assert 1 <= int(raised.value.response.headers["retry-after"]) <= 12
        assert "requests per min (RPM): Limit 5, Used 5, Requested 1." in raised.value.message


def test_anthropic_raises_and_tells_how_it_stands(limited):
    with anthropic.Anthropic(base_url=limited.url, api_key=key("few"), max_retries=0) as client:
        for _ in range(BURST):
            raw = client.messages.with_raw_response.create(**MESSAGE)
        assert raw.headers["anthropic-ratelimit-requests-remaining"] == "0"
        with pytest.raises(anthropic.RateLimitError) as raised:
            client.messages.create(**MESSAGE)
        assert raised.value.body["error"]["type"] == "rate_limit_error"
        assert 1 <= int(raised.value.response.headers["retry-after"]) <= 12


def test_a_key_sent_either_way_is_one_key(limited):
    chosen = key("few")
    with anthropic.Anthropic(base_url=limited.url, api_key=chosen, max_retries=0) as client:
        for _ in range(BURST):
            client.messages.create(**MESSAGE)
    refused = limited.ask(
        "/v1/messages", MESSAGE, {"authorization": "", "x-api-key": chosen, "anthropic-version": "2023-06-01"}
    )
    assert refused.status == 429


def test_a_client_that_retries_gets_through(limited):
    with openai.OpenAI(base_url=f"{limited.url}/v1", api_key=key("soon"), max_retries=1) as client:
        raw = [client.chat.completions.with_raw_response.create(**ASK) for _ in range(SOON + 1)]
    assert all(response.status_code == 200 for response in raw)
    assert any(response.retries_taken == 1 for response in raw)
