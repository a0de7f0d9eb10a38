"""Objects and prompts in the embedded store's file: its room, its books, and real processes that share it."""

import asyncio
import contextlib
import math
import random
import time

import msgspec
import pytest
from embedded_factory import MANY, opened, remember
from embedded_worker import Worker, demand
from serving import wait_for

from simulator.state.embedded import mount, prompts
from simulator.state.store import DAY_US, MINUTE_US, Demand, ObjectLimits, StoreUnavailable, TooLarge

pytestmark = pytest.mark.usefixtures("spare")
MEGABYTE = 1 << 20
LIMITS = ObjectLimits(10**6, 10**9)


def put(store, name, body=b"x", *, ttl_us=DAY_US, limits=LIMITS):
    asyncio.run(store.put("key", "file", name, body, ttl_us, limits))


def read(store, name):
    return asyncio.run(store.object("key", "file", name))


def names(store, scope="key"):
    return [name for name, _ in asyncio.run(store.objects(scope, "file", most=10**6, oldest_first=True))]


def books(store):
    """How many objects there are and the size of all, after everything in the file was found to agree on it."""
    tables = store._mount.objects
    with tables._env.begin() as txn:
        objects = [msgspec.msgpack.decode(record) for _, record in txn.cursor(tables._objects)]
        orders = [key[:1] for key, _ in txn.cursor(tables._orders)]
        pieces = txn.stat(tables._bodies)["entries"]
        tally = tables._tally(txn)
    number, size = len(objects), sum(meta[4] for meta in objects)
    assert sorted(orders) == sorted([b"e", b"p", b"s"] * number + [b"t"] * min(tally.next - 1, 1))
    assert pieces == sum(meta[5] for meta in objects) == sum(math.ceil(meta[4] / tables._piece) for meta in objects)
    assert (tally.objects, tally.size) == (number, size)
    return number, size


def test_objects_outlive_the_workers(folder, clock):
    with opened(folder, clock) as store:
        put(store, "a", b"first")
        put(store, "b", b"second" * 10_000)
        assert store.recall_now([b"prompt"], DAY_US) == 0
    with opened(folder, clock, fleet=b"later") as store:
        assert names(store) == ["a", "b"]
        assert read(store, "b") == b"second" * 10_000
        assert store.recall_now([b"prompt"], DAY_US) == 1
        put(store, "c")
        assert names(store) == ["a", "b", "c"]
        assert books(store) == (3, 60_006)


def test_what_has_expired_is_cleared_away(folder, clock):
    with opened(folder, clock) as store:
        for number in range(300):
            put(store, f"{number}", b"x" * 10_000, ttl_us=1000 + number % 2 * DAY_US)
        clock.advance(1000)
        for _ in range(3):
            store._mount.tick()
        assert books(store) == (150, 1_500_000)
        assert len(names(store)) == 150


def test_half_of_the_file_is_for_objects_and_the_oldest_give_way(folder, clock):
    chance = random.Random(1)
    with opened(folder, clock, size=4 * MEGABYTE) as store:
        made = []
        for number in range(400):
            clock.advance(1)
            made.append((f"{number}", chance.randbytes(chance.choice((10, 3000, 50_000, 300_000, 1_500_000)))))
            put(store, *made[-1])
            remember(store, f"{number}", 20_000)
            assert store.admit_now([demand(1000)]).standings[0].remaining == 999 - number
        left = names(store)
        assert [(name, read(store, name)) for name in left] == made[-len(left) :], "the latest, whole, without a gap"
        assert books(store)[1] < 2 * MEGABYTE
        assert asyncio.run(store.session_count(MANY)) > 20


def test_sessions_give_way_to_an_object(folder, clock):
    with opened(folder, clock, size=4 * MEGABYTE) as store:
        for number in range(300):
            clock.advance(1)
            remember(store, f"{number:03}", 20_000)
        before = asyncio.run(store.session_count(MANY))
        put(store, "large", b"x" * 1_900_000)
        after = asyncio.run(store.session_count(MANY))
        assert before > 140
        assert 35 < after < 60, "as many as it takes"
        assert [each.name for each in asyncio.run(store.sessions(MANY, most=1000))][-1] == "299"
        assert store.health().state == "ok"


def test_objects_and_prompts_give_way_to_limits(folder, clock):
    """A limit that is forgotten would be granted anew; what is stored can be stored again."""
    with opened(folder, clock, size=MEGABYTE) as store:
        for number in range(100):
            put(store, f"{number}", b"x" * 4000)
            store.recall_now([b"%d" % number], DAY_US)
        number = 0
        with pytest.raises(StoreUnavailable, match="full"):  # noqa: PT012 - it is told which of many
            while number < 20_000:
                store.admit_now([Demand(b"a name of some length, as of a key: %07d" % number, 1, 2, DAY_US)])
                number += 1
        assert number > 5000
        assert books(store) == (0, 0)


def test_a_body_without_room_is_refused_and_harms_nothing(folder):
    with opened(folder, size=4 * MEGABYTE) as store:
        put(store, "one", b"x" * 1_200_000)
        with pytest.raises(TooLarge, match="size_mb"):
            put(store, "two", b"x" * 2_200_000)
        with pytest.raises(TooLarge, match="size_mb"):
            put(store, "one", b"y" * 1_200_000)  # both must have room until the one has taken the other's place
        with pytest.raises(TooLarge, match="size_mb"):
            asyncio.run(store.swap("key", "file", "one", b"x" * 1_200_000, b"y" * 1_200_000))
        assert read(store, "one") == b"x" * 1_200_000
        put(store, "two", b"y" * 1_200_000)
        assert names(store) == ["two"]
        assert books(store) == (1, 1_200_000)


