"""Samples of known distributions for the tests of fitting: drawn by the engine's own quantile functions."""

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency import build

SPECIMENS = {
    "log_normal": config.LogNormal(p50_ms=800, p95_ms=1500),
    "normal": config.Normal(mean_ms=50, std_dev_ms=10),
    "gamma": config.Gamma(shape=3, scale_ms=7),
    "weibull": config.Weibull(shape=2.5, scale_ms=30),
    "exponential": config.Exponential(mean_ms=30),
    "pareto": config.Pareto(shape=3, scale_ms=10),
    "uniform": config.Uniform(min_ms=10, max_ms=30),
    "mixture": config.Mixture(
        components=(
            config.LogNormal(p50_ms=10, p95_ms=15, weight=0.8),
            config.LogNormal(p50_ms=60, p95_ms=90, weight=0.2),
        )
    ),
}
"""A distribution of each family that has parameters to find."""


def drawn(spec, size, seed=7):
    """A sample in seconds."""
    return build(spec).quantile(np.random.default_rng(seed).random(size))


def stratified(spec, size):
    """The quantiles in the middle of `size` equal shares, in seconds: a sample without chance."""
    return build(spec).quantile((np.arange(size) + 0.5) / size)
