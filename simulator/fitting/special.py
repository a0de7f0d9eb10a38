"""The digamma and trigamma functions of a positive number. Pure mathematics for the gamma family's estimator.

Recurrence up to an argument of 8, then the asymptotic series (Abramowitz and Stegun 6.3.18 and 6.4.12); the
error is below 1e-12 of the value for arguments from 1e-3 to 1e6.
"""

import math

_FAR = 8.0


def digamma(x: float) -> float:
    """The derivative of ln gamma(x), x > 0."""
    total = 0.0
    while x < _FAR:
        total -= 1.0 / x
        x += 1.0
    r = 1.0 / (x * x)
    tail = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * (691 / 32760 - r / 12))))))
    return total + math.log(x) - 0.5 / x - tail


def trigamma(x: float) -> float:
    """The derivative of `digamma`, x > 0."""
    total = 0.0
    while x < _FAR:
        total += 1.0 / (x * x)
        x += 1.0
    r = 1.0 / (x * x)
    tail = r * (1 / 6 - r * (1 / 30 - r * (1 / 42 - r * (1 / 30 - r * (5 / 66 - r * (691 / 2730 - r * 7 / 6))))))
    return total + 1.0 / x + 0.5 * r + tail / x
