"""How latency is written in configuration: a distribution by name with its parameters, in milliseconds.

Pure data and the checks between parameters. How a distribution is drawn is in `simulator.engine.latency`.

A family is given by its natural parameters or by percentiles, never by both. `min_ms` and `max_ms` are
bounds that every draw keeps: the family's own parameters describe it before it is bounded (draws outside are
not moved to the bound, the distribution is conditioned on the range), percentiles describe what is drawn.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from simulator.config import standing
from simulator.config.load_model import Degradation, Load

Milliseconds = Annotated[float, Meta(ge=0, le=1e12)]
"""Up to 30 years: room enough, and far from where doubles overflow."""
Percent = Annotated[float, Meta(ge=0, le=100)]

Problem: TypeAlias = tuple[str, str]
"""A key (`components[1].mean_ms`) and what is allowed there."""


class _Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="distribution"):
    min_ms: Milliseconds | None = None
    max_ms: Milliseconds | None = None
    weight: float | None = None
    """Only for a component of a mixture: its share, relative to the others'; 1 if not given."""


class _ByPercentiles(_Distribution, frozen=True):
    p50_ms: Milliseconds | None = None
    p95_ms: Milliseconds | None = None
    p99_ms: Milliseconds | None = None


class LogNormal(_ByPercentiles, frozen=True, tag="log_normal"):
    """By percentiles (two or three) or by the mean and standard deviation of the values themselves."""

    mean_ms: Milliseconds | None = None
    std_dev_ms: Milliseconds | None = None


class Normal(_ByPercentiles, frozen=True, tag="normal"):
    """By mean and standard deviation, or by percentiles (two or three); cut off below zero."""

    mean_ms: Milliseconds | None = None
    std_dev_ms: Milliseconds | None = None


class Constant(_Distribution, frozen=True, tag="constant"):
    """Always the same."""

    value_ms: Milliseconds


class Uniform(_ByPercentiles, frozen=True, tag="uniform"):
    """Evenly between `min_ms` (0 if not given) and `max_ms`, or evenly between percentiles (two or three)."""


class Exponential(_ByPercentiles, frozen=True, tag="exponential"):
    """By its mean, or by percentiles (one to three)."""

    mean_ms: Milliseconds | None = None


class Gamma(_ByPercentiles, frozen=True, tag="gamma"):
    """By shape and scale, by mean and standard deviation, or by percentiles (two or three)."""

    shape: float | None = None
    scale_ms: Milliseconds | None = None
    mean_ms: Milliseconds | None = None
    std_dev_ms: Milliseconds | None = None


class Weibull(_ByPercentiles, frozen=True, tag="weibull"):
    """By shape and scale, or by percentiles (two or three)."""

    shape: float | None = None
    scale_ms: Milliseconds | None = None


class Pareto(_ByPercentiles, frozen=True, tag="pareto"):
    """By shape and scale (the smallest value), or by percentiles (two or three).

    A shape of 1 or less has no finite mean and is allowed only with `max_ms`.
    """

    shape: float | None = None
    scale_ms: Milliseconds | None = None


class Empirical(_Distribution, frozen=True, tag="empirical"):
    """By measured values, or by a table of (percentile, value) pairs; linear in between, flat beyond a table's ends."""

    values_ms: tuple[Milliseconds, ...] | None = None
    percentiles_ms: tuple[tuple[Percent, Milliseconds], ...] | None = None


class Mixture(_Distribution, frozen=True, tag="mixture"):
    """One of several distributions, chosen by weight; each component is written like any distribution."""

    components: "tuple[Distribution, ...]" = ()


Distribution = LogNormal | Normal | Constant | Uniform | Exponential | Gamma | Weibull | Pareto | Empirical | Mixture


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When tokens come: `ttft` is the first token's delay, `itl` the gap before each later one."""

    ttft: Distribution | None = None
    itl: Distribution | None = None
    prefill_ms_per_token: Milliseconds | None = None
    """Added to TTFT for each prompt token that is not cached."""
    load: Load | None = None
    """How delays grow with the requests that the fleet has in flight; null = not at all."""
    degradation: Degradation | None = None
    """How delays grow with time; null = not at all."""

    @property
    def varies(self) -> bool:
        """Whether a delay depends on anything beside the request and its draws."""
        return any(part is not None and part.enabled for part in (self.load, self.degradation))


