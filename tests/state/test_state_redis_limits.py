"""Limits over a Redis that does well: exact over fleets, batched, nobody harms another."""

import asyncio
import contextlib
import re
import uuid

import pytest
from redis_server import RedisServer, go, healthy, opened, settings, shared_server

from simulator.state.store import DAY_US, MINUTE_US, NEVER, Demand, Lease, SessionLimits, Turn


def daily(amount=1, capacity=100, name=b"k"):
    return Demand(name, amount, capacity, DAY_US)


def config(**redis):
    return settings(shared_server().url, call_timeout_ms=2_000, **redis)


async def granted(store, demands, times, leases=()):
    verdicts = await asyncio.gather(*[store.admit(demands, leases) for _ in range(times)])
    assert not any(verdict.degraded for verdict in verdicts)
    return sum(verdict.admitted for verdict in verdicts)


def test_two_fleets_share_a_limit_exactly():
    async def scenario():
        shared = config()
        async with opened(shared) as one, opened(shared) as other:
            counts = await asyncio.gather(*[granted(store, [daily()], 20) for store in (one, other)])
            assert counts == [20, 20]
            counts = await asyncio.gather(*[granted(store, [daily()], 20) for store in (one, other) * 4])
            assert sum(counts) == 60
            verdict = await other.admit([daily()])
            # The limit refills one every 864 s; what leaked since is a fraction of that.
            assert 0 < verdict.standings[0].wait_us <= DAY_US // 100

    go(scenario)


def test_tokens_are_reserved_and_settled_over_fleets():
    async def scenario():
        shared = config()
        async with opened(shared) as one, opened(shared) as other:
            assert (await one.admit([daily(90)])).admitted
            assert not (await other.admit([daily(11)])).admitted
            await one.settle([daily(-50)])
            verdict = await other.admit([daily(11)])
            assert verdict.admitted
            assert verdict.standings[0].remaining == 49

    go(scenario)


def test_the_servers_clock_counts():
    async def scenario():
        async with opened(config(), clock=lambda: 12_345) as store:
            fast = Demand(b"fast", 1, 1, 50_000)
            assert (await store.admit([fast])).admitted
            refused = await store.admit([fast])
            assert not refused.admitted
            assert 0 < refused.standings[0].wait_us <= 50_000
            # A loop's timers count whole milliseconds, and some loops round down.
            await asyncio.sleep(refused.standings[0].wait_us / 1e6 + 0.002)
            assert (await store.admit([fast])).admitted

    go(scenario)


def test_requests_of_one_turn_are_one_call():
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, call_timeout_ms=2_000)) as store:
                await granted(store, [daily(name=b"first")], 1)
                server.ask("CONFIG", "RESETSTAT")
                assert await granted(store, [daily(capacity=300)], 300) == 300
                stats = server.ask("INFO", "commandstats").decode()
                calls = int(re.search(r"cmdstat_evalsha:calls=(\d+)", stats)[1])
                # A heartbeat may be among them.
                assert calls <= 2
                reads = int(re.search(r"cmdstat_get:calls=(\d+)", stats)[1])
                assert reads <= 5

    go(scenario)


def test_scripts_that_were_flushed_are_loaded_again():
    async def scenario():
        with RedisServer() as server:
            async with opened(settings(server.url, call_timeout_ms=2_000)) as store:
                for _ in range(3):
                    server.flush_scripts()
                    assert await granted(store, [daily()], 20) == 20
                    server.flush_scripts()
                    assert await store.count(b"n", MINUTE_US)
                assert await granted(store, [daily()], 50) == 40
                assert healthy(store)

    go(scenario)


def test_nonsense_harms_only_who_asks_it():
    async def scenario():
        async with opened(config()) as store:
            nonsense = [
                daily(-1),
                daily(10**30),
                daily(name=b""),
                daily(name=b"x" * 201),
                daily(capacity=0),
                Demand(b"k", 1, 1, 10**30),
            ]
            good = [store.admit([daily()]) for _ in range(5)]
            bad = [store.admit([each]) for each in nonsense] + [store.admit([], [Lease(b"", 1)])]
            outcomes = await asyncio.gather(*good, *bad, return_exceptions=True)
            assert [outcome.admitted for outcome in outcomes[:5]] == [True] * 5
            assert [type(outcome) for outcome in outcomes[5:]] == [ValueError] * 7
            with pytest.raises(ValueError, match="capacity"):
                await store.settle([daily(capacity=10**10)])
            assert (await store.admit([daily(101)])).standings[0].wait_us == NEVER
            assert healthy(store)

    go(scenario)


