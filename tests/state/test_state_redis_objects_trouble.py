"""Objects and prompts when Redis is away, slow, full or not let finish."""

import asyncio
import contextlib
import time

import pytest
import redis
from redis_books import books, names, put
from redis_server import RedisServer, go, healthy, opened, settings, shared_server, until

from simulator.state.redis import freight
from simulator.state.store import DAY_US, Demand, StoreUnavailable, TooLarge

CALL_MS = 80


def test_without_redis_there_are_no_objects_and_prompts_are_this_host_s():
    async def scenario():
        with RedisServer("--save", "1 1") as server:
            async with opened(settings(server.url, probe_ms=100)) as store:
                await put(store, "one")
                assert await store.recall([b"a"], DAY_US) == 0
                server.stop()
                for _ in range(2):
                    began = time.monotonic()
                    for call in (
                        store.object("key", "file", "one"),
                        put(store, "two"),
                        store.swap("key", "file", "one", b"x", b"y"),
                        store.drop("key", "file", "one"),
                        store.objects("key", "file"),
                    ):
                        with pytest.raises(StoreUnavailable, match="away"):
                            await call
                    assert await store.recall([b"a"], DAY_US) < 2
                    assert time.monotonic() - began < 0.5
                assert await store.recall([b"a"], DAY_US) == 1
                with pytest.raises(ValueError, match="object"):
                    await store.object("", "file", "one")
                server.start()
                await until(lambda: healthy(store), "recovery")
                await put(store, "three")
                assert await store.object("key", "file", "three") == b"x"
                assert await store.object("key", "file", "two") is None

    go(scenario)


def test_a_frozen_redis_costs_an_object_one_timeout():
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, call_timeout_ms=CALL_MS, probe_ms=100)) as store:
                await put(store, "one", b"x" * 100_000)
                server.freeze()
                try:
                    began = time.monotonic()
                    with pytest.raises(StoreUnavailable, match="no answer"):
                        await store.drop("key", "file", "one")
                    assert time.monotonic() - began < 0.15
                    assert (await store.admit([Demand(b"k", 1, 10, DAY_US)])).degraded
                    began = time.monotonic()
                    with pytest.raises(StoreUnavailable, match="away"):
                        await store.object("key", "file", "one")
                    assert time.monotonic() - began < 0.05
                finally:
                    server.thaw()
                assert await until(lambda: healthy(store), "recovery") < 5
                await put(store, "two")

    go(scenario)


def test_a_large_body_under_way_when_redis_goes_is_lost_with_the_first_limit():
    """It may take seconds itself, but nobody waits for it once Redis is known to be away."""

    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, call_timeout_ms=CALL_MS, probe_ms=100)) as store:
                await put(store, "one")
                server.freeze()
                try:
                    began = time.monotonic()
                    large = asyncio.create_task(put(store, "large", bytes(50_000_000)))
                    await asyncio.sleep(0)
                    assert (await store.admit([Demand(b"k", 1, 10, DAY_US)])).degraded
                    with pytest.raises(StoreUnavailable):
                        await large
                    assert time.monotonic() - began < 0.6
                finally:
                    server.thaw()

    go(scenario)


def test_a_body_that_takes_too_long_is_its_own_trouble(monkeypatch):
    async def scenario():
        async with opened(settings(shared_server().url, call_timeout_ms=500)) as store:
            await put(store, "one")

            async def stuck(*_, **__):
                await asyncio.Event().wait()

            lane = store._freight._lane
            monkeypatch.setattr(lane._connection, "send_packed_command", stuck)
            lane._timeout_s = 0.02
            began = time.monotonic()
            calls = [put(store, "large", bytes(1_000_000)), store.object("key", "file", "one")]
            told = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(each) for each in told] == [StoreUnavailable] * 2
            assert "no answer within" in str(told[0])
            waited = time.monotonic() - began
            assert 0.02 + 262_144 / freight.BYTES_A_SECOND <= waited < 0.3
            assert healthy(store)
            assert not (await store.admit([Demand(b"k", 1, 10, DAY_US)])).degraded
            await put(store, "two")
            assert await store.object("key", "file", "two") == b"x"
            assert store._link.breaker.failures == 0

    go(scenario)


def test_a_short_patience_is_not_outlasted_by_an_earlier_long_one(monkeypatch):
    async def scenario():
        async with opened(settings(shared_server().url, call_timeout_ms=50)) as store:
            await put(store, "one", bytes(200_000))
            await store._freight.call("PING", size=30_000_000)

            async def stuck(*_, **__):
                await asyncio.Event().wait()

            monkeypatch.setattr(store._freight._lane._connection, "send_packed_command", stuck)
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="no answer within 50 ms"):
                await store.drop("key", "file", "one")
            assert time.monotonic() - began < 0.3

    go(scenario)


def test_a_body_for_which_redis_has_no_memory_leaves_nothing_behind():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, call_timeout_ms=500, probe_ms=100)
            async with opened(config) as store:
                await put(store, "one", b"1" * 300_000)
                with contextlib.closing(redis.Redis.from_url(config.url)) as client:
                    client.config_set("maxmemory", client.info("memory")["used_memory"] + 4_000_000)
                    with pytest.raises(StoreUnavailable):
                        await put(store, "large", bytes(8_000_000))
                    assert not await store.swap("key", "file", "one", b"2", bytes(300_000))
                # A heartbeat in that moment is refused too.
                await until(lambda: healthy(store), "Redis")
                await put(store, "small", bytes(500_000))
                assert await names(store) == ["one", "small"]
                assert books(config) == (2, 800_000)

    go(scenario)


def test_pieces_that_are_gone_before_they_are_named_are_no_body(monkeypatch):
    async def scenario():
        config = settings(shared_server().url, call_timeout_ms=2_000)
        async with opened(config) as store:
            await put(store, "one", b"1" * 600_000)
            call = store._freight.call

            async def late(*command, size):
                return await call("PING" if command[0] == "SET" else command[0], *command[1:2], size=size)

            monkeypatch.setattr(store._freight, "call", late)
            with pytest.raises(StoreUnavailable, match="in time"):
                await put(store, "one", b"2" * 600_000)
            with pytest.raises(StoreUnavailable, match="in time"):
                await store.swap("key", "file", "one", b"1" * 600_000, b"2" * 600_000)
            monkeypatch.undo()
            assert await store.object("key", "file", "one") == b"1" * 600_000
            assert books(config) == (1, 600_000)
            with pytest.raises(TooLarge, match="Redis is given"):
                await put(store, "huge", bytes(256 * 1024 * 1024 + 1))

    go(scenario)


def test_scripts_that_were_flushed_are_loaded_again():
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, call_timeout_ms=500)) as store:
                await put(store, "one")
                server.flush_scripts()
                assert await store.object("key", "file", "one") == b"x"
                assert await store.recall([b"a"], DAY_US) == 0
                assert healthy(store)

    go(scenario)


def test_a_caller_that_leaves_harms_nobody():
    async def scenario():
        async with opened(settings(shared_server().url, call_timeout_ms=500)) as store:
            first = asyncio.create_task(put(store, "never dialled"))
            await asyncio.sleep(0)
            first.cancel()
            await put(store, "one")
            calls = [asyncio.create_task(put(store, f"{number}", bytes(2_000_000))) for number in range(4)]
            await asyncio.sleep(0.001)
            calls[1].cancel()
            told = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(each).__name__ for each in told] == ["NoneType", "CancelledError", "NoneType", "NoneType"]
            assert await store.object("key", "file", "one") == b"x"
            assert store._freight._under_way == 0

    go(scenario)
