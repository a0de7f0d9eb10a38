"""Which distribution a sample has: every family fitted, scored and compared. Pure.

The families are ranked by BIC (Schwarz 1978) or AIC (Akaike 1974). The best stands unless the Kolmogorov-Smirnov
test rejects it and it is also further away than is tolerated: then the measured percentiles themselves are
taken. A large sample rejects every family, since no system is one exactly; the distance says how much that
matters.
"""

import math
from typing import Literal

import msgspec
import numpy as np

from simulator.config import latency as config
from simulator.engine.latency import build
from simulator.engine.latency.quantile import SECONDS, Floats
from simulator.fitting.families import SINGLE, Estimate, Shape, Unfit, shape_of
from simulator.fitting.goodness import Distance, Steps, distance, percentiles, steps
from simulator.fitting.rounded import spread
from simulator.fitting.two import two_log_normals

Criterion = Literal["aic", "bic"]

FAMILIES = (*SINGLE, "mixture", "constant", "empirical")
"""What can be asked for. `mixture` is of two log-normals; `empirical` is a table of percentiles."""

SHOWN = (50.0, 95.0, 99.0)
TOLERANCE = 0.05
REJECTED = 0.05
"""A p-value below this counts as a rejection."""

_NOTHING = 1e-6
"""Milliseconds that count as none: tokens that came in one piece."""
_EDGED = ("uniform", "pareto")
_EDGE = 50
"""Values below which the smallest and largest say little of where the distribution ends; these families put all on
them, and would win by it."""
_FEW = 20
"""Samples of at most so many different values are discrete."""
_JUMP = 1e-5
"""Percent over which a table goes from one discrete value to the next."""
_TABLE = (0.0, 0.1, 1.0, *(2.5 * i for i in range(1, 40)), 99.0, 99.5, 99.9, 100.0)


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A family, fitted and scored; or, with a `reason`, why it was not."""

    family: str
    reason: str = ""
    spec: config.Distribution | None = None
    parameters: int = 0
    log_likelihood: float | None = None
    """In milliseconds; None for what has no density (constant, empirical)."""
    aic: float | None = None
    bic: float | None = None
    ks_d: float | None = None
    ks_p: float | None = None
    percentiles_ms: tuple[float, ...] = ()
    """Those of `SHOWN`, of the distribution as it is written."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What was made of a sample."""

    size: int
    percentiles_ms: tuple[float, ...]
    """Those of `SHOWN`, as measured."""
    mean_ms: float
    chosen: str
    why: str
    candidates: tuple[Candidate, ...]
    """Best first, unfit ones last."""
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Candidate:
        """The candidate that was chosen."""
        return next(one for one in self.candidates if one.family == self.chosen)

    @property
    def spec(self) -> config.Distribution:
        """The distribution that was chosen."""
        spec = self.best.spec
        assert spec is not None  # noqa: S101 - only what was fitted is chosen
        return spec


def choose(
    sample: Floats, family: str | None = None, criterion: Criterion = "bic", tolerance: float = TOLERANCE
) -> Choice:
    """The distribution of a sample (seconds, none negative, at least one, in any order).

    `family` forces one of `FAMILIES`. Raises `Unfit` where that one cannot be fitted, and `ValueError` for an
    empty sample.
    """
    if not len(sample):
        raise ValueError("a sample needs at least one value")
    measured = np.sort(sample)
    x, notes = spread(measured / SECONDS)
    zeros = int(np.searchsorted(x, _NOTHING, side="right"))
    x[:zeros] = 0.0
    if 0 < zeros < len(x):
        share = 100.0 * zeros / len(x)
        notes += (f"{share:.3g} % of the values are 0: a component of their own",)
    if len(x) < 20:
        notes += (f"{len(x)} values are too few to tell families apart",)
    seen = steps(x * SECONDS)
    candidates = _ranked([_scored(name, x, zeros, seen) for name in FAMILIES], criterion)
    discrete = len(seen.values) <= min(_FEW, len(x) / 3)
    chosen, why = _chosen(candidates, family, criterion, tolerance, size=len(x), discrete=discrete)
    return Choice(
        size=len(x),
        percentiles_ms=tuple(value / SECONDS for value in percentiles(measured, SHOWN)),
        mean_ms=float(measured.mean()) / SECONDS,
        chosen=chosen,
        why=why,
        candidates=candidates,
        notes=notes,
    )


def _ranked(candidates: list[Candidate], criterion: Criterion) -> tuple[Candidate, ...]:
    def place(one: Candidate) -> tuple[bool, float]:
        score: float | None = getattr(one, criterion)
        return one.spec is None, math.inf if score is None else score

    return tuple(sorted(candidates, key=place))


