"""Each family's estimator finds the parameters that a sample was drawn with."""

import math

import numpy as np
import pytest
from fitting_samples import SPECIMENS, drawn

from simulator.config import latency as config
from simulator.engine.latency import build
from simulator.fitting.families import SINGLE, Unfit, gamma, normal, pareto, shape_of, weibull
from simulator.fitting.special import digamma, trigamma
from simulator.fitting.two import thinned, two_log_normals

SIZE = 20_000


def shape(spec, size=SIZE, seed=7):
    return shape_of(np.sort(drawn(spec, size, seed)) * 1e3)


@pytest.mark.parametrize("family", SINGLE)
def test_parameters_are_recovered(family):
    """Within five standard errors or so: 0.04 relative for 20,000 values of these shapes."""
    spec = SPECIMENS[family]
    found = SINGLE[family](shape(spec))
    assert type(found.spec) is type(spec)
    for key in spec.__struct_fields__:
        value = getattr(spec, key)
        if value is not None:
            assert getattr(found.spec, key) == pytest.approx(value, rel=0.04)


@pytest.mark.parametrize("family", SINGLE)
def test_errors_shrink_with_the_root_of_the_size(family):
    spec = SPECIMENS[family]
    truth = build(spec).percentile(95)

    def miss(size):
        errors = [build(SINGLE[family](shape(spec, size, seed)).spec).percentile(95) / truth - 1 for seed in range(12)]
        return float(np.sqrt(np.mean(np.square(errors))))

    assert miss(6400) < miss(100) / 4


def density(spec, x):
    """The density of a distribution (per millisecond) at x milliseconds, by difference of its quantile function."""
    quantile = build(spec).quantile
    low, high = np.zeros(len(x)), np.ones(len(x))
    for _ in range(60):
        middle = (low + high) / 2
        below = quantile(middle) * 1e3 < x
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    step = 1e-4
    u = np.clip((low + high) / 2, step, 1 - step)
    return 2 * step / ((quantile(u + step) - quantile(u - step)) * 1e3)


def normal_density(spec, x):
    z = (x - spec.mean_ms) / spec.std_dev_ms
    kept = 0.5 * math.erfc(-spec.mean_ms / spec.std_dev_ms / math.sqrt(2))
    return np.exp(-z * z / 2) / (spec.std_dev_ms * math.sqrt(2 * math.pi) * kept)


def log_normal_density(spec, x):
    sigma = math.log(spec.p95_ms / spec.p50_ms) / 1.6448536269514722
    z = np.log(x / spec.p50_ms) / sigma
    return np.exp(-z * z / 2) / (x * sigma * math.sqrt(2 * math.pi))


DENSITIES = {
    "log_normal": log_normal_density,
    "normal": normal_density,
    "gamma": lambda spec, x: (
        (x / spec.scale_ms) ** (spec.shape - 1) * np.exp(-x / spec.scale_ms) / (math.gamma(spec.shape) * spec.scale_ms)
    ),
    "weibull": lambda spec, x: (
        spec.shape / x * (x / spec.scale_ms) ** spec.shape * np.exp(-((x / spec.scale_ms) ** spec.shape))
    ),
    "exponential": lambda spec, x: np.exp(-x / spec.mean_ms) / spec.mean_ms,
    "pareto": lambda spec, x: spec.shape * spec.scale_ms**spec.shape / x ** (spec.shape + 1),
    "uniform": lambda spec, x: np.full(len(x), 1 / (spec.max_ms - spec.min_ms)),
}
"""The textbook densities, per millisecond."""


@pytest.mark.parametrize("family", SINGLE)
def test_the_likelihood_is_that_of_the_textbook_and_of_what_the_engine_draws(family):
    s = shape(SPECIMENS[family], 2000)
    found = SINGLE[family](s)
    textbook = DENSITIES[family](found.spec, s.x)
    assert found.log_likelihood == pytest.approx(float(np.log(textbook).sum()), rel=1e-4)
    inner = (s.x > np.quantile(s.x, 0.02)) & (s.x < np.quantile(s.x, 0.98))
    assert textbook[inner] == pytest.approx(density(found.spec, s.x[inner]), rel=5e-3)


