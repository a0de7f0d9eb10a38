"""Each family against closed forms and published values; parameters in milliseconds, delays in seconds."""

import math

import numpy as np
import pytest

from simulator.config import latency as config
from simulator.engine.latency import build

ZERO_TO_ONE = np.linspace(0, 1, 11)[:-1]


def test_constant():
    fixed = build(config.Constant(value_ms=50))
    assert fixed.quantile(ZERO_TO_ONE).tolist() == [0.05] * 10
    assert fixed.at(0.3) == fixed.mean() == fixed.percentile(99) == 0.05


def test_uniform_between_bounds():
    even = build(config.Uniform(min_ms=10, max_ms=30))
    assert even.quantile(np.array([0.0, 0.25, 0.5])) == pytest.approx([0.010, 0.015, 0.020])
    assert even.mean() == pytest.approx(0.020)
    assert build(config.Uniform(max_ms=30)).percentile(0) == 0.0


def test_uniform_by_percentiles_goes_on_beyond_them_but_not_below_zero():
    even = build(config.Uniform(p50_ms=100, p95_ms=145))
    assert [even.percentile(p) for p in (0, 100)] == pytest.approx([0.05, 0.15])
    assert build(config.Uniform(p50_ms=1, p95_ms=100)).percentile(0) == 0.0
    bounded = build(config.Uniform(p50_ms=100, p95_ms=145, min_ms=90, max_ms=200))
    assert [bounded.percentile(p) for p in (0, 50, 95, 100)] == pytest.approx([0.09, 0.1, 0.145, 0.2])


def test_normal_by_moments():
    bell = build(config.Normal(mean_ms=100, std_dev_ms=10))
    assert [bell.percentile(p) for p in (2.5, 50, 97.5)] == pytest.approx([0.0804004, 0.1, 0.1195996], rel=1e-6)
    assert bell.mean() == pytest.approx(0.1)


def test_normal_is_conditioned_on_not_being_negative():
    half = build(config.Normal(mean_ms=0, std_dev_ms=10))
    assert half.percentile(50) == pytest.approx(0.006744897501960817)
    assert half.mean() == pytest.approx(0.01 * math.sqrt(2 / math.pi))
    assert half.at(0.0) >= 0.0


def test_normal_by_percentiles_hits_them_although_it_is_cut():
    wide = build(config.Normal(p50_ms=5, p95_ms=50))
    assert [wide.percentile(p) for p in (50, 95)] == pytest.approx([0.005, 0.05])
    assert wide.at(0.0) == pytest.approx(0.0, abs=1e-9)


def test_log_normal_by_two_percentiles_is_a_straight_line_of_the_score():
    skewed = build(config.LogNormal(p50_ms=800, p95_ms=1500))
    sigma = math.log(1500 / 800) / 1.6448536269514722
    assert skewed.percentile(99) == pytest.approx(0.8 * math.exp(2.3263478740408408 * sigma))
    assert skewed.mean() == pytest.approx(0.8 * math.exp(sigma**2 / 2))


def test_log_normal_by_three_percentiles_hits_all_three():
    skewed = build(config.LogNormal(p50_ms=800, p95_ms=1500, p99_ms=2500))
    assert [skewed.percentile(p) for p in (50, 95, 99)] == pytest.approx([0.8, 1.5, 2.5], rel=1e-12)
    assert build(config.LogNormal(p50_ms=800, p95_ms=1500)).percentile(99) < 2.0


def test_log_normal_by_moments_has_them():
    skewed = build(config.LogNormal(mean_ms=20, std_dev_ms=5))
    assert skewed.mean() == pytest.approx(0.02)
    drawn = skewed.quantile((np.arange(200_000) + 0.5) / 200_000)
    assert drawn.std() == pytest.approx(0.005, rel=1e-3)


def test_exponential_by_mean_and_by_one_percentile():
    memoryless = build(config.Exponential(mean_ms=100))
    assert memoryless.percentile(50) == pytest.approx(0.1 * math.log(2))
    assert memoryless.mean() == pytest.approx(0.1)
    assert build(config.Exponential(p50_ms=100)).mean() == pytest.approx(0.1 / math.log(2))
    assert build(config.Exponential(p99_ms=100)).mean() == pytest.approx(0.1 / math.log(100))


def test_an_exponential_that_starts_late_is_as_long_beyond_its_start():
    late = build(config.Exponential(mean_ms=100, min_ms=30))
    assert late.mean() == pytest.approx(0.13)
    assert late.percentile(50) == pytest.approx(0.03 + 0.1 * math.log(2))


