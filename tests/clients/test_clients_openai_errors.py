"""What the official OpenAI client raises, and how it retries."""

import time

import openai
import pytest
from client_checks import WEATHER, turn
from serving import wait_for

ASK = {"model": "gpt-4o", "messages": [turn("Hello")]}
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": WEATHER}}]


def caught(error, call):
    """The error of exactly this class that a call raises."""
    with pytest.raises(error) as raised:
        call()
    assert type(raised.value) is error
    return raised.value


def ask_of(client, **more):
    return lambda: client.chat.completions.create(**{**ASK, **more})


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_unknown_model_is_named_with_the_models_there_are(client, stream):
    error = caught(openai.NotFoundError, ask_of(client, model="gpt-99", stream=stream))
    assert error.status_code == 404
    assert error.code == "model_not_found"
    assert error.request_id.startswith("req_")
    assert "gpt-99" in error.message
    assert "gpt-6-astra" in error.message
    assert set(error.body) == {"message", "type", "param", "code"}


def test_another_providers_model_is_unknown_here(client):
    assert caught(openai.NotFoundError, ask_of(client, model="claude-opus-4-5")).code == "model_not_found"


@pytest.mark.parametrize(
    ("more", "param", "code"),
    [
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": [turn("x", "robot")]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        ({"extra_body": {"colour": "red"}}, "colour", "unknown_parameter"),
        ({"stop": ["a"] * 5}, "stop", "array_above_max_length"),
        ({"max_tokens": 10**7}, "max_tokens", "invalid_value"),
        ({"verbosity": "low"}, "verbosity", "unsupported_value"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "nope"}}}, "tool_choice", None),
        ({"response_format": {"type": "json_object"}}, "messages", None),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
        ({"messages": [turn("word " * 130_000)]}, "messages", "context_length_exceeded"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_parameter_is_named(client, more, param, code):
    error = caught(openai.BadRequestError, ask_of(client, **more))
    assert (error.param, error.code) == (param, code)
    assert error.type == error.body["type"] == "invalid_request_error"
    assert error.body["param"] == param


@pytest.mark.parametrize(
    ("model", "error", "status", "kind"),
    [
        ("gpt-4-0613", openai.AuthenticationError, 401, "invalid_request_error"),
        ("gpt-4-0314", openai.RateLimitError, 429, "requests"),
        ("gpt-4-1106-preview", openai.InternalServerError, 503, "server_error"),
        ("gpt-4-0125-preview", openai.InternalServerError, 500, "server_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_configured_faults(client, model, error, status, kind, stream):
    raised = caught(error, ask_of(client, model=model, stream=stream))
    assert raised.status_code == status
    assert raised.type == kind
    assert raised.request_id
    assert set(raised.body) == {"message", "type", "param", "code"}
    told = {"gpt-4-0314": "7", "gpt-4-1106-preview": "3"}.get(model)
    assert raised.response.headers.get("retry-after") == told


def test_a_held_request_times_out_at_the_client_and_leaves_nothing(make_openai, fleet):
    caught(openai.APITimeoutError, ask_of(make_openai(timeout=0.2), model="gpt-4-32k-0613"))
    wait_for(lambda: fleet.stats()["totals"]["in_flight"] == 0, "the held request to be given up", patience=5)


def test_a_closed_connection(client):
    caught(openai.APIConnectionError, ask_of(client, model="gpt-4-32k-0314"))


def test_a_second_attempt_succeeds(make_openai, retried_key):
    """Keyed conditions count the client's own retries, so the failure is over at the attempt that is known."""
    ask = {**ASK, "model": "gpt-3.5-turbo-1106"}
    key = retried_key("/v1/chat/completions", ask, 500)
    headers = {"x-llm-sim-key": key}
    raw = make_openai(max_retries=2).chat.completions.with_raw_response.create(**ask, extra_headers=headers)
    assert raw.retries_taken == 1
    assert raw.headers["x-llm-sim-retry"] == "1"
    assert raw.headers["x-llm-sim-key"] == key
    assert raw.parse().choices[0].message.content
    caught(openai.InternalServerError, lambda: make_openai().chat.completions.create(**ask, extra_headers=headers))


def test_retry_after_is_obeyed(make_openai, retried_key):
    """One second is told; the client's own first pause would be half a second at most."""
    ask = {**ASK, "model": "gpt-3.5-turbo-0613"}
    headers = {"x-llm-sim-key": retried_key("/v1/chat/completions", ask, 429)}
    client = make_openai(max_retries=1)
    began = time.monotonic()
    raw = client.chat.completions.with_raw_response.create(**ask, extra_headers=headers)
    assert time.monotonic() - began >= 1
    assert raw.retries_taken == 1


def test_retries_run_out(make_openai, fleet):
    sent = []
    client = make_openai(max_retries=2)
    client._client.event_hooks = {"request": [lambda request: sent.append(request.headers["x-stainless-retry-count"])]}
    caught(openai.InternalServerError, ask_of(client, model="gpt-4-0125-preview"))
    assert sent == ["0", "1", "2"]
