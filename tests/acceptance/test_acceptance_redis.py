"""Redis stops, freezes, comes back empty, forgets its scripts: the fleet goes on, says so, and keeps its limits."""

import asyncio
import time

import pytest
from loading import Client, Steady, prepared, run, until
from redis_server import RedisServer
from serving import Simulator

RATE = 300
LIMIT = 6_000
FROZEN = 30.0
RECOVERY = 5.0
ADDED = 0.15
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
BY_KEY = {"keys": {"sk-budget": {"requests_per_day": LIMIT}, "sk-ample": {"requests_per_day": 10**9}}}


@pytest.fixture
def redis():
    with RedisServer() as server:
        yield server


def serve(folder, redis, workers=4):
    state = {"backend": "redis", "url": redis.url}
    return Simulator(folder, "--latency", "none", config={"limits": BY_KEY, "state": state}, workers=workers)


def asked(key):
    return prepared("/v1/chat/completions", CHAT, {"authorization": f"Bearer {key}"})


def p99(found):
    delays = sorted(response.ended - response.began for response in found)
    return delays[int(0.99 * len(delays))]


def state_of(fleet):
    return lambda wanted: lambda: fleet.ask("/health").json()["state"]["state"] == wanted


def admitted(load):
    return sum(response.status == 200 for response in load.found)


async def settled(load, many=200):
    seen = len(load.found)
    await until(lambda: len(load.found) >= seen + many, "some requests")
    return load.found[seen:]


def statuses(found):
    return {response.status or response.error for response in found}


def test_a_redis_that_freezes_is_left_aside_and_taken_up_again(tmp_path, redis):
    async def scenario(fleet):
        is_now = state_of(fleet)
        async with (
            Steady(fleet.port, asked("sk-budget"), RATE, 32) as budget,
            Steady(fleet.port, asked("sk-ample"), RATE, 32) as ample,
            Steady(fleet.port, prepared("/live"), 20, 1) as live,
        ):
            calm = p99(await settled(ample, 600))
            redis.freeze()
            frozen_at = len(ample.found)
            began = time.monotonic()
            await until(is_now("degraded"), "the degraded state to be told")
            told = await settled(ample)
            assert {response.headers.get("x-llm-sim-state") for response in told[-50:]} == {"degraded"}
            assert (await asyncio.to_thread(fleet.metrics))["llm_simulator_redis_up"] == 0
            refused = await asyncio.to_thread(fleet.ask, "/admin/scenarios/outage/activate", {})
            assert refused.status == 503
            await asyncio.sleep(max(0.0, FROZEN - (time.monotonic() - began)))
            redis.thaw()
            thawed = time.monotonic()
            await until(is_now("ok"), "the recovery", RECOVERY)
            assert time.monotonic() - thawed <= RECOVERY
            after = await settled(ample)
            assert {response.headers.get("x-llm-sim-state") for response in after[-50:]} == {None}
            assert p99(ample.found[frozen_at:]) <= calm + ADDED
            await until(lambda: len(budget.found) > 1.5 * LIMIT, "more requests than allowed")
        for load in (budget, ample, live):
            assert load.failures == []
        assert statuses(ample.found) == {200}
        assert statuses(live.found) == {200}
        assert statuses(budget.found) == {200, 429}
        assert 0.9 * LIMIT <= admitted(budget) <= 1.1 * LIMIT

    with serve(tmp_path, redis) as fleet:
        run(lambda: scenario(fleet))


def test_a_redis_that_comes_back_empty_forgets_nothing_that_counts(tmp_path, redis):
    async def scenario(fleets):
        loads = [Steady(fleet.port, asked("sk-budget"), RATE, 16) for fleet in fleets]
        for load in loads:
            await load.__aenter__()
        is_now = state_of(fleets[0])
        await until(lambda: sum(map(admitted, loads)) > LIMIT / 3, "a third of the limit")
        redis.stop()
        await until(is_now("degraded"), "the degraded state")
        await until(lambda: sum(map(admitted, loads)) > LIMIT / 2, "half of the limit")
        redis.start()
        began = time.monotonic()
        await until(is_now("ok"), "the recovery", RECOVERY)
        assert time.monotonic() - began <= RECOVERY
        await until(lambda: sum(len(load.found) for load in loads) > 1.5 * LIMIT, "more requests than allowed")
        for load in loads:
            await load.__aexit__()
            assert load.failures == []
        assert 0.9 * LIMIT <= sum(map(admitted, loads)) <= 1.1 * LIMIT

    with serve(tmp_path / "one", redis, 2) as one, serve(tmp_path / "two", redis, 2) as two:
        run(lambda: scenario([one, two]))


def test_scripts_that_are_flushed_are_loaded_again(tmp_path, redis):
    async def scenario(fleet):
        async with Steady(fleet.port, asked("sk-ample"), RATE, 16) as load:
            await settled(load)
            for _ in range(5):
                redis.flush_scripts()
                found = await settled(load)
                assert {response.headers.get("x-llm-sim-state") for response in found} == {None}
        assert load.failures == []
        assert statuses(load.found) == {200}

    with serve(tmp_path, redis) as fleet:
        run(lambda: scenario(fleet))


def test_a_fleet_starts_without_its_redis(tmp_path, redis):
    redis.stop()
    with serve(tmp_path, redis, 2) as fleet:

        async def scenario():
            response = await Client(fleet.port).ask(asked("sk-ample"))
            assert (response.status, response.headers["x-llm-sim-state"]) == (200, "degraded")
            redis.start()
            await until(state_of(fleet)("ok"), "the recovery", RECOVERY)

        run(scenario)
