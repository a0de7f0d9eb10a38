"""Exact laws of chance for the tests of failures, without tables or approximations where a sum will do."""

import math
from functools import cache

ALPHA = 0.001
"""What the 99.9 % interval leaves out, half of it at each side."""
SEEDS = range(20)


@cache
def _chances(n, p):
    """The chance of each number of successes of n trials."""
    if p in (0.0, 1.0):
        return [float(k == n * p) for k in range(n + 1)]
    return [
        math.exp(
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * math.log(p)
            + (n - k) * math.log1p(-p)
        )
        for k in range(n + 1)
    ]


def inside_binomial(k, n, p, alpha=ALPHA):
    """Whether p is in the Clopper-Pearson interval of k of n: neither tail at k has less than alpha / 2.

    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", 1934.
    """
    chances = _chances(n, p)
    return math.fsum(chances[: k + 1]) > alpha / 2 and math.fsum(chances[k:]) > alpha / 2


def chi_square_critical(degrees, z=3.0902):
    """The value that chi-square with so many degrees exceeds with a chance of 0.001.

    Wilson and Hilferty, "The distribution of chi-square", 1931; its error is below 1 % from 3 degrees on.
    """
    part = 2.0 / (9.0 * degrees)
    return degrees * (1.0 - part + z * math.sqrt(part)) ** 3


def chi_square(observed, expected):
    """Pearson's statistic."""
    return math.fsum((o - e) ** 2 / e for o, e in zip(observed, expected, strict=True))