def test_gamma_of_shape_one_is_exponential():
    one = build(config.Gamma(shape=1, scale_ms=100))
    for p in (0.01, 1, 50, 99, 99.99):
        assert one.percentile(p) == pytest.approx(-0.1 * math.log1p(-p / 100), rel=1e-4)


def test_gamma_by_moments_and_by_shape_are_the_same():
    by_moments = build(config.Gamma(mean_ms=20, std_dev_ms=10))
    by_shape = build(config.Gamma(shape=4, scale_ms=5))
    assert by_moments.percentile(95) == pytest.approx(by_shape.percentile(95), rel=1e-9)
    assert by_moments.mean() == pytest.approx(0.02)


def test_gamma_by_percentiles_finds_its_shape():
    known = build(config.Gamma(shape=3, scale_ms=50))
    p50, p95 = known.percentile(50) * 1000, known.percentile(95) * 1000
    found = build(config.Gamma(p50_ms=p50, p95_ms=p95))
    assert found.percentile(99) == pytest.approx(known.percentile(99), rel=1e-4)
    assert found.mean() == pytest.approx(0.15, rel=1e-4)


def test_gamma_hits_percentiles_that_no_shape_has():
    narrow = build(config.Gamma(p50_ms=1000, p95_ms=1001))
    assert [narrow.percentile(p) for p in (50, 95)] == pytest.approx([1.0, 1.001], rel=1e-9)


def test_weibull():
    known = build(config.Weibull(shape=2, scale_ms=100))
    assert known.percentile(100 * (1 - math.exp(-1))) == pytest.approx(0.1)
    assert known.mean() == pytest.approx(0.1 * math.gamma(1.5))
    assert build(config.Weibull(shape=1, scale_ms=100)).percentile(50) == pytest.approx(0.1 * math.log(2))


def test_weibull_by_percentiles_finds_its_shape():
    known = build(config.Weibull(shape=2, scale_ms=100))
    found = build(config.Weibull(p50_ms=known.percentile(50) * 1000, p99_ms=known.percentile(99) * 1000))
    assert found.percentile(95) == pytest.approx(known.percentile(95))
    assert found.mean() == pytest.approx(known.mean())


def test_pareto():
    tail = build(config.Pareto(shape=2, scale_ms=10))
    assert tail.at(0.0) == pytest.approx(0.01)
    assert tail.percentile(99) == pytest.approx(0.1)
    assert tail.mean() == pytest.approx(0.02)


def test_pareto_without_a_mean_is_bounded():
    tail = build(config.Pareto(shape=1, scale_ms=10, max_ms=1000))
    assert tail.mean() == pytest.approx(0.01 * math.log(100) / 0.99)
    assert tail.at(1 - 2**-53) == pytest.approx(1.0)


def test_a_log_normal_below_its_median_is_the_lower_half():
    whole = build(config.LogNormal(mean_ms=20, std_dev_ms=10))
    half = build(config.LogNormal(mean_ms=20, std_dev_ms=10, max_ms=whole.percentile(50) * 1000))
    for p in (10, 50, 90):
        assert half.percentile(p) == pytest.approx(whole.percentile(p / 2), rel=1e-9)


def test_bounds_that_hold_almost_nothing_are_filled():
    sliver = build(config.Normal(mean_ms=1000, std_dev_ms=100, min_ms=900, max_ms=900.0000000001))
    drawn = sliver.quantile(ZERO_TO_ONE)
    assert drawn == pytest.approx([0.9] * 10)
    assert sliver.mean() == pytest.approx(0.9)


@pytest.mark.parametrize(
    "spec",
    [
        config.Pareto(p50_ms=1, p95_ms=17, p99_ms=18, min_ms=0.5, max_ms=27),
        config.LogNormal(p50_ms=1, p95_ms=1.1, p99_ms=1_000, max_ms=1e5),
    ],
)
def test_a_bound_that_only_an_end_segment_reaches_is_its_end_and_gathers_no_draws(spec):
    """The slope between two percentiles may reach a bound that the line of the family does not: draws were moved to the
    bound, and the mean was that of a distribution without it."""
    bounded = build(spec)
    drawn = np.sort(bounded.quantile((np.arange(200_000) + 0.5) / 200_000))
    assert bounded.mean() == pytest.approx(drawn.mean(), rel=1e-3)
    low, high = (spec.min_ms or 0) / 1000, spec.max_ms / 1000
    assert ((drawn > low) & (drawn < high)).all()
    assert [bounded.percentile(p) for p in (50, 95, 99)] == pytest.approx(
        [spec.p50_ms / 1000, spec.p95_ms / 1000, spec.p99_ms / 1000]
    )
