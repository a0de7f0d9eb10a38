"""`replay`: sends a recorded run again and compares. Wiring of `simulator.replay`."""

import asyncio
import sys
from pathlib import Path

import click
import orjson

from simulator.cli import Told
from simulator.cli.options import json_option
from simulator.replay.again import Keys
from simulator.replay.client import Target, Unreachable
from simulator.replay.log import read
from simulator.replay.report import as_data, as_text, summary_of
from simulator.replay.run import Settings, replayed
from simulator.replay.source import Denied, fetched, is_simulator, loopback

DEFAULT_URL = "http://127.0.0.1:8080"


def _speed(_ctx: click.Context, _param: click.Parameter, value: str) -> float | None:
    """The factor of `--speed`; None for `max`."""
    if value == "max":
        return None
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0.001 <= speed <= 1_000_000:
        raise click.BadParameter(f"{value!r} is neither max nor a number from 0.001 to 1000000")
    return speed


@click.command("replay")
@click.argument("log", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--url", help=f"Where the fleet answers that is asked again; {DEFAULT_URL} if absent.")
@click.option("--from", "source", metavar="URL", help="First write to LOG what the fleet at this address has recorded.")
@click.option(
    "--speed",
    metavar="NUMBER|max",
    callback=_speed,
    default="1",
    show_default=True,
    help="1 keeps the distances in time, 2 halves them.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 4096), default=64, show_default=True, help="Most requests at a time."
)
@click.option(
    "--key", "keys", multiple=True, help="API key to send; DIGEST=KEY for one of several that the log tells apart."
)
@click.option("--admin-key", envvar="LLM_SIM_ADMIN_KEY", help="For --from; else LLM_SIM_ADMIN_KEY.")
@click.option("--fresh", is_flag=True, help="Ask as new requests: only keyed conditions are then the same.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0.001, 3600),
    default=0.25,
    show_default=True,
    help="Seconds that an answer may come later than planned.",
)
@json_option
def command(
    log: Path,
    *,
    url: str | None,
    source: str | None,
    speed: float | None,
    concurrency: int,
    keys: tuple[str, ...],
    admin_key: str | None,
    fresh: bool,
    tolerance: float,
    as_json: bool,
) -> None:
    """Send the requests of LOG again, each with its address, and compare what comes with what was recorded.

    LOG is what a fleet with simulation.recording.enabled tells at /admin/requests?format=jsonl. With --from alone it is
    only fetched. Exit code 0 if nothing differs, else 1.
    """
    try:
        if source is not None:
            _save(log, fetched(Target(source), admin_key))
            if url is None:
                return
        settings = Settings(speed, concurrency, tolerance, fresh=fresh)
        same = _replay(log, Target(url or DEFAULT_URL), keys, settings, as_json=as_json)
    except (Unreachable, Denied) as error:
        raise Told(f"Error: {error}") from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if not same:
        sys.exit(1)


def _save(log: Path, lines: bytes) -> None:
    try:
        log.write_bytes(lines)
    except OSError as error:
        raise Told(f"Error: {log} cannot be written: {error.strerror}") from error
    count = lines.count(b"\n")
    click.echo(f"{log}: {count} request{'' if count == 1 else 's'}", err=True)


def _replay(log: Path, target: Target, keys: tuple[str, ...], settings: Settings, *, as_json: bool) -> bool:
    """Whether nothing differed."""
    try:
        records = read(log.read_bytes().splitlines())
    except OSError as error:
        raise Told(f"Error: {log} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Told(f"Error: {log}: {error}") from error
    if not is_simulator(target):
        raise Told(f"Error: at {target.url} answers no llm-simulator; a replay is sent to nobody else")
    if not loopback(target.host):
        click.echo(f"Note: {len(records)} requests go to {target.host}, which is not this machine.", err=True)
    shown = sys.stderr.isatty()
    told = (lambda done: click.echo(f"\r{done} of {len(records)} ", err=True, nl=False)) if shown else (lambda _: None)
    outcomes = asyncio.run(replayed(records, target, Keys(keys, {record.key for record in records}), settings, told))
    if shown:
        click.echo("\r", err=True, nl=False)
    if as_json:
        data = as_data(outcomes, target.url, settings)
        sys.stdout.buffer.write(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        click.echo(as_text(outcomes, target.url), nl=False)
    return summary_of(outcomes).different == 0
