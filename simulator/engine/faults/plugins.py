"""Strategies of other packages: when a failure strikes, decided by a class that an entry point names.

Pure but for the reading of the installed entry points, when a failure is made ready. A plugin is a class that takes the
failure's `options` and has a method `factor`; it sees what is below and nothing else, so that whatever it decides can
be replayed.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, Protocol

import msgspec

GROUP = "llm_simulator.faults"


class Situation(msgspec.Struct, frozen=True, gc=False):
    """What a strategy may know of a request.

    `sequence` is its number among the shard's, from 0, or None where conditions are keyed; `elapsed` the seconds since
    the failure was switched on; `count` which of the requests it counts this is, 0 where none are counted; `draw` a
    number in [0, 1) that belongs to this request and this failure.
    """

    sequence: int | None
    elapsed: float
    count: int
    draw: float


class Strategy(Protocol):
    """Decides when a failure strikes."""

    def factor(self, situation: Situation) -> float:
        """By how much the failure's probability is multiplied, from 0 to 1. Pure, and a matter of microseconds."""


def plugged(name: str, options: Mapping[str, Any]) -> Strategy:
    """The strategy of a name, made with its options.

    Raises LookupError where no package brings one of this name, ValueError for one that cannot be made.
    """
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        there = ", ".join(sorted({point.name for point in entry_points(group=GROUP)})) or "none"
        raise LookupError(f"no strategy {name!r}; installed are: {there}")
    try:
        made: Strategy = found[0].load()(options)
    except Exception as error:  # another package's code: whatever it raises is told as a fault of the configuration
        raise ValueError(f"strategy {name!r} cannot be made: {type(error).__name__}: {error}") from error
    return made
