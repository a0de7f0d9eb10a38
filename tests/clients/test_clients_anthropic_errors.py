"""What the official Anthropic client raises, and how it retries."""

import time

import anthropic
import pytest
from client_checks import turn
from serving import wait_for

ASK = {"model": "claude-haiku-4-5", "max_tokens": 20, "messages": [turn("Hello")]}
WIRE = {"anthropic-version": "2026-10-21"}


def caught(name, call):
    """The error of exactly this class that a call raises, with the parts of its body checked."""
    with pytest.raises(anthropic.APIError) as raised:
        call()
    error = raised.value
    assert type(error).__name__ == name
    if isinstance(error, anthropic.APIStatusError):
        assert set(error.body) == {"type", "error", "request_id"}
        assert set(error.body["error"]) == {"type", "message"}
        assert error.body["request_id"] == error.request_id == error.response.headers["request-id"]
    return error


def ask_of(client, **more):
    return lambda: client.messages.create(**{**ASK, **more})


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_unknown_model_is_named_with_the_models_there_are(claude, stream):
    error = caught("NotFoundError", ask_of(claude, model="claude-99", stream=stream))
    assert error.body["error"]["type"] == "not_found_error"
    assert "claude-99" in error.body["error"]["message"]
    assert "claude-opus-5-5" in error.body["error"]["message"]
    caught("NotFoundError", lambda: claude.models.retrieve("claude-99"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [turn("")]}, "messages.0"),
        ({"messages": [turn("x", "robot")]}, "messages.0.role"),
        ({"messages": [turn([{"type": "text", "text": 1}])]}, "messages.0.content.0.text.text"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 10**7, "timeout": 5}, "max_tokens: 10000000 >"),
        ({"extra_body": {"colour": "red"}}, "colour: Extra inputs are not permitted"),
        ({"extra_body": {"max_tokens": "many"}}, "max_tokens: Input should be a valid integer"),
        ({"stop_sequences": [" "]}, "stop_sequences"),
        ({"messages": [turn("word " * 1_000_000)]}, "prompt is too long"),
        ({"extra_headers": {"anthropic-version": "2020-01-01"}}, "anthropic-version"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_parameter_is_named(claude, more, message):
    error = caught("BadRequestError", ask_of(claude, **more))
    assert error.body["error"]["type"] == "invalid_request_error"
    assert error.body["error"]["message"].startswith(message)


@pytest.mark.parametrize(
    ("model", "name", "status", "kind"),
    [
        ("claude-opus-4-6", "AuthenticationError", 401, "authentication_error"),
        ("claude-opus-4-7", "RateLimitError", 429, "rate_limit_error"),
        ("claude-3-haiku-20240307", "OverloadedError", 529, "overloaded_error"),
        ("claude-sonnet-4-6", "InternalServerError", 500, "api_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_configured_faults(claude, model, name, status, kind, stream):
    error = caught(name, ask_of(claude, model=model, stream=stream))
    assert error.status_code == status
    assert error.body["error"]["type"] == kind
    assert error.response.headers.get("retry-after") == ("7" if status == 429 else None)


def test_a_held_request_times_out_at_the_client_and_leaves_nothing(make_anthropic, fleet):
    caught("APITimeoutError", ask_of(make_anthropic(timeout=0.2), model="claude-opus-4-1-20250805"))
    wait_for(lambda: fleet.stats()["totals"]["in_flight"] == 0, "the held request to be given up", patience=5)


def test_a_second_attempt_succeeds(make_anthropic, retried_key):
    ask = {**ASK, "model": "claude-3-5-sonnet-20241022"}
    headers = {"x-llm-sim-key": retried_key("/v1/messages", ask, 529, WIRE)}
    raw = make_anthropic(max_retries=2).messages.with_raw_response.create(**ask, extra_headers=headers)
    assert raw.retries_taken == 1
    assert raw.headers["x-llm-sim-retry"] == "1"
    assert raw.parse().content[0].text
    caught("OverloadedError", lambda: make_anthropic().messages.create(**ask, extra_headers=headers))


def test_retry_after_is_obeyed(make_anthropic, retried_key):
    """One second is told; the client's own first pause would be half a second at most."""
    ask = {**ASK, "model": "claude-3-5-sonnet-20240620"}
    headers = {"x-llm-sim-key": retried_key("/v1/messages", ask, 429, WIRE)}
    client = make_anthropic(max_retries=1)
    began = time.monotonic()
    raw = client.messages.with_raw_response.create(**ask, extra_headers=headers)
    assert time.monotonic() - began >= 1
    assert raw.retries_taken == 1
