"""What every distribution is to the engine: a quantile function. Pure; it knows no randomness.

A draw is a uniform number in [0, 1) that the caller brings, so a distribution has no state, and the same
uniform gives the same delay on any machine. Values are seconds.
"""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

FIRST = 2.0**-54
"""Stands in for a uniform of exactly 0, which many quantile functions send to minus infinity."""

LAST = 1.0 - 2.0**-53
"""The largest double below 1."""

SECONDS = 1e-3
"""A millisecond of configuration in seconds."""


class Quantile(Protocol):
    """A distribution of delays, never negative and always finite."""

    def quantile(self, u: Floats) -> Floats:
        """The delays in seconds at the uniforms `u` in [0, 1), shape kept, as a new array."""

    def at(self, u: float) -> float:
        """One delay in seconds; equal to `quantile` of the same uniform but for the last digits."""

    def mean(self) -> float:
        """The expectation in seconds of what is drawn; `inf` where it does not exist."""

    def percentile(self, p: float) -> float:
        """The delay in seconds that `p` percent (0 to 100) of all draws do not exceed."""
