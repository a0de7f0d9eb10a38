"""What was configured, as quantile functions: of the time to the first token, and of the gap between two. Pure.

A distribution is a function of uniforms in [0, 1) that gives seconds, as everywhere in the engine.

The server sends on whole milliseconds of its clock: it rounds each moment to the nearest. A moment's error is therefore
uniform within half a tick. A gap lies between two such moments, so one of k ticks and a fraction f is seen as k with
probability 1 - f and as k + 1 with probability f: its mean is right, and it has whole ticks. `ticked` is the law of
what is seen.
"""

from typing import Final, NamedTuple

import numpy as np

from simulator.config.latency import Latency
from simulator.engine.latency.build import build
from simulator.engine.latency.quantile import LAST, Floats
from simulator.fitting.goodness import Inverse

TICK: Final = 1e-3
"""Seconds between two moments at which the server sends."""
_DRAWS: Final = 4_096
_BLOCK: Final = 256
_CELLS: Final = 32_768
_PHASES: Final = 8
_NEAR: Final = 1e-6
"""Ticks: a delay that is so near to a whole one is whole, for milliseconds became seconds and back."""


class Pace(NamedTuple):
    """The two distributions of one model."""

    first: Inverse
    gap: Inverse


def configured(latency: Latency, scale: float, prefill: float, thoughts: int = 0) -> Pace:
    """What a latency says, stretched by `scale`; `prefill` is in seconds as they pass.

    The first token is the first that is shown: `thoughts` tokens come before it, drawn like all others. Their sum has
    no closed form, so it is drawn: always the same draws.
    """

    def gap(u: Floats) -> Floats:
        return np.zeros(np.shape(u)) if latency.itl is None else build(latency.itl).quantile(u) * scale

    def first(u: Floats) -> Floats:
        drawn = np.zeros(np.shape(u)) if latency.ttft is None else build(latency.ttft).quantile(u) * scale
        return drawn + prefill

    if not thoughts:
        return Pace(first, gap)
    draws = np.random.Generator(np.random.Philox(key=thoughts))
    sums = first(draws.random(_DRAWS))
    for begin in range(0, thoughts, _BLOCK):
        sums += gap(draws.random((_DRAWS, min(_BLOCK, thoughts - begin)))).sum(axis=1)
    sums.sort()
    chances = (np.arange(_DRAWS) + 0.5) / _DRAWS
    return Pace(lambda u: np.interp(u, chances, sums), gap)


class Law:
    """A distribution as a table of what it draws."""

    __slots__ = ("_upto", "_values")

    def __init__(self, values: Floats, weights: Floats) -> None:
        """`values` in seconds, ascending, each with a positive weight; the weights need not add up to 1."""
        self._values = values
        self._upto = np.cumsum(weights) / np.sum(weights)

    def quantile(self, u: Floats) -> Floats:
        """See `Quantile`."""
        place = np.searchsorted(self._upto, u, side="right")
        return self._values[np.minimum(place, len(self._values) - 1)]


def ticked(quantile: Inverse, *, between: bool) -> Law:
    """The law of what is sent: of the gap `between` two moments, or of a moment counted from any other."""
    return rounded(quantile((np.arange(_CELLS) + 0.5) / _CELLS), between=between)


def rounded(values: Floats, *, between: bool) -> Law:
    """The law of these delays (seconds, in any order), each equally likely, when they are sent on whole ticks."""
    if between:
        ticks = np.floor(values / TICK + _NEAR)
        over = np.clip(values / TICK - ticks, 0.0, 1.0)
        seen, place = np.unique(np.concatenate((ticks, ticks + 1.0)), return_inverse=True)
        weights: Floats = np.zeros(len(seen))
        np.add.at(weights, place, np.concatenate((1.0 - over, over)))
        kept = weights > 0.0
        return Law(seen[kept] * TICK, weights[kept])
    phases = ((np.arange(_PHASES) + 0.5) / _PHASES - 0.5) * TICK
    spread = np.sort((values[:, None] + phases).ravel())
    return Law(spread, np.ones(len(spread)))


def mean(quantile: Inverse) -> float:
    """The mean, of all but the last few in 100,000 of a heavy tail."""
    return float(np.mean(quantile((np.arange(_CELLS) + 0.5) / _CELLS)))


def at(quantile: Inverse, chance: float) -> float:
    """One quantile; a chance of 1 counts as the last below it."""
    return float(quantile(np.array([min(max(chance, 0.0), LAST)]))[0])


def narrow(quantile: Inverse) -> bool:
    """Whether most of it lies within two ticks, so that the server's clock shapes what is seen more than it does."""
    low, high = quantile(np.array([0.05, 0.95]))
    return bool(high - low < 2 * TICK)
