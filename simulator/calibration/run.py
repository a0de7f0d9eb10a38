"""One calibration from beginning to end. Wiring: what is measured, the client, the fleet's own words, the result."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from simulator.calibration.client import follow, run
from simulator.calibration.course import Course, course_of
from simulator.calibration.fleet import Plane
from simulator.calibration.lag import Lag, between
from simulator.calibration.measured import Outcome, Share, outcome_of
from simulator.calibration.oracle import Oracle, Subject
from simulator.calibration.profiles import Profile
from simulator.config.catalogue import ModelCard
from simulator.config.schema import Config

PATIENCE: Final = 3.0
"""A run may take so many times as long as was estimated, and `GRACE_SECONDS`."""
GRACE_SECONDS: Final = 30.0


class Wish(msgspec.Struct, frozen=True):
    """What is asked of a run: requests a profile, streams at once in all, tokens of an answer, relative tolerance."""

    requests: int = 200
    streams: int = 40
    tokens: int = 60
    tolerance: float = 0.02


class Report(msgspec.Struct, frozen=True):
    """What came of it. `complete`: there was time for all of it. `took` is in seconds."""

    wish: Wish
    course: Course
    outcomes: Sequence[Outcome]
    lag: Lag
    lag_threshold: float
    complete: bool
    took: float

    @property
    def within(self) -> bool:
        """Whether every profile is."""
        return self.complete and all(one.within for one in self.outcomes)


class Calibration:
    """A fleet's configuration and what of it is to be measured.

    `prepare` says what it will take; `measure` asks the fleet, once.
    """

    def __init__(self, config: Config, catalogue: Mapping[str, ModelCard], wish: Wish) -> None:
        self._oracle = Oracle(config, catalogue)
        self._keyed = config.simulation.conditions == "request"
        self._lag_threshold = config.telemetry.lag_threshold_ms / 1e3
        self._wish = wish
        self._subjects: Sequence[Subject] = ()

    def prepare(self, profiles: Sequence[Profile], workers: int) -> Course:
        """Choose the requests and the course. Raises `Refusal` or `EngineRefusal` for a model that cannot be asked."""
        wish = self._wish
        self._subjects = [self._oracle.subject(one, wish.tokens) for one in profiles]
        return course_of(self._subjects, wish.requests, wish.streams, workers)

    def measure(self, plane: Plane, course: Course, ended: Callable[[], None] = lambda: None) -> Report:
        """Measure the fleet. `ended` is called as each answer ends. Raises `Unreachable`, OSError."""
        wish = self._wish
        host = f"[{plane.host}]:{plane.port}" if ":" in plane.host else f"{plane.host}:{plane.port}"
        shares = [
            Share(subject, host, (wish.requests, streams), keyed=self._keyed, ended=ended)
            for subject, streams in zip(self._subjects, course.streams, strict=True)
        ]
        before = plane.lags()
        began = time.monotonic()
        complete = run(follow(plane.host, plane.port, shares, began + PATIENCE * course.seconds + GRACE_SECONDS))
        took = time.monotonic() - began
        lag = between(before, plane.lags())
        outcomes = [outcome_of(share, self._oracle, wish.tolerance) for share in shares]
        return Report(wish, course, outcomes, lag, self._lag_threshold, complete, took)
