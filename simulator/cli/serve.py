"""`serve`: start the fleet. Wiring: flags to configuration, configuration to the supervisor."""

from pathlib import Path

import click

from simulator.cli.options import configured, profile_of, written
from simulator.config.load import load
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
    for warning in loaded.warnings:
        click.echo(f"Warning: {warning}", err=True)
    # Imported here: the supervisor brings gunicorn, and the server after it.
    if solo:
        from supervisor.solo import run  # noqa: PLC0415 - see above
    else:
        from supervisor.fleet import run  # noqa: PLC0415 - see above
    raise SystemExit(run(loaded))
