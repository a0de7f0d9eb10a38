"""From a configured distribution to the numbers that families are built from, in seconds. Pure."""

from simulator.config.latency import Exponential, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull
from simulator.engine.latency.quantile import SECONDS

Family = LogNormal | Normal | Uniform | Exponential | Gamma | Weibull | Pareto


def points(spec: Family) -> list[tuple[float, float]]:
    """The given percentiles as (probability, seconds), ascending."""
    given = ((0.5, spec.p50_ms), (0.95, spec.p95_ms), (0.99, spec.p99_ms))
    return [(p, x * SECONDS) for p, x in given if x is not None]


def bounds(spec: Family) -> tuple[float | None, float | None]:
    """`min_ms` and `max_ms` in seconds; a floor of 0 is none, since no delay is below it."""
    low = spec.min_ms * SECONDS if spec.min_ms else None
    high = None if spec.max_ms is None else spec.max_ms * SECONDS
    return low, high


def seconds(milliseconds: float | None) -> float:
    """A parameter that is known to be given."""
    if milliseconds is None:
        raise ValueError("a parameter is missing; `problems` names it")
    return milliseconds * SECONDS


def line(low: tuple[float, float], high: tuple[float, float]) -> tuple[float, float]:
    """Offset and slope of the straight line through two points (score, value)."""
    slope = (high[1] - low[1]) / (high[0] - low[0])
    return low[1] - slope * low[0], slope
