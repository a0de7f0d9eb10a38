"""When a configured failure strikes: each condition by its exact law, and its draws by no one's leave."""

import pytest
from faults_laws import SEEDS, inside_binomial
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.config.failures import Burst, Failure, Ramp, Window
from simulator.engine.circumstances import Candidate
from simulator.engine.faults.failure import ReadyFailure, is_open
from simulator.engine.faults.striking import meet
from simulator.engine.plan import Address, Answer, Choice, Finish, Usage
from simulator.engine.seeds import Draws, SeedTree

ANSWER = Answer((Choice(("a ",) * 10, Finish.STOP),), Usage(1, 10), bytes(32), 0)
DIGEST = bytes(range(16))


def shard_of(seed, sequence):
    tree = SeedTree(seed)
    return (*tree.conditions(DIGEST, Address(seed, 0, 1, sequence)), False)


def keyed_of(seed, number, retry=0):
    tree = SeedTree(seed)
    return (*tree.conditions(DIGEST, Address(seed, 0, 0, 0, f"key-{number}", retry)), True)


def struck(failure, seed, count, *, keyed=False, elapsed=0.0):
    """The numbers of the requests that it strikes, of so many."""
    draws = Draws()
    if not keyed:
        key = shard_of(seed, 0)[0]
        places = ((key, number, False) for number in range(count))
    else:
        places = (keyed_of(seed, number) for number in range(count))
    found = enumerate(failure.strike(draws, where, elapsed=elapsed, count=1, asked=False, steps=10) for where in places)
    return [number for number, one in found if one is not None]


@pytest.mark.parametrize("keyed", [False, True], ids=["by shard", "keyed"])
@pytest.mark.parametrize("probability", [0.001, 0.02, 0.3, 0.5, 0.95])
def test_a_probability_is_the_share_of_requests(probability, keyed):
    failure = ReadyFailure("storm", Failure(probability=probability))
    count = 400 if keyed else 1_000
    counts = [len(struck(failure, seed, count, keyed=keyed)) for seed in SEEDS]
    assert all(inside_binomial(found, count, probability) for found in counts), counts
    assert inside_binomial(sum(counts), count * len(SEEDS), probability)
    assert len(set(counts)) > 1 or probability < 0.01, "seeds differ"


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_never_and_always_are_exact(probability):
    failure = ReadyFailure("storm", Failure(probability=probability))
    assert len(struck(failure, 7, 500)) == 500 * probability
    assert len(struck(failure, 7, 200, keyed=True)) == 200 * probability


def test_it_strikes_the_same_requests_again_and_others_with_another_name_seed_or_shard():
    failure = ReadyFailure("storm", Failure(probability=0.3))
    found = struck(failure, 3, 300)
    assert found == struck(ReadyFailure("storm", Failure(probability=0.3)), 3, 300)
    assert found != struck(failure, 4, 300)
    assert found != struck(ReadyFailure("storm2", Failure(probability=0.3)), 3, 300)
    more = struck(ReadyFailure("storm", Failure(probability=0.6)), 3, 300)
    assert set(found) < set(more), "a larger probability only adds"


def test_two_failures_draw_independently():
    one, other = (ReadyFailure(name, Failure(probability=p)) for name, p in (("one", 0.3), ("other", 0.4)))
    for seed in SEEDS:
        first, second = set(struck(one, seed, 1_000)), set(struck(other, seed, 1_000))
        assert inside_binomial(len(first & second), 1_000, 0.12)
        # Given the one, the other has its own share still.
        assert inside_binomial(len(first & second), len(first), 0.4)


