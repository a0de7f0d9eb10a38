"""Where a value stands in a family of distributions: roughly its normal score. Pure: numbers in, a number out.

Only as exact as it takes to tell whether a bound leaves any of the distribution: what is `FAR` out has about 1e-9 of
it beyond.
"""

import math

FAR = 6.0
"""Bounds this many standard scores from the bulk would keep about 1e-9 of it: too little to draw from."""
_LOG_LITTLE = math.log(1e-9)


def in_normal(x: float, mean: float, deviation: float) -> float:
    """By mean and standard deviation."""
    return (x - mean) / deviation


def in_log_normal(x: float, mean: float, deviation: float) -> float:
    """By mean and standard deviation of the values themselves."""
    variance = math.log1p((deviation / mean) ** 2)
    return (_log(x / mean) + variance / 2) / math.sqrt(variance)


def in_gamma(x: float, shape: float, mean: float) -> float:
    """Wilson and Hilferty 1931: the cube root of a gamma variable is nearly normal."""
    if x < mean and shape * _log(x * shape / mean) - math.lgamma(shape + 1) < _LOG_LITTLE:
        return -FAR
    return (math.cbrt(x / mean) - 1 + 1 / (9 * shape)) * 3 * math.sqrt(shape)


def in_weibull(x: float, shape: float, scale: float) -> float:
    """By shape and scale."""
    return _of_hazard(shape * _log(x / scale))


def in_pareto(x: float, shape: float, scale: float) -> float:
    """By shape and the smallest value."""
    return _of_hazard(_log(shape * _log(x / scale)))


def in_exponential(x: float, mean: float) -> float:
    """By the mean."""
    return _of_hazard(_log(x / mean))


def _of_hazard(log_hazard: float) -> float:
    """From ln(-ln(1 - F)): far where less than about 1e-9 lies beyond."""
    if log_hazard > 3.0:
        return FAR
    return -FAR if log_hazard < _LOG_LITTLE else 0.0


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf
