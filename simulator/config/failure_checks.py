"""What makes a failure impossible, beyond types: settings that its kind has no use for. Pure."""

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, get_args

from msgspec import NODEFAULT, structs

from simulator.config.convert import Check, Contradiction
from simulator.config.failures import Failure, Problem, Window
from simulator.config.tree import dotted

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

_ERROR = frozenset({"retry_after_secs", "after_ms", "status", "type", "code", "message"})
_ENDING = frozenset({"after_tokens", "mid_frame"})
OWN: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(get_args(Problem), _ERROR),
    "content_filter": frozenset({"after_tokens"}),
    "timeout": frozenset({"after_ms"}),
    "reset": _ENDING,
    "cut": _ENDING,
    "stall": frozenset({"after_tokens", "duration_ms"}),
    "trickle": frozenset({"after_tokens", "bytes_per_sec"}),
    "malformed": frozenset({"after_tokens"}),
    "truncated_json": frozenset({"after_tokens"}),
    "missing_terminator": frozenset(),
    "wrong_length": frozenset({"by_bytes"}),
    "error_event": frozenset({"after_tokens", "error", "message", "type", "code", "retry_after_secs"}),
}
"""The settings that only some kinds have, by kind."""
_SOME = frozenset().union(*OWN.values())
_DEFAULTS = {
    field.name: field.default_factory() if field.default is NODEFAULT else field.default
    for field in structs.fields(Failure)
    if field.name in _SOME
}


def failure(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Settings of another kind, a length that is right after all, and options of no plugin."""
    kind = values.get("kind")
    if kind is None:
        return
    own = OWN[kind]
    for key, default in _DEFAULTS.items():
        if key not in own and values.get(key, default) != default:
            kinds = ", ".join([name for name, keys in OWN.items() if key in keys])
            yield Contradiction(key, f"only with kind: {kinds}")
    if kind == "wrong_length" and values.get("by_bytes") == 0:
        yield Contradiction("by_bytes", "another number than 0")
    if values.get("options") and not values.get("strategy"):
        yield Contradiction("strategy", "the name of a plugin, for the options that there are")


def window(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """A window that comes again before it is over."""
    lasts, every = values.get("for_secs"), values.get("every_secs")
    if every is not None and (lasts is None or lasts > every):
        yield Contradiction("for_secs", f"at most every_secs, {every:g}")


def failure_names(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Names that could not be told in a header, and strategies that no package brings."""
    for name, settings in values.get("faults", {}).items():
        key = dotted(("faults", name))
        if not NAME.fullmatch(name):
            yield Contradiction(key, "a name of letters, digits, _, . and -, 64 at most", found="the name is another")
        elif settings.strategy:
            there = sorted({point.name for point in entry_points(group="llm_simulator.faults")})
            if settings.strategy not in there:
                yield Contradiction(f"{key}.strategy", f"an installed strategy: {', '.join(there) or 'there is none'}")


CHECKS: Mapping[type, Check] = {Failure: failure, Window: window}
