"""The standard normal distribution: its score (inverse distribution function) and its distribution function.

Pure. The score is Wichura's algorithm AS 241, PPND16 (Applied Statistics 37, 1988, 477-484): rational
approximations in three regions, relative accuracy about 1e-16. The array form evaluates all three at once
by gathering each element's coefficients, so that an element's value depends on nothing but itself.
"""

import math

import numpy as np

from simulator.engine.latency.quantile import FIRST, LAST, Floats

_CENTRAL = 0.425
_CENTRAL_SQUARED = 0.180625
_NEAR_SHIFT = 1.6
_FAR_SHIFT = 5.0

# Numerator and denominator, constant term first: the centre, the near tail, the far tail.
_CENTRE = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
_NEAR = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
_FAR = (
    (
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)
# [power][numerator or denominator][region], so that one `take` brings an element its own polynomials. The
# even powers come first, 0 4 2 6, then their odd neighbours, 1 5 3 7: each step of Estrin's scheme is then one
# operation on halves, which takes 8 numpy calls where Horner's takes 14.
_GATHERED = np.ascontiguousarray(np.array((_CENTRE, _NEAR, _FAR)).transpose(2, 1, 0)[[0, 4, 2, 6, 1, 5, 3, 7]])
_SHIFTS = np.array((0.0, _NEAR_SHIFT, _FAR_SHIFT))

_SQRT_HALF = math.sqrt(0.5)
_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)

LOWEST = -8.3
HIGHEST = 8.3
"""No uniform that a draw can have, `FIRST` to `LAST`, has a score outside these."""


def normal_scores(v: Floats) -> Floats:
    """The normal scores of probabilities between `FIRST` and `LAST`."""
    q = v - 0.5
    size = np.abs(q)
    tail = size > _CENTRAL
    x = 1.0 - v
    np.minimum(x, v, out=x)
    np.log(x, out=x)
    np.negative(x, out=x)
    np.sqrt(x, out=x)
    region = tail.astype(np.intp)
    region += x > _FAR_SHIFT
    x -= _SHIFTS.take(region)
    np.copyto(x, _CENTRAL_SQUARED - q * q, where=~tail)
    powers = _GATHERED.take(region, axis=2)
    pairs = powers[4:] * x
    pairs += powers[:4]
    x *= x
    fours = pairs[2:] * x
    fours += pairs[:2]
    x *= x
    whole = fours[1] * x
    whole += fours[0]
    score: Floats = whole[0] / whole[1]
    np.copyto(size, 1.0, where=tail)
    score *= size
    return np.copysign(score, q, out=score)


def normal_score(v: float) -> float:
    """The normal score of one probability; 0 and 1 count as `FIRST` and `LAST`."""
    v = min(max(v, FIRST), LAST)
    q = v - 0.5
    if abs(q) <= _CENTRAL:
        return q * _ratio(_CENTRE, _CENTRAL_SQUARED - q * q)
    root = math.sqrt(-math.log(min(v, 1.0 - v)))
    size = _ratio(_FAR, root - _FAR_SHIFT) if root > _FAR_SHIFT else _ratio(_NEAR, root - _NEAR_SHIFT)
    return math.copysign(size, q)


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: float) -> float:
    above = below = 0.0
    for a, b in zip(reversed(polynomials[0]), reversed(polynomials[1]), strict=True):
        above = above * x + a
        below = below * x + b
    return above / below


def normal_chance(z: float) -> float:
    """The probability of a score up to `z`; accurate in the lower tail, infinities allowed."""
    return 0.5 * math.erfc(-z * _SQRT_HALF)


def normal_density(z: float) -> float:
    """The density at `z`; 0 at the infinities."""
    return _DENSITY * math.exp(-0.5 * z * z)