def test_a_request_is_independent_of_the_one_before():
    failure = ReadyFailure("storm", Failure(probability=0.5))
    for seed in SEEDS:
        found = set(struck(failure, seed, 800))
        assert inside_binomial(sum(number + 1 in found for number in found), len(found), 0.5)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.builds(
            Failure,
            kind=st.sampled_from(["stall", "reset", "trickle", "server_error", "content_filter", "malformed"]),
            probability=st.floats(0, 1),
            priority=st.integers(0, 100),
            every=st.integers(1, 3),
            burst=st.none() | st.just(Burst(begin=0.2, end=0.4)),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_adding_failures_never_moves_anothers(others, keyed):
    watched = ReadyFailure("watched", Failure(kind="cut", probability=0.4, after_tokens=0))
    company = [ReadyFailure(f"other{number}", other) for number, other in enumerate(others)]
    candidates = sorted([watched, *company], key=lambda one: (one.settings.priority, one.name))
    draws = Draws()
    for number in range(60):
        where = keyed_of(5, number) if keyed else shard_of(5, number)
        alone = meet(draws, where, [Candidate(watched)], ANSWER, 0)
        among = meet(draws, where, [Candidate(one) for one in candidates], ANSWER, 0)
        assert ("watched" in among.names) == ("watched" in alone.names)


@pytest.mark.parametrize("every", [2, 3, 7])
def test_every_nth_is_exact_by_shard_and_a_chance_where_keyed(every):
    failure = ReadyFailure("nth", Failure(every=every))
    assert struck(failure, 1, 210) == list(range(every - 1, 210, every))
    for seed in SEEDS:
        assert inside_binomial(len(struck(failure, seed, 300, keyed=True)), 300, 1 / every)


def test_every_nth_of_a_probability_is_that_share_of_them():
    failure = ReadyFailure("nth", Failure(every=4, probability=0.5))
    for seed in SEEDS:
        found = struck(failure, seed, 1_200)
        assert all(number % 4 == 3 for number in found)
        assert inside_binomial(len(found), 300, 0.5)


@pytest.mark.parametrize(("begin", "end"), [(0.0, 1.0), (1.0, 0.2), (0.5, 0.5)])
def test_a_ramp_goes_evenly_from_one_share_to_the_other(begin, end):
    failure = ReadyFailure("ramp", Failure(probability=0.8, ramp=Ramp(begin=begin, end=end, over_secs=10)))
    for elapsed in (0.0, 2.5, 5.0, 10.0, 1_000.0):
        chance = 0.8 * (begin + (end - begin) * min(1.0, elapsed / 10))
        for seed in SEEDS[:8]:
            assert inside_binomial(len(struck(failure, seed, 1_000, elapsed=elapsed)), 1_000, chance)


def test_over_the_whole_of_a_ramp_the_mean_is_half_way():
    failure = ReadyFailure("ramp", Failure(ramp=Ramp(over_secs=20)))
    draws, total = Draws(), 0
    for seed in SEEDS:
        key = shard_of(seed, 0)[0]
        for number in range(500):
            elapsed = (number + 0.5) / 25
            found = failure.strike(draws, (key, number, False), elapsed=elapsed, count=0, asked=False, steps=1)
            total += found is not None
    # Chances that differ vary less than equal ones of the same mean (Hoeffding 1956), so the interval is a wide one.
    assert inside_binomial(total, 10_000, 0.5)


milliseconds = st.integers(0, 50_000)


@settings(max_examples=100, deadline=None)
@given(milliseconds, st.none() | st.integers(1, 20_000), st.none() | st.integers(0, 20_000), milliseconds)
def test_a_window_is_open_from_its_first_millisecond_to_the_one_before_its_last(after, lasts, pause, now):
    every = None if lasts is None or pause is None else lasts + pause
    window = Window(
        after_secs=after / 1000,
        for_secs=None if lasts is None else lasts / 1000,
        every_secs=None if every is None else every / 1000,
    )
    since = now - after
    wanted = since >= 0 and (lasts is None or (since if every is None else since % every) < lasts)
    assert is_open(window, now / 1000) == wanted


def test_the_edges_of_a_window_that_comes_again():
    window = Window(after_secs=0.1, for_secs=0.05, every_secs=0.1)
    moments = {0.0: False, 0.099: False, 0.1: True, 0.149: True, 0.15: False, 0.2: True, 0.249: True, 0.25: False}
    assert {at: is_open(window, at) for at in moments} == moments
    assert is_open(window, 0.3), "0.3 - 0.1 is less than 0.2 in binary"


def test_outside_its_window_it_spares_all_and_within_it_keeps_its_share():
    failure = ReadyFailure("storm", Failure(probability=0.3, window=Window(after_secs=5, for_secs=5)))
    assert struck(failure, 2, 500, elapsed=4.999) == []
    assert struck(failure, 2, 500, elapsed=10.0) == []
    within = struck(failure, 2, 500, elapsed=5.0)
    assert within == struck(failure, 2, 500, elapsed=9.999)
    assert within == struck(ReadyFailure("storm", Failure(probability=0.3)), 2, 500)


def test_the_first_n_by_the_count_of_the_fleet_or_of_tries():
    failure = ReadyFailure("first", Failure(first=2))
    draws = Draws()

    def names(where, count, retry):
        return meet(draws, where, [Candidate(failure, count=count)], ANSWER, retry).names

    assert [bool(names(shard_of(1, 9), count, 5)) for count in (1, 2, 3, 2**62)] == [True, True, False, False]
    assert [bool(names(keyed_of(1, 9, retry), 99, retry)) for retry in range(4)] == [True, True, False, False]


def test_who_asks_for_it_gets_it_whatever_its_conditions():
    never = Failure(
        probability=0, every=1_000, first=1, window=Window(after_secs=1_000), burst=Burst(outside=0, inside=0)
    )
    failure = ReadyFailure("never", never)
    found = meet(Draws(), shard_of(1, 1), [Candidate(failure, count=5, asked=True)], ANSWER, 0)
    assert found.fault is not None
    assert found.names == ("never",)


def test_a_drawn_place_is_anywhere_in_the_answer():
    failure = ReadyFailure("cut", Failure(kind="cut"))
    draws, counts = Draws(), [0] * 10
    for number in range(4_000):
        found = failure.strike(draws, shard_of(11, number), elapsed=0, count=0, asked=False, steps=10)
        counts[found.step] += 1
    assert all(inside_binomial(count, 4_000, 0.1) for count in counts), counts
