"""A fixed delay. Pure."""

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.quantile import SECONDS, Floats


class Constant:
    """Always `value_ms`."""

    def __init__(self, spec: config.Constant) -> None:
        self._value = spec.value_ms * SECONDS

    def quantile(self, u: Floats) -> Floats:
        """See `Quantile`."""
        return np.full(u.shape, self._value)

    def at(self, u: float) -> float:  # noqa: ARG002 - every uniform gives the same
        """See `Quantile`."""
        return self._value

    def mean(self) -> float:
        """See `Quantile`."""
        return self._value

    def percentile(self, p: float) -> float:  # noqa: ARG002 - as above
        """See `Quantile`."""
        return self._value
