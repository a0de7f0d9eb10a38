"""The gamma distribution: a sum of exponential steps, such as the stages of a request. Pure."""

import math
from typing import ClassVar

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.gamma_function import gamma_chance, gamma_log_quantile, gamma_scores, power_moment
from simulator.engine.latency.points import bounds, points, seconds
from simulator.engine.latency.quantile import FIRST, LAST, Floats
from simulator.engine.latency.scored import LogScored

_NARROWEST = math.log(1e4)
_WIDEST = math.log(0.01)


class Gamma(LogScored):
    """By shape and scale, by mean and standard deviation, or by percentiles.

    The score is the logarithm of a gamma variable of scale 1, from a table made at construction. Percentiles
    choose the shape by the ratio of the outermost two, between 0.01 and 10,000; what a shape in this range
    cannot match, the map bends to hit.
    """

    freedom: ClassVar[int] = 0
    thin: ClassVar[float] = 2e-2
    """A shape far below 1 has its upper tail in few cells of the table: there the integral over the draws is nearer."""

    def __init__(self, spec: config.Gamma) -> None:
        given = points(spec)
        if given:
            self._shape = _fit(given[0], given[-1])
            offset = math.log(given[0][1]) - gamma_log_quantile(self._shape, given[0][0])
        elif spec.shape is not None:
            self._shape = spec.shape
            offset = math.log(seconds(spec.scale_ms))
        else:
            mean, deviation = seconds(spec.mean_ms), seconds(spec.std_dev_ms)
            self._shape = (mean / deviation) ** 2
            offset = math.log(mean / self._shape)
        self._chances, self._logs = gamma_scores(self._shape)
        super().__init__(offset, 1.0, given, *bounds(spec))

    @property
    def reach(self) -> tuple[float, float]:  # type: ignore[override]  # a property where the base has an attribute
        """The ends of the table."""
        return float(self._logs[0]), float(self._logs[-1])

    def _score(self, v: Floats) -> Floats:
        return np.interp(v, self._chances, self._logs)

    def _score_at(self, v: float) -> float:
        return float(np.interp(min(max(v, FIRST), LAST), self._chances, self._logs))

    def _chance(self, score: float) -> float:
        return gamma_chance(self._shape, math.exp(min(score, 700.0)))

    def _moment(self, offset: float, slope: float, low: float, high: float) -> float:
        return power_moment(self._shape, offset, slope, low, high)


def _fit(low: tuple[float, float], high: tuple[float, float]) -> float:
    """The shape whose quantiles have the ratio of two percentiles; the nearest allowed one if none has."""
    ratio = math.log(high[1] / low[1])
    wide, narrow = _WIDEST, _NARROWEST
    for _ in range(50):
        middle = 0.5 * (wide + narrow)
        shape = math.exp(middle)
        if gamma_log_quantile(shape, high[0]) - gamma_log_quantile(shape, low[0]) > ratio:
            wide = middle
        else:
            narrow = middle
    return math.exp(0.5 * (wide + narrow))
