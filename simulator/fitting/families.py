"""Maximum likelihood for each family of the configuration. Pure: a sample in, parameters and likelihood out.

Samples are milliseconds, positive, sorted, at least two different values. Every estimator gives the
distribution as configuration has it, its log-likelihood in milliseconds, and its number of parameters; or
raises `Unfit` with why the family cannot have made such a sample.
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.normal_score import normal_chance, normal_density, normal_score
from simulator.engine.latency.quantile import Floats
from simulator.fitting.special import digamma, trigamma

_TAIL = normal_score(0.95)
_ROOT = math.log(2.0 * math.pi) / 2.0


class Estimate(NamedTuple):
    """A family with the parameters that make the sample likeliest."""

    spec: config.Distribution
    log_likelihood: float
    parameters: int


class Unfit(Exception):  # noqa: N818 - a verdict on a family, not an error
    """The family cannot be fitted to this sample; the message says why."""


class Shape(NamedTuple):
    """What several estimators need of a sample."""

    x: Floats
    logs: Floats
    n: int
    mean: float
    deviation: float
    log_mean: float
    log_deviation: float
    digits: int
    """Significant digits that parameters are written with: rounding stays far below the spread."""

    def told(self, x: float) -> float:
        """A parameter as it is written."""
        return float(f"{x:.{self.digits}g}")


def shape_of(x: Floats) -> Shape:
    """The moments of a sample; those of two passes, since the naive ones cancel where the spread is small."""
    logs = np.log(x)
    mean, log_mean = float(x.mean()), float(logs.mean())
    deviation = float(np.sqrt(np.mean((x - mean) ** 2)))
    log_deviation = float(np.sqrt(np.mean((logs - log_mean) ** 2)))
    digits = 6 + math.ceil(max(0.0, -math.log10(max(min(log_deviation, 1.0), 1e-8))))
    return Shape(x, logs, len(x), mean, deviation, log_mean, log_deviation, digits)


def log_normal(s: Shape) -> Estimate:
    """Mean and deviation of the logarithms, written as p50 and p95."""
    mu, sigma = s.log_mean, s.log_deviation
    spec = config.LogNormal(p50_ms=s.told(math.exp(mu)), p95_ms=s.told(math.exp(mu + _TAIL * sigma)))
    return Estimate(spec, -s.n * (math.log(sigma) + _ROOT + 0.5 + mu), 2)


def normal(s: Shape) -> Estimate:
    """The normal distribution cut off at 0, as the engine draws it.

    It is an exponential family, so the likeliest parameters are those whose cut distribution has the sample's
    mean and deviation; with a = -mu / sigma and h = phi(a) / (1 - Phi(a)) these are mu + sigma h and
    sigma sqrt(1 - h (h - a)) (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1, 13.10).
    Configuration has no negative mu: where the sample wants one, mu is 0.
    """
    wanted = s.mean / s.deviation
    low, high = -40.0, 0.0
    if wanted <= _ratio(high):
        mu, sigma = 0.0, math.sqrt(s.mean**2 + s.deviation**2)
    elif wanted < _ratio(low):
        for _ in range(60):
            middle = (low + high) / 2.0
            low, high = (low, middle) if _ratio(middle) < wanted else (middle, high)
        a = (low + high) / 2.0
        h = _hazard(a)
        sigma = s.deviation / math.sqrt(1.0 - h * (h - a))
        mu = -a * sigma
    else:
        mu, sigma = s.mean, s.deviation
    spread = s.deviation**2 + (s.mean - mu) ** 2
    log_likelihood = -s.n * (math.log(sigma) + _ROOT + spread / (2.0 * sigma**2) + math.log(normal_chance(mu / sigma)))
    return Estimate(config.Normal(mean_ms=s.told(mu), std_dev_ms=s.told(sigma)), log_likelihood, 2)


def _hazard(a: float) -> float:
    return normal_density(a) / normal_chance(-a)


def _ratio(a: float) -> float:
    """Mean over deviation of the normal distribution cut off `a` deviations above its mean."""
    h = _hazard(a)
    return (h - a) / math.sqrt(1.0 - h * (h - a))


def exponential(s: Shape) -> Estimate:
    """The mean."""
    return Estimate(config.Exponential(mean_ms=s.told(s.mean)), -s.n * (math.log(s.mean) + 1.0), 1)


def gamma(s: Shape) -> Estimate:
    """The shape by T. P. Minka, "Estimating a Gamma distribution" (2002): Newton's method on 1 / shape."""
    gap = math.log(s.mean) - s.log_mean
    if gap < 1e-9:
        raise Unfit("the values are too close together")
    k = (3.0 - gap + math.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(100):
        step = 1.0 / k + (math.log(k) - digamma(k) - gap) / (k * k * (1.0 / k - trigamma(k)))
        last, k = k, 1.0 / step
        if abs(k - last) < 1e-10 * k:
            break
    scale = s.mean / k
    each = (k - 1.0) * s.log_mean - k - math.lgamma(k) - k * math.log(scale)
    return Estimate(config.Gamma(shape=s.told(k), scale_ms=s.told(scale)), s.n * each, 2)


def weibull(s: Shape) -> Estimate:
    """The shape k where mean(x^k ln x) / mean(x^k) - 1 / k = mean(ln x), which rises with k; then the scale."""
    logs = s.logs - s.logs[-1]
    centre = float(logs.mean())
    low, high = 0.005, 20_000.0
    k = min(max(math.pi / (math.sqrt(6.0) * s.log_deviation), low), high)
    for _ in range(100):
        powers = np.exp(k * logs)
        total = float(powers.sum())
        first = float(powers @ logs) / total
        second = float(powers @ logs**2) / total
        miss = first - 1.0 / k - centre
        low, high = (low, k) if miss > 0.0 else (k, high)
        step = k - miss / (second - first * first + 1.0 / (k * k))
        last, k = k, step if low < step < high else (low + high) / 2.0
        if abs(k - last) < 1e-10 * k:
            break
    log_power = math.log(float(np.exp(k * logs).mean())) + k * float(s.logs[-1])
    each = math.log(k) + (k - 1.0) * s.log_mean - log_power - 1.0
    return Estimate(config.Weibull(shape=s.told(k), scale_ms=s.told(math.exp(log_power / k))), s.n * each, 2)


def pareto(s: Shape) -> Estimate:
    """The smallest value, and one over the mean of the logarithms above it."""
    least = float(s.x[0])
    above = s.log_mean - math.log(least)
    shape = 1.0 / above
    if shape <= 1.0:
        raise Unfit("the tail would be so heavy that there is no mean")
    each = math.log(shape) + shape * math.log(least) - (shape + 1.0) * s.log_mean
    return Estimate(config.Pareto(shape=s.told(shape), scale_ms=s.told(least)), s.n * each, 2)


def uniform(s: Shape) -> Estimate:
    """From the smallest to the largest value."""
    least, most = float(s.x[0]), float(s.x[-1])
    return Estimate(config.Uniform(min_ms=s.told(least), max_ms=s.told(most)), -s.n * math.log(most - least), 2)


SINGLE: Mapping[str, Callable[[Shape], Estimate]] = {
    "log_normal": log_normal,
    "normal": normal,
    "gamma": gamma,
    "weibull": weibull,
    "exponential": exponential,
    "pareto": pareto,
    "uniform": uniform,
}
