"""Redis stops, freezes, comes back empty: what is answered meanwhile, and how soon all is well again."""

import asyncio
import socket
import time

import pytest
from redis_server import RedisServer, free_port, go, healthy, opened, settings, until

from simulator.state.redis import keeper
from simulator.state.store import DAY_US, MINUTE_US, Conflict, Demand, Lease, SessionLimits, StoreUnavailable, Turn

CALL_MS = 80
SESSIONS = SessionLimits(1_000, DAY_US, 1_000)


def daily(amount=1, capacity=100, name=b"k"):
    return Demand(name, amount, capacity, DAY_US)


async def rush(store, times=50, demand=None):
    """How many of so many simultaneous requests are admitted, and the longest wait in seconds."""

    async def one():
        began = time.perf_counter()
        verdict = await store.admit([demand or daily()])
        return verdict.admitted, time.perf_counter() - began

    outcomes = await asyncio.gather(*[one() for _ in range(times)])
    return sum(admitted for admitted, _ in outcomes), max(waited for _, waited in outcomes)


async def turns_of(store, name, count):
    """The turns of a session as soon as there are so many."""
    deadline = time.monotonic() + 5
    while True:
        session = await store.session("key", name, SESSIONS)
        bodies = [turn.body for turn in session.turns] if session is not None else []
        if len(bodies) >= count or time.monotonic() > deadline:
            return bodies
        await asyncio.sleep(0.005)


def test_a_stopped_redis_is_noticed_at_once_and_back_within_five_seconds():
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url)) as store:
                assert (await rush(store, 30))[0] == 30
                server.stop()
                admitted, longest = await rush(store, 100)
                # Alone, this pod's share is all of the limit: what was used before still counts.
                assert admitted == 70
                assert longest < 0.15
                health = store.health()
                assert (health.backend, health.state, health.redis_up) == ("redis", "degraded", False)
                assert health.reason
                verdict = await store.admit([daily()])
                assert (verdict.admitted, verdict.degraded) == (False, True)
                server.start()
                assert await until(lambda: healthy(store), "recovery") < 5
                verdict = await store.admit([daily()])
                assert (verdict.admitted, verdict.degraded) == (False, False)
                assert store.health().redis_up is True

    go(scenario)


def test_a_frozen_redis_costs_each_caller_one_timeout():
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, call_timeout_ms=CALL_MS)) as store:
                assert (await rush(store, 10))[0] == 10
                server.freeze()
                try:
                    admitted, longest = await rush(store, 32)
                    assert admitted == 32
                    assert CALL_MS / 1000 <= longest < 0.15
                    # From here on nobody waits: Redis is known to be away.
                    for _ in range(5):
                        _, longest = await rush(store, 32, daily(name=b"other"))
                        assert longest < 0.05
                finally:
                    server.thaw()
                assert await until(lambda: healthy(store), "recovery") < 5
                # What was frozen in was executed later: counted twice at the worst, never forgotten.
                left = (await store.admit([daily(0)])).standings[0].remaining
                assert 100 - 42 - 32 <= left <= 100 - 42

    go(scenario)


def test_two_fleets_and_an_emptied_redis_keep_to_the_limit():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, probe_ms=100)
            async with opened(config) as one, opened(config) as other:
                total = (await rush(one, 40))[0]
                await until(lambda: one._limits.pods == other._limits.pods == 2, "both pods to be known")
                await until(lambda: len(other._limits.mirror), "the other fleet to have seen the bucket")
                server.stop()
                for store in (one, other, one, other):
                    total += (await rush(store, 40))[0]
                assert total == 100
                server.start()
                while not (healthy(one) and healthy(other)):
                    for store in (one, other):
                        total += (await rush(store, 5))[0]
                    await asyncio.sleep(0.001)
                for store in (one, other):
                    total += (await rush(store, 40))[0]
                assert total == 100
                assert server.starts == 2

    go(scenario)


