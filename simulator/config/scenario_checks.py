"""What makes a scenario's phase impossible, beyond types: numbers that go nowhere. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.config.convert import Check, Contradiction
from simulator.config.expand import PARAMETER, is_number, plain_fault
from simulator.config.scenarios import Phase
from simulator.config.tree import Keys, dotted


def phase(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """What `to` has and `set` has not, what is no number in either, and an end that never comes."""
    to = values.get("to")
    if not to:
        return
    if "duration_secs" in values and values["duration_secs"] is None:
        yield Contradiction("duration_secs", "a duration, since numbers change until its end", found="it has no end")
    fault = plain_fault(to)
    if fault is not None:
        yield Contradiction(dotted(("to", *fault[0])), "a finite number of 64 bits", found=fault[1])
    elif "set" in values:
        yield from _going(values["set"], to, ())


def _going(low: object, high: object, path: Keys) -> Iterator[Contradiction]:
    if isinstance(high, Mapping):
        if not isinstance(low, Mapping):
            yield Contradiction(dotted(("to", *path)), "keys that set has", found="set has no mapping there")
            return
        for key, child in high.items():
            if key in low:
                yield from _going(low[key], child, (*path, key))
            else:
                known = ", ".join(map(str, low)) or "none"
                yield Contradiction(
                    dotted(("to", *path, key)), f"keys that set has: {known}", found="set has no such key"
                )
    elif not _numeric(high):
        yield Contradiction(dotted(("to", *path)), "a number, or a parameter that is one")
    elif not _numeric(low):
        yield Contradiction(dotted(("to", *path)), "the key of a number", found="set has no number there")


def _numeric(value: object) -> bool:
    """Whether it is a number, or the whole text is a parameter; what that is, an activation tells."""
    if isinstance(value, str):
        return value[:2] == "${" and value[-1:] == "}" and PARAMETER.fullmatch(value[2:-1]) is not None
    return is_number(value)


CHECKS: Mapping[type, Check] = {Phase: phase}
