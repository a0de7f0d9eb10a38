"""The arithmetic of limits: what must hold for every limit, every amount and every time."""

import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simulator.state.embedded import buckets
from simulator.state.embedded.buckets import CAPACITY_MOST, LEVEL_MOST, UNIT
from simulator.state.store import DAY_US, MINUTE_US, NEVER, Demand, Standing

NOW = 1_750_000_000_000_000
CAPACITIES = st.one_of(st.integers(1, 100), st.integers(1, 10_000_000), st.integers(1, CAPACITY_MOST))
PERIODS = st.one_of(st.sampled_from([1, 1_000_000, MINUTE_US, DAY_US]), st.integers(1, 40 * DAY_US))
LEVELS = st.one_of(st.integers(0, LEVEL_MOST), st.integers(0, 10**7))
DEMANDS = st.builds(Demand, st.just(b"n"), st.integers(0, CAPACITY_MOST), CAPACITIES, PERIODS, st.booleans())


@st.composite
def situations(draw):
    """A demand that could be granted, a stored level, and how long ago it was right (perhaps in the future)."""
    demand = draw(DEMANDS)
    amount = draw(st.integers(0, demand.capacity))
    elapsed = draw(st.one_of(st.integers(-2 * demand.period_us, 3 * demand.period_us), st.integers(0, 1000)))
    level = draw(st.one_of(LEVELS, st.integers(0, demand.capacity * UNIT)))
    return Demand(b"n", amount, demand.capacity, demand.period_us, demand.fixed), level, NOW - elapsed


def granted(demand, level, at_us, now_us):
    used, _ = buckets.present(demand, level, at_us, now_us)
    return used + demand.amount * UNIT <= demand.capacity * UNIT


@given(situations())
def test_who_waits_exactly_so_long_is_admitted_and_a_microsecond_less_is_refused(situation):
    demand, level, at_us = situation
    wait = buckets.wait_us(demand, level, at_us, NOW)
    assert granted(demand, level, at_us, NOW + wait)
    if wait:
        assert not granted(demand, level, at_us, NOW + wait - 1)


@given(situations())
def test_taking_in_one_piece_is_the_rules_one_after_the_other(situation):
    demand, level, at_us = situation
    used, since = buckets.present(demand, level, at_us, NOW)
    taken = buckets.take(demand, level, at_us, NOW)
    assert (taken is not None) == granted(demand, level, at_us, NOW)
    if taken is not None:
        used += demand.amount * UNIT
        reset = buckets.reset_us(demand, used, since, NOW)
        assert taken == (used, since, Standing(demand.capacity, buckets.remaining(demand, used), reset))


@given(DEMANDS, LEVELS)
def test_more_than_the_limit_never_comes(demand, level):
    assume(demand.amount > demand.capacity)
    assert buckets.wait_us(demand, level, NOW, NOW) == NEVER
    assert buckets.take(demand, 0, NOW, NOW) is None


@st.composite
def loads(draw):
    """A token bucket and requests at times in order, each as an amount."""
    capacity, period = draw(st.integers(1, 5000)), draw(st.sampled_from([1000, 1_000_000, MINUTE_US]))
    gaps = st.one_of(st.integers(0, 10), st.integers(0, period // 3), st.integers(0, 2 * period))
    requests = draw(st.lists(st.tuples(gaps, st.integers(0, capacity)), min_size=1, max_size=40))
    return capacity, period, requests


@given(loads())
def test_no_interval_is_granted_more_than_the_bucket_and_what_refills(load):
    """The promise of a token bucket: at most capacity + capacity * T / period within any T."""
    capacity, period, requests = load
    now, level, at_us = NOW, 0, NOW
    grants = []
    for gap, amount in requests:
        now += gap
        taken = buckets.take(Demand(b"n", amount, capacity, period), level, at_us, now)
        if taken is not None and amount:
            level, at_us, _ = taken
            grants.append((now, amount))
    for first, (began, _) in enumerate(grants):
        total = 0
        for ended, amount in grants[first:]:
            total += amount
            assert total * period <= capacity * (period + ended - began)


@given(loads())
def test_no_window_is_granted_more_than_its_capacity(load):
    capacity, period, requests = load
    now, level, at_us = NOW, 0, NOW
    windows = {}
    for gap, amount in requests:
        now += gap
        taken = buckets.take(Demand(b"n", amount, capacity, period, fixed=True), level, at_us, now)
        if taken is not None and amount:
            level, at_us, _ = taken
            assert at_us <= now < at_us + period
            windows[at_us] = windows.get(at_us, 0) + amount
    assert all(total <= capacity for total in windows.values())
    begins = sorted(windows)
    assert all(after - before >= period for before, after in itertools.pairwise(begins))


@given(situations())
def test_settling_gives_back_what_was_taken(situation):
    demand, level, at_us = situation
    taken = buckets.take(demand, level, at_us, NOW)
    assume(taken is not None)
    assert buckets.charged(taken[0], -demand.amount) == buckets.present(demand, level, at_us, NOW)[0]


@given(LEVELS, st.integers(-LEVEL_MOST, LEVEL_MOST))
def test_a_level_stays_within_its_bounds(level, amount):
    assert 0 <= buckets.charged(level, amount) <= LEVEL_MOST


@given(situations())
def test_nothing_is_used_when_it_is_reset(situation):
    demand, level, at_us = situation
    used, since = buckets.present(demand, level, at_us, NOW)
    reset = buckets.reset_us(demand, used, since, NOW)
    assert buckets.present(demand, used, since, NOW + reset + 1)[0] == 0
    if reset > 1:
        assert buckets.present(demand, used, since, NOW + reset - 2)[0] > 0


@given(situations(), st.tuples(LEVELS, st.integers(-MINUTE_US, MINUTE_US)))
def test_raised_is_at_least_as_used_as_both(situation, other):
    demand, *one = situation
    one, other = tuple(one), (other[0], NOW + other[1])
    both = buckets.raised(demand, one, other)
    later = max(one[1], other[1])
    assert buckets.raised(demand, other, one) == both
    for each in (one, other):
        assert both[0] >= buckets.present(demand, *each, later)[0]


@given(st.integers(1, LEVEL_MOST), CAPACITIES, PERIODS)
def test_a_leak_never_exceeds_the_true_one_by_a_millionth(elapsed, capacity, period):
    """Rounded down from doubles; a double may be off by a few parts in 2**53."""
    elapsed %= period
    leaked = buckets.leak(elapsed, capacity, period)
    true = elapsed * capacity * UNIT // period
    assert abs(leaked - true) <= 1 + true * 4 // 2**53
    assert leaked == math.floor(float(elapsed) * float(capacity) * 1e6 / float(period))


@pytest.mark.parametrize(
    ("level", "left"), [(0, 5), (1, 4), (UNIT, 4), (4 * UNIT + 1, 0), (5 * UNIT, 0), (9 * UNIT, 0), (LEVEL_MOST, 0)]
)
def test_what_remains_is_whole(level, left):
    assert buckets.remaining(Demand(b"n", 1, 5, MINUTE_US), level) == left
