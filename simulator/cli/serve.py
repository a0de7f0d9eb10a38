"""`serve`: start the fleet. Wiring: flags to configuration, configuration to the supervisor."""

import time
from pathlib import Path

import click
import msgspec

from simulator.cli.options import configured, profile_of, written
from simulator.config.load import Loaded, load
from simulator.config.overlay import Flag


@click.command("serve")
@configured
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes any free one.")
@click.option("--workers", type=int, help="Worker processes; 0 = as many as the CPU quota allows.")
@click.option("--seed", type=int, help="Root of every random draw.")
@click.option("--latency", type=click.Choice(["profile", "none"]), help="none answers at once.")
@click.option(
    "--profile",
    metavar="MODEL",
    help='Pace of this shipped model for every model that no more specific key of "providers" names.',
)
@click.option("--scenario", metavar="NAME", help="Begin with this scenario; it can be ended while the fleet runs.")
@click.option(
    "--scenario-parameter",
    "parameters",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the scenario; repeatable.",
)
@click.option("--solo", is_flag=True, hidden=True, help="One process without a supervisor, as python -m simulator.")
def command(
    path: Path | None,
    settings: tuple[str, ...],
    *,
    host: str | None,
    port: int | None,
    workers: int | None,
    seed: int | None,
    latency: str | None,
    profile: str | None,
    scenario: str | None,
    parameters: tuple[str, ...],
    solo: bool,
) -> None:
    """Start the fleet and serve until TERM or INT."""
    if solo and workers is not None:
        raise click.UsageError("--workers needs the fleet: llm-simulator serve")
    given = {
        "providers.*.latency": None if profile is None else Flag("--profile", profile_of(profile)),
        "server.host": host,
        "server.port": port,
        "server.workers": workers,
        "simulation.seed": seed,
        "simulation.latency": latency,
    }
    flags = {key: value for key, value in given.items() if value is not None}
    loaded = load(path, flags={**written(settings), **flags})
    if scenario is not None:
        loaded = begun(loaded, scenario, parameters)
    elif parameters:
        raise click.UsageError("--scenario-parameter needs --scenario NAME")
    for warning in loaded.warnings:
        click.echo(f"Warning: {warning}", err=True)
    # Imported here: the supervisor brings gunicorn, and the server after it.
    if solo:
        from supervisor.solo import run  # noqa: PLC0415 - see above
    else:
        from supervisor.fleet import run  # noqa: PLC0415 - see above
    raise SystemExit(run(loaded))


def begun(loaded: Loaded, name: str, settings: tuple[str, ...]) -> Loaded:
    """The configuration with a scenario that begins at this moment. Raises `ConfigError`, `click.BadParameter`."""
    # Imported here: few starts begin with a scenario.
    from simulator.config import library  # noqa: PLC0415 - see above
    from simulator.config.runtime import SCENARIO, overlay  # noqa: PLC0415 - as above
    from simulator.config.text import scalar  # noqa: PLC0415 - as above

    parameters: dict[str, object] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            hint = "--scenario-parameter"
            raise click.BadParameter(f"{setting!r} is not KEY=VALUE, such as error_rate=0.5", param_hint=hint)
        parameters[key.strip()] = scalar(value)
    chosen = library.find(loaded.config, name, "flag --scenario")
    activation = library.activated(chosen, parameters, started=time.time(), source="flag --scenario-parameter")
    for layer in library.layers(activation):
        overlay(loaded, [(SCENARIO + activation.name, layer)])
    return msgspec.structs.replace(loaded, activations=(activation,))
