"""What the families of distributions have in common: a score, and a monotone map from scores to delays.

Pure. Every family is a standard distribution whose quantile function, the score, is known (the normal
score, the unit exponential …), and an increasing map of scores to folded delays (the delay itself or its
logarithm). With natural parameters or as many percentiles as the family has parameters, the map is a
line. With more percentiles it is linear between them, so that each one is hit, and goes on with the
slope of its end segments.

Bounds condition the distribution: uniforms are spread over the part of the probability that lies between
the bounds. Percentiles are meant of what is drawn, so they are placed within that part, and the bounds
become ends of the map. Between bounds that hold next to nothing of the distribution, too little to divide
in double precision, the map simply goes from one to the other.
"""

import bisect
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np

from simulator.engine.latency.quantile import FIRST, LAST, Floats

Points = Sequence[tuple[float, float]]
"""(probability, delay in seconds), ascending in both."""

_LITTLE = 1e-10


class Scored(ABC):
    """A family drawn through its score.

    `offset` and `slope` are the line from scores to folded delays; `points` are percentiles to be hit, and
    `freedom` is how many of them the line alone hits. `floor` and `ceiling` are bounds in seconds, None
    for no bound.
    """

    freedom: ClassVar[int] = 2
    reach: ClassVar[tuple[float, float]]
    """Scores that no draw goes beyond."""
    from_floor: ClassVar[bool] = False
    """Whether the distribution begins at `floor` itself, rather than with a tail that `floor` cuts off."""
    steep: ClassVar[float] = math.inf
    """Slopes above which the closed form of `_moment` is a product of a huge and a tiny number."""
    thin: ClassVar[float] = 1e-3
    """Shares of the distribution below which the closed forms would subtract nearly equal numbers."""

    def __init__(self, offset: float, slope: float, points: Points, floor: float | None, ceiling: float | None) -> None:
        self._offset = offset
        self._slope = slope
        self._floor = floor
        self._ceiling = ceiling
        low = 0.0 if floor is None else self._chance((self._fold(floor) - offset) / slope)
        high = 1.0 if ceiling is None else self._chance((self._fold(ceiling) - offset) / slope)
        self._low = low
        self._mass = high - low
        self._start = max(low, FIRST)
        self._cut = low > 0.0 or high < 1.0
        self._bent = bool(points) and (len(points) > self.freedom or self._cut)
        self._scores: list[float] = []
        self._values: list[float] = []
        if self._mass < _LITTLE:
            self._fill()
        elif self._bent:
            self._bend(points)
        self._least = floor if floor is not None and (self._cut or self._bent) else None
        self._knots = (np.array(self._scores), np.array(self._values))
        self._mean = self._expectation()

    @abstractmethod
    def _fold(self, x: float) -> float:
        """The scale on which the map is linear; may be -inf at 0."""

    @abstractmethod
    def _unfold(self, y: Floats) -> Floats:
        """The delays of folded values; may work in place."""

    @abstractmethod
    def _unfold_at(self, y: float) -> float:
        """One delay."""

    @abstractmethod
    def _score(self, v: Floats) -> Floats:
        """The scores of probabilities from `FIRST` to `LAST`, as a new array."""

    @abstractmethod
    def _score_at(self, v: float) -> float:
        """One score; probabilities 0 and 1 count as `FIRST` and `LAST`."""

    @abstractmethod
    def _chance(self, score: float) -> float:
        """The probability of a score up to this one, infinities allowed."""

    @abstractmethod
    def _moment(self, offset: float, slope: float, low: float, high: float) -> float:
        """The integral of the delay `unfold(offset + slope * score)` over scores between `low` and `high`."""

    def quantile(self, u: Floats) -> Floats:
        """See `Quantile`."""
        if self._cut:
            v = u * self._mass
            v += self._start
            np.minimum(v, LAST, out=v)
        else:
            v = np.maximum(u, FIRST)
        y = self._score(v)
        if self._bent:
            y = np.interp(y, *self._knots)
        else:
            y *= self._slope
            y += self._offset
        x = self._unfold(y)
        if self._least is not None:
            np.maximum(x, self._least, out=x)
        if self._ceiling is not None:
            np.minimum(x, self._ceiling, out=x)
        return x

    def at(self, u: float) -> float:
        """See `Quantile`."""
        score = self._score_at(self._start + u * self._mass if self._cut else max(u, FIRST))
        x = self._unfold_at(self._bent_at(score) if self._bent else self._offset + self._slope * score)
        if self._least is not None and x < self._least:
            return self._least
        if self._ceiling is not None and x > self._ceiling:
            return self._ceiling
        return x

    def mean(self) -> float:
        """See `Quantile`."""
        return self._mean

    def percentile(self, p: float) -> float:
        """See `Quantile`."""
        return self.at(p / 100.0)

    def _bend(self, points: Points) -> None:
        """Makes the map's knots: the points, the bounds where they cut, and the ends of the reach.

        A bound that cuts nothing off the line of the family may still lie within the slope of an end segment, and is
        then where that ends: no draw is moved to a bound.
        """
        knots = [(self._score_at(self._low + p * self._mass), self._fold(x)) for p, x in points]
        first, last = self.reach
        if self._floor is not None and (self._low > 0.0 or self.from_floor):
            knots.insert(0, (self._score_at(self._low), self._fold(self._floor)))
        else:
            low = _beyond(knots[1], knots[0], first)
            knots.insert(0, (first, low if self._floor is None else max(low, self._fold(self._floor))))
        if self._ceiling is not None and self._low + self._mass < 1.0:
            knots.append((self._score_at(self._low + self._mass), self._fold(self._ceiling)))
        else:
            high = _beyond(knots[-2], knots[-1], last)
            knots.append((last, high if self._ceiling is None else min(high, self._fold(self._ceiling))))
        self._scores = [score for score, _ in knots]
        self._values = [value for _, value in knots]

    def _fill(self) -> None:
        """Makes the map go from floor to ceiling over the whole reach."""
        ends = [bound for bound in (self._floor, self._ceiling) if bound is not None]
        self._low, self._start, self._mass = 0.0, FIRST, 1.0
        self._cut, self._bent = False, True
        self._scores = list(self.reach)
        self._values = [self._fold(ends[0]), self._fold(ends[-1])]

    def _bent_at(self, score: float) -> float:
        scores, values = self._scores, self._values
        i = min(max(bisect.bisect_right(scores, score), 1), len(scores) - 1)
        share = (score - scores[i - 1]) / (scores[i] - scores[i - 1])
        return values[i - 1] + min(max(share, 0.0), 1.0) * (values[i] - values[i - 1])

    def _expectation(self) -> float:
        if self._ceiling is not None and self._mass < self.thin:
            return self._integral(0.0, 1.0)
        low = self._score_at(self._low) if self._low > 0.0 else -math.inf
        high = self._score_at(self._low + self._mass) if self._low + self._mass < 1.0 else math.inf
        if not self._bent:
            return self._moment(self._offset, self._slope, low, high) / self._mass
        total = 0.0
        edges = [low, *self._scores[1:-1], high]
        knots = zip(self._scores, self._values, strict=True)
        for (start, end), ((s0, y0), (s1, y1)) in zip(pairwise(edges), pairwise(knots), strict=True):
            slope = (y1 - y0) / (s1 - s0)
            if slope > self.steep and math.isfinite(start) and math.isfinite(end):
                u0, u1 = ((self._chance(s) - self._low) / self._mass for s in (start, end))
                total += self._integral(u0, u1)
            else:
                total += self._moment(y0 - slope * s0, slope, start, end) / self._mass
        return total

    def _integral(self, start: float, end: float) -> float:
        """The integral of the quantile function over a stretch of uniforms where it is smooth (Gauss-Legendre)."""
        nodes, weights = np.polynomial.legendre.leggauss(64)
        return float(weights @ self.quantile(start + (end - start) * (nodes + 1.0) / 2.0)) * (end - start) / 2.0


def _beyond(inner: tuple[float, float], outer: tuple[float, float], score: float) -> float:
    """The value at `score` on the straight line through two knots."""
    return outer[1] + (score - outer[0]) * (outer[1] - inner[1]) / (outer[0] - inner[0])


class LogScored(Scored):
    """A family whose map is linear in the logarithm of the delay."""

    steep: ClassVar[float] = 8.0

    def _fold(self, x: float) -> float:
        return math.log(x) if x > 0.0 else -math.inf

    def _unfold(self, y: Floats) -> Floats:
        return np.exp(y, out=y)

    def _unfold_at(self, y: float) -> float:
        return math.exp(y)


class PlainScored(Scored):
    """A family whose map is linear in the delay itself."""

    def _fold(self, x: float) -> float:
        return x

    def _unfold(self, y: Floats) -> Floats:
        return y

    def _unfold_at(self, y: float) -> float:
        return y
