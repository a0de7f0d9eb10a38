"""The uniform distribution. Pure."""

import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.points import line, points
from simulator.engine.latency.quantile import SECONDS
from simulator.engine.latency.table import Table


class Uniform(Table):
    """Even between the bounds; with percentiles, even between each two of them.

    Without a bound, the nearest stretch goes on as it is, but not below 0.
    """

    def __init__(self, spec: config.Uniform) -> None:
        knots = points(spec)
        first = (spec.min_ms or 0.0) * SECONDS
        last = (spec.max_ms or 0.0) * SECONDS
        if knots:
            if spec.min_ms is None:
                first = max(0.0, line(knots[0], knots[1])[0])
            if spec.max_ms is None:
                last = sum(line(knots[-2], knots[-1]))
        chances, delays = zip((0.0, first), *knots, (1.0, last), strict=True)
        super().__init__(np.array(chances), np.array(delays), None, None)
