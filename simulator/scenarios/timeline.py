"""A scenario's timeline as data: its phases with what they set, and what changes in the course of it, as curves. Pure.

Each step of each phase is laid over the configuration as the fleet does it, so a curve shows what really holds. Times
are seconds since the scenario began; of a scenario that repeats one round is shown.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec

from simulator.config.activation import Activation
from simulator.config.expand import Part, parts
from simulator.config.load import Loaded
from simulator.config.runtime import SCENARIO, overlay
from simulator.config.schema import Config, Errors
from simulator.config.tree import dotted
from simulator.scenarios.chances import chance, edges, lasting, words

LATENCY = "latency_scale"
SHORTEST_TAIL = 10.0
"""Seconds that are shown at least of a phase without an end."""

Point = tuple[float, float]


class Stretch(msgspec.Struct, frozen=True):
    """A phase as it is shown. Without an end, `ends` is where the picture ends. `sets` are lines of words."""

    name: str
    begins: float
    ends: float
    endless: bool
    sets: tuple[str, ...]


class Curve(msgspec.Struct, frozen=True):
    """What a value is over time, by the points between which it is straight; a jump has two points of one time.

    `name` is `latency_scale`, or the dotted key of what fails, whose value is a probability.
    """

    name: str
    points: tuple[Point, ...]

    @property
    def peak(self) -> float:
        """Its highest value."""
        return max(value for _, value in self.points)

    def highest(self, begin: float, end: float) -> float:
        """Its highest value from `begin` to `end`; at a jump at `end` that before it."""
        found = [value for time, value in self.points if begin < time < end]
        before = after = self.points[0][1]
        for (time, value), (later, next_value) in pairwise(self.points):
            if time <= begin < later:
                before = _between(value, next_value, (begin - time) / (later - time))
            if time < end <= later:
                after = _between(value, next_value, (end - time) / (later - time))
        return max(before, after, *found)


class Chart(msgspec.Struct, frozen=True):
    """All of it."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    repeat: bool | int
    stretches: tuple[Stretch, ...]
    curves: tuple[Curve, ...]

    @property
    def ends(self) -> float:
        """Where the picture ends."""
        return self.stretches[-1].ends


def chart(loaded: Loaded, activation: Activation) -> Chart:
    """The timeline of an activation over a configuration. Raises `ConfigError` for a phase that does not fit."""
    definition = activation.definition
    found = parts(definition, activation.parameters)
    source = SCENARIO + activation.name
    phases = [[overlay(loaded, [(source, part.layer(k))]).config for k in range(part.steps)] for part in found]
    finite = sum([part.seconds or 0.0 for part in found])
    stretches: list[Stretch] = []
    begins = 0.0
    for part, configs in zip(found, phases, strict=True):
        length = part.seconds if part.seconds is not None else _tail(configs[0], finite)
        ends = begins + length
        stretches.append(Stretch(part.name, begins, ends, part.seconds is None, tuple(_sets(part, configs[0]))))
        begins = ends
    samples = [
        sample
        for part, configs, stretch in zip(found, phases, stretches, strict=True)
        for sample in _samples(part, configs, stretch)
    ]
    return Chart(
        activation.name,
        definition.description,
        activation.parameters,
        definition.repeat,
        tuple(stretches),
        tuple(_curves(samples)),
    )


def _between(low: float, high: float, share: float) -> float:
    """A value on the way; never beyond either, however it is rounded."""
    found = low + (high - low) * share
    return max(min(low, high), min(max(low, high), found))


def _tail(config: Config, finite: float) -> float:
    longest = max([lasting(failure) for failure in config.faults.values() if failure.enabled], default=0.0)
    return max(SHORTEST_TAIL, 1.25 * longest, finite / 4)


def _samples(part: Part, configs: list[Config], stretch: Stretch) -> Iterator[tuple[float, dict[str, float]]]:
    """What holds at the ends of each straight piece of a phase."""
    own = part.set.get("faults")
    fresh = set(own) if isinstance(own, Mapping) else set()
    length = (stretch.ends - stretch.begins) / len(configs)
    for step, config in enumerate(configs):
        low = stretch.begins + step * length
        high = stretch.ends if step + 1 == len(configs) else low + length
        cuts = {low, high}
        for name, failure in config.faults.items():
            start = stretch.begins if name in fresh else 0.0
            cuts |= {start + edge for edge in edges(failure, high - start) if low < start + edge < high}
        ordered = sorted(cuts)
        for begin, end in pairwise(ordered):
            # A window opens at its moment and is closed at its moment: the end of a piece is just before it.
            inside = end - min(1e-9, (end - begin) / 2)
            yield begin, _values(config, begin, stretch.begins, fresh)
            yield end, _values(config, inside, stretch.begins, fresh)


def _values(config: Config, time: float, begins: float, fresh: set[str]) -> dict[str, float]:
    """What a scenario can change that has a value, by name."""
    found = {LATENCY: 0.0 if config.simulation.latency == "none" else config.simulation.latency_scale}
    found |= _chances("errors", config.errors)
    for pattern, settings in config.providers.items():
        if settings.errors is not None:
            found |= _chances(dotted(("providers", pattern, "errors")), settings.errors)
    for name, failure in config.faults.items():
        likely = chance(failure, time - (begins if name in fresh else 0.0))
        found[dotted(("faults", name))] = round(likely, 9)
    return found


def _chances(prefix: str, errors: Errors) -> dict[str, float]:
    if not errors.enabled:
        return {}
    kinds = [field.name for field in msgspec.structs.fields(errors) if field.name != "enabled"]
    return {f"{prefix}.{kind}": getattr(errors, kind).probability for kind in kinds}


def _curves(samples: list[tuple[float, dict[str, float]]]) -> Iterator[Curve]:
    names = dict.fromkeys(name for _, values in samples for name in values)
    for name in names:
        points = [(time, values.get(name, 0.0)) for time, values in samples]
        usual = 1.0 if name == LATENCY else 0.0
        if any(value != usual for _, value in points):
            yield Curve(name, tuple(_straightened(points)))


def _straightened(points: list[Point]) -> Iterator[Point]:
    """Without the points amid a level piece."""
    last = len(points) - 1
    for place, point in enumerate(points):
        if not 0 < place < last or not points[place - 1][1] == point[1] == points[place + 1][1]:
            yield point


def _sets(part: Part, config: Config) -> Iterator[str]:
    ends = dict(_flat(part.to, ())) if part.steps > 1 else {}
    for path, value in _flat(part.set, ()):
        if path[0] == "faults" and len(path) > 1 and path[1] in config.faults:
            yield f"{dotted(path[:2])}: {words(config.faults[path[1]])}"
        elif path in ends:
            yield f"{dotted(path)}: {_shown(value)} to {_shown(ends[path])} in {part.steps} steps"
        else:
            yield f"{dotted(path)}: {_shown(value)}"


def _flat(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """The values of a layer by their path; a failure is one value."""
    if isinstance(value, Mapping) and value and not (len(path) == 2 and path[0] == "faults"):
        for key, child in value.items():
            yield from _flat(child, (*path, str(key)))
    elif path:
        yield path, value


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
