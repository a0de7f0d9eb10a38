"""A distribution as a table of probabilities and delays, linear in between. Pure."""

import numpy as np

from simulator.engine.latency.quantile import Floats


class Table:
    """Draws by interpolation between knots: `chances` ascend from 0 to 1, `delays` (seconds) never descend.

    Equal chances are a jump of the delay, equal delays an atom of probability. Bounds condition the table on
    what lies between them.
    """

    def __init__(self, chances: Floats, delays: Floats, floor: float | None, ceiling: float | None) -> None:
        low = 0.0 if floor is None else _below(chances, delays, floor)
        high = 1.0 if ceiling is None else _up_to(chances, delays, ceiling)
        least = float(delays[0]) if floor is None else max(floor, float(delays[0]))
        most = float(delays[-1]) if ceiling is None else min(ceiling, float(delays[-1]))
        if least > most:
            # A bound at the very end of the table, which rounding has moved.
            least = most = least if ceiling is None else min(least, ceiling)
        if low > 0.0 or high < 1.0:
            inside = (chances > low) & (chances < high)
            chances = np.concatenate(((0.0,), (chances[inside] - low) / max(high - low, 1e-300), (1.0,)))
            delays = np.clip(np.concatenate(((least,), delays[inside], (most,))), least, most)
        self._chances = chances
        self._delays = delays
        self._mean = float(np.sum(np.diff(chances) * (delays[1:] + delays[:-1])) / 2.0)

    def quantile(self, u: Floats) -> Floats:
        """See `Quantile`."""
        return np.interp(u, self._chances, self._delays)

    def at(self, u: float) -> float:
        """See `Quantile`."""
        return float(np.interp(u, self._chances, self._delays))

    def mean(self) -> float:
        """See `Quantile`."""
        return self._mean

    def percentile(self, p: float) -> float:
        """See `Quantile`."""
        return self.at(p / 100.0)


def _below(chances: Floats, delays: Floats, x: float) -> float:
    """The probability of a delay below `x`."""
    i = int(np.searchsorted(delays, x, side="left"))
    return _between(chances, delays, i, x) if i < len(delays) else 1.0


def _up_to(chances: Floats, delays: Floats, x: float) -> float:
    """The probability of a delay of at most `x`."""
    i = int(np.searchsorted(delays, x, side="right"))
    return _between(chances, delays, i, x) if i < len(delays) else 1.0


def _between(chances: Floats, delays: Floats, i: int, x: float) -> float:
    """The probability at `x`, which lies between knots i - 1 and i."""
    if i == 0:
        return 0.0
    share = (x - delays[i - 1]) / (delays[i] - delays[i - 1])
    return float(chances[i - 1] + share * (chances[i] - chances[i - 1]))
