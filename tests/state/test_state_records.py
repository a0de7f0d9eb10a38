"""The control document and counters, as every store keeps them."""

import pytest

from simulator.state.store import Conflict, Control


def test_the_document_begins_empty_and_grows_by_one(run):
    async def scenario(store, clock):
        assert await store.control() == Control(0, b"")
        assert store.read_control() == Control(0, b"")
        assert await store.change(0, b"first") == 1
        assert await store.control() == store.read_control() == Control(1, b"first")
        assert await store.change(1, b"") == 2
        assert await store.control() == Control(2, b"")

    run(scenario)


def test_a_change_upon_an_old_revision_is_a_conflict(run):
    async def scenario(store, clock):
        await store.change(0, b"first")
        for base in (0, 2, 99):
            with pytest.raises(Conflict) as told:
                await store.change(base, b"second")
            assert told.value.revision == 1
        assert await store.control() == Control(1, b"first")

    run(scenario)


def test_a_long_document(run):
    async def scenario(store, clock):
        body = bytes(range(256)) * 400
        await store.change(0, body)
        assert await store.control() == Control(1, body)

    run(scenario)


def test_a_counter_counts_and_is_forgotten(run):
    async def scenario(store, clock):
        assert [await store.count(b"name", 10_000_000) for _ in range(3)] == [1, 2, 3]
        assert await store.count(b"another", 10_000_000) == 1

    run(scenario)


@pytest.mark.parametrize(("name", "ttl_us"), [(b"", 1), (b"n" * 201, 1), (b"n", 0), (b"n", -5)])
def test_impossible_counters_are_refused(run, name, ttl_us):
    async def scenario(store, clock):
        with pytest.raises(ValueError, match="counter"):
            await store.count(name, ttl_us)

    run(scenario)


def test_health_says_ok(run):
    async def scenario(store, clock):
        health = store.health()
        assert (health.state, health.reason) == ("ok", "")

    run(scenario)
