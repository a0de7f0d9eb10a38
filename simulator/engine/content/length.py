"""How long an answer is. Pure: one uniform number in, a number of tokens out."""

import math
from statistics import NormalDist
from typing import Final

from simulator.config.schema import Length

_NORMAL: Final = NormalDist()
_Z95: Final = _NORMAL.inv_cdf(0.95)
_LEAST: Final = 2.0**-53


class AnswerLength:
    """Log-normal lengths with the configured median and 95th percentile, clipped to [min, max] and rounded.

    ln X is normal with mean ln p50 and standard deviation (ln p95 - ln p50) / z(0.95). Clipping moves no percentile
    that lies between the bounds. Raises ValueError where p95 is below p50 or max below min.
    """

    __slots__ = ("_min", "_mu", "_sigma", "most")

    most: int
    """The longest answer."""

    def __init__(self, config: Length) -> None:
        if config.p95 < config.p50:
            raise ValueError(f"length: p95 ({config.p95}) is below p50 ({config.p50})")
        if config.max < config.min:
            raise ValueError(f"length: max ({config.max}) is below min ({config.min})")
        self._mu = math.log(config.p50)
        self._sigma = (math.log(config.p95) - self._mu) / _Z95
        self._min = config.min
        self.most = config.max

    def draw(self, u: float) -> int:
        """The length whose probability of not being exceeded is `u`, 0 <= u < 1; it grows with `u`."""
        z = _NORMAL.inv_cdf(max(_LEAST, u))
        exponent = self._mu + self._sigma * z
        # exp overflows near 709; no configured length is anywhere near
        tokens = round(math.exp(exponent)) if exponent < 700 else self.most
        return min(max(tokens, self._min), self.most)