def test_a_caller_that_leaves_takes_nothing_with_it():
    async def scenario():
        async with opened(config()) as store:
            leaving = [asyncio.create_task(store.admit([daily(50)], [Lease(b"c", 3)])) for _ in range(2)]
            staying = [asyncio.create_task(store.admit([daily(1, name=b"other")])) for _ in range(5)]
            # Two turns: the batch is on its way when they are cancelled.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for task in leaving:
                task.cancel()
            assert all([(await task).admitted for task in staying])
            outcomes = await asyncio.gather(*leaving, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2

            verdict = None

            async def given_back():
                nonlocal verdict
                verdict = await store.admit([daily(0)], [Lease(b"c", 3)])
                await store.settle([], [b"c"])
                return verdict.standings[0].remaining == 100 and verdict.standings[1].remaining == 2

            while not await given_back():
                await asyncio.sleep(0.001)
            before = await store.admit([daily(0)])
            late = asyncio.create_task(store.settle([daily(7)]))
            await asyncio.sleep(0)
            late.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await late
            after = await store.admit([daily(0)])
            assert (before.standings[0].remaining, after.standings[0].remaining) == (100, 93)

    go(scenario)


def test_leases_count_over_fleets_and_are_given_back():
    async def scenario():
        shared = config()
        async with opened(shared) as one:
            async with opened(shared) as other:
                lease = [Lease(b"c", 5)]
                counts = await asyncio.gather(granted(one, (), 4, lease), granted(other, (), 4, lease))
                assert sum(counts) == 5
                await one.settle((), [b"c"] * counts[0])
                assert await granted(one, (), 4, lease) == 5 - counts[1]
            # The other fleet has closed, and with it went its leases.
            assert await granted(one, (), 5, lease) == counts[1]

    go(scenario)


def test_a_worker_that_was_killed_leaves_no_lease_to_its_successor():
    async def scenario():
        shared = config()
        fleet = uuid.uuid4().hex
        lease = [Lease(b"c", 5)]
        dead = opened(shared, fleet=fleet)
        store = await dead.__aenter__()
        assert await granted(store, (), 3, lease) == 3
        async with opened(shared) as witness:
            assert await granted(witness, (), 5, lease) == 2
            # A worker that is killed tells nobody: its successor opens under the same name.
            async with opened(shared, fleet=fleet) as successor:
                assert await granted(successor, (), 5, lease) == 3
        await dead.__aexit__(None, None, None)

    go(scenario)


def test_a_lease_expires_with_its_owner_and_lives_while_it_is_renewed(monkeypatch):
    async def scenario():
        now = 1_750_000_000_000_000
        shared = config(clock="client")
        async with opened(shared, clock=lambda: now) as holder, opened(shared, clock=lambda: now) as witness:
            lease = [Lease(b"c", 2)]
            assert await granted(holder, (), 2, lease) == 2
            now += 25_000_000
            holder._limits.renew()
            assert await granted(holder, [daily()], 1) == 1
            now += 25_000_000
            assert await granted(witness, (), 1, lease) == 0
            now += 5_000_001
            assert await granted(witness, (), 3, lease) == 2

    go(scenario)


def test_everything_expires_and_lies_in_one_slot():
    async def scenario():
        with RedisServer() as server:
            shared = settings(server.url, prefix="house")
            async with opened(shared) as store:
                assert (await store.admit([daily()], [Lease(b"c", 5)])).admitted
                limits = SessionLimits(10, DAY_US, 100)
                await store.remember("scope", "name", [Turn(b"body", 1)], limits)
                await store.count(b"n", MINUTE_US)
                await store.change(0, b"document")
                keys = re.findall(rb"\$\d+\r\n([^\r]+)", server.ask("KEYS", "*"))
                assert {key.removeprefix(b"{house}:")[:2] for key in keys} >= {b"l:", b"c:", b"o:", b"s:", b"t:", b"n:"}
                for key in keys:
                    assert key.startswith(b"{house}:")
                    assert int(server.ask("PTTL", key)[1:]) > 0, key

    go(scenario)
