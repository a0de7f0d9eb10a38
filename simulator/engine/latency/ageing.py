"""How much slower a server is after some time: a factor that grows, and one that follows the hours of a day. Pure.

With an age in seconds, and the parameters of `Degradation`:

    hours    h = age / 3600 * speed
    growth   g = min(1 + per_hour * h, most)
    day      d = the straight line between the pairs of `daily` on either side of (starts_at + h) mod 24
    factor   g * d

Neither is a model of any one cause; they are the two shapes that a test wants: a drift, and a day.
"""

from bisect import bisect_right

from simulator.config.load_model import Degradation

HOUR_SECONDS = 3600.0
DAY_HOURS = 24.0


class Ageing:
    """The factor on every delay of one model, by the seconds since the configuration began to be served."""

    __slots__ = ("_factors", "_hours", "_most", "_per_hour", "_speed", "_starts_at")

    def __init__(self, degradation: Degradation) -> None:
        """Of parameters in which the check of `Degradation` finds nothing."""
        self._speed = degradation.speed / HOUR_SECONDS
        self._per_hour = degradation.per_hour
        self._most = degradation.most
        self._starts_at = degradation.starts_at
        hours = [hour for hour, _ in degradation.daily]
        factors = [factor for _, factor in degradation.daily]
        if hours:
            # The last pair of the day before and the first of the day after, so that every hour lies between two.
            hours = [hours[-1] - DAY_HOURS, *hours, hours[0] + DAY_HOURS]
            factors = [factors[-1], *factors, factors[0]]
        self._hours = hours
        self._factors = factors

    def after(self, age: float) -> float:
        """The factor at an age in seconds."""
        hours = age * self._speed
        factor = 1.0 + self._per_hour * hours
        if self._most is not None and factor > self._most:
            factor = self._most
        return factor * self._at((self._starts_at + hours) % DAY_HOURS) if self._hours else factor

    def _at(self, hour: float) -> float:
        place = bisect_right(self._hours, hour)
        before, after = self._hours[place - 1], self._hours[place]
        low, high = self._factors[place - 1], self._factors[place]
        return low + (high - low) * (hour - before) / (after - before)
