"""Circuit breakers of several pods over Redis, and each pod's own while Redis is away."""

import pytest
from redis_server import RedisServer, go, healthy, opened, settings, until

from simulator.state.circuit import CircuitRules, Event, State
from simulator.state.store import StoreUnavailable

SECOND = 1_000_000
RULES = CircuitRules(2, 0, 10 * SECOND, 4, 60 * SECOND, 2, 20 * SECOND)


async def tell(store, event, ticket=0):
    return await store.circuit(b"openai", event, ticket, RULES)


async def fail(store, times=2):
    for _ in range(times):
        standing = await tell(store, Event.FAILED, (await tell(store, Event.ASKED)).ticket)
    return standing


def test_pods_share_a_circuit_and_each_has_its_own_while_redis_is_away(tmp_path):
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, probe_ms=100)
            async with opened(config, tmp_path / "a") as one, opened(config, tmp_path / "b") as other:
                slow = await tell(one, Event.ASKED)
                await fail(one)
                assert (await tell(other, Event.ASKED)).state is State.OPEN
                keys = server.ask("KEYS", "*:c:*")
                assert keys.startswith(b"*1\r\n")
                assert b"{%s}:c:openai" % config.redis.prefix.encode() in keys
                server.stop()
                # Nobody is refused for what cannot be asked.
                asked = await tell(one, Event.ASKED)
                assert (asked.allowed, asked.degraded, asked.state) == (True, True, State.CLOSED)
                # What Redis let through is no news to the pod's own circuit.
                assert (await tell(one, Event.FAILED, slow.ticket)).failures == 0
                assert (await fail(one)).state is State.OPEN
                assert (await tell(other, Event.ASKED)).allowed
                with pytest.raises(StoreUnavailable, match="nothing can be changed"):
                    await tell(one, Event.RESET)
                late = await tell(other, Event.ASKED)
                server.start()
                assert await until(lambda: healthy(one) and healthy(other), "recovery") < 5
                # It came back empty, and what a pod went by alone stays its own.
                back = await tell(one, Event.ASKED)
                assert (back.allowed, back.degraded, back.state) == (True, False, State.CLOSED)
                assert (await tell(other, Event.FAILED, late.ticket)).degraded
                assert (await tell(one, Event.LOOKED)).failures == 0

    go(scenario)


def test_what_was_open_is_open_when_redis_is_back(tmp_path):
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, probe_ms=100, call_timeout_ms=80)
            async with opened(config, tmp_path / "a") as store:
                assert (await tell(store, Event.TRIPPED)).state is State.OPEN
                server.freeze()
                try:
                    assert (await tell(store, Event.ASKED)).degraded
                    with pytest.raises(StoreUnavailable):
                        await tell(store, Event.RESET)
                finally:
                    server.thaw()
                await until(lambda: healthy(store), "recovery")
                assert not (await tell(store, Event.ASKED)).allowed

    go(scenario)


def test_an_operator_s_word_that_redis_never_answered_is_told_as_such(tmp_path):
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, call_timeout_ms=80), tmp_path / "a") as store:
                server.freeze()
                try:
                    with pytest.raises(StoreUnavailable, match="may have been changed or not"):
                        await tell(store, Event.TRIPPED)
                finally:
                    server.thaw()

    go(scenario)


def test_a_circuit_expires_in_redis():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url)
            async with opened(config) as store:
                await tell(store, Event.TRIPPED)
                told = server.ask("PTTL", b"{%s}:c:openai" % config.redis.prefix.encode())
                day = 86_400_000
                assert day < int(told.strip(b":\r\n")) <= day + 60_000 + 60_000

    go(scenario)
