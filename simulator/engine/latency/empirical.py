"""A distribution as it was measured. Pure."""

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.quantile import SECONDS
from simulator.engine.latency.table import Table


class Empirical(Table):
    """By values: linear between the order statistics, as `numpy.percentile` does by default.

    By a table of percentiles: linear between them; percentiles before the first and after the last are the
    first and last value.
    """

    def __init__(self, spec: config.Empirical) -> None:
        if spec.percentiles_ms is not None:
            table = np.array(spec.percentiles_ms, dtype=np.float64)
            chances, delays = table[:, 0] / 100.0, table[:, 1]
            chances = np.concatenate(((0.0,), chances, (1.0,)))
            delays = np.concatenate((delays[:1], delays, delays[-1:]))
        else:
            delays = np.sort(np.array(spec.values_ms, dtype=np.float64))
            delays = np.repeat(delays, 2) if len(delays) == 1 else delays
            chances = np.linspace(0.0, 1.0, len(delays))
        low = None if spec.min_ms is None else spec.min_ms * SECONDS
        high = None if spec.max_ms is None else spec.max_ms * SECONDS
        super().__init__(chances, delays * SECONDS, low, high)
