"""Every problem in the service's own body, status and details."""

import json
import math

import pytest
from gemini_plans import PROVIDER, REQUEST_BITS

from simulator.providers.base import Problem, Refusal
from simulator.providers.quota import Quota

STATUSES = {
    Problem.INVALID: (400, "INVALID_ARGUMENT"),
    Problem.NOT_FOUND: (404, "NOT_FOUND"),
    Problem.CONFLICT: (409, "ALREADY_EXISTS"),
    Problem.TOO_LARGE: (400, "INVALID_ARGUMENT"),
    Problem.UNKNOWN_MODEL: (404, "NOT_FOUND"),
    Problem.UNKNOWN_PATH: (404, "NOT_FOUND"),
    Problem.WRONG_METHOD: (405, "UNIMPLEMENTED"),
    Problem.CONTEXT_LENGTH: (400, "INVALID_ARGUMENT"),
    Problem.OUTPUT_LIMIT: (400, "INVALID_ARGUMENT"),
    Problem.AUTHENTICATION: (400, "INVALID_ARGUMENT"),
    Problem.PERMISSION: (403, "PERMISSION_DENIED"),
    Problem.RATE_LIMIT: (429, "RESOURCE_EXHAUSTED"),
    Problem.OVERLOADED: (503, "UNAVAILABLE"),
    Problem.SERVER_ERROR: (500, "INTERNAL"),
    Problem.TIMEOUT: (504, "DEADLINE_EXCEEDED"),
    Problem.GATEWAY_TIMEOUT: (504, "DEADLINE_EXCEEDED"),
    Problem.INSUFFICIENT_QUOTA: (429, "RESOURCE_EXHAUSTED"),
    Problem.UNAVAILABLE: (503, "UNAVAILABLE"),
}


def told(refusal):
    """Status, headers and the error of a refusal."""
    reply = PROVIDER.refuse(refusal, REQUEST_BITS)
    body = json.loads(reply.body)
    assert list(body) == ["error"]
    assert body["error"]["code"] == reply.status
    return reply.status, dict(reply.headers), body["error"]


def test_a_bad_gateway_is_a_page():
    assert {*STATUSES, Problem.BAD_GATEWAY} == set(Problem)
    reply = PROVIDER.refuse(Refusal(Problem.BAD_GATEWAY, retry_after=1.2), REQUEST_BITS)
    headers = dict(reply.headers)
    assert (reply.status, headers[b"content-type"]) == (502, b"text/html; charset=UTF-8")
    assert headers[b"retry-after"] == b"2"
    assert b"<title>Error 502 (Server Error)!!1</title>" in reply.body
    assert told(Refusal(Problem.BAD_GATEWAY, "Words."))[2]["message"] == "Words."


@pytest.mark.parametrize("problem", STATUSES)
def test_every_problem(problem):
    status, headers, error = told(Refusal(problem))
    assert (status, error["status"]) == STATUSES[problem]
    assert error["message"]
    assert headers[b"content-type"] == b"application/json; charset=UTF-8"


@pytest.mark.parametrize("problem", STATUSES)
def test_the_event_in_a_stream_says_the_same(problem):
    _, _, error = told(Refusal(problem, model="m"))
    event = PROVIDER.stream_error(Refusal(problem, model="m"), REQUEST_BITS)
    assert event.startswith(b"data: ")
    assert event.endswith(b"\r\n\r\n")
    assert json.loads(event[6:])["error"] == error


def test_a_bad_key():
    _, _, error = told(Refusal(Problem.AUTHENTICATION))
    assert error["message"] == "API key not valid. Please pass a valid API key."
    assert error["details"][0]["reason"] == "API_KEY_INVALID"


def test_an_unknown_model_names_those_there_are():
    assert told(Refusal(Problem.UNKNOWN_MODEL, "Own words.", model="nope"))[2]["message"] == "Own words."
    refusal = Refusal(Problem.UNKNOWN_MODEL, "not these words", param="model", model="nope", known=["a", "b"])
    _, _, error = told(refusal)
    assert error["message"].startswith("models/nope is not found for API version v1beta, or is not supported for ")
    assert error["message"].endswith("This simulator's models are: a, b.")
    many = told(Refusal(Problem.UNKNOWN_MODEL, model="tunedModels/x", known=["m"] * 60))[2]["message"]
    assert many.startswith("tunedModels/x is not found")
    assert many.endswith("and 10 more.")


