"""Azure's errors: every problem's status and body, versions, rate limits in headers and sentences."""

import json
import math

import pytest
from azure_plans import CHAT, PROVIDER, REQUEST_BITS, V1_CHAT, Target, at, chat_body, refusal_of

from simulator.providers.base import Problem, Refusal
from simulator.providers.quota import Quota
from simulator.state.store import Standing

TPM = Quota("tokens", "minute", 30_000, 29_000, 24_754, 2.2)
RPM = Quota("requests", "minute", 500, 499, 1, 0.12)


def told(refusal):
    reply = PROVIDER.refuse(refusal, REQUEST_BITS)
    body = json.loads(reply.body)
    assert list(body) == ["error"]
    assert PROVIDER.stream_error(refusal, REQUEST_BITS) == b"data: " + reply.body + b"\n\n"
    headers = dict(reply.headers)
    assert headers[b"apim-request-id"] == b"00010203-0405-0607-0809-0a0b0c0d0e0f"
    return reply.status, body["error"], headers


@pytest.mark.parametrize(
    ("refusal", "status", "code", "words"),
    [
        (Refusal(Problem.AUTHENTICATION), 401, "401", "Access denied due to invalid subscription key"),
        (Refusal(Problem.PERMISSION), 403, "PermissionDenied", "lacks the required data action"),
        (Refusal(Problem.UNKNOWN_PATH, param="GET /openai/x"), 404, "404", "Resource not found"),
        (Refusal(Problem.UNKNOWN_MODEL, model="x"), 404, "DeploymentNotFound", "The API deployment for this resource"),
        (Refusal(Problem.UNKNOWN_MODEL, "Own words.", model="x"), 404, "DeploymentNotFound", "Own words."),
        (Refusal(Problem.WRONG_METHOD, param="PUT /x"), 405, "405", "Method Not Allowed"),
        (Refusal(Problem.TIMEOUT), 408, "Timeout", "The operation was timeout."),
        (Refusal(Problem.RATE_LIMIT, model="gpt-4o"), 429, "429", "have exceeded call rate limit"),
        (Refusal(Problem.OVERLOADED), 503, "ServiceUnavailable", "temporarily unable"),
    ],
)
def test_what_the_gateway_says_is_a_code_and_a_sentence(refusal, status, code, words):
    got, error, _ = told(refusal)
    assert (got, error["code"]) == (status, code)
    assert set(error) == {"code", "message"}
    assert words in error["message"]


@pytest.mark.parametrize(
    ("refusal", "status", "code", "param"),
    [
        (Refusal(Problem.INVALID, "No.", param="n", code="invalid_value"), 400, "invalid_value", "n"),
        (Refusal(Problem.NOT_FOUND, "No such File object: x", param="id"), 404, None, "id"),
        (Refusal(Problem.CONFLICT, "Busy."), 409, None, None),
        (Refusal(Problem.TOO_LARGE, limit=7), 413, None, None),
        (
            Refusal(Problem.CONTEXT_LENGTH, limit=7, asked=9, param="messages"),
            400,
            "context_length_exceeded",
            "messages",
        ),
        (Refusal(Problem.OUTPUT_LIMIT, limit=7, asked=9, param="max_tokens"), 400, "invalid_value", "max_tokens"),
    ],
)
def test_what_the_model_says_is_in_openais_shape(refusal, status, code, param):
    got, error, _ = told(refusal)
    assert (got, error["code"], error["param"]) == (status, code, param)
    assert error["type"] == "invalid_request_error"
    assert error["message"]


