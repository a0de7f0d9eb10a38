"""`validate`: say whether a configuration is right, and name every fault. Wiring."""

from pathlib import Path

import click

from simulator.cli.options import configured, loaded_from


@click.command("validate")
@configured
def command(path: Path | None, settings: tuple[str, ...]) -> None:
    """Check a configuration: file, environment and flags as serve would see them.

    Names every fault with its place, what was found and what is allowed; exit code 1 if there is one.
    """
    loaded = loaded_from(path, settings)
    for warning in loaded.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if loaded.config.faults:
        # Imported here: few configurations have failures, and only their plugins judge their own options.
        from simulator.server.failing.book import FailureBook  # noqa: PLC0415 - see above

        FailureBook(loaded.config.faults)
    click.echo(f"{path}: valid" if path is not None else "the configuration is valid (no file given)")
