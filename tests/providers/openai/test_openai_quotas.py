"""OpenAI's rate-limit headers and sentences, by value."""

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.base import Problem, Refusal
from simulator.providers.openai import OpenAI
from simulator.providers.quota import Quota
from simulator.state.store import Standing

RPM = Quota("requests", "minute", 500, 499, 1, 0.12)
TPM = Quota("tokens", "minute", 30_000, 29_000, 24_754, 2.0)
NOW = 1_780_000_000.0
BITS = bytes(16)


def told(*quotas):
    levels = [Standing(quota.limit, quota.remaining, round(quota.reset * 1e6)) for quota in quotas]
    lines = OpenAI().quota_writer([quota.resource for quota in quotas])(levels, NOW).decode()
    assert not lines or lines.endswith("\r\n")
    return dict(line.split(": ") for line in lines.splitlines())


def refused(quota, retry_after):
    reply = OpenAI().refuse(Refusal(Problem.RATE_LIMIT, model="gpt-4o", quota=quota, retry_after=retry_after), BITS)
    return reply.status, dict(reply.headers), orjson.loads(reply.body)["error"]


def test_headers_of_requests_and_tokens():
    assert told(RPM, TPM) == {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "29000",
        "x-ratelimit-reset-tokens": "2s",
    }


def test_of_two_limits_the_tighter_is_told():
    day = Quota("requests", "day", 10_000, 10, 1, 86_000.0)
    assert told(RPM, day)["x-ratelimit-limit-requests"] == "10000"
    assert told(day, RPM)["x-ratelimit-reset-requests"] == "23h53m20s"
    roomy = Quota("requests", "day", 10_000, 9_999, 1, 8.64)
    assert told(RPM, roomy)["x-ratelimit-limit-requests"] == "500"


def test_limits_that_the_service_does_not_have_stand_in_no_header():
    places = Quota("concurrent", "", 5, 4, 1, 1.0)
    assert told(places) == {}
    assert told() == {}


@pytest.mark.parametrize(
    ("quota", "kind", "words"),
    [
        (
            Quota("requests", "minute", 3, 0, 1, 60.0, 20.0),
            "requests",
            "on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.",
        ),
        (
            Quota("tokens", "minute", 30_000, 15_433, 24_754, 29.2, 18.642),
            "tokens",
            "on tokens per min (TPM): Limit 30000, Used 14567, Requested 24754. Please try again in 18.642s.",
        ),
        (
            Quota("requests", "day", 200, 0, 1, 86_400.0, 432.0),
            "requests",
            "on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.",
        ),
    ],
)
def test_a_limit_that_is_reached(quota, kind, words):
    status, headers, error = refused(quota, quota.wait)
    assert status == 429
    assert error["code"] == "rate_limit_exceeded"
    assert error["type"] == kind
    assert error["message"].startswith("Rate limit reached for gpt-4o in organization ")
    assert words in error["message"]
    assert int(headers[b"retry-after"]) == math.ceil(quota.wait)
    assert int(headers[b"retry-after-ms"]) >= quota.wait * 1000


def test_a_request_that_is_too_large_is_told_not_to_come_back():
    status, headers, error = refused(Quota("tokens", "minute", 30_000, 30_000, 50_000, 0.0, math.inf), None)
    assert status == 429
    assert error["type"] == "tokens"
    assert error["message"].startswith("Request too large for gpt-4o in organization ")
    assert "Limit 30000, Requested 50000. The input or output tokens must be reduced" in error["message"]
    assert b"retry-after" not in headers
    assert headers[b"x-should-retry"] == b"false"


LEVELS = st.builds(
    Standing, st.sampled_from([500, 30_000]), st.integers(0, 500), st.integers(0, 3000) | st.integers(0, 90_000_000)
)


@given(st.lists(st.tuples(LEVELS, LEVELS), min_size=1, max_size=12))
def test_what_is_told_does_not_depend_on_what_was_told_before(levels):
    """The lines that stay the same are kept: with every level that is told next they must be those of a new writer."""
    resources = ["requests", "tokens"]
    write = OpenAI().quota_writer(resources)
    for pair in levels:
        assert write(pair, NOW) == OpenAI().quota_writer(resources)(pair, NOW)
        one, other = pair
        twice = OpenAI().quota_writer(["requests", "requests", "tokens"])((one, one, other), NOW)
        assert write(pair, NOW) == twice, "as it is told where there are several limits of a resource"
