"""Which scenarios there are, and switching one on. Values, and the thin edge that reads the shipped ones.

Shipped scenarios are `config/scenarios/*.yaml`, a scenario a file, named by the file. One of the configuration takes
the place of a shipped one of its name. A dash and an underscore in a name count as the same.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from simulator.config.activation import Activation
from simulator.config.checks import scenario as check
from simulator.config.convert import convert
from simulator.config.expand import LONGEST, SHORTEST, kind_of, parts, rehearsed, same_kind, seconds_of
from simulator.config.faults import ConfigError, Fault, Place, did_you_mean, excerpt, listed
from simulator.config.files import read_tree
from simulator.config.scenario_checks import CHECKS
from simulator.config.scenarios import Scenario
from simulator.config.schema import Config
from simulator.config.shipped import shipped


class UnknownScenario(ConfigError):  # noqa: N818 - it is answered, not a crash
    """There is no scenario of the name that was asked for."""


class Known(msgspec.Struct, frozen=True):
    """A scenario that can be switched on, by the name that it is listed with."""

    name: str
    scenario: Scenario
    source: Literal["shipped", "configured"]


def known(config: Config) -> dict[str, Known]:
    """Every scenario by its name, in the order of names."""
    configured = {_folded(name): Known(name, each, "configured") for name, each in config.scenarios.items()}
    found = {_folded(name): Known(name, each, "shipped") for name, each in shipped_scenarios().items()} | configured
    return {one.name: one for one in sorted(found.values(), key=lambda one: one.name)}


def find(config: Config, name: str, source: str) -> Known:
    """The scenario of a name. Raises `UnknownScenario`, whose fault is told of `source`."""
    scenarios = known(config)
    folded = _folded(name)
    found = next((one for one in scenarios.values() if _folded(one.name) == folded), None)
    if found is None:
        hint = did_you_mean(name, scenarios)
        raise UnknownScenario(
            [Fault(Place(source), "", f"there is no scenario {excerpt(name)}", listed(scenarios), hint)]
        )
    return found


def activated(
    chosen: Known, given: Mapping[str, Any], *, started: float, seconds: float | None = None, source: str
) -> Activation:
    """A scenario that begins at `started` (Unix seconds) and ends `seconds` later at the latest.

    `given` are parameters in place of the defaults. Raises `ConfigError`, with faults told of `source`, for a
    parameter that the scenario does not have, one of another kind than its default, and a length or a phase's
    length out of bounds. Whether the configuration can take the phases is for `overlay` to say.
    """
    defaults = chosen.scenario.parameters
    faults = [fault for name, value in given.items() for fault in _wrong(name, value, defaults, source)]
    if seconds is not None and not SHORTEST <= seconds <= LONGEST:
        allowed = f"a number of seconds from {SHORTEST:g} to {LONGEST:g}, or null"
        faults.append(Fault(Place(source), "duration_seconds", f"found {excerpt(seconds)}", allowed))
    if faults:
        raise ConfigError(faults)
    parameters = {**defaults, **given}
    for phase in chosen.scenario.phases:
        try:
            seconds_of(phase.duration_secs, parameters)
        except ValueError as error:
            name = str(phase.duration_secs).removeprefix("${").removesuffix("}")
            found = f"found {excerpt(parameters.get(name))}"
            raise ConfigError([Fault(Place(source), f"parameters.{name}", found, str(error))]) from None
    ends = None if seconds is None else started + seconds
    return Activation(chosen.name, chosen.scenario, parameters, started, ends)


def layers(activation: Activation) -> list[dict[str, Any]]:
    """What each phase of an activation sets, where numbers change also what it sets in the end."""
    found = parts(activation.definition, activation.parameters)
    return [layer for part in found for layer in rehearsed(part)]


@functools.cache
def shipped_scenarios() -> Mapping[str, Scenario]:
    """The scenarios that ship with the product, by name. Raises `ConfigError` if an installation is damaged."""
    return MappingProxyType({path.stem: _read(path) for path in sorted((shipped() / "scenarios").glob("*.yaml"))})


def _read(path: Path) -> Scenario:
    return convert(read_tree(path), Scenario, checks={Scenario: check, **CHECKS})


def _wrong(name: str, value: object, defaults: Mapping[str, Any], source: str) -> list[Fault]:
    place, key = Place(source), f"parameters.{name}"
    if name not in defaults:
        allowed = listed(defaults) or "no parameter, since the scenario has none"
        return [Fault(place, key, "unknown parameter", allowed, did_you_mean(name, defaults))]
    if not same_kind(value, defaults[name]):
        shown = excerpt(value) if isinstance(value, bool | int | float | str | None) else "a list or mapping"
        return [Fault(place, key, f"found {shown}", kind_of(defaults[name]))]
    return []


def _folded(name: str) -> str:
    return name.replace("-", "_").lower()
