"""Scenarios, as configuration: named changes of the configuration on a timeline. Pure data."""

from typing import Annotated, Any

from msgspec import Meta

from simulator.config.section import Section

Duration = Annotated[float, Meta(ge=0.01, le=1e9)]
"""Seconds; a hundredth at least, so that no scenario keeps the fleet busy with switching."""


class Phase(Section, frozen=True):
    """A part of a scenario's timeline."""

    name: str = ""
    """What it is called in listings; its number if empty."""
    duration_secs: Duration | str | None = None
    """How long it lasts; null lasts to the scenario's end. `${name}` takes a parameter."""
    set: dict[str, Any] = {}
    """Configuration that holds meanwhile, laid over everything else; `${name}` in a name or value takes a parameter."""


class Scenario(Section, frozen=True):
    """What happens, in which order. After its last phase a scenario ends, or begins anew."""

    description: str = ""
    """One sentence for listings."""
    parameters: dict[str, Any] = {}
    """Names that `${name}` stands for, with their defaults; an activation may give others of the same kind."""
    phases: tuple[Phase, ...] = ()
    """Its parts, one after the other; at least one."""
    repeat: bool = False
    """True begins anew after the last phase, until the scenario is ended."""
