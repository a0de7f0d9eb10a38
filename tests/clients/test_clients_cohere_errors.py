"""What the official Cohere client raises, and what it retries."""

import re
import time

import cohere
import httpx
import pytest
from client_checks import turn
from cohere.core import ApiError
from cohere_clients import MODEL, client_of
from serving import Simulator

ASK = {"model": MODEL, "messages": [turn("Hello")]}
FAULTS = {
    "command-r-08-2024": {"authentication": {"probability": 1}},
    "command-r-plus-08-2024": {"rate_limit": {"probability": 1, "retry_after_secs": 7}},
    "command-r7b-12-2024": {"overloaded": {"probability": 1}},
    "tiny-aya-global": {"server_error": {"probability": 1}},
    "tiny-aya-earth": {"timeout": {"probability": 1, "timeout_ms": 20}},
    "tiny-aya-fire": {"rate_limit": {"probability": 0.5, "retry_after_secs": 1}},
}
RAISED = [
    ("command-r-08-2024", cohere.UnauthorizedError, 401, "invalid api token"),
    ("command-r-plus-08-2024", cohere.TooManyRequestsError, 429, "You are past the per minute request limit"),
    ("command-r7b-12-2024", cohere.ServiceUnavailableError, 503, "service unavailable"),
    ("tiny-aya-global", cohere.InternalServerError, 500, "internal server error"),
]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """One worker, some of whose models always or often fail."""
    providers = {name: {"errors": errors} for name, errors in FAULTS.items()}
    config = {"providers": providers, "limits": {"models": {"tiny-aya-water": {"requests_per_minute": 1}}}}
    with Simulator(tmp_path_factory.mktemp("cohere"), "--latency", "none", config=config, workers=1) as it:
        yield it


@pytest.fixture(scope="module")
def co(fleet):
    with client_of(fleet) as client:
        yield client


def caught(call, kind, status):
    """The error of exactly this class, with its body checked; a stream that is refused is refused at its start."""
    with pytest.raises(ApiError) as raised:
        call()
    error = raised.value
    assert type(error) is kind
    assert error.status_code == status
    assert list(error.body) == ["id", "message"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", error.body["id"])
    assert error.headers["x-debug-trace-id"]
    return error


@pytest.mark.parametrize(
    ("more", "kind", "status", "message"),
    [
        ({"model": "command-z"}, cohere.NotFoundError, 404, "model 'command-z' not found, make sure the correct model"),
        ({"model": "embed-v4.0"}, cohere.NotFoundError, 404, "The model `embed-v4.0` is not of the kind"),
        ({"messages": []}, cohere.BadRequestError, 400, "invalid request: required 'messages' param is missing"),
        ({"temperature": 7}, cohere.BadRequestError, 400, "invalid request: temperature must be between"),
        ({"max_tokens": 10**6}, cohere.BadRequestError, 400, "too many tokens: max tokens must be less than or equal"),
        ({"messages": [turn("word " * 300_000)]}, cohere.BadRequestError, 400, "too many tokens: size limit exceeded"),
        (
            {"request_options": {"additional_body_parameters": {"colour": "red"}}},
            cohere.UnprocessableEntityError,
            422,
            "unknown field: parameter 'colour' is not a valid field",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_request_is_named(co, more, kind, status, message):
    error = caught(lambda: co.chat(**{**ASK, **more}), kind, status)
    assert error.body["message"].startswith(message)
    again = caught(lambda: list(co.chat_stream(**{**ASK, **more})), kind, status)
    assert again.body["message"] == error.body["message"]


def test_the_other_endpoints_refuse_alike(co):
    ask = {"model": "embed-v4.0", "input_type": "search_query"}
    caught(lambda: co.embed(**ask, texts=["a"] * 97), cohere.BadRequestError, 400)
    caught(lambda: co.embed(**{**ask, "model": "embed-v9"}, texts=["a"]), cohere.NotFoundError, 404)
    caught(lambda: co.embed(**ask, texts=["a"], output_dimension=7), cohere.BadRequestError, 400)
    caught(lambda: co.rerank(model="rerank-v3.5", query="", documents=["a"]), cohere.BadRequestError, 400)
    caught(lambda: co.models.get("command-z"), cohere.NotFoundError, 404)
    caught(lambda: co.models.list(page_size=0), cohere.BadRequestError, 400)
    caught(lambda: co.detokenize(tokens=[0], model=MODEL, offline=False), cohere.BadRequestError, 400)


def test_a_path_that_is_not_there(fleet):
    answer = fleet.ask("/v2/fly", {}, {"user-agent": "cohere/7.3.1"})
    assert (answer.status, answer.json()["message"]) == (404, "404 page not found")
    answer = fleet.ask("/v2/chat", headers={"user-agent": "cohere/7.3.1"})
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(("model", "kind", "status", "message"), RAISED, ids=[model for model, *_ in RAISED])
def test_faults(faulty, model, kind, status, message):
    with client_of(faulty) as co:
        error = caught(lambda: co.chat(**{**ASK, "model": model}), kind, status)
        assert error.body["message"].startswith(message)
        assert error.headers.get("retry-after") == ("7" if status == 429 else None)
        caught(lambda: list(co.chat_stream(**{**ASK, "model": model})), kind, status)


def test_a_request_that_is_held_too_long(faulty):
    with client_of(faulty) as co, pytest.raises(httpx.RemoteProtocolError):
        co.chat(**{**ASK, "model": "tiny-aya-earth"})


def test_the_client_waits_as_long_as_it_is_told_and_is_then_answered(faulty):
    """Half of the requests fail by draws of their own, so with ten retries one is answered at last."""
    with client_of(faulty, max_retries=10) as co:
        before = faulty.stats()["workers"][0]["requests"]
        for _ in range(4):
            began = time.monotonic()
            assert co.chat(**{**ASK, "model": "tiny-aya-fire"}).finish_reason == "COMPLETE"
            if time.monotonic() - began >= 1:
                break
        else:
            pytest.fail("no request was refused first")
        assert faulty.stats()["workers"][0]["requests"] > before


def test_limits_are_told_as_to_a_trial_key(faulty):
    with client_of(faulty) as co:
        ask = {**ASK, "model": "tiny-aya-water"}
        headers = co.with_raw_response.chat(**ask).headers
        assert headers["x-trial-endpoint-call-limit"] == "1"
        assert headers["x-trial-endpoint-call-remaining"] == "0"
        error = caught(lambda: co.chat(**ask), cohere.TooManyRequestsError, 429)
        assert error.body["message"].startswith("You are using a Trial key, which is limited to 1 API calls / minute.")
        assert 0 < int(error.headers["retry-after"]) <= 60
