"""The exponential distribution: a delay without memory. Pure."""

import math
from typing import ClassVar

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.points import bounds, points, seconds
from simulator.engine.latency.quantile import LAST, Floats
from simulator.engine.latency.scored import PlainScored


def exponential_scores(v: Floats) -> Floats:
    """The quantiles of the exponential distribution with mean 1."""
    score = np.negative(v)
    np.log1p(score, out=score)
    return np.negative(score, out=score)


def exponential_score(v: float) -> float:
    """One of them; probability 1 counts as the last double below it."""
    return -math.log1p(-min(v, LAST))


def exponential_chance(score: float) -> float:
    """The probability of a score up to this one."""
    return -math.expm1(-score) if score > 0.0 else 0.0


class Exponential(PlainScored):
    """By its mean or by percentiles; begins at 0."""

    freedom: ClassVar[int] = 1
    reach: ClassVar[tuple[float, float]] = (0.0, 37.0)
    from_floor: ClassVar[bool] = True

    def __init__(self, spec: config.Exponential) -> None:
        given = points(spec)
        slope = given[-1][1] / exponential_score(given[-1][0]) if given else seconds(spec.mean_ms)
        floor, ceiling = bounds(spec)
        super().__init__(0.0, slope, given, floor or 0.0, ceiling)

    def _score(self, v: Floats) -> Floats:
        return exponential_scores(v)

    def _score_at(self, v: float) -> float:
        return exponential_score(v)

    def _chance(self, score: float) -> float:
        return exponential_chance(score)

    def _moment(self, offset: float, slope: float, low: float, high: float) -> float:
        return _beyond(offset, slope, max(low, 0.0)) - _beyond(offset, slope, high)


def _beyond(offset: float, slope: float, score: float) -> float:
    """The integral of offset + slope * s over scores s above `score`."""
    return (offset + slope * (score + 1.0)) * math.exp(-score) if score < math.inf else 0.0