_PERCENTILES = ("p50_ms", "p95_ms", "p99_ms")
_MOMENTS = ("mean_ms", "std_dev_ms")
_SHAPED = ("shape", "scale_ms")
_NATURAL: dict[type, tuple[tuple[str, ...], ...]] = {
    LogNormal: (_MOMENTS,),
    Normal: (_MOMENTS,),
    Uniform: (),
    Exponential: (("mean_ms",),),
    Gamma: (_SHAPED, _MOMENTS),
    Weibull: (_SHAPED,),
    Pareto: (_SHAPED,),
}
_SHAPE_RANGE = (0.01, 10_000.0)
_SPREAD: dict[type, tuple[float, float]] = {LogNormal: (1e-6, 1e4), Gamma: (0.01, 10.0)}
"""Standard deviation over mean; for a gamma it is one over the root of the shape."""
_WIDEST = 1e6
"""Percentiles further apart than this would put the tails beyond what a double holds."""
_NEAREST = 1 + 1e-9
"""Percentiles nearer than this would be one and the same delay once logarithms are rounded."""
_LEAST = 1e-6
"""A nanosecond: less than this is nothing."""


def problems(d: Distribution) -> list[Problem]:
    """Every contradictory, missing or impossible parameter as (key, what is allowed); empty if all is well."""
    found = list(_of(d))
    if d.weight is not None:
        found.append(("weight", "only for a component of a mixture"))
    return found


def _of(d: Distribution) -> Iterator[Problem]:
    not_finite = [
        key for key in d.__struct_fields__ if isinstance(x := getattr(d, key), float) and not math.isfinite(x)
    ]
    if not_finite:
        yield from ((key, "a finite number") for key in not_finite)
        return
    if d.max_ms is not None and d.max_ms <= (d.min_ms or 0.0) and not isinstance(d, Constant):
        yield "max_ms", f"greater than min_ms, {d.min_ms:g}" if d.min_ms else "greater than 0"
        return
    match d:
        case Constant():
            inner = _constant(d)
        case Empirical():
            inner = _empirical(d)
        case Mixture():
            inner = _mixture(d)
        case _:
            inner = _family(d)
    found = list(inner)
    yield from found
    if not found and not _reachable(d, d.min_ms or 0.0, d.max_ms):
        key = "max_ms" if d.min_ms is None else "min_ms"
        yield key, "a range from min_ms to max_ms that holds some of the distribution"


def _constant(d: Constant) -> Iterator[Problem]:
    if d.min_ms is not None and d.min_ms > d.value_ms:
        yield "min_ms", f"at most value_ms, {d.value_ms:g}"
    if d.max_ms is not None and d.max_ms < d.value_ms:
        yield "max_ms", f"at least value_ms, {d.value_ms:g}"


def _empirical(d: Empirical) -> Iterator[Problem]:
    if d.values_ms is not None and d.percentiles_ms is not None:
        yield "percentiles_ms", "either values_ms or percentiles_ms, not both"
    elif d.values_ms is not None:
        if not d.values_ms:
            yield "values_ms", "at least one value"
        yield from ((f"values_ms[{i}]", "a finite number") for i, x in enumerate(d.values_ms) if not math.isfinite(x))
    elif d.percentiles_ms is not None:
        if len(d.percentiles_ms) < 2:
            yield "percentiles_ms", "at least two pairs of percentile and milliseconds"
        last_p, last_x = -1.0, 0.0
        for i, (p, x) in enumerate(d.percentiles_ms):
            if not (math.isfinite(x) and math.isfinite(p)):
                yield f"percentiles_ms[{i}]", "finite numbers"
            elif p <= last_p or x < last_x:
                yield f"percentiles_ms[{i}]", f"a percentile above {last_p:g} with a value of at least {last_x:g}"
            last_p, last_x = p, x
    else:
        yield "values_ms", "a list of values, or percentiles_ms"


def _mixture(d: Mixture) -> Iterator[Problem]:
    if not d.components:
        yield "components", "at least one distribution"
    for i, component in enumerate(d.components):
        if component.weight is not None and not 0 < component.weight < math.inf:
            yield f"components[{i}].weight", "greater than 0"
        yield from ((f"components[{i}].{key}", allowed) for key, allowed in _of(component))


def _family(d: Distribution) -> Iterator[Problem]:
    """A family by natural parameters or percentiles: one way, complete, and each value possible."""
    ways = _NATURAL[type(d)]
    given = [key for key in _PERCENTILES if getattr(d, key) is not None]
    natural = [key for way in ways for key in way if getattr(d, key) is not None]
    needed = 1 if isinstance(d, Exponential) else 2
    choice = " or ".join(" and ".join(way) for way in ways)
    if given and natural:
        yield natural[0], f"either percentiles or {choice}, not both"
    elif given:
        if len(given) < needed:
            yield (
                next(key for key in _PERCENTILES if key not in given),
                f"at least {needed} of {', '.join(_PERCENTILES)}",
            )
        else:
            yield from _percentiles(d, given)
    elif isinstance(d, Uniform):
        if d.max_ms is None:
            yield "max_ms", "max_ms (with min_ms), or two of p50_ms, p95_ms, p99_ms"
    else:
        way = next((w for w in ways if natural and natural[0] in w), ways[0])
        if missing := [key for key in way if key not in natural]:
            yield missing[0], f"{choice}, or {needed} of {', '.join(_PERCENTILES)}"
        elif strange := [key for key in natural if key not in way]:
            yield strange[0], f"{choice}, not some of each"
        else:
            yield from _values(d, way)


