"""A scenario at work, and what it is doing at a moment. Pure: the time is handed in, in Unix seconds.

The timeline of an activation is divided by edges: phase k of round r begins at `started`, r rounds and the phases
before it later. Every edge is computed by one expression, so that the end of a phase is the very number at which
the next begins: no gap, no overlap, whatever the rounding.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from simulator.config.expand import Part, parts
from simulator.config.scenarios import Scenario

FOREVER = float("inf")
Moment = Annotated[float, Meta(ge=0, le=1e11)]
"""Unix seconds, up to the year 5138: far from where adding a hundredth is lost to rounding."""


class Activation(msgspec.Struct, frozen=True):
    """A scenario that was switched on. Its definition goes with it, so that all who share it play the same.

    `parameters` are all of them, defaults included. `ends` is when it is over whatever its phases say; None if
    nobody said so.
    """

    name: str
    definition: Scenario
    parameters: dict[str, Any]
    started: Moment
    ends: Moment | None = None


class Scene(msgspec.Struct, frozen=True):
    """What an activation is doing: a step of a phase, both from 0.

    `begins` is when this phase of this round began, `ends` when it is over, and `until` when the step is.
    """

    phase: int
    step: int
    begins: float
    ends: float
    until: float


class Timeline:
    """The phases of an activation on the clock."""

    def __init__(self, activation: Activation) -> None:
        """Raises KeyError or ValueError for parameters that do not fit the definition."""
        self.parts: list[Part] = parts(activation.definition, activation.parameters)
        self._started = activation.started
        self._ends = FOREVER if activation.ends is None else activation.ends
        lasts = [FOREVER if part.seconds is None else part.seconds for part in self.parts]
        self._begins = list(accumulate(lasts, initial=0.0))
        self._round = self._begins.pop()
        repeat = activation.definition.repeat
        self._rounds = (FOREVER if repeat else 1) if isinstance(repeat, bool) else repeat
        self._repeats = self._rounds > 1 and self._round < FOREVER

    @property
    def ends(self) -> float:
        """When the scenario is over by itself."""
        if self._rounds == FOREVER and self._repeats:
            return self._ends
        return min(self._ends, self._edge(int(self._rounds) if self._repeats else 1, 0))

    def scene_at(self, now: float) -> tuple[Scene | None, float]:
        """What holds at a moment, None before the first phase and after the last, and until when that is so."""
        if now < self._started:
            return None, min(self._started, self._ends)
        if now >= self.ends or not self.parts:
            return None, FOREVER
        rounds = max(0, int((now - self._started) / self._round)) if self._repeats else 0
        # The division rounds as it likes: the edges alone decide.
        while self._edge(rounds, 0) > now:
            rounds -= 1
        while self._repeats and self._edge(rounds + 1, 0) <= now:
            rounds += 1
        phase = bisect_right(range(len(self.parts)), now, key=lambda place: self._edge(rounds, place)) - 1
        following = self._edge(rounds, phase + 1) if phase + 1 < len(self.parts) else self._edge(rounds + 1, 0)
        begins, ends = self._edge(rounds, phase), min(following, self._ends)
        step, until = self._step_at(self.parts[phase], begins, now)
        scene = Scene(phase, step, begins, ends, min(until, ends))
        return scene, scene.until

    def state_at(self, now: float) -> tuple[int | None, float]:
        """The phase at a moment, None before the first and after the last, and until when that is so."""
        scene, until = self.scene_at(now)
        return (None, until) if scene is None else (scene.phase, scene.ends)

    def _edge(self, rounds: int, phase: int) -> float:
        """When a phase begins."""
        return self._started + (rounds * self._round if rounds else 0.0) + self._begins[phase]

    @staticmethod
    def _step_at(part: Part, begins: float, now: float) -> tuple[int, float]:
        """The step of a phase that began at `begins`, and when it is over; the last one's end is the phase's."""
        if part.steps == 1 or part.seconds is None:
            return 0, FOREVER
        length = part.seconds / part.steps
        step = bisect_right(range(part.steps), now, key=lambda place: begins + place * length) - 1
        return step, begins + (step + 1) * length if step + 1 < part.steps else FOREVER


def state_at(activation: Activation, now: float) -> tuple[int | None, float]:
    """The phase of an activation at a moment, and until when that is so; see `Timeline`."""
    return Timeline(activation).state_at(now)
