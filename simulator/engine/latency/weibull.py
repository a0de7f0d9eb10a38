"""The Weibull distribution: a delay whose end grows likelier (shape above 1) or unlikelier with time. Pure."""

import math
from typing import ClassVar

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.exponential import exponential_chance, exponential_score, exponential_scores
from simulator.engine.latency.gamma_function import power_moment
from simulator.engine.latency.points import bounds, line, points, seconds
from simulator.engine.latency.quantile import FIRST, Floats
from simulator.engine.latency.scored import LogScored


class Weibull(LogScored):
    """By shape and scale or by percentiles; a power of an exponential variable."""

    reach: ClassVar[tuple[float, float]] = (-37.5, 3.62)

    def __init__(self, spec: config.Weibull) -> None:
        given = points(spec)
        if given:
            (p0, x0), (p1, x1) = given[0], given[-1]
            offset, slope = line((self._score_at(p0), math.log(x0)), (self._score_at(p1), math.log(x1)))
        else:
            offset, slope = math.log(seconds(spec.scale_ms)), 1.0 / (spec.shape or 1.0)
        super().__init__(offset, slope, given, *bounds(spec))

    def _score(self, v: Floats) -> Floats:
        hazard = exponential_scores(v)
        return np.log(hazard, out=hazard)

    def _score_at(self, v: float) -> float:
        return math.log(exponential_score(max(v, FIRST)))

    def _chance(self, score: float) -> float:
        return exponential_chance(math.exp(min(score, 700.0)))

    def _moment(self, offset: float, slope: float, low: float, high: float) -> float:
        return power_moment(1.0, offset, slope, low, high)
