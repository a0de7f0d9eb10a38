"""The distance of a sample from a distribution."""

import numpy as np
import pytest
from fitting_samples import SPECIMENS, drawn, stratified
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.config import latency as config
from simulator.engine.latency import build
from simulator.fitting.goodness import cumulative, kolmogorov, ks, percentiles

EXACT = 2e-5


def test_the_distance_is_that_of_the_formula():
    """For a uniform distribution the supremum can be written down from the order statistics."""
    u = np.random.default_rng(3).random(400)
    ordered = np.sort(u)
    up, low = np.arange(1, 401) / 400, np.arange(400) / 400
    expected = max((up - ordered).max(), (ordered - low).max())
    uniform = build(config.Uniform(min_ms=0, max_ms=1000))
    assert ks(u, uniform.quantile).d == pytest.approx(expected, abs=EXACT)
    assert ks(ordered, uniform.quantile) == ks(u, uniform.quantile)


@pytest.mark.parametrize("family", SPECIMENS)
def test_a_sample_without_chance_is_as_near_as_its_size_allows(family):
    sample = stratified(SPECIMENS[family], 1000)
    assert ks(sample, build(SPECIMENS[family]).quantile).d == pytest.approx(1 / 2000, abs=5 * EXACT)


def test_p_values_are_even_under_the_truth():
    """The share of samples with a p-value below x is x: the definition of one."""
    quantile = build(SPECIMENS["gamma"]).quantile
    p = np.array([ks(drawn(SPECIMENS["gamma"], 200, seed), quantile).p for seed in range(200)])
    assert kolmogorov(float(np.abs(np.sort(p) - (np.arange(200) + 0.5) / 200).max()), 200) > 0.001


@pytest.mark.parametrize(
    ("argument", "chance"), [(0.5, 0.963945), (0.82757, 0.5), (1.22385, 0.1), (1.35810, 0.05), (1.62762, 0.01)]
)
def test_kolmogorovs_table(argument, chance):
    """For a huge sample the correction is nothing, and the published table remains."""
    n = 10**12
    assert kolmogorov(argument / 1e6, n) == pytest.approx(chance, abs=2e-5)


def test_the_two_series_meet():
    below, above = (kolmogorov(x / 1e6, 10**12) for x in (1.2 - 1e-9, 1.2 + 1e-9))
    assert below == pytest.approx(above, abs=1e-8)
    assert kolmogorov(0.0, 10) == 1.0
    assert kolmogorov(1.0, 1000) == 0.0


def test_atoms_are_no_distance():
    constant = build(config.Constant(value_ms=12.3)).quantile
    assert ks(np.full(50, 0.0123), constant) == (0.0, 1.0)
    assert ks(np.full(50, 12.3 * 1e-3), constant).d == 0.0
    assert ks(np.full(50, 0.0124), constant).d == 1.0
    half = build(config.Mixture(components=(config.Constant(value_ms=0), config.Constant(value_ms=20)))).quantile
    assert ks(np.repeat((0.0, 0.02), 50), half).d <= EXACT
    assert ks(np.repeat((0.0, 0.02), (25, 75)), half).d == pytest.approx(0.25, abs=EXACT)


def test_a_bound_that_many_draws_share():
    """A table that is flat beyond its ends has an atom at each of them."""
    table = config.Empirical(percentiles_ms=((20.0, 10.0), (80.0, 30.0)))
    sample = stratified(table, 1000)
    assert (sample == sample[0]).sum() == 200
    assert ks(sample, build(table).quantile).d <= 1 / 2000 + EXACT


def test_an_empty_sample_has_no_distance():
    with pytest.raises(ValueError, match="at least one"):
        ks(np.array([]), build(SPECIMENS["gamma"]).quantile)


def test_percentiles_are_numpys():
    assert percentiles(np.array([4.0, 1.0, 2.0, 3.0, 5.0]), (50, 75, 100)) == (3.0, 4.0, 5.0)
    assert percentiles(np.arange(101.0)) == (50.0, 95.0, 99.0)


@settings(max_examples=20)
@given(st.sampled_from(sorted(SPECIMENS)), st.floats(0.001, 0.999))
def test_cumulative_undoes_the_quantile(family, u):
    quantile = build(SPECIMENS[family]).quantile
    assert cumulative(quantile, quantile(np.array([u])))[0] == pytest.approx(u, abs=1e-4)
