"""One configuration from its layers: shipped defaults < file < environment < flags.

Edge: the only part that looks at the environment, reads the file and draws a seed. All faults of all layers
are told at once; nothing is changed by a configuration that is refused.
"""

import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from simulator.config.activation import Activation
from simulator.config.catalogue import ModelCard, load_catalogue
from simulator.config.checks import checks, waiting
from simulator.config.convert import convert, described
from simulator.config.faults import ConfigError, Fault, Place
from simulator.config.files import read_tree
from simulator.config.layers import phase_faults
from simulator.config.overlay import from_environment, from_flags
from simulator.config.schema import Config
from simulator.config.shipped import shipped
from simulator.config.tree import Branch, Keys, Node, dotted, find, merge

DEFAULT = "default"
DRAWN = "drawn at start"

Stamp: TypeAlias = tuple[int, int, int]
"""What tells one state of a file from another: nanoseconds of its last change, inode, size."""


class Loaded(msgspec.Struct, frozen=True):
    """A configuration that is whole and right, and how it came to be.

    `origins` says for each value that a layer gave, by dotted key, where it was written: `default`,
    `file.yaml:12`, `environment LLM_SIM__…`, `flag --port`, or `drawn at start` for a drawn seed. What no
    layer gave has no entry and is a default. `warnings` are lines to be shown once. `flags` are kept so
    that `reload` can lay them over a changed file. `tree` is all layers merged, for those that are laid over them
    later. `read_ns` is when the sources were read, in nanoseconds of the wall clock; `stamp` tells which state of
    the file it was, None without a regular file. `activations` are scenarios that began with the fleet.
    """

    config: Config
    origins: Mapping[str, str]
    catalogue: Mapping[str, ModelCard]
    path: Path | None = None
    warnings: tuple[str, ...] = ()
    flags: Mapping[str, object] = {}
    tree: Branch = Branch({}, Place(DEFAULT))
    read_ns: int = 0
    stamp: Stamp | None = None
    activations: tuple[Activation, ...] = ()


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Loaded:
    """Load a configuration; without a file it is the defaults with the environment and flags over them.

    `environ` is the process's own if None. `flags` maps dotted keys to values; a `Flag` also says its own
    name, and may be text to be read as YAML. Raises `ConfigError` with every fault.
    """
    return _load(path, os.environ if environ is None else environ, flags or {}, None)


def reload(loaded: Loaded, *, environ: Mapping[str, str] | None = None) -> Loaded:
    """The same file and flags read again, later by `read_ns`. A seed that was drawn stays. Raises `ConfigError`."""
    environ = os.environ if environ is None else environ
    fresh = _load(loaded.path, environ, loaded.flags, drawn_seed(loaded))
    # Where the clock was set back meanwhile, this is still the later one.
    read_ns = max(fresh.read_ns, loaded.read_ns + 1)
    return msgspec.structs.replace(fresh, activations=loaded.activations, read_ns=read_ns)


def drawn_seed(loaded: Loaded) -> int | None:
    """The seed, if it was drawn; None if it was given."""
    return loaded.config.simulation.seed if loaded.origins.get("simulation.seed") == DRAWN else None


def stamp_of(path: Path | None) -> Stamp | None:
    """Which state a file is in. None for no path, for what cannot be seen, and for what is not a regular file."""
    if path is None:
        return None
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _load(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, object], drawn: int | None) -> Loaded:
    # Both before the file is read: a change meanwhile then looks like one that is yet to be read.
    read_ns, stamp = time.time_ns(), stamp_of(path)
    kind = described(Config)
    catalogue = load_catalogue()
    faults: list[Fault] = []
    tree = read_tree(shipped() / "default.yaml", DEFAULT)
    layers: tuple[Callable[[], Node | None], ...] = (
        lambda: read_tree(path) if path is not None else None,
        lambda: from_environment(environ, kind, _names(tree, catalogue)),
        lambda: from_flags(flags, kind),
    )
    whole = True
    for layer in layers:
        try:
            upper: object = layer()
        except ConfigError as error:
            faults += error.faults
            upper = error.partial
            whole = whole and upper is not None
        if isinstance(upper, Branch):
            tree = _over(tree, upper, keep_under_null=layer is layers[0])
    if whole:
        try:
            found = effective(tree, catalogue, drawn, scenarios=True)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    config, origins = found
    warnings = tuple(waiting(config, tree))
    kept = MappingProxyType(dict(flags))
    return Loaded(config, origins, catalogue, path, warnings, kept, tree=tree, read_ns=read_ns, stamp=stamp)


def effective(
    tree: Branch, catalogue: Mapping[str, ModelCard], drawn: int | None, *, scenarios: bool
) -> tuple[Config, Mapping[str, str]]:
    """The configuration of a merged tree, and the origin of each of its values. Raises `ConfigError`.

    `drawn` is the seed where none is given; None draws one. `scenarios`: whether to try each phase of the
    configured scenarios too.
    """
    rules = checks(catalogue)
    config = convert(tree, Config, checks=rules)
    faults = phase_faults(tree, config, rules) if scenarios and config.scenarios else ()
    if faults:
        raise ConfigError(faults)
    origins = dict(_origins(tree, ()))
    simulation = config.simulation
    free = not simulation.deterministic and origins.get("simulation.seed", DEFAULT) == DEFAULT
    if simulation.seed is None or free:
        seed = int.from_bytes(os.urandom(8), "little") >> 1 if drawn is None else drawn
        config = msgspec.structs.replace(config, simulation=msgspec.structs.replace(simulation, seed=seed))
        origins["simulation.seed"] = DRAWN
    return config, MappingProxyType(origins)


def _over(lower: Branch, upper: Branch, *, keep_under_null: bool = False) -> Branch:
    merged = merge(lower, upper, keep_under_null=keep_under_null)
    assert isinstance(merged, Branch)  # noqa: S101 - merging mappings gives a mapping
    return merged


def _names(tree: Branch, catalogue: Mapping[str, ModelCard]) -> list[str]:
    """What a variable may mean where the schema has a mapping of names."""
    names = [name for card in catalogue.values() for name in (card.id, *card.aliases)]
    for path in (("providers",), ("models", "aliases")):
        section = find(tree, path)
        names += section.entries if isinstance(section, Branch) else []
    return names


def _origins(node: Node, path: Keys) -> list[tuple[str, str]]:
    if isinstance(node, Branch):
        return [pair for key, child in node.entries.items() for pair in _origins(child, (*path, key))]
    return [(dotted(path), DEFAULT if node.at.source == DEFAULT else str(node.at))]
