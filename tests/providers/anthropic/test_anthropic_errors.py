"""Every problem in the API's own status, body and headers."""

import json

import pytest
from anthropic.types import ErrorResponse
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.anthropic import Anthropic
from simulator.providers.base import Problem, Refusal

PROVIDER = Anthropic()
BITS = bytes(range(16))

SAID = {
    Problem.INVALID: (400, "invalid_request_error", "Invalid request"),
    Problem.CONTEXT_LENGTH: (400, "invalid_request_error", "prompt is too long"),
    Problem.OUTPUT_LIMIT: (400, "invalid_request_error", "max_tokens: above the model's maximum"),
    Problem.AUTHENTICATION: (401, "authentication_error", "invalid x-api-key"),
    Problem.PERMISSION: (
        403,
        "permission_error",
        "Your API key does not have permission to use the specified resource",
    ),
    Problem.UNKNOWN_MODEL: (404, "not_found_error", "model: not found"),
    Problem.UNKNOWN_PATH: (404, "not_found_error", "Not Found"),
    Problem.NOT_FOUND: (404, "not_found_error", "Not Found"),
    Problem.CONFLICT: (409, "conflict_error", "The resource is not in a state that allows this"),
    Problem.WRONG_METHOD: (405, "invalid_request_error", "Method Not Allowed"),
    Problem.TOO_LARGE: (413, "request_too_large", "Request exceeds the maximum size"),
    Problem.RATE_LIMIT: (
        429,
        "rate_limit_error",
        "This request would exceed your account's rate limit. Please try again later.",
    ),
    Problem.SERVER_ERROR: (500, "api_error", "Internal server error"),
    Problem.TIMEOUT: (504, "timeout_error", "Request timed out"),
    Problem.GATEWAY_TIMEOUT: (504, "timeout_error", "Request timed out"),
    Problem.INSUFFICIENT_QUOTA: (
        400,
        "invalid_request_error",
        (
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or "
            "purchase credits."
        ),
    ),
    Problem.OVERLOADED: (529, "overloaded_error", "Overloaded"),
}
EDGE = {
    Problem.BAD_GATEWAY: (502, b"text/html", b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"),
    Problem.UNAVAILABLE: (503, b"text/plain", b"upstream connect error or disconnect/reset before headers."),
}
"""What the machines before the API tell."""


def test_every_problem_is_worded() -> None:
    assert set(SAID) | set(EDGE) == set(Problem)


@pytest.mark.parametrize("problem", EDGE)
def test_the_edge_knows_no_json(problem) -> None:
    status, kind, begin = EDGE[problem]
    reply = PROVIDER.refuse(Refusal(problem, retry_after=1.2), BITS)
    headers = dict(reply.headers)
    assert (reply.status, headers[b"content-type"], headers[b"retry-after"]) == (status, kind, b"2")
    assert reply.body.startswith(begin)
    assert not {b"request-id", b"x-should-retry"} & headers.keys()
    own = PROVIDER.refuse(Refusal(problem, "Words."), BITS)
    assert json.loads(own.body)["error"] == {"type": "api_error", "message": "Words."}


@pytest.mark.parametrize("problem", SAID)
def test_bodies(problem) -> None:
    status, kind, message = SAID[problem]
    reply = PROVIDER.refuse(Refusal(problem), BITS)
    name = dict(reply.headers)[b"request-id"].decode()
    assert name.startswith("req_01")
    assert reply.status == status
    assert json.loads(reply.body) == {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": name,
    }
    assert dict(reply.headers)[b"content-type"] == b"application/json"


@pytest.mark.parametrize("problem", [one for one in SAID if one not in {Problem.TOO_LARGE, Problem.CONFLICT}])
def test_the_sdk_knows_the_shape(problem) -> None:
    reply = PROVIDER.refuse(Refusal(problem), BITS)
    parsed = ErrorResponse.model_validate_json(reply.body, strict=True)
    assert parsed.error.type == SAID[problem][1]
    assert not parsed.model_extra
    assert not parsed.error.model_extra


@pytest.mark.parametrize("problem", SAID)
def test_retrying_is_advised_as_the_sdk_would_by_itself(problem) -> None:
    reply = PROVIDER.refuse(Refusal(problem), BITS)
    advised = dict(reply.headers)[b"x-should-retry"] == b"true"
    assert advised == (reply.status in (408, 409, 429) or reply.status >= 500)


@pytest.mark.parametrize("problem", Problem)
def test_an_own_sentence_is_kept(problem) -> None:
    reply = PROVIDER.refuse(Refusal(problem, "Because."), BITS)
    assert json.loads(reply.body)["error"]["message"] == "Because."
    assert reply.status == (SAID | EDGE)[problem][0]


@pytest.mark.parametrize(("seconds", "header"), [(60, b"60"), (0, b"0"), (1.2, b"2"), (0.001, b"1")])
def test_retry_after_is_whole_and_never_early(seconds, header) -> None:
    reply = PROVIDER.refuse(Refusal(Problem.RATE_LIMIT, retry_after=seconds), BITS)
    assert dict(reply.headers)[b"retry-after"] == header


def test_no_retry_after_where_none_is_known() -> None:
    assert b"retry-after" not in dict(PROVIDER.refuse(Refusal(Problem.OVERLOADED), BITS).headers)


def message(problem, **fields) -> str:
    return json.loads(PROVIDER.refuse(Refusal(problem, **fields), BITS).body)["error"]["message"]


def test_an_unknown_model_is_told_the_known_ones() -> None:
    assert message(Problem.UNKNOWN_MODEL, model="claude-9") == "model: claude-9"
    known = message(Problem.UNKNOWN_MODEL, model="claude-9", known=["a", "b"])
    assert known == "model: claude-9. The models there are: a, b"
    many = message(Problem.UNKNOWN_MODEL, model="claude-9", known=[f"m{number}" for number in range(60)])
    assert many.endswith("m49 and 10 more")


def test_limits_are_told() -> None:
    long = message(Problem.CONTEXT_LENGTH, asked=208_310, limit=200_000)
    assert long == "prompt is too long: 208310 tokens > 200000 maximum"
    asked = message(Problem.OUTPUT_LIMIT, asked=10_000, limit=4_096, model="claude-3-opus-20240229")
    assert asked == (
        "max_tokens: 10000 > 4096, which is the maximum allowed number of output tokens for claude-3-opus-20240229"
    )


def test_an_error_within_a_stream() -> None:
    wire = PROVIDER.stream_error(Refusal(Problem.OVERLOADED), BITS)
    event, data = wire.decode().removesuffix("\n\n").split("\n")
    assert event == "event: error"
    assert json.loads(data.removeprefix("data: ")) == json.loads(
        PROVIDER.refuse(Refusal(Problem.OVERLOADED), BITS).body
    )


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_words_can_be_sent(said, model) -> None:
    for problem in Problem:
        refusal = Refusal(problem, said, model=model, known=[model])
        if said or problem not in EDGE:
            parsed = json.loads(PROVIDER.refuse(refusal, BITS).body)
            assert isinstance(parsed["error"]["message"], str)
        assert PROVIDER.stream_error(refusal, BITS).count(b"\n") == 3