def _percentiles(d: Distribution, given: Sequence[str]) -> Iterator[Problem]:
    last_key, last = "min_ms", d.min_ms or 0.0
    for key in given:
        value = getattr(d, key)
        if last_key != "min_ms" and value > _WIDEST * last:
            yield key, f"at most {_WIDEST:,.0f} times {last_key}"
            return
        if value <= max(last * _NEAREST, _LEAST):
            yield key, "greater than 0" if last < _LEAST else f"greater than {last_key}, {last:g}"
            return
        last_key, last = key, value
    if d.max_ms is not None and d.max_ms <= last:
        yield "max_ms", f"greater than {last_key}, {last:g}"
    elif isinstance(d, Pareto) and d.max_ms is None:
        low, high = given[-2:]
        left = {"p50_ms": 0.5, "p95_ms": 0.05, "p99_ms": 0.01}
        if math.log(last / getattr(d, low)) >= math.log(left[low] / left[high]):
            yield high, f"less than {left[low] / left[high]:g} times {low}, or max_ms: the mean is infinite"


def _values(d: Distribution, way: Sequence[str]) -> Iterator[Problem]:
    zero_mean = isinstance(d, Normal)
    for key in way:
        if getattr(d, key) < _LEAST and not (zero_mean and key == "mean_ms"):
            fixed = " (a fixed delay is distribution: constant)" if key == "std_dev_ms" else ""
            yield key, f"greater than 0{fixed}"
            return
    low, high = _SHAPE_RANGE
    if way == _SHAPED and isinstance(d, Gamma | Weibull | Pareto) and not low <= (d.shape or 0) <= high:
        yield "shape", f"from {low:g} to {high:g}"
    elif way == _MOMENTS and isinstance(d, LogNormal | Gamma):
        mean, (low, high) = d.mean_ms or 0.0, _SPREAD[type(d)]
        if not low <= (d.std_dev_ms or 0) / mean <= high:
            yield "std_dev_ms", f"from {mean * low:g} to {mean * high:g} for this mean"
    elif isinstance(d, Pareto) and d.max_ms is None and (d.shape or 0) <= 1:
        yield "shape", "greater than 1, or max_ms: the mean is infinite"


def _gamma(d: Gamma) -> tuple[float, float]:
    """Shape, and mean in milliseconds."""
    if d.shape is not None:
        return d.shape, d.shape * (d.scale_ms or 0)
    mean = d.mean_ms or 0.0
    return (mean / (d.std_dev_ms or math.inf)) ** 2, mean


def _reachable(d: Distribution, low: float, high: float | None) -> bool:
    """Whether the range from `low` to `high` (milliseconds, None for no end) holds some of the distribution."""
    high = math.inf if high is None else high
    match d:
        case Mixture():
            return any(_holds(c, low, high) for c in d.components)
        case Constant():
            return low <= d.value_ms <= high
        case Empirical():
            values = d.values_ms or tuple(x for _, x in d.percentiles_ms or ())
            return low <= max(values) and high >= min(values)
        case Uniform(p50_ms=None, p95_ms=None):
            return low < (d.max_ms or 0) and high > (d.min_ms or 0)
    points: list[float] = [x for key in _PERCENTILES if (x := getattr(d, key)) is not None]
    if points:
        return low < points[-1] and high > points[0]
    near, far = _standing(d, low), _standing(d, high)
    return near < standing.FAR and far > -standing.FAR


def _holds(component: Distribution, low: float, high: float) -> bool:
    low, high = max(low, component.min_ms or 0.0), min(high, component.max_ms or math.inf)
    return low <= high and _reachable(component, low, high)


def _standing(d: Distribution, x: float) -> float:
    """Where `x` stands in a family with natural parameters: roughly its normal score."""
    if x == math.inf:
        return x
    match d:
        case Normal():
            score = standing.in_normal(x, d.mean_ms or 0, d.std_dev_ms or 1)
        case LogNormal():
            score = standing.in_log_normal(x, d.mean_ms or 1, d.std_dev_ms or 0)
        case Gamma():
            score = standing.in_gamma(x, *_gamma(d))
        case Weibull():
            score = standing.in_weibull(x, d.shape or 1, d.scale_ms or 1)
        case Pareto():
            score = standing.in_pareto(x, d.shape or 1, d.scale_ms or 1)
        case Exponential():
            score = standing.in_exponential(x, d.mean_ms or 1)
        case _:
            score = 0.0
    return score
