"""The mixture of two log-normals by expectation-maximisation. Pure.

For samples with two humps, such as cold and warm starts, or gaps with and without a pause. Works on the
logarithms, where it is the mixture of two normals (Dempster, Laird and Rubin 1977). A large sample is thinned
to evenly spaced order statistics for the iteration; the likelihood that is told is of the whole.
"""

import math
from typing import TypeAlias

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.normal_score import normal_score
from simulator.engine.latency.quantile import Floats
from simulator.fitting.families import Estimate, Shape, Unfit

THINNED = 10_000
"""Most values that the iteration looks at."""
LEAST = 30
"""Fewest values that two humps can be told from."""

Parts: TypeAlias = tuple[Floats, Floats, Floats]
"""Weights, means and deviations of the two components."""

_ROUNDS = 500
_SCOUTED = 1_000
_SCOUTING = 100
"""Each start is tried on so many values for so many rounds; the best goes on."""
_SETTLED = 1e-8
"""A gain in log-likelihood for each value that is none."""
_STARTS = (0.5, 0.85, 0.95)
"""Shares of the sample in the lower component at the start."""
_NARROWEST = 0.02
"""Least deviation of a component relative to the sample's: else one value repeated has infinite likelihood."""
_RAREST = 0.005
"""Least weight of a component."""


def two_log_normals(s: Shape) -> Estimate:
    """The likeliest mixture found. Raises `Unfit` for too few values, or where one component takes all."""
    if s.n < LEAST:
        raise Unfit(f"fewer than {LEAST} values")
    floor = _NARROWEST * s.log_deviation
    few = thinned(s.logs, _SCOUTED)
    scouts = (_climbed(few, _cut(few, share, floor), floor, _SCOUTING) for share in _STARTS)
    _, start = max(scouts, key=lambda end: end[0])
    _, (weights, means, deviations) = _climbed(thinned(s.logs), start, floor, _ROUNDS)
    if weights.min() < _RAREST:
        raise Unfit("one component takes all")
    components = tuple(
        config.LogNormal(
            p50_ms=s.told(math.exp(mean)),
            p95_ms=s.told(math.exp(mean + normal_score(0.95) * deviation)),
            weight=float(f"{weight:.6f}"),
        )
        for weight, mean, deviation in zip(weights, means, deviations, strict=True)
    )
    total = float(np.logaddexp(*_densities(s.logs, (weights, means, deviations))).sum()) - s.n * s.log_mean
    return Estimate(config.Mixture(components=components), total, 5)


def thinned(ordered: Floats, most: int = THINNED) -> Floats:
    """At most `most` values of an ordered sample, evenly spaced in probability."""
    if len(ordered) <= most:
        return ordered
    places = ((np.arange(most) + 0.5) * (len(ordered) / most)).astype(np.int64)
    return ordered[places]


def _cut(logs: Floats, share: float, floor: float) -> Parts:
    """The components of an ordered sample that is cut in two."""
    place = min(max(int(share * len(logs)), 1), len(logs) - 1)
    parts = (logs[:place], logs[place:])
    weights = np.array([len(part) / len(logs) for part in parts])
    means = np.array([float(part.mean()) for part in parts])
    return weights, means, np.maximum(np.array([float(part.std()) for part in parts]), floor)


def _climbed(logs: Floats, start: Parts, floor: float, rounds: int) -> tuple[float, Parts]:
    """Log-likelihood and components after at most so many rounds from a start."""
    weights, means, deviations = (part.copy() for part in start)
    best = -math.inf
    for _ in range(rounds):
        first, second = _densities(logs, (weights, means, deviations))
        both = np.logaddexp(first, second)
        total = float(both.sum())
        if total - best < _SETTLED * len(logs):
            break
        best = total
        belongs = np.exp(first - both)
        for i, mine in enumerate((belongs, 1.0 - belongs)):
            mass = max(float(mine.sum()), 1e-9)
            weights[i] = mass / len(logs)
            means[i] = float(mine @ logs) / mass
            deviations[i] = max(math.sqrt(float(mine @ (logs - means[i]) ** 2) / mass), floor)
    return best, (weights, means, deviations)


def _densities(logs: Floats, parts: Parts) -> tuple[Floats, Floats]:
    """The logarithm of each component's weighted density at each value."""
    first, second = (
        math.log(weight / deviation) - math.log(2.0 * math.pi) / 2.0 - ((logs - mean) / deviation) ** 2 / 2.0
        for weight, mean, deviation in zip(*parts, strict=True)
    )
    return first, second
