"""Degradation: a factor that grows by the hour up to a limit, and one that follows the hours of a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.load_model import Degradation
from simulator.engine.latency.ageing import Ageing

HOUR = 3_600
DAY = ((6.0, 1.0), (12.0, 2.0), (18.0, 1.5))

ages = st.floats(0, 1e8)
pairs = st.tuples(st.integers(0, 95).map(lambda quarter: quarter / 4), st.floats(0.01, 100))
days = st.lists(pairs, min_size=2, max_size=8, unique_by=lambda pair: pair[0]).map(lambda day: tuple(sorted(day)))


@given(st.floats(0, 100), st.none() | st.floats(1, 50), ages, ages)
def test_growth_begins_at_one_and_never_falls(per_hour, most, one, more):
    ageing = Ageing(Degradation(per_hour=per_hour, most=most))
    assert ageing.after(0.0) == 1.0
    assert 1.0 <= ageing.after(one) <= ageing.after(one + more)
    assert most is None or ageing.after(one) <= most


def test_growth_is_by_the_hour_up_to_its_limit():
    ageing = Ageing(Degradation(per_hour=0.05, most=1.5))
    found = [ageing.after(hours * HOUR) for hours in (0, 1, 4, 10, 1_000)]
    assert found == pytest.approx([1.0, 1.05, 1.2, 1.5, 1.5])


@given(days, ages)
def test_a_day_stays_between_its_least_and_its_greatest_factor_and_comes_again(day, age):
    ageing = Ageing(Degradation(daily=day))
    factors = [factor for _, factor in day]
    assert min(factors) * (1 - 1e-9) <= ageing.after(age) <= max(factors) * (1 + 1e-9)


@given(days)
def test_each_pair_of_a_day_is_hit_every_day(day):
    ageing = Ageing(Degradation(daily=day))
    for hour, factor in day:
        assert ageing.after(hour * HOUR) == pytest.approx(factor, rel=1e-9)
    assert ageing.after((day[0][0] + 24) * HOUR) == pytest.approx(ageing.after(day[0][0] * HOUR), rel=1e-3)


def test_a_day_is_straight_between_its_pairs_over_midnight_too():
    ageing = Ageing(Degradation(daily=DAY))
    found = [ageing.after(hour * HOUR) for hour in (6, 9, 12, 15, 18, 21, 24, 27, 30, 33)]
    assert found == pytest.approx([1.0, 1.5, 2.0, 1.75, 1.5, 1.375, 1.25, 1.125, 1.0, 1.5])


def test_a_day_begins_where_it_is_told_to():
    noon = Ageing(Degradation(daily=DAY, starts_at=12))
    assert [noon.after(hour * HOUR) for hour in (0, 6, 18)] == pytest.approx([2.0, 1.5, 1.0])


def test_time_can_be_made_to_pass_faster():
    slow = Ageing(Degradation(daily=DAY, per_hour=0.1, starts_at=9))
    fast = Ageing(Degradation(daily=DAY, per_hour=0.1, starts_at=9, speed=144))
    for seconds in (0, 1_000, 40_000, 86_400, 200_000):
        assert fast.after(seconds / 144) == pytest.approx(slow.after(seconds))


def test_growth_and_day_multiply():
    both = Ageing(Degradation(daily=DAY, per_hour=0.5))
    assert both.after(12 * HOUR) == pytest.approx(2.0 * 7.0)