def test_what_was_granted_in_its_share_is_charged_when_redis_is_back():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, probe_ms=100)
            async with opened(config) as one, opened(config) as other:
                await until(lambda: one._limits.pods == other._limits.pods == 2, "both pods to be known")
                server.stop()
                assert (await rush(one, 20))[0] == 20
                assert (await rush(other, 60))[0] == 50
                await one.settle([daily(-5)])
                server.start()
                await until(lambda: healthy(one) and healthy(other), "recovery")
                assert (await rush(one, 60))[0] == 35

    go(scenario)


def test_a_store_begins_without_redis_and_finds_it_later():
    async def scenario():
        server = RedisServer()
        began = time.monotonic()
        async with opened(settings(server.url, probe_ms=100)) as store:
            assert time.monotonic() - began < 1
            assert not healthy(store)
            assert (await rush(store, 120))[0] == 100
            assert await store.count(b"n", MINUTE_US) == 1
            with pytest.raises(StoreUnavailable, match="nothing can be changed"):
                await store.change(0, b"document")
            with server:
                assert await until(lambda: healthy(store), "Redis to be found") < 5
                assert (await rush(store, 10))[0] == 0

    go(scenario)


@pytest.mark.parametrize("speaks", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", None])
def test_something_else_at_the_address_is_a_redis_that_is_away(speaks):
    async def scenario():
        async def serve(reader, writer):
            if speaks:
                writer.write(speaks)
            if speaks is not None:
                writer.close()
            else:
                await reader.read()
                writer.close()

        port = free_port()
        listener = await asyncio.start_server(serve, "127.0.0.1", port)
        async with listener, opened(settings(f"redis://127.0.0.1:{port}")) as store:
            assert not healthy(store)
            assert (await rush(store, 120))[0] == 100

    go(scenario)


def test_an_address_that_does_not_answer_is_given_up_in_time():
    async def scenario():
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            port = full.getsockname()[1]
            crowd = [socket.socket() for _ in range(4)]
            for each in crowd:
                each.setblocking(False)
                each.connect_ex(("127.0.0.1", port))
            began = time.monotonic()
            async with opened(settings(f"redis://127.0.0.1:{port}", connect_timeout_ms=100)) as store:
                assert time.monotonic() - began < 1
                assert not healthy(store)
            for each in crowd:
                each.close()

    go(scenario)


def test_a_redis_that_refuses_to_write_is_away():
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, probe_ms=100)) as store:
                assert (await rush(store, 10))[0] == 10
                server.ask("REPLICAOF", "127.0.0.1", "1")
                assert (await rush(store, 100))[0] == 90
                assert not healthy(store)
                server.ask("REPLICAOF", "NO", "ONE")
                await until(lambda: healthy(store), "recovery")
                assert (await rush(store, 10))[0] == 0

    go(scenario)


def test_running_requests_keep_their_places_through_a_failure():
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, probe_ms=100)) as store:
                lease = [Lease(b"c", 5)]
                for _ in range(3):
                    assert (await store.admit((), lease)).admitted
                server.stop()
                held = [(await store.admit((), lease)).admitted for _ in range(4)]
                assert held == [True, True, False, False]
                await store.settle((), [b"c"])
                server.start()
                await until(lambda: healthy(store), "recovery")
                held = [(await store.admit((), lease)).admitted for _ in range(4)]
                assert held == [True, False, False, False]
                await store.settle((), [b"c"] * 5)
                held = [(await store.admit((), lease)).admitted for _ in range(6)]
                assert held == [True] * 5 + [False]

    go(scenario)


def test_conversations_go_on_without_redis_and_are_told_to_it_later():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, probe_ms=100)
            async with opened(config) as one, opened(config) as other:
                first, second, third = (Turn(b"%d" % each, 1) for each in range(3))
                await one.remember("key", "kept", [first], SESSIONS)
                await one.remember("key", "ended", [first], SESSIONS)
                server.stop()
                session = await one.session("key", "kept", SESSIONS)
                assert (session.scope, session.turns) == ("key", (first,))
                assert (await one.remember("key", "kept", [second], SESSIONS)).turns == (first, second)
                assert (await one.remember("key", "new", [third], SESSIONS)).turns == (third,)
                assert await one.forget("key", "ended")
                assert await one.session("key", "ended", SESSIONS) is None
                assert [each.name for each in await one.sessions(SESSIONS)] == ["kept", "new"]
                assert await one.session_count(SESSIONS) >= 2
                server.start()
                await until(lambda: healthy(one) and healthy(other), "recovery")
                # Found here even before it was told.
                assert (await one.session("key", "new", SESSIONS)).turns == (third,)
                assert await turns_of(other, "kept", 2) == [first.body, second.body]
                assert await turns_of(other, "new", 1) == [third.body]
                assert await other.session("key", "ended", SESSIONS) is None

    go(scenario)


