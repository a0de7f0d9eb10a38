"""From a configured distribution to its quantile function. Pure."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from simulator.config import latency as config
from simulator.engine.latency.constant import Constant
from simulator.engine.latency.empirical import Empirical
from simulator.engine.latency.exponential import Exponential
from simulator.engine.latency.gamma import Gamma
from simulator.engine.latency.log_normal import LogNormal
from simulator.engine.latency.mixture import Mixture
from simulator.engine.latency.normal import Normal
from simulator.engine.latency.pareto import Pareto
from simulator.engine.latency.quantile import Quantile
from simulator.engine.latency.uniform import Uniform
from simulator.engine.latency.weibull import Weibull

_FAMILIES: Mapping[type, Callable[[Any], Quantile]] = {
    config.Constant: Constant,
    config.Uniform: Uniform,
    config.Normal: Normal,
    config.LogNormal: LogNormal,
    config.Exponential: Exponential,
    config.Gamma: Gamma,
    config.Weibull: Weibull,
    config.Pareto: Pareto,
    config.Empirical: Empirical,
}


@functools.lru_cache(maxsize=1024)
def build(spec: config.Distribution) -> Quantile:
    """The quantile function of a distribution in which `problems` finds none.

    Equal distributions share one object: it is immutable, and its tables may be large.
    """
    if isinstance(spec, config.Mixture):
        return Mixture(spec, [build(component) for component in spec.components])
    return _FAMILIES[type(spec)](spec)
