"""Bursts are the Gilbert-Elliott chain: step by step, in their share, in their lengths, at a distance."""

import math
from functools import cache
from itertools import pairwise

import pytest
from faults_laws import SEEDS, chi_square, chi_square_critical, inside_binomial
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.config.failures import Burst, Failure
from simulator.engine.faults.burst import PAST, share, within
from simulator.engine.faults.failure import ReadyFailure
from simulator.engine.seeds import Draws, Purpose, SeedTree

NAME = 0x5EED
CHAINS = [Burst(begin=0.05, end=0.25), Burst(begin=0.3, end=0.3), Burst(begin=0.02, end=0.5), Burst(begin=0.9, end=0.8)]
IDS = [f"{chain.begin:g}-{chain.end:g}" for chain in CHAINS]


def key_of(seed, worker=0):
    return SeedTree(seed).shard(0, worker)


def states(burst, key, count, start=0):
    draws = Draws()
    return [within(burst, draws, key, NAME, number) for number in range(start, start + count)]


LONG = 1_000


@cache
def long_run(burst, seed):
    """The states of a shard's first requests."""
    return states(burst, key_of(seed), LONG)


def uniforms(key, count, start=0):
    """The draws that decide these steps, read another way: each by its own address."""
    draws, found = Draws(), []
    for number in range(start + PAST, start + PAST + count):
        draws.move(key, Purpose.BURST, 0, NAME, number // 4)
        found.append(draws.uniforms(4)[number % 4])
    return found


chance = st.floats(0.01, 0.9999) | st.sampled_from([0.01, 0.5, 1.0])


@settings(max_examples=40, deadline=None)
@given(chance, chance, st.integers(0, 2**40), st.integers(0, 1_000))
def test_each_state_follows_from_the_one_before_and_its_own_draw(begin, end, start, seed):
    key = key_of(seed)
    burst = Burst(begin=begin, end=end)
    found = states(burst, key, 40, start)
    for before, after, draw in zip(found, found[1:], uniforms(key, 40, start)[1:], strict=False):
        assert after == (draw < (1.0 - end if before else begin))


@pytest.mark.parametrize("burst", CHAINS, ids=IDS)
def test_the_order_in_which_states_are_asked_for_does_not_matter(burst):
    key, draws = key_of(8), Draws()
    forward = states(burst, key, 200)
    assert [within(burst, draws, key, NAME, number) for number in reversed(range(200))] == forward[::-1]


@pytest.mark.parametrize("burst", CHAINS, ids=IDS)
def test_the_share_of_bursts_is_the_chains_stationary_one_from_the_first_request_on(burst):
    draws = Draws()
    for sequence in (0, 1, 1_000_000):
        found = sum(
            within(burst, draws, key_of(seed, worker), NAME, sequence) for seed in SEEDS for worker in range(40)
        )
        # A state for each of 800 shards: these are independent, so that their number is binomial.
        assert inside_binomial(found, 800, share(burst))


@pytest.mark.parametrize("burst", CHAINS, ids=IDS)
def test_a_long_run_has_that_share_too(burst):
    count, expected = LONG, share(burst)
    memory = 1.0 - burst.begin - burst.end
    # The variance of a chain's mean: Kemeny and Snell, "Finite Markov chains", 1960, 4.6.
    deviation = math.sqrt(expected * (1 - expected) * (1 + memory) / (1 - memory) / count)
    found = [sum(long_run(burst, seed)) / count for seed in SEEDS]
    assert all(abs(one - expected) < 3.9 * deviation for one in found), (found, expected)


@pytest.mark.parametrize("burst", CHAINS, ids=IDS)
def test_bursts_and_the_time_between_them_have_geometric_lengths(burst):
    lengths = {True: [], False: []}
    for seed in SEEDS:
        found = long_run(burst, seed)
        run = 0
        for before, after in pairwise(found):
            run += 1
            if before != after:
                lengths[before].append(run)
                run = 0
    for inside, leaving in ((True, burst.end), (False, burst.begin)):
        seen = lengths[inside]
        assert len(seen) > 100
        cells = [(1.0 - leaving) ** (length - 1) * leaving for length in range(1, 200)]
        kept = [length for length, chance in enumerate(cells, 1) if chance * len(seen) >= 5]
        last = kept[-1]
        observed = [seen.count(length) for length in kept] + [sum(length > last for length in seen)]
        expected = [cells[length - 1] * len(seen) for length in kept] + [(1.0 - leaving) ** last * len(seen)]
        if expected[-1] < 5:
            observed[-2:], expected[-2:] = [sum(observed[-2:])], [sum(expected[-2:])]
        if len(observed) == 2:
            assert inside_binomial(observed[0], len(seen), expected[0] / len(seen))
        else:
            assert chi_square(observed, expected) < 1.02 * chi_square_critical(len(observed) - 1)


@pytest.mark.parametrize("burst", CHAINS, ids=IDS)
def test_states_at_a_distance_are_as_alike_as_the_chain_makes_them(burst):
    memory, expected = 1.0 - burst.begin - burst.end, share(burst)
    draws = Draws()
    for distance in (1, 2, 5, 40):
        alike = inside = 0
        for seed in SEEDS:
            for worker in range(30):
                key = key_of(seed, worker)
                if within(burst, draws, key, NAME, 100):
                    inside += 1
                    alike += within(burst, draws, key, NAME, 100 + distance)
        # Given a burst, the chance of one so many steps on: the chain's power in closed form.
        assert inside_binomial(alike, inside, expected + (1.0 - expected) * memory**distance)


def test_a_chain_that_turns_with_each_request_turns():
    found = states(Burst(begin=1.0, end=1.0), key_of(3), 50)
    assert found == [found[0], not found[0]] * 25
    starts = {states(Burst(begin=1.0, end=1.0), key_of(seed), 1)[0] for seed in SEEDS}
    assert starts == {True, False}


def test_the_rarest_chains_are_found_without_their_history():
    assert states(Burst(begin=0.0001, end=0.0001), key_of(3), 20) in ([True] * 20, [False] * 20)
    draws = Draws()
    found = sum(within(Burst(begin=0.0001, end=1.0), draws, key_of(seed), NAME, 2**45) for seed in range(300))
    assert inside_binomial(found, 300, 0.0001 / 1.0001)


@pytest.mark.parametrize("keyed", [False, True], ids=["by shard", "keyed"])
def test_a_failure_in_bursts_strikes_in_both_states_with_its_own_share(keyed):
    burst = Burst(begin=0.1, end=0.3, inside=0.9, outside=0.05)
    failure = ReadyFailure("flaky", Failure(probability=0.8, burst=burst))
    expected = 0.8 * (share(burst) * 0.9 + (1 - share(burst)) * 0.05)
    draws, total = Draws(), 0
    for number in range(2_500):
        # A shard for each request, so that no two of them share a burst.
        where = (key_of(1, number), 5, keyed)
        total += failure.strike(draws, where, elapsed=0, count=0, asked=False, steps=1) is not None
    assert inside_binomial(total, 2_500, expected)
    if not keyed:
        key = key_of(2)
        for inside, factor in ((True, 0.9), (False, 0.05)):
            numbers = [n for n in range(3_000) if within(burst, draws, key, failure.word, n) is inside]
            hits = sum(
                failure.strike(draws, (key, n, False), elapsed=0, count=0, asked=False, steps=1) is not None
                for n in numbers
            )
            assert inside_binomial(hits, len(numbers), 0.8 * factor)
