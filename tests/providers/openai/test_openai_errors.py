import json

import httpx2
import openai
import pytest
from openai_plans import PROVIDER, REQUEST_BITS

from simulator.providers.base import FAULT_PROBLEM, Problem, Refusal
from simulator.providers.openai.quotas import duration

REQUEST_ID = "req_" + REQUEST_BITS.hex()


def shown(refusal):
    reply = PROVIDER.refuse(refusal, REQUEST_BITS)
    body = json.loads(reply.body)
    assert list(body) == ["error"]
    assert list(body["error"]) == ["message", "type", "param", "code"]
    assert reply.body == json.dumps(body, indent=2, ensure_ascii=False).encode() + b"\n"
    return reply, body["error"]


@pytest.mark.parametrize(
    ("problem", "status", "kind", "code"),
    [
        (Problem.INVALID, 400, "invalid_request_error", None),
        (Problem.TOO_LARGE, 413, "invalid_request_error", None),
        (Problem.UNKNOWN_MODEL, 404, "invalid_request_error", "model_not_found"),
        (Problem.UNKNOWN_PATH, 404, "invalid_request_error", None),
        (Problem.WRONG_METHOD, 405, "invalid_request_error", "method_not_supported"),
        (Problem.CONTEXT_LENGTH, 400, "invalid_request_error", "context_length_exceeded"),
        (Problem.OUTPUT_LIMIT, 400, "invalid_request_error", "invalid_value"),
        (Problem.AUTHENTICATION, 401, "invalid_request_error", "invalid_api_key"),
        (Problem.PERMISSION, 403, "invalid_request_error", "insufficient_permissions"),
        (Problem.RATE_LIMIT, 429, "requests", "rate_limit_exceeded"),
        (Problem.OVERLOADED, 503, "server_error", None),
        (Problem.SERVER_ERROR, 500, "server_error", None),
        (Problem.TIMEOUT, 504, "server_error", "timeout"),
        (Problem.INSUFFICIENT_QUOTA, 429, "insufficient_quota", "insufficient_quota"),
        (Problem.UNAVAILABLE, 503, "service_unavailable_error", "server_is_overloaded"),
    ],
)
def test_every_problem_has_its_status_type_and_code(problem, status, kind, code):
    reply, error = shown(Refusal(problem))
    assert (reply.status, error["type"], error["code"]) == (status, kind, code)
    assert error["message"]
    assert "{" not in error["message"]
    assert dict(reply.headers)[b"x-request-id"].decode() == REQUEST_ID
    assert dict(reply.headers)[b"content-type"] == b"application/json"


def test_no_problem_is_left_out():
    for problem in (*Problem, *FAULT_PROBLEM.values()):
        assert 400 <= shown(Refusal(problem, "Words."))[0].status < 600


@pytest.mark.parametrize(
    ("problem", "what"),
    [(Problem.BAD_GATEWAY, "502 Bad Gateway"), (Problem.GATEWAY_TIMEOUT, "504 Gateway Time-out")],
)
def test_a_gateway_that_fails_is_told_by_the_edge_in_a_page(problem, what):
    reply = PROVIDER.refuse(Refusal(problem, retry_after=1.2), REQUEST_BITS)
    headers = dict(reply.headers)
    assert reply.status == int(what[:3])
    assert headers[b"content-type"] == b"text/html"
    assert headers[b"retry-after"] == b"2"
    assert b"x-request-id" not in headers
    assert reply.body.startswith(f"<html>\r\n<head><title>{what}</title></head>\r\n".encode())
    assert PROVIDER.refuse(Refusal(problem, status=520), REQUEST_BITS).body.startswith(b"<html>\r\n<head><title>520 ")
    assert json.loads(PROVIDER.stream_error(Refusal(problem), REQUEST_BITS)[6:])["error"]["type"] == "server_error"


def test_given_words_are_kept():
    _, error = shown(Refusal(Problem.INVALID, "So {not}.", param="a[0]", code="own"))
    assert error == {"message": "So {not}.", "type": "invalid_request_error", "param": "a[0]", "code": "own"}


def test_an_unknown_model_is_told_the_models_there_are():
    _, error = shown(Refusal(Problem.UNKNOWN_MODEL, model="gpt-{0}", known=("a", "b")))
    assert error["message"] == (
        "The model `gpt-{0}` does not exist or you do not have access to it. This simulator's models are: a, b."
    )
    _, error = shown(Refusal(Problem.UNKNOWN_MODEL, model="x", known=[str(number) for number in range(60)]))
    assert error["message"].endswith("49 and 10 more.")
    _, error = shown(Refusal(Problem.UNKNOWN_MODEL, model="x" * 10_000))
    assert len(error["message"]) < 300


