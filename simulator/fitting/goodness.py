"""How far a sample lies from a distribution. Pure: numbers in, numbers out; it knows no family and no file.

A distribution is given by its quantile function, as everywhere in the engine. The distribution function is
its inverse on a fixed grid of probabilities, so that atoms (a constant, a bound that many draws share) and
gaps are seen as what they are.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from simulator.engine.latency.quantile import LAST, Floats

Inverse: TypeAlias = Callable[[Floats], Floats]
"""A quantile function: uniforms in [0, 1) to seconds, monotone."""

_CELLS = 1 << 16
_ROUNDING = 1e-9
"""Values this near to each other, relatively, count as one: milliseconds became seconds and back."""


class Steps(NamedTuple):
    """A sample as its distribution function: sorted distinct values, and its share before and up to each."""

    values: Floats
    before: Floats
    upto: Floats
    size: int


class Distance(NamedTuple):
    """The Kolmogorov-Smirnov distance and its p-value."""

    d: float
    """The largest difference of the two distribution functions, 0 to 1; exact to 2e-5."""
    p: float
    """The chance of a larger `d` where the sample does come from the distribution.

    Asymptotic, for a continuous distribution whose parameters were not estimated from this sample: with
    estimated ones the true chance is smaller (p is optimistic), and with atoms as well.
    """


def ks(sample: Floats, quantile: Inverse) -> Distance:
    """The distance of a sample (seconds, in any order) from a distribution. Raises `ValueError` for an empty one.

    d is the supremum over x of |F_n(x) - F(x)|, taken on both sides of each value of the sample, which covers
    the jumps of both functions.
    """
    return distance(steps(sample), quantile)


def steps(sample: Floats) -> Steps:
    """The distribution function of a sample, for several calls of `distance`. Raises `ValueError` for an empty one."""
    if not len(sample):
        raise ValueError("a sample needs at least one value")
    values, counts = np.unique(sample, return_counts=True)
    upto = np.cumsum(counts) / len(sample)
    return Steps(values, upto - counts / len(sample), upto, len(sample))


def distance(sample: Steps, quantile: Inverse) -> Distance:
    """As `ks`."""
    slack = _ROUNDING * np.abs(sample.values)
    chances, delays = _inverted(quantile)
    above = sample.upto - _share(chances, delays, sample.values + slack, "right")
    below = _share(chances, delays, sample.values - slack, "left") - sample.before
    d = min(1.0, max(0.0, float(above.max()), float(below.max())))
    return Distance(d, kolmogorov(d, sample.size))


def kolmogorov(d: float, n: int) -> float:
    """The chance that the distance of a sample of size `n` from its own distribution exceeds `d`.

    Kolmogorov's limit with the correction of M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-von Mises
    and related statistics without extensive tables", J. R. Stat. Soc. B 32 (1970): the argument is
    (sqrt(n) + 0.12 + 0.11 / sqrt(n)) d, good from n = 5 on.
    """
    root = math.sqrt(n)
    x = (root + 0.12 + 0.11 / root) * d
    if x < 0.2:
        return 1.0  # the series below gives 1 - 1e-12 at 0.2
    if x < 1.2:
        # The same function in the form that converges for small arguments.
        terms = (math.exp(-((2 * j - 1) ** 2) * math.pi**2 / (8.0 * x * x)) for j in range(1, 6))
        return min(1.0, max(0.0, 1.0 - math.sqrt(2.0 * math.pi) / x * sum(terms)))
    return min(1.0, 2.0 * sum((1 if j % 2 else -1) * math.exp(-2.0 * (j * x) ** 2) for j in range(1, 8)))


def percentiles(sample: Floats, wanted: Sequence[float] = (50, 95, 99)) -> tuple[float, ...]:
    """The percentiles (0 to 100) of a sample in its own unit, linear between the order statistics."""
    return tuple(float(x) for x in np.percentile(sample, wanted))


def cumulative(quantile: Inverse, x: Floats) -> Floats:
    """The distribution function at each of `x`: the share of draws up to it; exact to 2e-5."""
    chances, delays = _inverted(quantile)
    return _share(chances, delays, x + _ROUNDING * np.abs(x), "right")


def _inverted(quantile: Inverse) -> tuple[Floats, Floats]:
    """Ascending probabilities from 0 to 1 and the delays there."""
    even = np.linspace(0.0, 1.0, _CELLS + 1)[:-1]
    # Tails need no more than the grid's own exactness, but the last cell of a heavy one is very wide.
    tail = 1.0 - np.logspace(-5, -15, 201)
    u = np.concatenate((even[even < tail[0]], tail, (LAST,)))
    delays = np.maximum.accumulate(quantile(u))
    u[-1] = 1.0
    return u, delays


def _share(chances: Floats, delays: Floats, x: Floats, side: Literal["left", "right"]) -> Floats:
    """The probability of at most `x` (side right) or of less than `x` (side left)."""
    i = np.searchsorted(delays, x, side=side)
    last = len(delays) - 1
    high = np.clip(i, 1, last)
    low = high - 1
    width = delays[high] - delays[low]
    part = np.clip((x - delays[low]) / np.where(width > 0.0, width, 1.0), 0.0, 1.0)
    inside = chances[low] + part * (chances[high] - chances[low])
    return np.where(i == 0, 0.0, np.where(i > last, 1.0, inside))
