"""Empirical distributions and mixtures: what they interpolate, their atoms and jumps, and their bounds."""

import numpy as np
import pytest

from simulator.config import latency as config
from simulator.engine.latency import build

VALUES = (120.0, 80.0, 95.0, 400.0, 101.0, 99.0)


def test_values_have_the_percentiles_that_numpy_gives_them():
    measured = build(config.Empirical(values_ms=VALUES))
    for p in (0, 10, 33, 50, 95, 100):
        assert measured.percentile(p) == pytest.approx(np.percentile(VALUES, p) / 1000)


def test_one_value_is_a_constant():
    single = build(config.Empirical(values_ms=(7,)))
    assert single.quantile(np.array([0.0, 0.5, 0.99])) == pytest.approx([0.007] * 3)
    assert single.mean() == pytest.approx(0.007)


def test_a_table_is_linear_between_its_points_and_flat_beyond_them():
    table = build(config.Empirical(percentiles_ms=((10, 100), (50, 200), (90, 1000))))
    assert [table.percentile(p) for p in (0, 10, 30, 50, 70, 90, 100)] == pytest.approx(
        [0.1, 0.1, 0.15, 0.2, 0.6, 1.0, 1.0]
    )
    assert table.mean() == pytest.approx(0.1 * 0.1 + 0.4 * 0.15 + 0.4 * 0.6 + 0.1 * 1.0)


def test_bounds_condition_a_table():
    table = build(config.Empirical(percentiles_ms=((0, 0), (100, 1000)), min_ms=200, max_ms=600))
    assert [table.percentile(p) for p in (0, 50, 100)] == pytest.approx([0.2, 0.4, 0.6])
    assert table.mean() == pytest.approx(0.4)


def test_a_bound_on_an_atom_keeps_it():
    table = config.Empirical(values_ms=(10, 10, 10, 20))
    assert build(table).percentile(60) == pytest.approx(0.01)
    upper = config.Empirical(values_ms=(10, 10, 10, 20), min_ms=10)
    assert build(upper).percentile(60) == pytest.approx(0.01)
    lower = config.Empirical(values_ms=(10, 10, 10, 20), max_ms=10)
    assert build(lower).percentile(60) == pytest.approx(0.01)


def test_a_mixture_of_constants_has_their_weights():
    two = build(config.Mixture(components=(config.Constant(value_ms=10, weight=3), config.Constant(value_ms=90))))
    drawn = two.quantile((np.arange(1000) + 0.5) / 1000)
    assert np.isclose(drawn, 0.01).sum() == 750
    assert np.isclose(drawn, 0.09).sum() == 250
    assert two.mean() == pytest.approx(0.03)


def test_a_mixture_of_one_is_that_one():
    alone = build(config.LogNormal(p50_ms=800, p95_ms=1500))
    mixed = build(config.Mixture(components=(config.LogNormal(p50_ms=800, p95_ms=1500, weight=7),)))
    for p in (0.01, 1, 50, 99, 99.99):
        assert mixed.percentile(p) == pytest.approx(alone.percentile(p), rel=1e-4)
    assert mixed.mean() == alone.mean()


def test_a_mixture_is_the_weighted_sum_of_distribution_functions():
    fast, slow = config.Normal(mean_ms=20, std_dev_ms=5, weight=9), config.Normal(mean_ms=100, std_dev_ms=10, weight=1)
    both = build(config.Mixture(components=(fast, slow)))
    # Nearly all of the fast part lies below 60 ms and of the slow part above.
    assert both.percentile(90) == pytest.approx(0.060, abs=0.02)
    assert both.percentile(45) == pytest.approx(build(fast).percentile(50), rel=1e-3)
    assert both.percentile(95) == pytest.approx(build(slow).percentile(50), rel=1e-3)
    assert both.mean() == pytest.approx(0.028, rel=1e-4)


def test_mixtures_nest():
    inner = config.Mixture(components=(config.Constant(value_ms=10), config.Constant(value_ms=20)), weight=2)
    outer = build(config.Mixture(components=(inner, config.Constant(value_ms=30, weight=2))))
    assert [outer.percentile(p) for p in (20, 40, 60)] == pytest.approx([0.01, 0.02, 0.03])


def test_a_bounded_mixture_is_conditioned():
    inner = (config.Uniform(min_ms=0, max_ms=100), config.Uniform(min_ms=200, max_ms=300))
    part = build(config.Mixture(components=inner, min_ms=50, max_ms=250))
    assert [part.percentile(p) for p in (0, 25, 75, 100)] == pytest.approx([0.05, 0.075, 0.225, 0.25], rel=1e-3)
    assert part.mean() == pytest.approx(0.15, rel=1e-3)
