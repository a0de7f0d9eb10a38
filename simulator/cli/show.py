"""`config show`: the effective configuration, and where each value came from. Wiring.

Keys are dotted as `--set` takes them. A secret is shown as stars.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from simulator.cli.options import configured, json_option, loaded_from
from simulator.config.load import DEFAULT, Loaded
from simulator.config.secrets import masked
from simulator.config.tree import TAG_FIELD, dotted

WIDEST = 40
"""Columns that the values may take."""


class Row(msgspec.Struct, frozen=True):
    """One effective value."""

    key: str
    value: object
    origin: str


def rows(loaded: Loaded) -> list[Row]:
    """Every effective value with its origin, in the order of the schema."""
    return list(_rows(msgspec.to_builtins(loaded.config), (), loaded))


def _rows(value: object, path: tuple[str, ...], loaded: Loaded) -> Iterator[Row]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            # A distribution has a parameter for each way to write it; those not used are noise.
            if child is not None or TAG_FIELD not in value:
                yield from _rows(child, (*path, str(key)), loaded)
        return
    yield Row(dotted(path), masked(value, path[-1]), _origin(path, loaded))


def _origin(path: tuple[str, ...], loaded: Loaded) -> str:
    """Where a value came from; a list's origin is that of its first item."""
    key = dotted(path)
    return loaded.origins.get(key) or loaded.origins.get(f"{key}[0]") or DEFAULT


@click.group("config")
def command() -> None:
    """Look at the configuration."""


@command.command("show")
@configured
@json_option
def show(path: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Print the effective configuration with where each value came from."""
    loaded = loaded_from(path, settings)
    table = rows(loaded)
    for warning in loaded.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        by_key = {row.key: {"value": row.value, "origin": row.origin} for row in table}
        click.echo(msgspec.json.format(msgspec.json.encode(by_key), indent=2).decode())
        return
    values = [msgspec.json.encode(row.value).decode() for row in table]
    widest_key = max(len(row.key) for row in table)
    # One long list must not push every origin to the right.
    widest = max([len(value) for value in values if len(value) <= WIDEST], default=0)
    for row, value in zip(table, values, strict=True):
        click.echo(f"{row.key:<{widest_key}}  {value:<{widest}}  {row.origin}")
