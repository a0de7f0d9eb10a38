"""Samples that were rounded when they were written down. Pure.

A trace in whole milliseconds holds gaps of 8, 9 and 10 ms and nothing between. Taken at its word it has
atoms, and every smooth family is far from it. Each value stands for a step of times around it, so it is
spread evenly over that step, which is what the rounding did backwards.
"""

import numpy as np

from simulator.engine.latency.quantile import Floats

_STEPS_MS = (100.0, 10.0, 1.0, 0.1, 0.01)
_TIES = 3.0
"""Values that share each distinct one, on average, before it can be rounding."""
_DISTINCT = 5
_FINE = 0.02
"""A step below this share of the median does no harm."""


def spread(ordered: Floats) -> tuple[Floats, tuple[str, ...]]:
    """An ordered sample (milliseconds) without the atoms of rounding, as a new ordered array; and what was done.

    Zeros that outnumber the values of the first step by far are no rounding and stay.
    """
    values, counts = np.unique(ordered, return_counts=True)
    if len(values) < _DISTINCT or len(ordered) < _TIES * len(values):
        return ordered.copy(), ()
    step = next((each for each in _STEPS_MS if _multiples(values, each)), None)
    if step is None or step < _FINE * float(np.median(ordered)):
        return ordered.copy(), ()
    zeros = int(counts[0]) if values[0] == 0.0 else 0
    if zeros > 2 * counts[1] + 20:
        values, counts = values[1:], counts[1:]
    else:
        zeros = 0
    place = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (place + 0.5) / np.repeat(counts, counts)
    low = np.maximum(values - step / 2.0, 0.0)
    wide = values + step / 2.0 - low
    x = np.repeat(low, counts) + share * np.repeat(wide, counts)
    note = f"the values are whole multiples of {step:g} ms: each was spread over its step"
    return np.concatenate((np.zeros(zeros), x)), (note,)


def _multiples(values: Floats, step: float) -> bool:
    parts = values / step
    return bool(np.all(np.abs(parts - np.round(parts)) < 1e-6))
