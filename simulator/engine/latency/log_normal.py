"""The log-normal distribution: the logarithm of the delay is normal. Pure."""

import math
from typing import ClassVar

from simulator.config import latency as config
from simulator.engine.latency.normal_score import HIGHEST, LOWEST, normal_chance, normal_score, normal_scores
from simulator.engine.latency.points import bounds, line, points, seconds
from simulator.engine.latency.quantile import Floats
from simulator.engine.latency.scored import LogScored


class LogNormal(LogScored):
    """By percentiles, or by the mean and standard deviation of the delays themselves."""

    reach: ClassVar[tuple[float, float]] = (LOWEST, HIGHEST)

    def __init__(self, spec: config.LogNormal) -> None:
        given = points(spec)
        if given:
            (p0, x0), (p1, x1) = given[0], given[-1]
            offset, slope = line((normal_score(p0), math.log(x0)), (normal_score(p1), math.log(x1)))
        else:
            mean, deviation = seconds(spec.mean_ms), seconds(spec.std_dev_ms)
            variance = math.log1p((deviation / mean) ** 2)
            offset, slope = math.log(mean) - variance / 2.0, math.sqrt(variance)
        super().__init__(offset, slope, given, *bounds(spec))

    def _score(self, v: Floats) -> Floats:
        return normal_scores(v)

    def _score_at(self, v: float) -> float:
        return normal_score(v)

    def _chance(self, score: float) -> float:
        return normal_chance(score)

    def _moment(self, offset: float, slope: float, low: float, high: float) -> float:
        chance = normal_chance(high - slope) - normal_chance(low - slope)
        return math.exp(offset + slope * slope / 2.0) * chance
