"""The presets of rate limits there are: one table a tier, read from `config/tiers/<provider>.yaml`.

Values, and the thin edge that reads them. A file is a mapping of `provider`, `source` (where its figures come from,
and when they were looked up) and `tiers` (a name to a table). A table's `models` are keyed by model name or pattern;
`default` is for the provider's models that none of them matches.
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from simulator.config.convert import Contradiction, convert
from simulator.config.faults import ConfigError, Fault, did_you_mean, excerpt, listed
from simulator.config.files import read_tree
from simulator.config.limits import Limit
from simulator.config.section import Section
from simulator.config.shipped import shipped
from simulator.config.tree import dotted


class Tier(msgspec.Struct, frozen=True):
    """One preset: what a provider allows an account of one of its tiers, for each model."""

    name: str
    provider: str
    default: Limit
    models: Mapping[str, Limit]
    source: str = ""


class _Table(Section, frozen=True):
    default: Limit = Limit()
    models: dict[str, Limit] = {}


class _Tiers(Section, frozen=True):
    provider: str
    source: str
    tiers: dict[str, _Table]


def load_tiers(folder: Path | None = None) -> Mapping[str, Tier]:
    """Every preset of the `*.yaml` files in a folder, by name, in the order of file name and line.

    Without a folder it is the shipped `tiers/`, which is read once a process. Raises `ConfigError` with every fault
    of every file.
    """
    return _shipped_tiers() if folder is None else _read(folder)


@functools.cache
def _shipped_tiers() -> Mapping[str, Tier]:
    return _read(shipped() / "tiers")


def _read(folder: Path) -> Mapping[str, Tier]:
    tiers: dict[str, Tier] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            tree = read_tree(path)
            given = convert(tree, _Tiers)
        except ConfigError as error:
            faults += error.faults
            continue
        for name, table in given.tiers.items():
            if name in tiers:
                faults.append(Fault(tree.at, dotted(("tiers", name)), "another file has a preset of this name"))
            tiers[name] = Tier(name, given.provider, table.default, table.models, given.source)
    if faults:
        raise ConfigError(faults)
    return MappingProxyType(tiers)


def known_tier(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """The check of a `Limits`: a preset that is not there."""
    name = values.get("tier")
    if name is None:
        return
    tiers = load_tiers()
    if name not in tiers:
        yield Contradiction("tier", listed(tiers), f"there is no preset {excerpt(name)}", did_you_mean(name, tiers))
