"""Limits and leases, as every store keeps them."""

import asyncio
import random

import pytest

from simulator.state.embedded import buckets
from simulator.state.store import DAY_US, MINUTE_US, NEVER, Demand, Lease, Standing

SECOND_US = 1_000_000


def rpm(amount=1, capacity=3, name=b"rpm", *, fixed=False):
    return Demand(name, amount, capacity, MINUTE_US, fixed)


async def standing(store, demand):
    """How a limit stands, without asking anything of it."""
    verdict = await store.admit([Demand(demand.name, 0, demand.capacity, demand.period_us, demand.fixed)])
    return verdict.standings[0]


def test_a_bucket_is_full_at_first_and_refills_steadily(run):
    async def scenario(store, clock):
        left = []
        for _ in range(3):
            verdict = await store.admit([rpm()])
            assert verdict.admitted
            assert not verdict.degraded
            left.append(verdict.standings[0].remaining)
        assert left == [2, 1, 0]
        assert verdict.standings == (Standing(3, 0, MINUTE_US, 0),)
        refused = await store.admit([rpm()])
        assert not refused.admitted
        assert refused.standings == (Standing(3, 0, MINUTE_US, 20 * SECOND_US),)
        clock.advance(20 * SECOND_US - 1)
        assert (await store.admit([rpm()])).standings[0].wait_us == 1
        clock.advance(1)
        assert (await store.admit([rpm()])).admitted
        clock.advance(MINUTE_US)
        assert await standing(store, rpm()) == Standing(3, 3, 0, 0)

    run(scenario)


def test_a_fixed_window_begins_with_its_first_request_and_grants_all_anew(run):
    async def scenario(store, clock):
        clock.advance(10 * SECOND_US)
        for _ in range(3):
            assert (await store.admit([rpm(fixed=True)])).admitted
            clock.advance(SECOND_US)
        refused = await store.admit([rpm(fixed=True)])
        assert refused.standings == (Standing(3, 0, 57 * SECOND_US, 57 * SECOND_US),)
        clock.advance(57 * SECOND_US - 1)
        assert not (await store.admit([rpm(fixed=True)])).admitted
        clock.advance(1)
        whole = await store.admit([rpm(3, fixed=True)])
        assert whole.standings == (Standing(3, 0, MINUTE_US, 0),)

    run(scenario)


@pytest.mark.parametrize("fixed", [False, True])
def test_all_or_nothing(run, fixed):
    async def scenario(store, clock):
        tokens = Demand(b"tokens", 600, 1000, MINUTE_US, fixed)
        assert (await store.admit([rpm(fixed=fixed), tokens])).admitted
        refused = await store.admit([rpm(fixed=fixed), tokens])
        assert not refused.admitted
        assert [each.remaining for each in refused.standings] == [2, 400]
        assert refused.standings[0].wait_us == 0
        assert refused.standings[1].wait_us > 0
        assert (await standing(store, rpm(fixed=fixed))).remaining == 2

    run(scenario)


def test_more_than_the_limit_is_never_granted(run):
    async def scenario(store, clock):
        refused = await store.admit([rpm(4)])
        assert refused.standings == (Standing(3, 3, 0, NEVER),)
        assert (await store.admit([rpm(3)])).admitted

    run(scenario)


