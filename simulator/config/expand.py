"""From a scenario's text to the configuration of each phase: `${name}` becomes a parameter's value.

Pure. A text that is `${name}` and nothing else becomes the value itself, a number a number; within a longer text, and
in the name of a key, it becomes the value's text.
"""

import functools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from simulator.config.convert import described
from simulator.config.describe import structs
from simulator.config.faults import excerpt
from simulator.config.scenarios import Phase, Scenario
from simulator.config.schema import Config
from simulator.config.tree import Keys

_ANY = inspect.AnyType()
_NAME = re.compile(r"\$\{([^}]*)\}")
PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
SHORTEST = 0.01
LONGEST = 1e9
"""Seconds that a phase may last; the bounds of `simulator.config.scenarios.Duration`."""
LARGEST_INTEGER = 2**63 - 1
"""What every reader of the control document can hold."""


class Part(msgspec.Struct, frozen=True):
    """A phase with every parameter in place. `seconds` is None if it lasts to the scenario's end.

    `steps` is 1 where nothing goes from one number to another: then `set` holds throughout.
    """

    name: str
    seconds: float | None
    set: dict[str, Any]
    to: dict[str, Any] = {}
    steps: int = 1

    def layer(self, step: int) -> dict[str, Any]:
        """The configuration of one of its steps, from 0."""
        if self.steps == 1:
            return self.set
        layer: dict[str, Any] = between(self.set, self.to, step / (self.steps - 1))
        return layer


def names(value: object, path: Keys = ()) -> Iterator[tuple[str, Keys]]:
    """Every name that `${name}` takes inside a value, and where."""
    if isinstance(value, str):
        yield from [(found, path) for found in _NAME.findall(value)]
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from [(found, (*path, key)) for found in _NAME.findall(key)]
            yield from names(child, (*path, key))
    elif isinstance(value, Sequence):
        for place, child in enumerate(value):
            yield from names(child, (*path, f"[{place}]"))


def fill(value: Any, parameters: Mapping[str, object]) -> Any:
    """The value with its parameters. Raises KeyError for a name that is not among them."""
    if isinstance(value, str):
        whole = _NAME.fullmatch(value)
        if whole is not None:
            return parameters[whole[1]]
        return _NAME.sub(lambda found: _text(parameters[found[1]]), value) if "${" in value else value
    if isinstance(value, Mapping):
        return {str(fill_key(key, parameters)): fill(child, parameters) for key, child in value.items()}
    if isinstance(value, Sequence):
        return [fill(child, parameters) for child in value]
    return value


def fill_key(key: str, parameters: Mapping[str, object]) -> str:
    """The name of a key with its parameters."""
    return _NAME.sub(lambda found: _text(parameters[found[1]]), key)


def seconds_of(duration: float | str | None, parameters: Mapping[str, object]) -> float | None:
    """A phase's duration. Raises ValueError for a parameter that is none; the message says what it must be."""
    if not isinstance(duration, str):
        return duration
    value = fill(duration, parameters)
    if isinstance(value, bool) or not isinstance(value, int | float) or not SHORTEST <= value <= LONGEST:
        raise ValueError(f"a number of seconds from {SHORTEST:g} to {LONGEST:g}")
    return float(value)


def parts(scenario: Scenario, parameters: Mapping[str, object]) -> list[Part]:
    """The phases of a scenario with all of its parameters. Raises KeyError and ValueError as above."""
    return [_part(phase, str(place), parameters) for place, phase in enumerate(scenario.phases, 1)]


def _part(phase: Phase, number: str, parameters: Mapping[str, object]) -> Part:
    seconds = seconds_of(phase.duration_secs, parameters)
    steps = 1
    if phase.to and seconds is not None:
        # None of them is shorter than the shortest phase.
        steps = max(1, min(phase.steps, int(seconds / SHORTEST)))
    return Part(phase.name or number, seconds, fill(phase.set, parameters), fill(phase.to, parameters), steps)


def rehearsed(part: Part) -> list[dict[str, Any]]:
    """The layers of a phase that are tried before it is played: what fits at both ends fits between them."""
    return [part.set] if part.steps == 1 else [part.set, part.layer(part.steps - 1)]


def between(low: Any, high: Any, share: float, path: Keys = ()) -> Any:
    """A value of the configuration on the way from one to another: numbers change evenly, all else stays `low`.

    `high` is a number for a number, or a mapping that has some of the keys of `low`. Where the schema wants whole
    numbers, `path` being the keys that lead there, they are rounded.
    """
    if isinstance(low, Mapping) and isinstance(high, Mapping):
        return {
            key: between(value, high[key], share, (*path, str(key))) if key in high else value
            for key, value in low.items()
        }
    if not is_number(low) or not is_number(high):
        return low
    value = low + (high - low) * share
    return round(value) if _whole(path) else round(float(value), 9)


@functools.lru_cache(maxsize=256)
def _whole(path: Keys) -> bool:
    """Whether the schema has a whole number at a path."""
    kind: inspect.Type = described(Config)
    for key in path:
        if isinstance(kind, inspect.DictType):
            kind = kind.value_type
            continue
        fields = {field.encode_name: field.type for variant in structs(kind) for field in variant.fields}
        kind = fields.get(key, _ANY)
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.IntType) for one in kinds)


def is_number(value: object) -> bool:
    """Whether it is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain_fault(value: object, path: Keys = ()) -> tuple[Keys, str] | None:
    """The first value that cannot travel in a document: a number that is not finite or has more than 64 bits."""
    if isinstance(value, Mapping):
        pairs = [((*path, str(key)), child) for key, child in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        pairs = [((*path, f"[{place}]"), child) for place, child in enumerate(value)]
    elif isinstance(value, float) and not math.isfinite(value):
        return path, f"found {value}"
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return path, f"found {excerpt(value)}"
    else:
        return None
    return next((fault for inner, child in pairs if (fault := plain_fault(child, inner)) is not None), None)


def same_kind(value: object, default: object) -> bool:
    """Whether a value may stand for a parameter with this default: both numbers, both true or false, or both text."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, int | float):
        return isinstance(value, int | float) and math.isfinite(value) and abs(value) <= LARGEST_INTEGER
    return isinstance(default, str) and isinstance(value, str)


def kind_of(default: object) -> str:
    """What a parameter with this default may be, in words."""
    if isinstance(default, bool):
        return "true or false"
    return "a number" if isinstance(default, int | float) else "text"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
