"""What holds for every distribution, whatever its family and parameters."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from latency_specimens import SPECIMENS, UNIFORMS, fine_mean, leaves, mixtures

from simulator.config import latency as config
from simulator.config.latency import problems
from simulator.engine.latency import build

_PERCENTILES = (("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99))


def _largest(spec: config.Distribution) -> float:
    values = [x for key in spec.__struct_fields__ if isinstance(x := getattr(spec, key), float)]
    return max(values, default=1.0) / 1000


@settings(max_examples=300)
@given(st.one_of(leaves, mixtures))
def test_draws_ascend_stay_finite_and_keep_the_bounds(spec):
    assume(not problems(spec))
    drawn = build(spec).quantile(UNIFORMS)
    slack = 1e-12 * _largest(spec)
    assert np.isfinite(drawn).all()
    assert (drawn >= 0).all()
    assert (np.diff(drawn) >= -slack - 1e-9 * drawn[1:]).all()
    if spec.min_ms is not None:
        assert drawn[0] >= spec.min_ms / 1000 * (1 - 1e-12)
    if spec.max_ms is not None:
        assert drawn[-1] <= spec.max_ms / 1000 * (1 + 1e-12)


@settings(max_examples=200)
@given(st.one_of(leaves, mixtures), st.floats(0, 99.999999))
def test_one_draw_a_percentile_and_many_draws_agree(spec, p):
    assume(not problems(spec))
    quantile = build(spec)
    many = float(quantile.quantile(np.array([p / 100]))[0])
    slack = 1e-12 * _largest(spec)
    assert quantile.at(p / 100) == pytest.approx(many, rel=1e-9, abs=slack)
    assert quantile.percentile(p) == quantile.at(p / 100)
    assert quantile.percentile(p) <= quantile.percentile(100) * (1 + 1e-9) + slack


@settings(max_examples=300)
@given(leaves)
def test_the_percentiles_given_are_the_percentiles_drawn_bounded_or_not(spec):
    assume(not problems(spec))
    quantile = build(spec)
    for key, p in _PERCENTILES:
        value = getattr(spec, key, None)
        if value is not None:
            assert quantile.percentile(p) == pytest.approx(value / 1000, rel=1e-9)


@pytest.mark.parametrize("spec", SPECIMENS, ids=lambda spec: f"{type(spec).__name__}")
def test_the_mean_is_that_of_the_draws(spec):
    assert not problems(spec)
    quantile = build(spec)
    assert quantile.mean() == pytest.approx(fine_mean(quantile), rel=2e-4)


@settings(max_examples=150)
@given(leaves)
def test_the_mean_is_that_of_the_draws_for_bounded_distributions(spec):
    assume(not problems(spec) and spec.max_ms is not None)
    quantile = build(spec)
    assert quantile.mean() == pytest.approx(fine_mean(quantile), rel=2e-3)


@pytest.mark.parametrize("spec", SPECIMENS, ids=lambda spec: f"{type(spec).__name__}")
def test_a_hundred_thousand_even_uniforms_have_the_percentiles(spec):
    quantile = build(spec)
    drawn = np.sort(quantile.quantile((np.arange(100_000) + 0.5) / 100_000))
    for p in (1, 25, 50, 90, 99):
        beside = drawn[[int(p * 1000) - 1, int(p * 1000)]]
        assert beside[0] * (1 - 1e-9) <= quantile.percentile(p) <= beside[1] * (1 + 1e-9)


@pytest.mark.parametrize("spec", SPECIMENS, ids=lambda spec: f"{type(spec).__name__}")
def test_a_uniform_gives_the_same_delay_alone_and_in_company(spec):
    quantile = build(spec)
    together = quantile.quantile(UNIFORMS)
    alone = np.array([quantile.quantile(UNIFORMS[i : i + 1])[0] for i in range(len(UNIFORMS))])
    assert np.allclose(together, alone, rtol=1e-14, atol=0)


def test_equal_specifications_share_one_object():
    first = build(config.Gamma(shape=2, scale_ms=7))
    assert build(config.Gamma(shape=2, scale_ms=7)) is first


def test_the_uniforms_are_left_as_they_were():
    for spec in SPECIMENS:
        given_uniforms = UNIFORMS.copy()
        build(spec).quantile(given_uniforms)
        assert (given_uniforms == UNIFORMS).all()


def test_the_mean_of_an_unbounded_heavy_tail_is_infinite():
    assert build(config.Pareto(shape=1.0, scale_ms=1)).mean() == math.inf
