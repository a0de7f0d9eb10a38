"""The prompt cache's memory, as every store keeps it."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.state.store import DAY_US, MINUTE_US

SECOND_US = 1_000_000


def blocks(text):
    """A name for each beginning of the text."""
    return [text[: end + 1].encode() for end in range(len(text))]


def test_what_was_met_before_is_known(run):
    async def scenario(store, clock):
        assert await store.recall(blocks("abc"), MINUTE_US) == 0
        assert await store.recall(blocks("abc"), MINUTE_US) == 3
        assert await store.recall(blocks("abcde"), MINUTE_US) == 3
        assert await store.recall(blocks("abX"), MINUTE_US) == 2
        assert await store.recall(blocks("abcde"), MINUTE_US) == 5
        assert await store.recall(blocks("bc"), MINUTE_US) == 0
        assert await store.recall([], MINUTE_US) == 0

    run(scenario)


def test_the_longest_beginning_counts(run):
    """Two prompts that begin alike may be divided at other places."""

    async def scenario(store, clock):
        await store.recall([b"1", b"3"], MINUTE_US)
        assert await store.recall([b"1", b"2", b"3", b"4"], MINUTE_US) == 3

    run(scenario)


def test_a_name_is_forgotten_when_it_was_not_met_for_long(run):
    async def scenario(store, clock):
        await store.recall(blocks("ab"), MINUTE_US)
        clock.advance(MINUTE_US - SECOND_US - 1)
        assert await store.recall(blocks("a"), MINUTE_US) == 1, "and met again by this"
        clock.advance(SECOND_US + 1)
        assert await store.recall(blocks("ab"), MINUTE_US) == 1
        clock.advance(MINUTE_US)
        assert await store.recall(blocks("ab"), MINUTE_US) == 0

    run(scenario)


def test_a_life_may_be_short_and_a_shorter_one_takes_nothing_away(run):
    async def scenario(store, clock):
        await store.recall([b"a"], 100)
        clock.advance(98)
        assert await store.recall([b"a"], 1) == 1
        clock.advance(1)
        assert await store.recall([b"a"], 1) == 1
        clock.advance(2)
        assert await store.recall([b"a"], DAY_US) == 0
        assert await store.recall([b"a"], 1) == 1
        clock.advance(DAY_US - SECOND_US - 1)
        assert await store.recall([b"a"], 1) == 1

    run(scenario)


def test_of_many_who_come_at_once_one_is_the_first(run):
    async def scenario(store, clock):
        told = await asyncio.gather(*[store.recall(blocks("abcd"), MINUTE_US) for _ in range(20)])
        assert sorted(told) == [0, *[4] * 19]

    run(scenario)


def test_long_prompts_and_long_names(run):
    async def scenario(store, clock):
        names = [bytes([number]) * 64 for number in range(64)]
        assert await store.recall(names, MINUTE_US) == 0
        assert await store.recall(names, MINUTE_US) == 64
        assert await store.recall([names[0][:63]], MINUTE_US) == 0

    run(scenario)


def test_a_name_twice(run):
    async def scenario(store, clock):
        assert await store.recall([b"a", b"a"], MINUTE_US) == 0
        assert await store.recall([b"a", b"a"], MINUTE_US) == 2

    run(scenario)


def test_impossible_prompts_are_refused(run):
    async def scenario(store, clock):
        for names, ttl in (([b""], 1), ([b"x" * 65], 1), ([b"x"] * 65, 1), ([b"x"], 0), ([b"x"], 2**53)):
            with pytest.raises(ValueError, match=r"prompt|block"):
                await store.recall(names, ttl)
        assert await store.recall([b"x"], 1) == 0

    run(scenario)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.text("ab", max_size=5), st.integers(1, 50), st.integers(0, 30)), max_size=20))
def test_a_store_knows_what_was_met_within_its_time(run, steps):
    """Lives end between whole seconds, at which it is asked, and later by more than a name may be forgotten early."""

    async def scenario(store, clock):
        ends = {}
        for text, ttl, pause in steps:
            clock.advance(pause * SECOND_US)
            life = ttl * SECOND_US + 900_000
            names = blocks(text)
            known = [place for place, name in enumerate(names, 1) if ends.get(name, 0) > clock.now_us]
            assert await store.recall(names, life) == max(known, default=0)
            for name in names:
                ends[name] = max(ends.get(name, 0), clock.now_us + life)

    run(scenario)
