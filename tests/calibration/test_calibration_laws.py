"""What was configured as distributions, and what the server's whole milliseconds make of it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.calibration.laws import TICK, at, configured, mean, narrow, rounded, ticked
from simulator.calibration.sampling import bounds
from simulator.config.latency import Constant, Latency, LogNormal, Normal, Uniform
from simulator.engine.latency import build

U = np.linspace(0.01, 0.99, 99)


def test_a_pace_is_the_configuration_stretched_and_prefill_added():
    spec = LogNormal(p50_ms=100, p95_ms=200)
    pace = configured(Latency(ttft=spec, itl=Normal(mean_ms=20, std_dev_ms=2)), 0.5, 0.25)
    assert pace.first(U) == pytest.approx(build(spec).quantile(U) * 0.5 + 0.25)
    assert at(pace.gap, 0.5) == pytest.approx(0.01, rel=1e-6)


def test_what_is_not_configured_is_nothing():
    pace = configured(Latency(), 1.0, 0.0)
    assert not pace.first(U).any()
    assert not pace.gap(U).any()


def test_thoughts_come_before_the_first_token():
    """300 gaps of mean 20 ms and deviation 5 ms: a normal sum of 6 s, deviation 87 ms."""
    pace = configured(
        Latency(ttft=Constant(value_ms=500), itl=Normal(mean_ms=20, std_dev_ms=5)), 1.0, 0.1, thoughts=300
    )
    assert at(pace.first, 0.5) == pytest.approx(6.6, abs=0.01)
    assert at(pace.first, 0.95) - at(pace.first, 0.5) == pytest.approx(1.645 * 0.005 * math.sqrt(300), rel=0.1)
    again = configured(
        Latency(ttft=Constant(value_ms=500), itl=Normal(mean_ms=20, std_dev_ms=5)), 1.0, 0.1, thoughts=300
    )
    assert np.array_equal(pace.first(U), again.first(U))


def played(gaps, phases):
    """Gaps between moments that are rounded to the nearest tick, the first at each of the phases."""
    moments = np.cumsum(np.concatenate((np.zeros((len(phases), 1)), gaps), axis=1), axis=1) + phases[:, None]
    return np.diff(np.rint(moments / TICK) * TICK, axis=1)


@settings(max_examples=30)
@given(st.floats(0.0002, 0.05), st.integers(0, 2**32))
def test_the_law_of_sent_gaps_is_what_rounding_makes(gap, seed):
    """The formula against the wheel's rule itself: same values, same shares, and no bias."""
    phases = np.random.default_rng(seed).random(20_000) * TICK
    seen = played(np.full((20_000, 1), gap), phases).ravel()
    law = rounded(np.array([gap]), between=True)
    drawn = law.quantile((np.arange(20_000) + 0.5) / 20_000)
    assert set(np.rint(drawn / TICK)) >= set(np.rint(np.unique(seen) / TICK))
    assert drawn.mean() == pytest.approx(gap, abs=TICK / 5_000)
    assert seen.mean() == pytest.approx(gap, abs=TICK / 50)
    assert abs(np.mean(np.sort(seen) - np.sort(drawn))) < TICK / 40


def test_a_moment_is_off_by_half_a_tick_at_most():
    law = rounded(np.array([0.15]), between=False)
    assert at(law.quantile, 0.0) == pytest.approx(0.1495, abs=1e-4)
    assert at(law.quantile, 1.0) == pytest.approx(0.1505, abs=1e-4)
    assert at(law.quantile, 0.5) == pytest.approx(0.15, abs=1e-4)


def test_whole_ticks_stay_whole():
    """0.02 s is 20 ticks, though 0.02 / 0.001 is not 20 in doubles for every such number."""
    for ticks in range(1, 500):
        law = rounded(np.array([ticks * 1e-3]), between=True)
        assert at(law.quantile, 0.001) == pytest.approx(ticks * TICK)
        assert at(law.quantile, 0.999) == pytest.approx(ticks * TICK)


def test_ticked_keeps_the_mean():
    quantile = build(Uniform(min_ms=1, max_ms=9.5)).quantile
    assert mean(ticked(quantile, between=True).quantile) == pytest.approx(mean(quantile), rel=1e-3)


def test_narrow_is_within_two_ticks():
    assert narrow(build(Constant(value_ms=20)).quantile)
    assert not narrow(build(Uniform(min_ms=10, max_ms=20)).quantile)


def exact(n, k, x):
    """The probability that order statistic k of n uniforms is at most x."""
    return sum(math.comb(n, i) * x**i * (1 - x) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize(("n", "percent"), [(1, 50), (2, 95), (40, 99), (200, 95), (301, 50)])
def test_bounds_are_those_of_order_statistics(n, percent):
    low, high = bounds(n, percent, 0.02)
    place = (n - 1) * percent / 100
    assert exact(n, math.floor(place) + 1, low) == pytest.approx(0.01, rel=1e-6)
    assert exact(n, math.ceil(place) + 1, high) == pytest.approx(0.99, rel=1e-6)
    assert 0 <= low < high <= 1


def test_samples_lie_within_their_bounds():
    """2,000 samples of 100: at a chance of 10 % at most 10 % miss, and not a tenth of that."""
    draws = np.random.default_rng(5).random((2_000, 100))
    low, high = bounds(100, 95, 0.1)
    found = np.percentile(draws, 95, axis=1)
    missed = np.mean((found < low) | (found > high))
    assert 0.01 < missed < 0.1


def test_an_empty_sample_has_no_bounds():
    with pytest.raises(ValueError, match="at least one"):
        bounds(0, 50)