def test_every_problem_has_a_status():
    assert {told(Refusal(problem))[0] // 100 for problem in Problem} == {4, 5}


def test_a_server_error_names_its_request():
    status, error, _ = told(Refusal(Problem.SERVER_ERROR))
    assert status == 500
    assert error["type"] == "server_error"
    assert "00010203-0405-0607-0809-0a0b0c0d0e0f" in error["message"]


def test_an_unknown_deployment_is_answered_with_those_there_are():
    names = [f"model-{number}" for number in range(60)]
    message = told(Refusal(Problem.UNKNOWN_MODEL, model="x", known=names))[1]["message"]
    assert "model-0, model-1" in message
    assert message.endswith("and 10 more.")


@pytest.mark.parametrize(
    ("kind", "operation"), [("chat", "chatCompletion"), ("embedding", "embeddings"), ("?", "requested")]
)
def test_a_deployment_of_another_kind(kind, operation):
    sentence = f"The model `gpt-4o` is not of the kind that this endpoint serves: {kind}."
    status, error, _ = told(Refusal(Problem.UNKNOWN_MODEL, sentence, model="gpt-4o", param="model"))
    assert (status, error["code"]) == (400, "OperationNotSupported")
    assert error["message"].startswith(f"The {operation} operation does not work with the specified model, gpt-4o.")


@pytest.mark.parametrize(
    ("quota", "model", "wait", "words"),
    [
        (
            TPM,
            "gpt-4o",
            5.2,
            "ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token",
        ),
        (TPM, "text-embedding-3-small", 1.0, "Embeddings_Create Operation"),
        (
            RPM,
            "gpt-4o",
            1.0,
            "have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 1 second.",
        ),
        (None, "gpt-4o", 7.0, "Please retry after 7 seconds."),
    ],
)
def test_limits_that_are_reached(quota, model, wait, words):
    status, error, headers = told(Refusal(Problem.RATE_LIMIT, model=model, quota=quota, retry_after=wait))
    assert status == 429
    assert words in error["message"]
    assert headers[b"retry-after"] == b"%d" % math.ceil(wait)
    assert headers[b"retry-after-ms"] == b"%d" % round(wait * 1000)


def test_no_wait_helps_a_request_that_is_too_large():
    _, error, headers = told(Refusal(Problem.RATE_LIMIT, model="gpt-4o", quota=TPM))
    assert "retry after" not in error["message"]
    assert b"retry-after" not in headers
    assert headers[b"x-should-retry"] == b"false"


def test_resets_are_whole_seconds():
    write = PROVIDER.quota_writer(["requests", "tokens", "concurrent"])
    levels = [Standing(one.limit, one.remaining, round(one.reset * 1e6)) for one in (RPM, TPM, RPM)]
    assert dict(line.split(": ") for line in write(levels, 0.0).decode().splitlines()) == {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "1",
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "29000",
        "x-ratelimit-reset-tokens": "3",
    }
    assert PROVIDER.quota_writer([])([], 0.0) == b""


@pytest.mark.parametrize("version", ["2023-05-15", "2024-10-21", "2025-04-01-preview", "2024-02-15-preview"])
def test_versions_that_are_taken(version):
    assert CHAT.decode(chat_body(), {}, at(version=version)).request.model == "gpt-4o"


@pytest.mark.parametrize(
    "version",
    [None, "", "preview", "v1", "latest", "2024-13-01", "2024-10-21x", "24-10-21", "2024-10-21-Preview", "\ud800"],
)
def test_without_a_version_there_is_no_such_path(version):
    status, error, _ = told(refusal_of(CHAT.decode, chat_body(), {}, at(version=version)))
    assert (status, error) == (404, {"code": "404", "message": "Resource not found"})


@pytest.mark.parametrize("version", ["", "v1", "preview", "latest", None])
def test_below_v1_no_version_is_needed(version):
    target = Target({}, {} if version is None else {"api-version": [version]})
    assert V1_CHAT.decode(chat_body(model="gpt-4o"), {}, target)


def test_below_v1_a_date_is_refused():
    refusal = refusal_of(V1_CHAT.decode, chat_body(model="gpt-4o"), {}, Target({}, {"api-version": ["2024-10-21"]}))
    status, error, _ = told(refusal)
    assert (status, error["code"]) == (400, "BadRequest")
    assert error["message"] == "api-version query parameter is not allowed when using /v1 path"


def test_whose_client_asks():
    assert PROVIDER.claims({b"api-key": b"k"})
    assert not PROVIDER.claims({b"authorization": b"Bearer k"})
    assert not PROVIDER.claims({b"x-api-key": b"k"})