def _chosen(
    candidates: tuple[Candidate, ...],
    family: str | None,
    criterion: Criterion,
    tolerance: float,
    *,
    size: int,
    discrete: bool,
) -> tuple[str, str]:
    by_name = {one.family: one for one in candidates}
    if family is not None:
        if by_name[family].spec is None:
            raise Unfit(f"{family} cannot be fitted: {by_name[family].reason}")
        return family, "asked for"
    if by_name["constant"].ks_d == 0.0:
        return "constant", "all values are equal"
    if discrete:
        return "empirical", "only a few different values: a smooth family would be likely for the wrong reason"
    edged = size < _EDGE and candidates[0].family in _EDGED
    best = next((one for one in candidates if not edged or one.family not in _EDGED), candidates[0])
    if best.ks_d is None or best.ks_p is None or getattr(best, criterion) is None:
        return "empirical", "no family could be fitted"
    if best.ks_p < REJECTED and best.ks_d > tolerance:
        return "empirical", f"{best.family} has the best {criterion.upper()}, but is {best.ks_d:.3f} away"
    return best.family, f"best {criterion.upper()}" + (
        f" without an edge, which {size} values cannot show" if edged else ""
    )


def _scored(family: str, x: Floats, zeros: int, seen: Steps) -> Candidate:
    try:
        found = _fitted(family, x, zeros)
    except Unfit as unfit:
        return Candidate(family=family, reason=str(unfit))
    if wrong := config.problems(found.spec):
        return Candidate(family=family, reason="; ".join(f"{key} would not be {allowed}" for key, allowed in wrong))
    quantile = build(found.spec)
    away: Distance = distance(seen, quantile.quantile)
    likely = found.log_likelihood if math.isfinite(found.log_likelihood) else None
    return Candidate(
        family=family,
        spec=found.spec,
        parameters=found.parameters,
        log_likelihood=likely,
        aic=None if likely is None else 2.0 * found.parameters - 2.0 * likely,
        bic=None if likely is None else found.parameters * math.log(len(x)) - 2.0 * likely,
        ks_d=away.d,
        ks_p=away.p,
        percentiles_ms=tuple(quantile.percentile(p) / SECONDS for p in SHOWN),
    )


def _fitted(family: str, x: Floats, zeros: int) -> Estimate:
    """Of the whole sample: values of 0 become an atom, and the family is that of the others."""
    if family == "empirical":
        return Estimate(config.Empirical(percentiles_ms=_table(x)), math.nan, 0)
    positive = x[zeros:]
    if family == "constant":
        found = Estimate(config.Constant(value_ms=_middle(positive if len(positive) else x)), math.nan, 1)
    elif not len(positive) or positive[-1] - positive[0] <= 1e-9 * positive[-1]:
        raise Unfit("all values are equal")
    else:
        shape: Shape = shape_of(positive)
        found = two_log_normals(shape) if family == "mixture" else SINGLE[family](shape)
    return found if not zeros or not len(positive) else _with_zeros(found, zeros, len(x))


def _table(x: Floats) -> tuple[tuple[float, float], ...]:
    """Percentiles and values; of a sample of few values, each with exactly its share."""
    values, counts = np.unique(x, return_counts=True)
    if len(values) > _FEW:
        return tuple((p, float(f"{v:.6g}")) for p, v in zip(_TABLE, np.percentile(x, _TABLE), strict=True))
    ends = 100.0 * np.cumsum(counts) / len(x)
    starts = ends - 100.0 * counts / len(x)
    pairs = [
        (p, value)
        for start, end, value in zip(starts, ends, values, strict=True)
        for p in (float(f"{start + _JUMP:.9g}"), float(f"{end:.9g}"))
    ]
    return tuple((p, float(f"{value:.9g}")) for p, value in pairs)


def _middle(x: Floats) -> float:
    return float(f"{float(np.median(x)):.12g}")


def _with_zeros(found: Estimate, zeros: int, size: int) -> Estimate:
    share = float(f"{zeros / size:.6g}")
    parts = found.spec.components if isinstance(found.spec, config.Mixture) else (found.spec,)
    weighted = tuple(
        msgspec.structs.replace(part, weight=float(f"{(part.weight or 1.0) * (1.0 - share):.6g}")) for part in parts
    )
    spec = config.Mixture(components=(config.Constant(value_ms=0.0, weight=share), *weighted))
    rest = size - zeros
    split = zeros * math.log(zeros / size) + rest * math.log(rest / size)
    return Estimate(spec, found.log_likelihood + split, found.parameters + 1)
