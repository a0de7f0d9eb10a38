"""Circuit breakers, as every store keeps them: step by step as the table has it, one for all who share the store."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.state.circuit import KEEP_US, OUTCOMES, TOLD, Circuit, CircuitRules, Event, State, kept_until_us, step

SECOND = 1_000_000
RULES = CircuitRules(2, 0, 10 * SECOND, 4, 30 * SECOND, 2, 20 * SECOND)


def rules(**changed):
    return CircuitRules(**{name: changed.get(name, getattr(RULES, name)) for name in RULES.__struct_fields__})


async def tell(store, event, ticket=0, name=b"openai", given=RULES):
    return await store.circuit(name, event, ticket, given)


async def fail(store, times):
    for _ in range(times):
        asked = await tell(store, Event.ASKED)
        standing = await tell(store, Event.FAILED, asked.ticket)
    return standing


def test_it_walks_through_its_states(run):
    async def scenario(store, clock):
        opened = await fail(store, 2)
        assert (opened.state, opened.entered, opened.left_us) == (State.OPEN, (State.OPEN,), 30 * SECOND)
        clock.advance(10 * SECOND)
        refused = await tell(store, Event.ASKED)
        assert (refused.allowed, refused.left_us, refused.degraded) == (False, 20 * SECOND, False)
        assert (await tell(store, Event.ASKED, name=b"anthropic")).allowed
        clock.advance(20 * SECOND)
        probes = [await tell(store, Event.ASKED) for _ in range(3)]
        assert [probe.allowed for probe in probes] == [True, True, False]
        assert probes[0].entered == (State.HALF_OPEN,)
        assert probes[0].since_us == clock.now_us
        await tell(store, Event.SUCCEEDED, probes[0].ticket)
        closed = await tell(store, Event.SUCCEEDED, probes[1].ticket)
        assert (closed.state, closed.entered) == (State.CLOSED, (State.CLOSED,))

    run(scenario)


def test_of_many_who_come_at_once_as_many_go_through_as_it_has_probes(run):
    async def scenario(store, clock):
        await fail(store, 2)
        clock.advance(30 * SECOND)
        told = await asyncio.gather(*[tell(store, Event.ASKED) for _ in range(40)])
        assert sum(one.allowed for one in told) == 2
        assert [one.entered for one in told if one.entered] == [(State.HALF_OPEN,)]
        allowed = [one for one in told if one.allowed]
        ended = await asyncio.gather(*[tell(store, Event.SUCCEEDED, one.ticket) for one in allowed])
        assert [one.entered for one in ended if one.entered] == [(State.CLOSED,)]

    run(scenario)


def test_failures_that_are_told_at_once_are_each_counted(run):
    async def scenario(store, clock):
        many = rules(threshold=30)
        asked = await asyncio.gather(*[tell(store, Event.ASKED, given=many) for _ in range(30)])
        ended = await asyncio.gather(*[tell(store, Event.FAILED, one.ticket, given=many) for one in asked])
        assert [one.entered for one in ended if one.entered] == [(State.OPEN,)]
        assert sorted(one.failures for one in ended) == list(range(30))

    run(scenario)


def test_it_is_forgotten_a_day_after_anything_may_still_come_of_it(run):
    async def scenario(store, clock):
        asked = await tell(store, Event.ASKED)
        await tell(store, Event.FAILED, asked.ticket)
        clock.advance(KEEP_US - 1)
        assert (await tell(store, Event.LOOKED)).failures == 1
        clock.advance(1)
        assert (await tell(store, Event.LOOKED)).failures == 0

    run(scenario)


def test_a_share_of_a_long_window(run):
    async def scenario(store, clock):
        given = rules(threshold=0, rate=400_000, window_us=10 * SECOND, minimum=10)
        for number in range(9):
            asked = await tell(store, Event.ASKED, given=given)
            event = Event.FAILED if number % 2 else Event.SUCCEEDED
            standing = await tell(store, event, asked.ticket, given=given)
            clock.advance(SECOND)
        assert (standing.state, standing.outcomes, standing.failed) == (State.CLOSED, 9, 4)
        asked = await tell(store, Event.ASKED, given=given)
        assert (await tell(store, Event.SUCCEEDED, asked.ticket, given=given)).entered == (State.OPEN,)

    run(scenario)


def test_nonsense_is_refused_and_changes_nothing(run):
    async def scenario(store, clock):
        for name, event, ticket in (
            (b"", Event.ASKED, 0),
            (b"x" * 201, Event.ASKED, 0),
            (b"x", Event.ELAPSED, 0),
            (b"x", Event.FAILED, 2**53),
        ):
            with pytest.raises(ValueError, match=r"circuit|ticket"):
                await tell(store, event, ticket, name)
        assert (await tell(store, Event.LOOKED, name=b"x")).ticket == 0

    run(scenario)


RULE_SETS = st.builds(
    CircuitRules,
    threshold=st.integers(0, 3),
    rate=st.sampled_from([0, 333_333, 500_000, 1_000_000]),
    window_us=st.sampled_from([7, 100, 60 * SECOND]),
    minimum=st.integers(1, 4),
    open_us=st.sampled_from([1, 50]),
    probes=st.integers(1, 4),
    probe_us=st.sampled_from([1, 50, 20 * SECOND]),
)
OFTEN = {Event.ASKED: 8, Event.SUCCEEDED: 4, Event.FAILED: 2, Event.DROPPED: 2, Event.TRIPPED: 2}
STEPS = st.lists(
    st.tuples(
        st.sampled_from([event for event in sorted(TOLD) for _ in range(OFTEN.get(event, 1))]),
        st.sampled_from([0, 0, 0, -1]),
        st.sampled_from([0, 0, 0, 1, 50]),
    ),
    min_size=60,
    max_size=100,
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(given=RULE_SETS, later=RULE_SETS, steps=STEPS)
def test_a_store_does_what_the_table_says(run, given, later, steps):
    """The rules change half way, and tickets are of this generation or an earlier one."""

    async def scenario(store, clock):
        model, ends = Circuit(), clock.now_us + KEEP_US
        for number, (event, back, pause) in enumerate(steps):
            clock.advance(pause)
            present = given if number * 2 < len(steps) else later
            ticket = max(0, model.generation + back) if event in OUTCOMES else 0
            before = model if clock.now_us < ends else Circuit()
            model, expected = step(before, Event(event), ticket, present, clock.now_us)
            if model is not before:
                ends = kept_until_us(model, clock.now_us)
            assert await tell(store, Event(event), ticket, given=present) == expected

    run(scenario)