def test_turns_are_appended_to_what_redis_still_has():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, probe_ms=100, call_timeout_ms=30)
            async with opened(config) as one, opened(config) as other:
                turns = [Turn(b"%d" % each, 1) for each in range(4)]
                await one.remember("key", "name", turns[:1], SESSIONS)
                await other.remember("key", "name", turns[1:2], SESSIONS)
                server.freeze()
                # The first of these is frozen in and executed later; it is not told twice.
                await one.remember("key", "name", turns[2:3], SESSIONS)
                await one.remember("key", "name", turns[3:], SESSIONS)
                server.thaw()
                await until(lambda: healthy(one) and healthy(other), "recovery")
                assert await turns_of(other, "name", 4) == [b"0", b"1", b"2", b"3"]

    go(scenario)


def test_the_control_document_survives_an_emptied_redis():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, probe_ms=100)
            async with opened(config) as one, opened(config) as other:
                assert await one.change(0, b"first") == 1
                assert await one.change(1, b"second") == 2
                assert one.read_control().revision == 2
                await until(lambda: other.read_control().revision == 2, "the other fleet to hear of it", 1)
                with pytest.raises(Conflict) as caught:
                    await other.change(1, b"late")
                assert caught.value.revision == 2
                server.stop()
                with pytest.raises(StoreUnavailable):
                    await one.change(2, b"never")
                assert (await one.control()).body == b"second"
                server.start()
                await until(lambda: healthy(one) and healthy(other), "recovery")
                assert (await other.control()).body == b"second"
                assert await other.change(2, b"third") == 3
                await until(lambda: one.read_control().body == b"third", "the first fleet to hear of it", 1)

    go(scenario)


def test_a_change_is_heard_at_once(monkeypatch):
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url)
            async with opened(config) as one, opened(config) as other:
                channel = one._link._tag + b":control"
                await until(lambda: server.ask("PUBSUB", "NUMSUB", channel).endswith(b":2\r\n"), "both to listen")
                await one.change(0, b"first")
                assert await until(lambda: other.read_control().body == b"first", "the message", 1) < 1

    monkeypatch.setattr(keeper, "BEAT_S", 60)
    go(scenario)


def test_a_change_is_heard_without_the_subscription_too():
    async def scenario():
        with RedisServer() as server:
            config = settings(server.url, max_connections=1)
            async with opened(config) as one, opened(config) as other:
                await one.change(0, b"first")
                await until(lambda: other.read_control().body == b"first", "the next heartbeat", 3)
                # A document that Redis has lost is put back by whoever notices.
                server.ask("FLUSHALL")
                await until(lambda: b"first" in server.ask("HGETALL", one._link._tag + b":control"), "it to be back", 3)

    go(scenario)


def test_a_session_that_only_this_host_knows_is_found():
    """A worker that died before Redis was back has told nobody of the sessions that it made."""

    async def scenario():
        with RedisServer() as server:
            config = settings(server.url)
            async with opened(config) as one, opened(config) as other:
                await one._local.remember("key", "orphan", [Turn(b"0", 1)], SESSIONS)
                assert await other.session("key", "orphan", SESSIONS) is None
                assert (await one.session("key", "orphan", SESSIONS)).turns == (Turn(b"0", 1),)
                assert (await other.session("key", "orphan", SESSIONS)).turns == (Turn(b"0", 1),)
                assert await other.forget("key", "orphan")
                assert await one.session("key", "orphan", SESSIONS) is None

    go(scenario)