def test_numbers_of_tokens():
    message = told(Refusal(Problem.CONTEXT_LENGTH, limit=1_048_576, asked=2_000_000))[2]["message"]
    assert message == "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576)."
    message = told(Refusal(Problem.OUTPUT_LIMIT, limit=65_536, asked=70_000))[2]["message"]
    assert "[1, 65536]" in message
    message = told(Refusal(Problem.TOO_LARGE, limit=20_971_520))[2]["message"]
    assert message.startswith("Request payload size exceeds the limit: 20971520 bytes.")


def test_a_body_that_cannot_be_read_has_a_violation():
    _, _, error = told(Refusal(Problem.INVALID, "Invalid value", param="contents[0]", code="unreadable"))
    (detail,) = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert detail["fieldViolations"] == [{"field": "contents[0]", "description": "Invalid value"}]
    assert "details" not in told(Refusal(Problem.INVALID, "x", param="contents[0]"))[2]


def test_a_rate_limit_that_a_rule_makes():
    _, headers, error = told(Refusal(Problem.RATE_LIMIT, retry_after=6.2, model="m"))
    assert headers[b"retry-after"] == b"7"
    assert error["details"][-1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}


@pytest.mark.parametrize(
    ("resource", "period", "name"),
    [
        ("requests", "minute", "GenerateRequestsPerMinutePerProjectPerModel"),
        ("requests", "day", "GenerateRequestsPerDayPerProjectPerModel"),
        ("tokens", "minute", "GenerateContentTokensPerModelPerMinute"),
        ("tokens", "day", "GenerateContentTokensPerModelPerDay"),
        ("input_tokens", "minute", "GenerateContentPaidTierInputTokensPerModelPerMinute"),
        ("output_tokens", "minute", "GenerateContentOutputTokensPerModelPerMinute"),
        ("concurrent", "", "ConcurrentGenerateRequestsPerProjectPerModel"),
    ],
)
def test_a_real_limit(resource, period, name):
    quota = Quota(resource, period, 15, 0, 1, 60.0, 36.429)
    _, _, error = told(Refusal(Problem.RATE_LIMIT, retry_after=36.429, model="gemini-2.5-flash", quota=quota))
    assert error["message"].startswith("You exceeded your current quota, please check your plan and billing details.")
    assert error["message"].endswith("limit: 15, model: gemini-2.5-flash\nPlease retry in 36.429s.")
    failure, help_, retry = error["details"]
    assert failure["violations"][0]["quotaId"] == name
    assert failure["violations"][0]["quotaValue"] == "15"
    assert failure["violations"][0]["quotaDimensions"] == {"location": "global", "model": "gemini-2.5-flash"}
    assert help_["@type"].endswith("google.rpc.Help")
    assert retry["retryDelay"] == "37s"


def test_a_limit_that_no_wait_helps_with():
    quota = Quota("tokens", "minute", 15, 0, 99, 60.0, math.inf)
    _, headers, error = told(Refusal(Problem.RATE_LIMIT, model="m", quota=quota))
    assert "Please retry" not in error["message"]
    assert b"retry-after" not in headers
    assert len(error["details"]) == 2


def test_no_header_tells_limits():
    class Level:
        limit, remaining, reset_us = 10, 5, 1_000

    write = PROVIDER.quota_writer(["requests", "tokens"])
    assert write([Level(), Level()], 0.0) == b""


def test_lone_surrogates_are_replaced():
    _, _, error = told(Refusal(Problem.UNKNOWN_MODEL, model="\ud800"))
    assert error["message"].startswith("models/? is not found")


def test_whose_client_asks():
    assert PROVIDER.claims({b"x-goog-api-key": b"k"})
    assert PROVIDER.claims({b"x-goog-api-client": b"google-genai-sdk/3.4.0"})
    assert not PROVIDER.claims({b"authorization": b"Bearer k"})