def test_an_unknown_address_is_repeated():
    _, error = shown(Refusal(Problem.UNKNOWN_PATH, param="POST /v1/foo"))
    assert (error["message"], error["param"]) == ("Invalid URL (POST /v1/foo)", None)
    assert shown(Refusal(Problem.UNKNOWN_PATH))[1]["message"] == "Invalid URL"
    _, error = shown(Refusal(Problem.WRONG_METHOD, param="GET /v1/chat/completions"))
    assert error["message"] == (
        "Not allowed to GET on /v1/chat/completions. (HINT: Perhaps you meant to use a different HTTP method?)"
    )
    assert (
        "\ufffd" in shown(Refusal(Problem.UNKNOWN_PATH, param="GET /\udcff"))[1]["message"]
        or "?" in (shown(Refusal(Problem.UNKNOWN_PATH, param="GET /\udcff"))[1]["message"])
    )

    assert shown(Refusal(Problem.WRONG_METHOD, param="PUT"))[1]["message"].startswith("Not allowed to PUT on this URL.")


def test_limits_are_told_in_numbers():
    _, error = shown(Refusal(Problem.CONTEXT_LENGTH, limit=8192, asked=9000, param="messages"))
    assert error["param"] == "messages"
    assert error["message"] == (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. "
        "Please reduce the length of the messages."
    )
    _, error = shown(Refusal(Problem.OUTPUT_LIMIT, limit=16384, asked=20480, param="max_tokens"))
    assert error["param"] == "max_tokens"
    assert error["message"] == (
        "max_tokens is too large: 20480. This model supports at most 16384 completion tokens, whereas you provided "
        "20480."
    )
    assert shown(Refusal(Problem.TOO_LARGE, limit=1024))[1]["message"] == (
        "Maximum content size limit (1024) exceeded."
    )


def test_a_rate_limit_says_when_to_come_back_and_never_too_early():
    reply, error = shown(Refusal(Problem.RATE_LIMIT, retry_after=18.6415, model="gpt-4o"))
    assert error["message"].startswith("Rate limit reached for gpt-4o on requests per min (RPM). Please try again in ")
    assert "18.642s" in error["message"]
    headers = dict(reply.headers)
    assert (headers[b"retry-after"], headers[b"retry-after-ms"]) == (b"19", b"18642")
    assert b"retry-after" not in dict(shown(Refusal(Problem.RATE_LIMIT))[0].headers)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.02, "20ms"),
        (1, "1s"),
        (18.642, "18.642s"),
        (1.5, "1.5s"),
        (60, "1m0s"),
        (360, "6m0s"),
        (3723, "1h2m3s"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_server_side_problems_name_the_request():
    for problem in (Problem.SERVER_ERROR, Problem.OVERLOADED, Problem.TIMEOUT):
        assert REQUEST_ID in shown(Refusal(problem))[1]["message"]


def test_a_stream_ends_with_the_error_alone():
    frame = PROVIDER.stream_error(Refusal(Problem.SERVER_ERROR), REQUEST_BITS)
    assert frame.startswith(b"data: {")
    assert frame.endswith(b"}\n\n")
    assert frame.count(b"\n") == 2
    assert json.loads(frame[6:])["error"]["type"] == "server_error"


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (Problem.INVALID, openai.BadRequestError),
        (Problem.AUTHENTICATION, openai.AuthenticationError),
        (Problem.PERMISSION, openai.PermissionDeniedError),
        (Problem.UNKNOWN_MODEL, openai.NotFoundError),
        (Problem.RATE_LIMIT, openai.RateLimitError),
        (Problem.SERVER_ERROR, openai.InternalServerError),
        (Problem.OVERLOADED, openai.InternalServerError),
    ],
)
def test_the_official_client_reads_the_error(problem, kind):
    reply = PROVIDER.refuse(Refusal(problem, param="p"), REQUEST_BITS)

    def answer(_request):
        return httpx2.Response(reply.status, headers=list(reply.headers), content=reply.body)

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as transport,
        openai.OpenAI(api_key="sk-x", base_url="http://test/v1", max_retries=0, http_client=transport) as client,
        pytest.raises(kind) as caught,
    ):
        client.models.list()
    error = json.loads(reply.body)["error"]
    assert (caught.value.code, caught.value.param, caught.value.type) == (error["code"], "p", error["type"])
    assert caught.value.request_id == REQUEST_ID
