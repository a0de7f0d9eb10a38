"""The normal distribution, cut off below zero. Pure."""

from typing import ClassVar

from simulator.config import latency as config
from simulator.engine.latency.normal_score import (
    HIGHEST,
    LOWEST,
    normal_chance,
    normal_density,
    normal_score,
    normal_scores,
)
from simulator.engine.latency.points import bounds, line, points, seconds
from simulator.engine.latency.quantile import Floats
from simulator.engine.latency.scored import PlainScored


class Normal(PlainScored):
    """`mean_ms` and `std_dev_ms` are those before the cut at 0, which matters when they are of one size."""

    reach: ClassVar[tuple[float, float]] = (LOWEST, HIGHEST)

    def __init__(self, spec: config.Normal) -> None:
        given = points(spec)
        if given:
            (p0, x0), (p1, x1) = given[0], given[-1]
            offset, slope = line((normal_score(p0), x0), (normal_score(p1), x1))
        else:
            offset, slope = seconds(spec.mean_ms), seconds(spec.std_dev_ms)
        floor, ceiling = bounds(spec)
        super().__init__(offset, slope, given, floor or 0.0, ceiling)

    def _score(self, v: Floats) -> Floats:
        return normal_scores(v)

    def _score_at(self, v: float) -> float:
        return normal_score(v)

    def _chance(self, score: float) -> float:
        return normal_chance(score)

    def _moment(self, offset: float, slope: float, low: float, high: float) -> float:
        chance = normal_chance(high) - normal_chance(low)
        return offset * chance + slope * (normal_density(low) - normal_density(high))
