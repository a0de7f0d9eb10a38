"""What the tests of this room share: specimens of every family, strategies that make more, and a fine mean."""

import math

import numpy as np
from hypothesis import strategies as st

from simulator.config import latency as config
from simulator.engine.latency import Quantile

SPECIMENS = [
    config.Constant(value_ms=50),
    config.Uniform(min_ms=5, max_ms=9),
    config.Uniform(p50_ms=5, p95_ms=9, p99_ms=20),
    config.Normal(mean_ms=20, std_dev_ms=5),
    config.Normal(mean_ms=5, std_dev_ms=5),
    config.Normal(p50_ms=20, p95_ms=30),
    config.Normal(p50_ms=20, p95_ms=30, p99_ms=60, max_ms=70),
    config.LogNormal(p50_ms=800, p95_ms=1500),
    config.LogNormal(p50_ms=800, p95_ms=1500, p99_ms=2500),
    config.LogNormal(p50_ms=800, p99_ms=1500, min_ms=300, max_ms=1600),
    config.LogNormal(mean_ms=20, std_dev_ms=5),
    config.LogNormal(mean_ms=20, std_dev_ms=5, min_ms=40),
    config.Exponential(mean_ms=9),
    config.Exponential(p95_ms=90, min_ms=10),
    config.Exponential(p50_ms=10, p95_ms=90, p99_ms=100, max_ms=300),
    config.Gamma(shape=2.5, scale_ms=3),
    config.Gamma(shape=0.5, scale_ms=3, max_ms=9),
    config.Gamma(mean_ms=1500, std_dev_ms=20),
    config.Gamma(p50_ms=800, p95_ms=1500),
    config.Gamma(p50_ms=800, p95_ms=1500, p99_ms=2500, min_ms=100),
    config.Weibull(shape=1.5, scale_ms=20),
    config.Weibull(shape=0.5, scale_ms=20, min_ms=1, max_ms=500),
    config.Weibull(p50_ms=800, p95_ms=1500, p99_ms=2500),
    config.Pareto(shape=2.5, scale_ms=20),
    config.Pareto(shape=0.9, scale_ms=20, max_ms=5000),
    config.Pareto(p50_ms=800, p95_ms=1500, p99_ms=2500),
    config.Empirical(values_ms=(5, 9, 1, 20)),
    config.Empirical(percentiles_ms=((10, 1), (50, 10), (99, 80)), min_ms=2, max_ms=70),
    config.Mixture(components=(config.Normal(mean_ms=20, std_dev_ms=5, weight=9), config.Constant(value_ms=300))),
    config.Mixture(
        components=(config.LogNormal(p50_ms=80, p95_ms=150), config.Gamma(shape=2, scale_ms=300)), max_ms=2000
    ),
]

delays = st.floats(0.5, 1e5)
bounds = st.none() | delays
shapes = st.floats(0.05, 200)


def _by_percentiles(family: type) -> st.SearchStrategy[config.Distribution]:
    def given(values: list[float], kept: tuple[bool, bool], low: bool, high: bool) -> config.Distribution:
        p50, p95, p99 = sorted(values)
        if not all(kept):
            p95, p99 = (p95, None) if kept[0] else (None, p99)
        return family(
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            min_ms=p50 / 2 if low else None,
            max_ms=max(values) * 1.5 if high else None,
        )

    values = st.lists(delays, min_size=3, max_size=3, unique=True)
    return st.builds(given, values, st.sampled_from([(True, True), (True, False), (False, True)]), *[st.booleans()] * 2)


def _natural(family: type, **parameters: st.SearchStrategy[object]) -> st.SearchStrategy[config.Distribution]:
    return st.builds(family, min_ms=bounds, max_ms=bounds, **parameters)


_MOMENTS = {"mean_ms": delays, "std_dev_ms": delays}
_SHAPED = {"shape": shapes, "scale_ms": delays}

leaves = st.one_of(
    *[
        _by_percentiles(family)
        for family in (
            config.LogNormal,
            config.Normal,
            config.Uniform,
            config.Exponential,
            config.Gamma,
            config.Weibull,
            config.Pareto,
        )
    ],
    _natural(config.LogNormal, **_MOMENTS),
    _natural(config.Normal, **_MOMENTS),
    _natural(config.Uniform),
    _natural(config.Exponential, mean_ms=delays),
    _natural(config.Gamma, **_MOMENTS),
    _natural(config.Gamma, **_SHAPED),
    _natural(config.Weibull, **_SHAPED),
    _natural(config.Pareto, **_SHAPED),
    _natural(config.Empirical, values_ms=st.lists(delays, min_size=1, max_size=6).map(tuple)),
    st.builds(config.Constant, value_ms=delays),
)
"""Any distribution but a mixture; not all are free of problems."""

mixtures = _natural(config.Mixture, components=st.lists(leaves, min_size=1, max_size=3).map(tuple))

UNIFORMS = np.unique(
    np.concatenate(([0.0, 2**-54, 1e-12, 1e-6], np.linspace(0, 1, 401)[:-1], [1 - 1e-6, 1 - 1e-12, 1 - 2**-53]))
)


def fine_mean(quantile: Quantile) -> float:
    """The mean of draws on a grid that is even in the log-odds of the uniform, weighted to match."""
    odds = np.linspace(-36.0, 36.0, 40_001)
    u = 1.0 / (1.0 + np.exp(-odds))
    x = quantile.quantile(np.minimum(u, 1.0 - 2**-53))
    edges = np.concatenate(([0.0], (u[1:] + u[:-1]) / 2, [1.0]))
    return math.fsum(x * np.diff(edges))
