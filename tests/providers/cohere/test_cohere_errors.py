"""Every problem in the service's status and words, whole and within a stream; limits in its headers and sentences."""

import json
import math

import pytest
from cohere_plans import PROVIDER, REQUEST_BITS

from simulator.providers.base import Problem, Refusal
from simulator.providers.quota import Quota

STATUS = {
    Problem.INVALID: 400,
    Problem.CONTEXT_LENGTH: 400,
    Problem.OUTPUT_LIMIT: 400,
    Problem.AUTHENTICATION: 401,
    Problem.PERMISSION: 403,
    Problem.UNKNOWN_MODEL: 404,
    Problem.UNKNOWN_PATH: 404,
    Problem.NOT_FOUND: 404,
    Problem.WRONG_METHOD: 405,
    Problem.CONFLICT: 409,
    Problem.TOO_LARGE: 413,
    Problem.RATE_LIMIT: 429,
    Problem.SERVER_ERROR: 500,
    Problem.OVERLOADED: 503,
    Problem.TIMEOUT: 504,
    Problem.INSUFFICIENT_QUOTA: 402,
    Problem.BAD_GATEWAY: 502,
    Problem.UNAVAILABLE: 503,
    Problem.GATEWAY_TIMEOUT: 504,
}


class Level:
    def __init__(self, limit, remaining):
        self.limit, self.remaining, self.reset_us = limit, remaining, 1


def told(refusal):
    """Status, headers and sentence; the shape is always the same."""
    reply = PROVIDER.refuse(refusal, REQUEST_BITS)
    body = json.loads(reply.body)
    assert list(body) == ["id", "message"]
    assert body["id"] == "00010203-0405-4607-8809-0a0b0c0d0e0f"
    headers = dict(reply.headers)
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"x-debug-trace-id"] == REQUEST_BITS.hex().encode()
    return reply.status, headers, body["message"]


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_has_its_status_and_a_sentence(problem):
    status, headers, message = told(Refusal(problem))
    assert status == STATUS[problem]
    assert len(message) > 10
    assert b"retry-after" not in headers
    assert told(Refusal(problem, "Own words.", retry_after=1.2))[2] == "Own words."
    assert told(Refusal(problem, retry_after=1.2))[1][b"retry-after"] == b"2"


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (
            Refusal(Problem.UNKNOWN_MODEL, model="m", known=["a", "b"]),
            (
                "model 'm' not found, make sure the correct model ID was used and that you have access to the model. "
                "The models there are: a, b."
            ),
        ),
        (
            Refusal(Problem.CONTEXT_LENGTH, asked=12, limit=10),
            (
                "too many tokens: size limit exceeded by 2 tokens. Try using shorter or fewer inputs. The limit for "
                "this model is 10 tokens."
            ),
        ),
        (
            Refusal(Problem.OUTPUT_LIMIT, asked=8192, limit=4096),
            (
                "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - "
                "received 8192."
            ),
        ),
        (Refusal(Problem.TOO_LARGE, limit=9), "request entity too large: the maximum is 9 bytes"),
        (Refusal(Problem.INVALID, "half \ud800"), "half ?"),
    ],
)
def test_sentences_with_figures(refusal, message):
    assert told(refusal)[2] == message


def test_many_models_are_not_all_named():
    message = told(Refusal(Problem.UNKNOWN_MODEL, model="m" * 500, known=[f"m{n}" for n in range(60)]))[2]
    assert message.endswith("m49 and 10 more.")
    assert len(message) < 800


def test_an_unknown_field_is_unprocessable():
    assert told(Refusal(Problem.INVALID, "unknown field", code="unknown_field"))[0] == 422


def test_a_stream_ends_with_an_error_in_band():
    events = PROVIDER.stream_error(Refusal(Problem.OVERLOADED), REQUEST_BITS).decode().split("\n\n")
    name, data = events[0].split("\n")
    assert name == "event: message-end"
    end = json.loads(data.removeprefix("data: "))
    assert (end["type"], end["delta"]["finish_reason"]) == ("message-end", "ERROR")
    assert end["delta"]["error"] == "service unavailable, please try again later"
    assert events[1:] == ["data: [DONE]", ""]


@pytest.mark.parametrize(
    ("quota", "sentence"),
    [
        (
            Quota("requests", "minute", 40, 0, 1, 60.0),
            "You are using a Trial key, which is limited to 40 API calls / m",
        ),
        (Quota("tokens", "minute", 100_000, 0, 9, 60.0), "trial token rate limit exceeded, limit is 100000 tokens per"),
        (
            Quota("input_tokens", "minute", 9, 0, 9, 60.0),
            "trial token rate limit exceeded, limit is 9 input tokens per",
        ),
        (Quota("concurrent", "", 9, 0, 9, 60.0, math.inf), "Please wait and try again later"),
    ],
)
def test_limits_are_told(quota, sentence):
    status, _, message = told(Refusal(Problem.RATE_LIMIT, quota=quota))
    assert status == 429
    assert message.startswith(sentence)


def test_the_headers_of_a_trial_key():
    write = PROVIDER.quota_writer(["tokens", "requests", "requests"])
    assert write([Level(9, 1), Level(40, 39), Level(1000, 7)], 0.0) == (
        b"x-trial-endpoint-call-limit: 1000\r\nx-trial-endpoint-call-remaining: 7\r\n"
    )
    assert PROVIDER.quota_writer(["tokens"])([Level(9, 1)], 0.0) == b""
