"""When tokens come: distributions as quantile functions, and the timeline of a response."""

from simulator.engine.latency.build import build
from simulator.engine.latency.quantile import Quantile
from simulator.engine.latency.timeline import Timeline

__all__ = ["Quantile", "Timeline", "build"]
