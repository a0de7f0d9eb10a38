"""The server's own lateness while it was measured, from the histogram of its metrics. Pure.

A histogram tells bounds: a lag of `2 ms` is one of at most 2 ms and above the bucket before.
"""

import math
import re
from collections.abc import Mapping
from typing import Final

import msgspec

Buckets = Mapping[float, float]
"""How many turns of the timing wheels were at most so many seconds late, by bound."""
_LINE: Final = re.compile(
    r'^llm_simulator_schedule_lag_seconds_bucket\{(?:[^}]*,)?le="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE
)


class Lag(msgspec.Struct, frozen=True):
    """Of so many turns: bounds in seconds of 99 % and of all of them; None where there were none.

    A bound beyond the last bucket is infinite.
    """

    turns: int
    p99: float | None
    most: float | None


def buckets(metrics: str) -> Buckets:
    """The schedule lag's buckets in a text of metrics, of all workers together."""
    found: dict[float, float] = {}
    for bound, count in _LINE.findall(metrics):
        found[float(bound)] = found.get(float(bound), 0.0) + float(count)
    return found


def between(before: Buckets, after: Buckets) -> Lag:
    """What was added from one look to the next."""
    added = {bound: count - before.get(bound, 0.0) for bound, count in sorted(after.items())}
    turns = added.get(math.inf, 0.0)
    if turns <= 0:
        return Lag(0, None, None)

    def bound(share: float) -> float:
        return next(bound for bound, count in added.items() if count >= share * turns)

    return Lag(int(turns), bound(0.99), bound(1.0))
