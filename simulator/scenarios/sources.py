"""Where scenarios are written: in a configuration, in a file of their own, or among those that ship. Edge: reads files.

A file of its own is what stands below a scenario's name in a configuration; it is named by the file.
"""

from pathlib import Path

import msgspec

from simulator.config import library
from simulator.config.files import KINDS, read_tree
from simulator.config.load import Loaded, load
from simulator.config.runtime import with_tree
from simulator.config.scenarios import Scenario
from simulator.config.schema import Config
from simulator.config.shipped import shipped
from simulator.config.tree import Branch, find, merge


class Written(msgspec.Struct, frozen=True):
    """A scenario with the tree that it was written as, and the configuration that has it."""

    name: str
    scenario: Scenario
    node: Branch
    loaded: Loaded


def is_file(text: str) -> bool:
    """Whether a word of the command line names a file and not a scenario."""
    return Path(text).suffix.lower() in KINDS.keys() - {""} or "/" in text


def named(loaded: Loaded, name: str, source: str) -> Written:
    """A scenario by its name. Raises `ConfigError`, `UnknownScenario` among them, whose fault is told of `source`."""
    known = library.find(loaded.config, name, source)
    if known.source == "shipped":
        return _alone(loaded, known.name, read_tree(shipped() / "scenarios" / f"{known.name}.yaml"))
    return _within(loaded, known.name)


def in_file(path: Path, base: Loaded) -> list[Written]:
    """The scenarios of a file: of a configuration all of them, else the one that it is.

    `base` is the configuration over which a scenario alone is tried. Raises `ConfigError`.
    """
    tree = read_tree(path)
    keys = tree.entries.keys()
    if "phases" in keys or (keys and keys <= set(Scenario.__struct_fields__)):
        return [_alone(base, path.stem, tree)]
    loaded = load(path)
    return [_within(loaded, name) for name in loaded.config.scenarios]


def everything(loaded: Loaded) -> list[str]:
    """The names of all scenarios of a configuration, those that ship among them."""
    return list(library.known(loaded.config))


def _alone(base: Loaded, name: str, tree: Branch) -> Written:
    """A scenario that stands in a file of its own, tried over a configuration."""
    section = Branch({"scenarios": Branch({name: tree}, tree.at)}, tree.at)
    others = Branch({key: node for key, node in base.tree.entries.items() if key != "scenarios"}, base.tree.at)
    merged = merge(others, section)
    assert isinstance(merged, Branch)  # noqa: S101 - merging mappings gives a mapping
    return _within(with_tree(base, merged, scenarios=True), name)


def _within(loaded: Loaded, name: str) -> Written:
    node = find(loaded.tree, ("scenarios", name))
    config: Config = loaded.config
    empty = Branch({}, loaded.tree.at)
    return Written(name, config.scenarios[name], node if isinstance(node, Branch) else empty, loaded)
