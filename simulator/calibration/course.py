"""How much is asked at once and how long it takes, before anything is asked. Pure.

The load is bounded twice: to a share of what a worker was measured to stream with its client on the same machine
(docs/performance.md: 1,000 streams of 20 ms a token on two workers), and to what one client of this kind can follow
without being late itself.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from simulator.calibration.laws import mean
from simulator.calibration.oracle import Subject

TESTED: Final = 25_000
"""Tokens a second that a worker streams with room to spare."""
SHARE: Final = 0.7
FOLLOWED: Final = 10_000
"""Tokens a second that the client follows."""
_LEAST_GAP: Final = 1e-3
"""Seconds: tokens closer than this leave together."""
_ROUND: Final = 2e-3
"""Seconds between two streams of a connection, on average."""


class Course(msgspec.Struct, frozen=True):
    """`streams` at once for each subject in turn; `rate` in tokens a second and `seconds` in all are estimates.

    `wanted` is how many streams were asked for in all.
    """

    streams: Sequence[int]
    rate: float
    seconds: float
    wanted: int


def course_of(subjects: Sequence[Subject], requests: int, streams: int, workers: int) -> Course:
    """The course of a run: as many streams at once as asked for, shared out evenly, or as many as the bound allows."""
    long = [mean(one.pace.first) + (one.tokens - 1) * mean(one.pace.gap) + _ROUND for one in subjects]
    rates = [one.tokens / max(each, one.tokens * _LEAST_GAP) for one, each in zip(subjects, long, strict=True)]
    each, more = divmod(max(streams, len(subjects)), len(subjects))
    shared = [min(requests, each + (place < more)) for place in range(len(subjects))]
    rate = sum(count * one for count, one in zip(shared, rates, strict=True))
    bound = min(FOLLOWED, SHARE * TESTED * workers)
    if rate > bound:
        shared = [max(1, math.floor(count * bound / rate)) for count in shared]
        rate = sum(count * one for count, one in zip(shared, rates, strict=True))
    seconds = max(math.ceil(requests / count) * one for count, one in zip(shared, long, strict=True))
    return Course(shared, rate, seconds, streams)
