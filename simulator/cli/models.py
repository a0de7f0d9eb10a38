"""`models`: which models are answered. Wiring."""

from pathlib import Path

import click
import msgspec

from simulator.cli.options import configured, json_option, loaded_from
from simulator.config.resolve import aliases, known_models


class Row(msgspec.Struct, frozen=True):
    """One model, as it is listed."""

    id: str
    provider: str
    kind: str
    context_window: int
    max_output_tokens: int
    aliases: list[str]


@click.command("models")
@configured
@json_option
def command(path: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """List the models that the configuration answers."""
    loaded = loaded_from(path, settings)
    others: dict[str, list[str]] = {}
    for alias, name in aliases(loaded.config, loaded.catalogue).items():
        others.setdefault(name, []).append(alias)
    rows = [
        Row(
            name,
            model.card.provider,
            model.card.kind,
            model.card.context_window,
            model.card.max_output_tokens,
            others.get(name, []),
        )
        for name, model in known_models(loaded.config, loaded.catalogue).items()
    ]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
        return
    head = ("MODEL", "PROVIDER", "KIND", "CONTEXT", "OUTPUT", "ALSO KNOWN AS")
    lines = [head] + [(*map(str, msgspec.structs.astuple(row)[:5]), ", ".join(row.aliases)) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line[:5], widths, strict=True)]
        click.echo("  ".join([*cells, line[5]]).rstrip())
