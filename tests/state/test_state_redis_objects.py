"""Objects and prompts in Redis: its books, and bodies that take longer than a call may."""

import asyncio
import contextlib

import pytest
import redis
from redis_books import LIMITS, books, names, put
from redis_server import RedisServer, go, healthy, opened, settings, shared_server, until

from simulator.state.redis import store as redis_store
from simulator.state.store import DAY_US, MINUTE_US, ObjectLimits


def test_many_workers_keep_the_same_books():
    async def fill(store, prefix, size, limits):
        for number in range(60):
            await put(store, f"{prefix}.{number}", b"x" * size, limits=limits)

    async def scenario():
        config = settings(shared_server().url, call_timeout_ms=2_000)
        async with opened(config) as one, opened(config) as two, opened(config) as three:
            stores = (one, two, three)
            await asyncio.gather(*[fill(store, number, 1000 + number, LIMITS) for number, store in enumerate(stores)])
            assert books(config) == (180, 60 * 3003)
            assert len(await names(two)) == 180
            few = ObjectLimits(50, 100_000)
            await asyncio.gather(*[fill(store, number, 3000, few) for number, store in enumerate(stores)])
            number, size = books(config)
            assert 30 <= number <= 50
            assert 97_000 < size <= 100_000
            for name in await names(one):
                await one.drop("key", "file", name)
            assert books(config) == (0, 0)

    go(scenario)


def test_every_key_has_the_prefix_and_expires():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url)
            async with opened(config) as store:
                await put(store, "short", ttl_us=MINUTE_US)
                await put(store, "long", ttl_us=10 * DAY_US)
                await put(store, "short again", ttl_us=MINUTE_US)
                await store.swap("key", "file", "long", b"x", b"y" * 1000)
                await store.recall([b"1", b"2"], DAY_US)
                await store.recall([b"1", b"2"], MINUTE_US)
                with contextlib.closing(redis.Redis.from_url(config.url)) as client:
                    lives = {key: client.pttl(key) for key in client.scan_iter("*")}
            tag = b"{%s}:" % config.redis.prefix.encode()
            assert all(key.startswith(tag) for key in lives)
            assert min(lives.values()) > 0
            day_ms = DAY_US // 1000
            for suffix in (b"kept", b"places", b"ends", b"bytes", b"shelf:key\nfile", b"b:key\nfile\nlong"):
                assert lives[tag + suffix] > 10 * day_ms, suffix
            assert lives[tag + b"b:key\nfile\nshort"] < 200_000
            assert lives[tag + b"prompts"] > day_ms
            assert lives[tag + b"recent"] > day_ms

    go(scenario)


def test_a_body_that_redis_has_evicted_is_no_object():
    async def scenario():
        config = settings(shared_server().url, call_timeout_ms=2_000)
        tag = b"{%s}" % config.redis.prefix.encode()
        async with opened(config) as store:
            for name in "abc":
                await put(store, name, b"x" * 100)
            await put(store, "large", b"x" * 600_000)
            with contextlib.closing(redis.Redis.from_url(config.url)) as client:
                client.delete(tag + b":b:key\nfile\na", tag + b":b:key\nfile\nc")
                client.delete(next(client.scan_iter(tag + b":p:*:1")))
                assert await names(store) == ["b"]
                assert await store.object("key", "file", "a") is None
                assert await store.object("key", "file", "large") is None
                assert not await store.swap("key", "file", "c", b"", b"y")
                await put(store, "c", b"y" * 50)
                assert await names(store) == ["b", "c"]
                assert books(config) == (2, 150)
                client.delete(tag + b":places")
            await put(store, "d", b"z")
            assert await store.object("key", "file", "d") == b"z"
            assert await names(store) == ["d"]

    go(scenario)


@pytest.mark.parametrize("connections", [1, 2, 3, 4, 16])
def test_a_large_body_may_take_longer_than_a_call(connections):
    async def scenario():
        config = settings(shared_server().url, call_timeout_ms=60, max_connections=connections)
        body = bytes(range(256)) * 60_000
        async with opened(config) as store:
            await until(lambda: healthy(store), "Redis")
            await asyncio.gather(*[put(store, f"{number}", body) for number in range(2)])
            assert await store.object("key", "file", "1") == body
            assert await store.swap("key", "file", "1", body, body[1:])
            assert await store.objects("key", "file") == [("1", body[1:]), ("0", body)]

    go(scenario)


def test_a_reader_meets_one_body_or_the_other():
    async def scenario():
        config = settings(shared_server().url, call_timeout_ms=2_000)
        bodies = [bytes([number]) * 600_000 for number in range(8)]
        async with opened(config) as writer, opened(config) as reader:
            await put(writer, "one", bodies[0])

            was_read = asyncio.Event()

            async def write():
                for body in bodies:
                    was_read.clear()
                    await put(writer, "one", body)
                    await was_read.wait()

            writing = asyncio.create_task(write())
            seen = set()
            while not writing.done():
                body = await reader.object("key", "file", "one")
                assert body in bodies
                seen.add(body[0])
                was_read.set()
            await writing
            assert len(seen) > 1
            assert books(config) == (1, 600_000)

    go(scenario)


def test_the_least_met_prompts_give_way(monkeypatch):
    monkeypatch.setattr(redis_store, "PROMPTS_MOST", 100)

    async def scenario():
        config = settings(shared_server().url, call_timeout_ms=2_000)
        tag = b"{%s}" % config.redis.prefix.encode()
        async with opened(config) as store:
            await store.recall([b"kept"], DAY_US)
            for number in range(300):
                assert await store.recall([b"%d" % number], MINUTE_US) == 0
                if number % 50 == 0:
                    assert await store.recall([b"kept"], DAY_US) == 1
            assert await store.recall([b"250"], DAY_US) == 1
            with contextlib.closing(redis.Redis.from_url(config.url)) as client:
                assert client.hlen(tag + b":prompts") == client.zcard(tag + b":recent") == 100

    go(scenario)