def test_the_size_that_is_told_has_room(folder):
    with opened(folder, size=4 * MEGABYTE) as store:
        with pytest.raises(TooLarge, match="room for") as told:
            put(store, "one", b"x" * 4_000_000)
        most = told.value.most
        assert most > 1_900_000
        put(store, "one", b"x" * most)
        put(store, "other", b"x" * most)
        assert books(store) == (1, most)


def test_the_loop_goes_on_while_many_give_way(folder, clock):
    with opened(folder, clock) as store:
        for number in range(3000):
            put(store, f"{number}", b"x" * 500)

        async def scenario():
            task = asyncio.create_task(store.put("key", "file", "large", b"x", DAY_US, ObjectLimits(10, 10**6)))
            turns = 0
            while not task.done():
                await asyncio.sleep(0)
                turns += 1
            return turns

        assert asyncio.run(scenario()) > 10
        assert len(names(store)) == 10


def test_a_reader_that_was_interrupted_is_waited_for(folder, clock, monkeypatch):
    """It holds all pages that are freed while it reads: the file is full, and nothing that gives way would help."""
    with opened(folder, clock, size=4 * MEGABYTE) as store:
        put(store, "kept", b"k" * 1000)
        reader = store._mount._opened.env.begin()
        waits = []

        def goes_on(_):
            waits.append(1)
            if len(waits) == 3:
                reader.abort()

        monkeypatch.setattr(mount.time, "sleep", goes_on)
        for number in range(40):
            put(store, "large", bytes([number]) * 300_000)
        assert len(waits) == 3
        assert read(store, "large") == b"\x27" * 300_000
        assert read(store, "kept") == b"k" * 1000
        assert store.health().state == "ok"


def test_a_reader_that_never_goes_on_is_not_waited_for_for_ever(folder, clock):
    with opened(folder, clock, size=4 * MEGABYTE) as store:
        reader = store._mount._opened.env.begin()
        with pytest.raises(StoreUnavailable, match="full"):  # noqa: PT012 - it is told which of many
            for number in range(40):
                began = time.monotonic()
                put(store, "large", bytes([number]) * 300_000)
        assert time.monotonic() - began < 3
        reader.abort()
        put(store, "large", b"x" * 300_000)
        assert read(store, "large") == b"x" * 300_000


def test_the_least_met_prompts_give_way(folder, clock, monkeypatch):
    monkeypatch.setattr(prompts, "PROMPTS_MOST", 100)
    with opened(folder, clock) as store:
        store.recall_now([b"kept"], DAY_US)
        for number in range(300):
            clock.advance(2_000_000)
            assert store.recall_now([b"%d" % number], MINUTE_US) == 0
            if number % 50 == 0:
                assert store.recall_now([b"kept"], DAY_US) == 1
        with store._mount.prompts._env.begin() as txn:
            tables = store._mount.prompts
            entries = [txn.stat(table)["entries"] for table in (tables._prompts, tables._recent)]
        assert entries[0] == entries[1] <= 100


def test_a_piece_that_is_missing_is_damage(folder):
    with opened(folder) as store:
        put(store, "one", b"x" * 10_000)
        tables = store._mount.objects
        with tables._env.begin(tables._bodies, write=True) as txn:
            cursor = txn.cursor()
            cursor.first()
            cursor.delete()
        assert read(store, "one") is None
        assert len(list(folder.glob("*damaged*"))) == 1
        put(store, "one", b"again")
        assert read(store, "one") == b"again"


def test_several_processes_keep_the_same_books(folder):
    with opened(folder) as store, contextlib.ExitStack() as stack:
        asyncio.run(store.put("worker", "count", "common", b"0", DAY_US, LIMITS))
        workers = [stack.enter_context(Worker(folder, owner=f"{number + 1}")) for number in range(3)]
        for number, worker in enumerate(workers):
            worker.tell("put", f"{number}.", 200, 1000 + number, 10**6, 10**9)
        assert [worker.answer() for worker in workers] == [None] * 3
        assert books(store) == (601, 200 * (1000 + 1001 + 1002) + 1)
        assert len(set(names(store, "worker"))) == 600
        for worker in workers:
            worker.tell("increase", 100)
        assert sum([worker.answer() for worker in workers]) >= 300
        assert asyncio.run(store.object("worker", "count", "common")) == b"300"
        texts = [f"{number}" for number in range(500)]
        for worker in workers:
            worker.tell("recall", texts)
        assert sum([worker.answer() for worker in workers]) == 500, "each is new to one alone"
        for number, worker in enumerate(workers):
            worker.tell("put", f"{number}.", 200, 3000, 150, 400_000)
        assert [worker.answer() for worker in workers] == [None] * 3
        number, size = books(store)
        assert number <= 150
        assert 397_000 < size <= 400_000


def test_a_worker_killed_while_it_stores_leaves_the_books_right(folder):
    with opened(folder, owner=b"witness") as store:
        for _ in range(4):
            with Worker(folder, owner="victim") as victim:
                assert victim.ask("store_for_ever") == "storing"
                before = store._mount._opened.env.info()["last_txnid"]
                wait_for(
                    lambda before=before: store._mount._opened.env.info()["last_txnid"] > before + 100, "its writes"
                )
                victim.kill()
            number, size = books(store)
            assert number <= 30
            assert size <= 400_000
            assert store.health().state == "ok"
    assert not list(folder.glob("*damaged*"))
