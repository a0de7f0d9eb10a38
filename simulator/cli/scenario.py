"""`scenario list`, `scenario show`, `scenario lint`: scenarios without a fleet. Wiring of `simulator.scenarios`."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from simulator.cli.options import configured, json_option, loaded_from
from simulator.config.faults import ConfigError, Fault
from simulator.config.load import Loaded

if TYPE_CHECKING:
    from simulator.scenarios.lint import Known
    from simulator.scenarios.sources import Written

PLAIN_WIDTH = 100
"""Columns of a picture that goes to no terminal."""
STRICT = 2
"""The exit code where there are warnings and `--strict` asks for it."""


@click.group("scenario")
def command() -> None:
    """Look at scenarios: which there are, what they do and when, and what is wrong with them."""


@command.command("list")
@configured
@json_option
def list_(path: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """List the scenarios that ship and those of the configuration."""
    from simulator.config import library  # noqa: PLC0415 - other commands of this package need not pay for it

    known = library.known(loaded_from(path, settings).config).values()
    if as_json:
        rows = [
            {"name": one.name, "source": one.source, "description": one.scenario.description,
             "parameters": one.scenario.parameters}
            for one in known
        ]  # fmt: skip
        _print_json(rows)
        return
    widest = max(len(one.name) for one in known)
    for one in known:
        click.echo(f"{one.name:<{widest}}  {one.scenario.description}".rstrip())


@command.command("show")
@click.argument("name", metavar="NAME|FILE")
@configured
@click.option("-p", "--parameter", "given", multiple=True, metavar="KEY=VALUE", help="A parameter; repeatable.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into a file: F.png or F.svg.")
@click.option("--width", type=click.IntRange(40, 500), help="Columns; those of the terminal, or 100, if absent.")
@json_option
def show(
    name: str,
    path: Path | None,
    settings: tuple[str, ...],
    *,
    given: tuple[str, ...],
    plot: Path | None,
    width: int | None,
    as_json: bool,
) -> None:
    """Show what a scenario does and when, as a picture in text.

    The rows below the phases are what changes over time: how likely each failure is, and the scale of latency.
    """
    from simulator.config.library import Known, activated  # noqa: PLC0415 - as above
    from simulator.scenarios.text import ASCII, UNICODE, lines  # noqa: PLC0415 - as above
    from simulator.scenarios.timeline import chart  # noqa: PLC0415 - as above

    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise click.BadParameter(f"{str(plot)!r} ends neither in .png nor in .svg", param_hint="--plot")
    parameters = dict(_parameters(given))
    found = _written(loaded_from(path, settings), name)
    if len(found) != 1:
        names = ", ".join([one.name for one in found]) or "none"
        raise click.UsageError(f"{name} has not one scenario but: {names}; give --config {name} and a name")
    one = found[0]
    chosen = Known(one.name, one.scenario, "configured")
    activation = activated(chosen, parameters, started=0.0, source="flag --parameter")
    picture = chart(one.loaded, activation)
    if plot is not None:
        from simulator.scenarios import plot as drawing  # noqa: PLC0415 - as above

        try:
            drawing.plot(picture, plot)
        except ModuleNotFoundError as error:
            needs = "--plot needs matplotlib: pip install 'llm-simulator[plot]'"
            raise click.ClickException(needs) from error
        except OSError as error:
            raise click.ClickException(f"{plot}: {error.strerror or error}") from error
    if as_json:
        _print_json(picture)
        return
    if width is None:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PLAIN_WIDTH
    click.echo("\n".join(lines(picture, width, UNICODE if _drawable(UNICODE.heights) else ASCII)))


@command.command("lint")
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...")
@configured
@click.option("--strict", is_flag=True, help="Exit code 2 where there are warnings.")
def lint(names: tuple[str, ...], path: Path | None, settings: tuple[str, ...], *, strict: bool) -> None:
    """Name what is wrong with scenarios, and what is odd: all there are, or those named.

    A FILE is a configuration, or one scenario alone. Exit code 1 for what cannot be played; warnings alone do not
    change it, unless --strict makes it 2.
    """
    from simulator.scenarios.lint import warnings  # noqa: PLC0415 - as above
    from simulator.scenarios.sources import everything  # noqa: PLC0415 - as above

    loaded = loaded_from(path, settings)
    faults: list[Fault] = []
    odd: list[Fault] = []
    seen = 0
    for name in names or everything(loaded):
        try:
            for one in _written(loaded, name):
                seen += 1
                odd += warnings(one, _known(one.loaded))
        except ConfigError as error:
            faults += error.faults
    for fault in dict.fromkeys(faults):
        click.echo(f"Error: {fault}")
    for warning in dict.fromkeys(odd):
        click.echo(f"Warning: {warning}")
    if faults:
        sys.exit(1)
    click.echo(f"{_counted(seen, 'scenario')}: {_counted(len(odd), 'warning') if odd else 'nothing is wrong'}")
    if odd and strict:
        sys.exit(STRICT)


def _written(loaded: Loaded, name: str) -> "list[Written]":
    from simulator.scenarios.sources import in_file, is_file, named  # noqa: PLC0415 - as above

    return in_file(Path(name), loaded) if is_file(name) else [named(loaded, name, "the command line")]


def _known(loaded: Loaded) -> "Known":
    from simulator.config.resolve import aliases, known_models  # noqa: PLC0415 - as above
    from simulator.providers.registry import registry  # noqa: PLC0415 - as above
    from simulator.scenarios.lint import Known  # noqa: PLC0415 - as above

    models = [*known_models(loaded.config, loaded.catalogue), *aliases(loaded.config, loaded.catalogue)]
    return Known(models, [provider.name for provider in registry()])


def _parameters(given: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    from simulator.config.text import scalar  # noqa: PLC0415 - as above

    for setting in given:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise click.BadParameter(f"{setting!r} is not KEY=VALUE, such as error_rate=0.5", param_hint="--parameter")
        yield key.strip(), scalar(value)


def _drawable(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
