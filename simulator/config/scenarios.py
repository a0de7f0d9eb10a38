"""Scenarios, as configuration: named changes of the configuration on a timeline. Pure data."""

from typing import Annotated, Any

from msgspec import Meta

from simulator.config.section import Positive, Section

Duration = Annotated[float, Meta(ge=0.01, le=1e9)]
"""Seconds; a hundredth at least, so that no scenario keeps the fleet busy with switching."""


class Phase(Section, frozen=True):
    """A part of a scenario's timeline.

    The failures (`faults.<name>`) that a phase sets are switched on when it begins: their ramps, windows and counts
    begin then, the same on every worker, and anew in each round of a scenario that repeats.
    """

    name: str = ""
    """What it is called in listings; its number if empty."""
    duration_secs: Duration | str | None = None
    """How long it lasts; null lasts to the scenario's end. `${name}` takes a parameter."""
    set: dict[str, Any] = {}
    """Configuration that holds meanwhile, laid over everything else; `${name}` in a name or value takes a parameter."""
    to: dict[str, Any] = {}
    """Numbers of `set`, under the same keys, with what they have become by the phase's end; they go there evenly."""
    steps: Annotated[int, Meta(ge=2, le=100)] = 10
    """In how many steps of equal length: the first has the numbers of `set`, the last those of `to`."""


class Scenario(Section, frozen=True):
    """What happens, in which order. After its last phase a scenario ends, or begins anew."""

    description: str = ""
    """One sentence for listings."""
    parameters: dict[str, Any] = {}
    """Names that `${name}` stands for, with their defaults; an activation may give others of the same kind."""
    phases: tuple[Phase, ...] = ()
    """Its parts, one after the other; at least one."""
    repeat: bool | Positive = False
    """True begins anew after the last phase, until the scenario is ended; a number plays it so many times in all."""
