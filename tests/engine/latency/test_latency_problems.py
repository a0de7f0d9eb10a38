"""What configuration may not say: each contradiction is named by its key, and nothing without one fails later."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latency_specimens import UNIFORMS, leaves, mixtures

from simulator.config import latency as config
from simulator.config.latency import problems
from simulator.engine.latency import build

CASES = [
    (config.LogNormal(), "mean_ms"),
    (config.LogNormal(p50_ms=800), "p95_ms"),
    (config.LogNormal(p50_ms=800, p95_ms=700), "p95_ms"),
    (config.LogNormal(p50_ms=800, p95_ms=800), "p95_ms"),
    (config.LogNormal(p50_ms=0.5, p95_ms=0.5000000000000001), "p95_ms"),
    (config.LogNormal(p50_ms=0, p95_ms=800), "p50_ms"),
    (config.LogNormal(p50_ms=1, p95_ms=1e7), "p95_ms"),
    (config.LogNormal(p50_ms=800, p95_ms=900, mean_ms=850), "mean_ms"),
    (config.LogNormal(mean_ms=850), "std_dev_ms"),
    (config.LogNormal(mean_ms=0, std_dev_ms=1), "mean_ms"),
    (config.LogNormal(mean_ms=1, std_dev_ms=1e5), "std_dev_ms"),
    (config.LogNormal(p50_ms=800, p95_ms=900, min_ms=850), "p50_ms"),
    (config.LogNormal(p50_ms=800, p95_ms=900, max_ms=850), "max_ms"),
    (config.LogNormal(mean_ms=20, std_dev_ms=5, min_ms=5000), "min_ms"),
    (config.LogNormal(mean_ms=2000, std_dev_ms=5, max_ms=5), "max_ms"),
    (config.Normal(mean_ms=20, std_dev_ms=0), "std_dev_ms"),
    (config.Normal(std_dev_ms=5), "mean_ms"),
    (config.Normal(mean_ms=20, std_dev_ms=5, min_ms=100), "min_ms"),
    (config.Normal(mean_ms=20, std_dev_ms=5, min_ms=30, max_ms=20), "max_ms"),
    (config.Normal(mean_ms=math.nan, std_dev_ms=5), "mean_ms"),
    (config.Normal(mean_ms=20, std_dev_ms=math.inf), "std_dev_ms"),
    (config.Constant(value_ms=5, min_ms=10), "min_ms"),
    (config.Constant(value_ms=5, max_ms=1), "max_ms"),
    (config.Constant(value_ms=5, weight=1), "weight"),
    (config.Uniform(min_ms=5), "max_ms"),
    (config.Uniform(min_ms=5, max_ms=5), "max_ms"),
    (config.Uniform(max_ms=0), "max_ms"),
    (config.Uniform(p95_ms=5, max_ms=9), "p50_ms"),
    (config.Exponential(), "mean_ms"),
    (config.Exponential(mean_ms=0), "mean_ms"),
    (config.Exponential(mean_ms=5, p50_ms=3), "mean_ms"),
    (config.Exponential(mean_ms=5, min_ms=500), "min_ms"),
    (config.Gamma(shape=2), "scale_ms"),
    (config.Gamma(shape=0, scale_ms=5), "shape"),
    (config.Gamma(shape=1e5, scale_ms=5), "shape"),
    (config.Gamma(shape=2, scale_ms=5, mean_ms=10), "mean_ms"),
    (config.Gamma(mean_ms=10, std_dev_ms=0.01), "std_dev_ms"),
    (config.Gamma(shape=50, scale_ms=5, max_ms=1), "max_ms"),
    (config.Gamma(shape=2, scale_ms=5, min_ms=5000), "min_ms"),
    (config.Weibull(scale_ms=5), "shape"),
    (config.Weibull(shape=2, scale_ms=5, min_ms=500), "min_ms"),
    (config.Pareto(shape=1, scale_ms=5), "shape"),
    (config.Pareto(p50_ms=10, p95_ms=150), "p95_ms"),
    (config.Pareto(shape=2, scale_ms=5, max_ms=5), "max_ms"),
    (config.Empirical(), "values_ms"),
    (config.Empirical(values_ms=()), "values_ms"),
    (config.Empirical(values_ms=(1, math.inf)), "values_ms[1]"),
    (config.Empirical(values_ms=(1, 2), percentiles_ms=((1, 2), (3, 4))), "percentiles_ms"),
    (config.Empirical(percentiles_ms=((50, 2),)), "percentiles_ms"),
    (config.Empirical(percentiles_ms=((50, 2), (50, 3))), "percentiles_ms[1]"),
    (config.Empirical(percentiles_ms=((50, 3), (60, 2))), "percentiles_ms[1]"),
    (config.Empirical(percentiles_ms=((50, 3), (60, math.inf))), "percentiles_ms[1]"),
    (config.Empirical(values_ms=(1, 2), min_ms=3), "min_ms"),
    (config.Mixture(), "components"),
    (config.Mixture(components=(config.Constant(value_ms=1, weight=0),)), "components[0].weight"),
    (config.Mixture(components=(config.Constant(value_ms=1), config.Normal(mean_ms=5))), "components[1].std_dev_ms"),
    (
        config.Mixture(components=(config.Mixture(components=(config.Exponential(),)),)),
        "components[0].components[0].mean_ms",
    ),
    (config.Mixture(components=(config.Constant(value_ms=1), config.Uniform(max_ms=5)), min_ms=9), "min_ms"),
]


@pytest.mark.parametrize(("spec", "key"), CASES, ids=[f"{type(spec).__name__}-{key}" for spec, key in CASES])
def test_a_contradiction_is_named_by_its_key(spec, key):
    found = problems(spec)
    assert key in [where for where, _ in found]
    assert all(allowed for _, allowed in found)


def test_every_fault_of_a_mixture_is_found():
    spec = config.Mixture(components=(config.Exponential(), config.Constant(value_ms=1), config.Uniform()))
    assert [key for key, _ in problems(spec)] == ["components[0].mean_ms", "components[2].max_ms"]


def test_what_is_allowed_is_said():
    assert problems(config.LogNormal(p50_ms=800, p95_ms=700)) == [("p95_ms", "greater than p50_ms, 800")]
    assert problems(config.Normal(mean_ms=20, std_dev_ms=0)) == [
        ("std_dev_ms", "greater than 0 (a fixed delay is distribution: constant)")
    ]


@settings(max_examples=300)
@given(st.one_of(leaves, mixtures))
def test_what_has_no_problem_is_built_and_drawn(spec):
    if not problems(spec):
        assert build(spec).quantile(UNIFORMS).shape == UNIFORMS.shape


EXAMPLE = {
    "ttft": {"distribution": "log_normal", "p50_ms": 800, "p95_ms": 1500, "p99_ms": 2500},
    "itl": {
        "distribution": "mixture",
        "components": [
            {"distribution": "gamma", "shape": 2, "scale_ms": 10, "weight": 9},
            {"distribution": "empirical", "percentiles_ms": [[50, 100], [99, 400]]},
        ],
    },
}


def test_configuration_is_read_by_the_name_of_the_distribution():
    latency = msgspec.convert(EXAMPLE, config.Latency)
    assert latency.ttft == config.LogNormal(p50_ms=800, p95_ms=1500, p99_ms=2500)
    assert isinstance(latency.itl, config.Mixture)
    assert problems(latency.itl) == []
    names = [
        ("constant", {"value_ms": 1}),
        ("uniform", {"max_ms": 1}),
        ("normal", {"mean_ms": 1, "std_dev_ms": 1}),
        ("exponential", {"mean_ms": 1}),
        ("weibull", {"shape": 1, "scale_ms": 1}),
        ("pareto", {"shape": 2, "scale_ms": 1}),
    ]
    for name, parameters in names:
        spec = msgspec.convert({"distribution": name, **parameters}, config.Distribution)
        assert problems(spec) == []


@pytest.mark.parametrize("value", [-1, 1e13, "fast"])
def test_impossible_milliseconds_are_refused_when_they_are_read(value):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"distribution": "constant", "value_ms": value}, config.Distribution)