def nearby(spec, factor):
    """The same family with its first given parameter changed."""
    key = next(key for key in ("shape", "mean_ms", "p50_ms") if getattr(spec, key, None) is not None)
    return type(spec)(
        **{
            name: getattr(spec, name) * (factor if name == key else 1)
            for name in spec.__struct_fields__
            if getattr(spec, name) is not None
        }
    )


@pytest.mark.parametrize("family", [name for name in SINGLE if name != "uniform"])
@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_no_neighbour_is_likelier(family, factor):
    s = shape(SPECIMENS[family], 5000)
    found = SINGLE[family](s)
    assert float(np.log(DENSITIES[family](nearby(found.spec, factor), s.x)).sum()) < found.log_likelihood


@pytest.mark.parametrize("ratio", [0.0, 0.4, 1.0, 2.0, 5.0])
def test_a_normal_that_is_cut_at_zero(ratio):
    """The mean of a cut sample is far above mu; the estimator knows of the cut."""
    spec = config.Normal(mean_ms=20 * ratio, std_dev_ms=20)
    found = normal(shape(spec, 100_000)).spec
    assert found.mean_ms == pytest.approx(spec.mean_ms, abs=1.0)
    assert found.std_dev_ms == pytest.approx(20, rel=0.03)


def test_a_sample_that_wants_a_negative_mean_gets_zero():
    found = normal(shape(config.Exponential(mean_ms=10))).spec
    assert found.mean_ms == 0


@pytest.mark.parametrize("k", [0.05, 0.7, 1.0, 40.0, 3000.0])
def test_shapes_far_from_one(k):
    assert gamma(shape(config.Gamma(shape=k, scale_ms=100))).spec.shape == pytest.approx(k, rel=0.06)
    assert weibull(shape(config.Weibull(shape=k, scale_ms=100))).spec.shape == pytest.approx(k, rel=0.06)


def test_a_pareto_without_a_mean_is_refused():
    with pytest.raises(Unfit, match="no mean"):
        pareto(shape(config.Pareto(shape=0.8, scale_ms=10, max_ms=1e9)))


def test_two_humps_are_told_apart():
    spec = SPECIMENS["mixture"]
    found = two_log_normals(shape(spec)).spec
    for mine, theirs in zip(found.components, spec.components, strict=True):
        assert mine.weight == pytest.approx(theirs.weight, abs=0.02)
        assert mine.p50_ms == pytest.approx(theirs.p50_ms, rel=0.03)
        assert mine.p95_ms == pytest.approx(theirs.p95_ms, rel=0.05)


def test_a_repeated_value_does_not_swallow_a_component():
    """Without a floor under its deviation a component on one value has infinite likelihood."""
    x = np.sort(np.concatenate((np.full(500, 10.0), np.linspace(5, 100, 500))))
    found = two_log_normals(shape_of(x))
    assert math.isfinite(found.log_likelihood)
    assert not config.problems(found.spec)


def test_too_few_values_for_two_humps():
    with pytest.raises(Unfit, match="fewer than 30"):
        two_log_normals(shape_of(np.linspace(1.0, 2.0, 29)))


def test_thinning_keeps_the_distribution():
    x = np.sort(drawn(SPECIMENS["gamma"], 100_000))
    few = thinned(x, 1000)
    assert len(few) == 1000
    assert np.quantile(few, (0.05, 0.5, 0.95)) == pytest.approx(np.quantile(x, (0.05, 0.5, 0.95)), rel=1e-2)
    assert thinned(few, 1000) is few


@pytest.mark.parametrize(
    ("x", "first", "second"),
    [
        (1.0, -0.5772156649015329, math.pi**2 / 6),
        (0.5, -1.9635100260214235, math.pi**2 / 2),
        (10.0, 2.251752589066721, 0.10516633568168575),
        (0.001, -1000.5755719318103, 1000001.6425331959),
    ],
)
def test_digamma_and_trigamma(x, first, second):
    assert digamma(x) == pytest.approx(first, rel=1e-12)
    assert trigamma(x) == pytest.approx(second, rel=1e-12)
