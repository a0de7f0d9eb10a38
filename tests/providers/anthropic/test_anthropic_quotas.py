"""Anthropic's rate-limit headers and sentences, by value."""

import math

import orjson

from simulator.providers.anthropic import Anthropic
from simulator.providers.base import Problem, Refusal
from simulator.providers.quota import Quota
from simulator.state.store import Standing

NOW = 1_780_000_000.2
BITS = bytes(16)


def told(*quotas):
    levels = [Standing(quota.limit, quota.remaining, round(quota.reset * 1e6)) for quota in quotas]
    lines = Anthropic().quota_writer([quota.resource for quota in quotas])(levels, NOW).decode()
    return dict(line.split(": ") for line in lines.splitlines())


def refused(quota, retry_after):
    refusal = Refusal(Problem.RATE_LIMIT, model="claude-sonnet-4-5", quota=quota, retry_after=retry_after)
    reply = Anthropic().refuse(refusal, BITS)
    return reply.status, dict(reply.headers), orjson.loads(reply.body)["error"]


def test_headers_of_every_resource():
    shown = told(
        Quota("requests", "minute", 50, 49, 1, 1.2),
        Quota("input_tokens", "minute", 30_000, 29_980, 20, 0.04),
        Quota("output_tokens", "minute", 8_000, 7_940, 60, 0.45),
    )
    assert shown["anthropic-ratelimit-requests-limit"] == "50"
    assert shown["anthropic-ratelimit-requests-remaining"] == "49"
    assert shown["anthropic-ratelimit-requests-reset"] == "2026-05-28T20:26:42Z"
    assert shown["anthropic-ratelimit-input-tokens-remaining"] == "29980"
    assert shown["anthropic-ratelimit-output-tokens-limit"] == "8000"
    assert len(shown) == 9


def test_of_two_limits_the_tighter_is_told_and_places_are_not():
    minute, day = Quota("tokens", "minute", 1_000, 900, 9, 6.0), Quota("tokens", "day", 9_000, 800, 9, 60.0)
    for quotas in ((minute, day), (day, Quota("concurrent", "", 5, 0, 1, 1.0), minute)):
        shown = told(*quotas)
        assert shown["anthropic-ratelimit-tokens-limit"] == "9000"
        assert len(shown) == 3
    assert told(Quota("concurrent", "", 5, 4, 1, 1.0)) == {}


def test_a_reset_is_never_told_too_early():
    assert told(Quota("tokens", "minute", 9, 8, 1, 0.0))["anthropic-ratelimit-tokens-reset"] == "2026-05-28T20:26:41Z"


def test_a_limit_that_is_reached():
    status, headers, error = refused(Quota("input_tokens", "minute", 30_000, 0, 20, 60.0, 0.7), 0.7)
    assert (status, error["type"]) == (429, "rate_limit_error")
    assert "organization's rate limit of 30,000 input tokens per minute" in error["message"]
    assert "model: claude-sonnet-4-5" in error["message"]
    assert headers[b"retry-after"] == b"1"
    assert headers[b"x-should-retry"] == b"true"


def test_places_and_what_is_too_large():
    _, _, error = refused(Quota("concurrent", "", 5, 0, 1, 1.0, 1.0), 1.0)
    assert "Number of concurrent connections has exceeded your rate limit." in error["message"]
    _, headers, _ = refused(Quota("input_tokens", "minute", 10, 10, 20, 0.0, math.inf), None)
    assert b"retry-after" not in headers
    assert headers[b"x-should-retry"] == b"false"
