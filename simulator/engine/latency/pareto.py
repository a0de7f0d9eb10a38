"""The Pareto distribution: a smallest delay and a tail that falls as a power. Pure."""

import math
from typing import ClassVar

from simulator.config import latency as config
from simulator.engine.latency.exponential import exponential_chance, exponential_score, exponential_scores
from simulator.engine.latency.points import bounds, line, points, seconds
from simulator.engine.latency.quantile import Floats
from simulator.engine.latency.scored import LogScored


class Pareto(LogScored):
    """By shape and scale (the smallest delay) or by percentiles; its logarithm is exponential.

    With a shape of 1 or less and no `max_ms` there is no finite mean: `mean()` is then infinite.
    """

    reach: ClassVar[tuple[float, float]] = (0.0, 37.0)

    def __init__(self, spec: config.Pareto) -> None:
        given = points(spec)
        if given:
            (p0, x0), (p1, x1) = given[0], given[-1]
            offset, slope = line((exponential_score(p0), math.log(x0)), (exponential_score(p1), math.log(x1)))
        else:
            offset, slope = math.log(seconds(spec.scale_ms)), 1.0 / (spec.shape or 1.0)
        super().__init__(offset, slope, given, *bounds(spec))

    def _score(self, v: Floats) -> Floats:
        return exponential_scores(v)

    def _score_at(self, v: float) -> float:
        return exponential_score(v)

    def _chance(self, score: float) -> float:
        return exponential_chance(score)

    def _moment(self, offset: float, slope: float, low: float, high: float) -> float:
        low, rate = max(low, 0.0), slope - 1.0
        if high == math.inf:
            return math.inf if rate >= 0.0 else -math.exp(offset + rate * low) / rate
        if rate == 0.0:
            return math.exp(offset) * (high - low)
        return (math.exp(offset + rate * high) - math.exp(offset + rate * low)) / rate
