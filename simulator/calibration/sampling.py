"""How far a percentile of a sample may lie from that of its distribution by chance alone. Pure.

Exact for any continuous distribution: order statistic k of n uniforms is at most x with the probability that a binomial
variable of n trials and chance x is at least k (H. A. David and H. N. Nagaraja, Order Statistics, 3rd ed., 2.1). So a
percentile of a sample belongs to a chance that lies between two bounds, whatever the distribution is.
"""

import functools
import math
from typing import Final

import numpy as np

from simulator.engine.latency.quantile import Floats

CHANCE: Final = 1e-4
"""How likely a percentile is to lie outside of its bounds though all is well: with 30 percentiles in a report, one
report in 300."""
_STEPS: Final = 60


@functools.lru_cache(maxsize=256)
def bounds(n: int, percent: float, chance: float = CHANCE) -> tuple[float, float]:
    """The probabilities between which the `percent` percentile of `n` draws lies, but for `chance`.

    For a percentile that is interpolated between the two order statistics around it, as numpy does by default.
    """
    if n < 1:
        raise ValueError("a sample needs at least one value")
    place = (n - 1) * percent / 100.0
    below, above = math.floor(place) + 1, math.ceil(place) + 1
    return _solve(n, below, chance / 2.0), _solve(n, above, 1.0 - chance / 2.0)


def _solve(n: int, k: int, wanted: float) -> float:
    """The x where order statistic k (from 1) of n uniforms is at most x with probability `wanted`: bisection."""
    logs = np.concatenate(((0.0,), np.cumsum(np.log(np.arange(1, n + 1, dtype=np.float64)))))
    counts = np.arange(k, n + 1)
    ways: Floats = logs[n] - logs[counts] - logs[n - counts]
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        x = 0.5 * (low + high)
        if not 0.0 < x < 1.0:
            break
        terms = ways + counts * math.log(x) + (n - counts) * math.log1p(-x)
        if float(np.exp(terms).sum()) < wanted:
            low = x
        else:
            high = x
    return 0.5 * (low + high)
