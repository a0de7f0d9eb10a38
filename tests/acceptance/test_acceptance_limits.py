"""A limit is a limit: 20,000 requests from 64 connections, and exactly as many admitted as allowed.

With one worker and with four, in the embedded store and in Redis, and with two fleets on one Redis.
"""

import asyncio
import contextlib

import pytest
from loading import Client, flood, prepared, run
from redis_server import RedisServer
from serving import Simulator

MANY = 20_000
CONNECTIONS = 64
REQUESTS = 1_000
TOKENS = 50_000
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
LIMITS = {
    "algorithm": "fixed_window",
    "keys": {
        "sk-requests*": {"requests_per_minute": REQUESTS},
        "sk-day*": {"requests_per_day": REQUESTS},
        "sk-tokens*": {"tokens_per_minute": TOKENS},
    },
}


def fleet(folder, workers, redis=None, limits=None):
    config = {"limits": limits or LIMITS}
    if redis is not None:
        config["state"] = {"backend": "redis", "url": redis.url}
    return Simulator(folder, "--latency", "none", config=config, workers=workers)


def asked(key):
    return prepared("/v1/chat/completions", CHAT, {"authorization": f"Bearer {key}"})


@pytest.fixture(scope="module")
def redis():
    with RedisServer() as server:
        yield server


async def shared(fleets, key):
    """The same load on every fleet at once; all responses."""
    each = MANY // len(fleets)
    found = await asyncio.gather(
        *[flood(fleet.port, [asked(key)] * each, CONNECTIONS // len(fleets)) for fleet in fleets]
    )
    return [response for part in found for response in part]


def judge(found, admitted):
    assert [response.error for response in found if response.failed] == []
    assert len(found) == MANY
    answered = [response for response in found if response.status == 200]
    refused = [response for response in found if response.status == 429]
    assert len(answered) + len(refused) == MANY
    assert len(answered) == admitted
    for response in refused[:: len(refused) // 100]:
        assert response.json()["error"]["code"] == "rate_limit_exceeded"
        assert int(response.headers["retry-after"]) >= 1
    return answered


@pytest.mark.parametrize("backend", ["embedded", "redis", "two fleets"])
@pytest.mark.parametrize("workers", [1, 4])
def test_exactly_as_many_are_admitted_as_allowed(tmp_path, redis, backend, workers):
    redis.flush()
    with contextlib.ExitStack() as stack:
        fleets = [
            stack.enter_context(fleet(tmp_path / str(place), workers, redis if backend != "embedded" else None))
            for place in range(2 if backend == "two fleets" else 1)
        ]
        answered = judge(run(lambda: shared(fleets, "sk-requests")), REQUESTS)
        assert answered[0].headers["x-ratelimit-limit-requests"] == str(REQUESTS)
        remaining = sorted(int(response.headers["x-ratelimit-remaining-requests"]) for response in answered)
        assert remaining == list(range(REQUESTS))
        cost = answered[0].json()["usage"]["total_tokens"]
        judge(run(lambda: shared(fleets, "sk-tokens")), TOKENS // cost)


def test_a_bucket_admits_what_it_holds_and_what_has_run_in(tmp_path):
    limits = {"keys": {"sk-requests*": {"requests_per_minute": REQUESTS}}}
    with fleet(tmp_path, 4, limits=limits) as served:
        found = run(lambda: flood(served.port, [asked("sk-requests")] * MANY, CONNECTIONS))
        answered = [response for response in found if response.status == 200]
        began = min(response.began for response in found)
        elapsed = max(response.ended for response in found) - began
        last = max(response.began for response in found) - began
        assert REQUESTS + int(last * REQUESTS / 60) - 1 <= len(answered) <= REQUESTS + elapsed * REQUESTS / 60 + 1


@pytest.mark.parametrize("backend", ["embedded", "redis"])
def test_whoever_waits_as_long_as_told_is_admitted(tmp_path, redis, backend):
    redis.flush()
    limits = {"requests_per_minute": 300, "tokens_per_minute": 5_000}

    async def waits(served):
        client = Client(served.port)
        waited = 0
        while waited < 8:
            response = await client.ask(asked("sk-patient"))
            if response.status == 429:
                await asyncio.sleep(int(response.headers["retry-after-ms"]) / 1000)
                again = await client.ask(asked("sk-patient"))
                assert again.status == 200, again.headers
                waited += 1

    with fleet(tmp_path, 4, redis if backend == "redis" else None, limits) as served:
        run(lambda: waits(served))
