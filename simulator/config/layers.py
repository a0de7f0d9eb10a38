"""Layers that come while the fleet runs: what they may hold, and how they are laid over a configuration.

Pure: trees in, trees and faults out. Keys that take effect only where a process or the fleet begins are refused, so
that nothing is accepted that does nothing.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from simulator.config.convert import Check, convert
from simulator.config.expand import parts, rehearsed
from simulator.config.faults import ConfigError, Fault, Place
from simulator.config.schema import Config
from simulator.config.tree import Branch, Keys, Node, dotted, find, keys_of, merge, nearest_place, planted

NEEDS_RESTART: tuple[Keys, ...] = (
    ("server", "host"),
    ("server", "port"),
    ("simulation", "pod_ordinal"),
    ("state",),
    ("telemetry", "metrics"),
)
"""What is settled where the fleet begins."""

NEEDS_HUP: tuple[Keys, ...] = (
    ("server", "workers"),
    ("server", "max_connections"),
    ("server", "shutdown_timeout_secs"),
    ("server", "lame_duck_secs"),
    ("server", "max_requests"),
    ("server", "max_requests_jitter"),
    ("server", "keep_alive_secs"),
    ("server", "heartbeat_timeout_secs"),
    ("models", "tokenizer"),
    ("telemetry", "tracing"),
)
"""What is settled where a worker begins. Vocabularies are among it: they are loaded once, before the fork."""

NEEDS_FILE: tuple[Keys, ...] = (("version",), ("admin",))
"""What nobody may change by way of the admin plane: who may use it."""

STRUCK = ("errors", "response")
"""Sections that a model may have of its own, in place of the global ones. A scenario's strike these too."""


def planted_layer(source: str, values: Mapping[str, Any]) -> Branch:
    """The tree of a layer."""
    layer = planted(values, Place(source))
    assert isinstance(layer, Branch)  # noqa: S101 - the tree of a mapping is a branch
    return layer


def refused(layer: Branch, *, scenario: bool) -> Iterator[Fault]:
    """A fault for each key of a layer that a running fleet cannot change, or that a scenario cannot hold."""
    for paths, hint in (
        (NEEDS_FILE, "it can only be changed where it is configured"),
        (NEEDS_HUP, "change it where it is configured, then send HUP to the fleet"),
        (NEEDS_RESTART, "change it where it is configured, then start the fleet again"),
    ):
        for path in paths:
            found = find(layer, path)
            if found is not None:
                yield Fault(found.at, dotted(path), "a running fleet cannot change it", hint=hint)
    if scenario and "scenarios" in layer.entries:
        yield Fault(layer.at, "scenarios", "a scenario cannot hold scenarios")


def laid(lower: Branch, layer: Branch) -> Branch:
    """A layer over a configuration, as a file would be laid over it."""
    merged = merge(lower, layer)
    assert isinstance(merged, Branch)  # noqa: S101 - merging mappings gives a mapping
    return merged


def struck(lower: Branch, layer: Branch) -> Branch:
    """A scenario's layer over a configuration.

    Its `errors` and `response` are also laid over those that models have of their own, and those that it gives to
    a pattern over those of the models and patterns that it matches: an outage spares nobody.
    """
    merged = laid(lower, layer)
    providers = merged.entries.get("providers")
    if not isinstance(providers, Branch):
        return merged
    given = layer.entries.get("providers")
    patterns = given.entries if isinstance(given, Branch) else {}
    settled: dict[str, Node] = {}
    for name, settings in providers.entries.items():
        if isinstance(settings, Branch):
            over = [layer, *(node for key, node in patterns.items() if key == name or fnmatch.fnmatchcase(name, key))]
            settings = _with_own(settings, over)  # noqa: PLW2901 - the same settings, struck
        settled[name] = settings
    return Branch({**merged.entries, "providers": Branch(settled, providers.at)}, merged.at)


def phase_faults(tree: Branch, config: Config, checks: Mapping[type, Check]) -> list[Fault]:
    """What is wrong with the phases of the configured scenarios when they are laid over the configuration.

    Each phase is tried by itself, with the default parameters; where numbers change, as it begins and as it ends.
    """
    faults: list[Fault] = []
    for name, scenario in config.scenarios.items():
        for place, part in enumerate(parts(scenario, scenario.parameters)):
            for field, values in zip(("set", "to"), rehearsed(part), strict=False):
                path = ("scenarios", name, "phases", f"[{place}]", field)
                layer = planted_layer(f"scenario {name}", values)
                found = list(refused(layer, scenario=True))
                try:
                    convert(struck(tree, layer), Config, checks=checks)
                except ConfigError as error:
                    found += error.faults
                faults += [_at(fault, tree, path) for fault in found]
                if found:
                    break  # what is wrong from the beginning is told once
    return faults


def _with_own(settings: Branch, over: list[Node]) -> Branch:
    entries = dict(settings.entries)
    for node in over:
        for section in STRUCK:
            upper = node.entries.get(section) if isinstance(node, Branch) else None
            own = entries.get(section)
            if isinstance(upper, Branch) and isinstance(own, Branch):
                entries[section] = merge(own, upper)
    return Branch(entries, settings.at)


def _at(fault: Fault, tree: Branch, path: Keys) -> Fault:
    """The fault of a phase, told where the phase is written."""
    keys = (*path, *keys_of(fault.path))
    return Fault(nearest_place(tree, keys), dotted(keys), fault.found, fault.allowed, fault.hint)