def test_an_amount_of_nothing_reads(run):
    async def scenario(store, clock):
        slow = Demand(b"slow", 1, 1, DAY_US)
        assert (await store.admit([slow])).admitted
        # Each leak is rounded down: if reading wrote the state, these would keep it from ever refilling.
        for _ in range(20):
            clock.advance(DAY_US // 20)
            verdict = await store.admit([Demand(b"slow", 0, 1, DAY_US)])
            assert verdict.admitted
        assert verdict.standings == (Standing(1, 1, 0, 0),)
        assert (await standing(store, rpm(name=b"unused"))) == Standing(3, 3, 0, 0)

    run(scenario)


def test_asking_twice_in_one_request_counts_twice(run):
    async def scenario(store, clock):
        verdict = await store.admit([rpm(1), rpm(2)])
        assert verdict.admitted
        assert verdict.standings[1].remaining == 0
        clock.advance(MINUTE_US)
        refused = await store.admit([rpm(2), rpm(2)])
        assert not refused.admitted
        assert (await store.admit([rpm(3)])).admitted

    run(scenario)


@pytest.mark.parametrize("fixed", [False, True])
def test_settling_gives_back_but_nothing_below_zero(run, fixed):
    async def scenario(store, clock):
        def asked(amount):
            return Demand(b"tokens", amount, 1000, MINUTE_US, fixed)

        await store.admit([asked(800)])
        await store.settle([asked(-500)])
        assert (await standing(store, asked(0))).remaining == 700
        await store.settle([asked(-5000)])
        assert await standing(store, asked(0)) == Standing(1000, 1000, 0, 0)
        await store.settle([Demand(b"never asked", -5, 10, MINUTE_US, fixed)])
        assert (await standing(store, Demand(b"never asked", 0, 10, MINUTE_US, fixed))).remaining == 10

    run(scenario)


def test_settling_charges_without_asking(run):
    async def scenario(store, clock):
        def asked(amount):
            return Demand(b"tokens", amount, 600, MINUTE_US)

        await store.admit([asked(600)])
        await store.settle([asked(60)])
        refused = await store.admit([asked(1)])
        assert refused.standings[0].remaining == 0
        wait = refused.standings[0].wait_us
        assert wait == 6_100_000
        clock.advance(wait - 1)
        assert not (await store.admit([asked(1)])).admitted
        clock.advance(1)
        assert (await store.admit([asked(1)])).admitted

    run(scenario)


def test_giving_back_begins_no_window(run):
    async def scenario(store, clock):
        await store.admit([rpm(2, fixed=True)])
        clock.advance(2 * MINUTE_US)
        await store.settle([rpm(-1, fixed=True)])
        clock.advance(30 * SECOND_US)
        assert (await store.admit([rpm(fixed=True)])).standings == (Standing(3, 2, MINUTE_US, 0),)

    run(scenario)


def test_a_clock_that_steps_back(run):
    async def scenario(store, clock):
        await store.admit([rpm(3)])
        clock.advance(-10 * SECOND_US)
        refused = await store.admit([rpm()])
        assert refused.standings[0].wait_us == 30 * SECOND_US
        clock.advance(-MINUTE_US)
        assert (await store.admit([rpm(3)])).admitted, "an hour that never was must not be waited for"

    run(scenario)


@pytest.mark.parametrize(
    "demand",
    [
        Demand(b"", 1, 1, 1),
        Demand(b"n" * 201, 1, 1, 1),
        Demand(b"n", -1, 1, 1),
        Demand(b"n", 1, 0, 1),
        Demand(b"n", 1, -1, 1),
        Demand(b"n", 1, buckets.CAPACITY_MOST + 1, 1),
        Demand(b"n", 1, 1, 0),
        Demand(b"n", 1, 1, 2**60),
        Demand(b"n", 2**60, 1, 1),
    ],
    ids=str,
)
def test_nonsense_is_refused_and_changes_nothing(run, demand):
    async def scenario(store, clock):
        with pytest.raises(ValueError, match="limit"):
            await store.admit([rpm(), demand])
        if demand.amount >= 0:
            with pytest.raises(ValueError, match="limit"):
                await store.settle([rpm(), demand])
        assert (await standing(store, rpm())).remaining == 3

    run(scenario)


def test_nonsense_leases_are_refused(run):
    async def scenario(store, clock):
        for lease in (Lease(b"", 1), Lease(b"n" * 201, 1), Lease(b"n", 0)):
            with pytest.raises(ValueError, match="lease"):
                await store.admit([rpm()], [lease])
        assert (await standing(store, rpm())).remaining == 3

    run(scenario)


def test_leases_are_places_that_come_back(run):
    async def scenario(store, clock):
        place = Lease(b"places", 2)
        first = await store.admit([rpm(capacity=9)], [place])
        assert first.standings[1] == Standing(2, 1, SECOND_US, 0)
        assert (await store.admit([rpm(capacity=9)], [place])).admitted
        refused = await store.admit([rpm(capacity=9)], [place])
        assert not refused.admitted
        assert refused.standings == (
            Standing(9, 7, refused.standings[0].reset_us, 0),
            Standing(2, 0, SECOND_US, SECOND_US),
        )
        assert (await standing(store, rpm(capacity=9))).remaining == 7
        await store.settle([], [b"places"])
        assert (await store.admit([], [place])).admitted

    run(scenario)


def test_a_lease_without_its_demand_is_not_taken(run):
    async def scenario(store, clock):
        place = Lease(b"places", 1)
        assert not (await store.admit([rpm(4)], [place])).admitted
        assert not (await store.admit([], [place, Lease(b"others", 1), Lease(b"others", 1)])).admitted
        assert (await store.admit([], [place])).admitted

    run(scenario)


def test_releasing_what_nobody_holds_is_harmless(run):
    async def scenario(store, clock):
        await store.settle([], [b"places", b"places"])
        place = Lease(b"places", 1)
        assert (await store.admit([], [place])).admitted
        assert not (await store.admit([], [place])).admitted

    run(scenario)


def test_many_at_once_are_counted_exactly(run):
    async def scenario(store, clock):
        verdicts = await asyncio.gather(*[store.admit([rpm(capacity=50), rpm(2, 1000, b"t")]) for _ in range(200)])
        assert sum([verdict.admitted for verdict in verdicts]) == 50
        assert (await standing(store, rpm(capacity=1000, name=b"t"))).remaining == 900

    run(scenario)


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_agrees_with_the_specification(run, seed):
    """Against `buckets` itself, through requests, settlements, refusals and times of every size."""
    chance = random.Random(seed)
    periods = [1, 1000, SECOND_US, MINUTE_US, DAY_US, 7_777_777]
    capacities = [1, 2, 7, 60, 3500, 10_000_000, buckets.CAPACITY_MOST]
    limits = [
        (b"limit %d" % index, chance.choice(capacities), chance.choice(periods), chance.random() < 0.3)
        for index in range(8)
    ]

    async def scenario(store, clock):
        states = {}
        for _ in range(250):
            name, capacity, period, fixed = chance.choice(limits)
            clock.advance(chance.choice([0, 1, period // 7, period // 2, period, 2 * period, -period // 3]))
            now = clock.now_us
            stored = states.get(name, (0, now))
            level, at_us = buckets.present(Demand(name, 0, capacity, period, fixed), *stored, now)
            if chance.random() < 0.3:
                amount = chance.randint(-capacity, capacity)
                await store.settle([Demand(name, amount, capacity, period, fixed)])
                if amount > 0 or (amount < 0 and level > 0):
                    states[name] = buckets.charged(level, amount), at_us
                continue
            amount = chance.choice([0, 1, capacity // 3, capacity, capacity + 1])
            demand = Demand(name, amount, capacity, period, fixed)
            granted = level + amount * buckets.UNIT <= capacity * buckets.UNIT
            wait = 0 if granted else buckets.wait_us(demand, *stored, now)
            if granted and amount:
                level += amount * buckets.UNIT
                states[name] = level, at_us
            verdict = await store.admit([demand])
            reset = buckets.reset_us(demand, level, at_us, now)
            assert verdict.admitted == granted
            assert verdict.standings == (Standing(capacity, buckets.remaining(demand, level), reset, wait),)

    run(scenario)
