"""The regularised incomplete gamma function, its inverse, and a table of the gamma distribution's scores.

Pure mathematics for the gamma and Weibull families. Used while a distribution is built, never on a draw.
The function is the series below the shape and Lentz's continued fraction above it (Abramowitz and Stegun
6.5.29 and 6.5.31).
"""

import math

import numpy as np

from simulator.engine.latency.quantile import FIRST, Floats

_TERMS = 100_000
_LOG_CELLS = 6_000
_LINEAR_CELLS = 4_000
_SMALLEST_LOG = -700.0
"""Below exp(-700) doubles lose digits; no delay is that short."""

# The four-point Gauss-Legendre rule on [-1, 1] (Abramowitz and Stegun, table 25.4).
_NODES = np.array((-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526))
_WEIGHTS = np.array((0.34785484513745385, 0.6521451548625461, 0.6521451548625461, 0.34785484513745385))


def gamma_chance(shape: float, x: float) -> float:
    """The probability that a gamma variable of this shape and scale 1 is at most `x`; infinity allowed."""
    if x <= 0.0:
        return 0.0
    if x == math.inf:
        return 1.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1.0:
        return min(1.0, front * _series(shape, x))
    return max(0.0, 1.0 - front * _fraction(shape, x))


def _series(shape: float, x: float) -> float:
    total = term = 1.0 / shape
    for n in range(1, _TERMS):
        term *= x / (shape + n)
        total += term
        if term < total * 1e-17:
            break
    return total


def _fraction(shape: float, x: float) -> float:
    tiny = 1e-300
    b = x + 1.0 - shape
    c = 1.0 / tiny
    d = 1.0 / (b or tiny)
    total = d
    for n in range(1, _TERMS):
        a = n * (shape - n)
        b += 2.0
        d = 1.0 / ((a * d + b) or tiny)
        c = (b + a / c) or tiny
        step = c * d
        total *= step
        if abs(step - 1.0) < 1e-16:
            break
    return total


def gamma_log_quantile(shape: float, p: float) -> float:
    """The ln x where `gamma_chance(shape, x) == p`, 0 < p < 1: Newton's method on ln x within a bracket."""
    low, high = _SMALLEST_LOG, math.log(shape + 10.0 * math.sqrt(shape) + 50.0)
    log_x = min(max((math.log(p) + math.lgamma(shape + 1.0)) / shape, low), math.log(max(shape, 1e-3)))
    for _ in range(200):
        x = math.exp(log_x)
        miss = gamma_chance(shape, x) - p
        if miss < 0.0:
            low = log_x
        else:
            high = log_x
        slope = math.exp(shape * log_x - x - math.lgamma(shape))
        step = log_x - miss / slope if slope > 0.0 else low
        if not low < step < high:
            step = 0.5 * (low + high)
        if abs(step - log_x) <= 1e-14 * max(1.0, abs(log_x)):
            return step
        log_x = step
    return log_x


def gamma_scores(shape: float) -> tuple[Floats, Floats]:
    """Ascending probabilities and ln x of a gamma variable of this shape and scale 1, for interpolation.

    Linear interpolation of ln x errs by less than 1e-5 between the percentiles 0.01 and 99.99. The
    distribution function is the running sum of a four-point Gauss-Legendre rule over the cells: evenly
    spaced in ln x up to the mean, where the lower tail is a power of x, and in x beyond, where the upper
    tail is exponential.
    """
    knee = max(shape, 1.0)
    bottom = gamma_log_quantile(shape, FIRST)
    lower = np.linspace(bottom, math.log(knee), _LOG_CELLS + 1)
    upper = np.log(np.linspace(knee, shape + 9.0 * math.sqrt(shape) + 45.0, _LINEAR_CELLS + 1))
    log_x = np.concatenate((lower, upper[1:]))
    widths = np.diff(log_x)
    t = log_x[:-1, None] + widths[:, None] * (_NODES + 1.0) / 2.0
    density = np.exp(shape * t - np.exp(t) - math.lgamma(shape))
    cells = (density * _WEIGHTS).sum(axis=1) * widths / 2.0
    chances = np.concatenate(((0.0,), np.cumsum(cells))) + gamma_chance(shape, math.exp(bottom))
    chances /= chances[-1]
    ascending = np.concatenate(((True,), chances[1:] > np.maximum.accumulate(chances)[:-1]))
    return chances[ascending], log_x[ascending]


def power_moment(shape: float, offset: float, power: float, low: float, high: float) -> float:
    """The integral of exp(offset) * g**power over a gamma variable g between exp(low) and exp(high)."""
    whole = math.exp(offset + math.lgamma(shape + power) - math.lgamma(shape))
    above = gamma_chance(shape + power, _exp(high))
    return whole * (above - gamma_chance(shape + power, _exp(low)))


def _exp(x: float) -> float:
    return math.exp(x) if x < -_SMALLEST_LOG else math.inf
