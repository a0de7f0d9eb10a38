"""Configurations that are made from one that is loaded: with layers over it, or read again while the fleet runs.

Pure: values in, values out; nothing is read. What a running fleet cannot take up is told, never silently kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from simulator.config.faults import ConfigError, Fault
from simulator.config.layers import NEEDS_HUP, NEEDS_RESTART, laid, planted_layer, refused, struck
from simulator.config.load import Loaded, Stamp, drawn_seed, effective
from simulator.config.tree import Branch, Keys, Node, dotted, find

RUNTIME = "runtime"
"""The source of what was set while the fleet runs; a scenario's is `scenario NAME`."""
SCENARIO = "scenario "


def overlay(loaded: Loaded, layers: Sequence[tuple[str, Mapping[str, Any]]]) -> Loaded:
    """A configuration with layers over it, each with its source, the later over the earlier.

    A layer whose source is `scenario NAME` strikes models with settings of their own too; see
    `simulator.config.layers`. Raises `ConfigError` with the faults of all layers.
    """
    tree = loaded.tree
    faults: list[Fault] = []
    for source, values in layers:
        layer = planted_layer(source, values)
        scenario = source.startswith(SCENARIO)
        faults += refused(layer, scenario=scenario)
        tree = struck(tree, layer) if scenario else laid(tree, layer)
    try:
        found = with_tree(loaded, tree, scenarios=any("scenarios" in values for _, values in layers))
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return found


def with_tree(loaded: Loaded, tree: Branch, *, scenarios: bool, drawn: int | None = None) -> Loaded:
    """The same sources with another tree. A seed that the tree leaves open is `drawn`, or the present one."""
    seed = loaded.config.simulation.seed if drawn is None else drawn
    config, origins = effective(tree, loaded.catalogue, seed, scenarios=scenarios)
    return msgspec.structs.replace(loaded, config=config, origins=origins, tree=tree)


def restored(loaded: Loaded, tree: Branch, read_ns: int, stamp: Stamp | None, drawn: int | None) -> Loaded:
    """What another worker of the fleet read from the same sources. Raises `ConfigError`."""
    found = with_tree(loaded, tree, scenarios=False, drawn=drawn)
    return msgspec.structs.replace(found, read_ns=read_ns, stamp=stamp)


class Taken(msgspec.Struct, frozen=True):
    """What a running fleet takes up of a configuration that was read again; keys are dotted."""

    loaded: Loaded
    changed: tuple[str, ...]
    needs_hup: tuple[str, ...]
    needs_restart: tuple[str, ...]


def taken_up(running: Loaded, fresh: Loaded) -> Taken:
    """What of `fresh` takes effect at once. The rest keeps the value that it has in `running`.

    `changed` are the keys with another value than before; `needs_hup` and `needs_restart` those left out.
    """
    tree = fresh.tree
    left: list[tuple[str, ...]] = []
    for paths in (NEEDS_HUP, NEEDS_RESTART):
        keys: list[str] = []
        for path in paths:
            differing = list(_differing(_value(running, path), _value(fresh, path), path))
            if differing:
                keys += [dotted(each) for each in differing]
                tree = _grafted(tree, path, find(running.tree, path))
        left.append(tuple(keys))
    if tree is not fresh.tree:
        fresh = with_tree(fresh, tree, scenarios=False, drawn=drawn_seed(fresh))
    return Taken(fresh, changes(running, fresh), *left)


def changes(before: Loaded, after: Loaded) -> tuple[str, ...]:
    """The dotted keys whose values differ."""
    old, new = msgspec.to_builtins(before.config), msgspec.to_builtins(after.config)
    return tuple([dotted(path) for path in _differing(old, new, ())])


def _differing(old: object, new: object, path: Keys) -> Iterator[Keys]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _differing(old.get(key), new.get(key), (*path, key))
    elif old != new:
        yield path


def _value(loaded: Loaded, path: Keys) -> object:
    value: object = loaded.config
    for key in path:
        value = getattr(value, key)
    return msgspec.to_builtins(value)


def _grafted(tree: Branch, path: Keys, node: Node | None) -> Branch:
    """The tree with another node at a path of mapping keys; without one if it is None."""
    key, *rest = path
    entries = dict(tree.entries)
    if rest:
        below = entries.get(key)
        node = _grafted(below if isinstance(below, Branch) else Branch({}, tree.at), tuple(rest), node)
    if node is None:
        entries.pop(key, None)
    else:
        entries[key] = node
    return Branch(entries, tree.at)
