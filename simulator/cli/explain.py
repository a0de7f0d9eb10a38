"""`explain`: the plan of a request at an address, without a server. Wiring."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import click

from simulator.cli.options import configured, json_option, written
from simulator.config.load import load

_ADDRESS = re.compile(r"(\d{1,9})\.(\d{1,9})/(\d{1,18})")


def parse_headers(text: str) -> dict[str, str]:
    """Header lines, as `curl -i` prints them, by lower-case name; lines that are none are passed over."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon and " " not in name.strip()}


def asking_headers(given: tuple[str, ...]) -> dict[str, str]:
    """The request's headers by lower-case name. Raises `click.BadParameter` for a line that is none."""
    for line in given:
        if not parse_headers(line) or "\n" in line:
            raise click.BadParameter(f"{line!r} is not 'NAME: VALUE'", param_hint="--header")
    return parse_headers("\n".join(given))


def place_of(address: str | None, told: Mapping[str, str]) -> tuple[int, int, int]:
    """(pod, worker, sequence) of an address such as 0.1/17, else as response headers tell it, else 0.0/0."""
    text = address or f"{told.get('x-llm-sim-shard', '0.0')}/{told.get('x-llm-sim-sequence', '0')}"
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise click.BadParameter(
            f"{text!r} is not <pod>.<worker>/<sequence>, for example 0.1/17", param_hint="--address"
        )
    pod, worker, sequence = map(int, found.groups())
    return pod, worker, sequence


@click.command("explain")
@configured
@click.option(
    "-r", "--request", type=click.File("rb"), required=True, help="File with the request's JSON body; - reads it."
)
@click.option("-a", "--address", help="Where it arrived, as x-llm-sim-shard/x-llm-sim-sequence: 0.1/17.")
@click.option("--headers", type=click.File("r"), help="File with the response's headers, as curl -i prints them.")
@click.option(
    "-H", "--header", "sent", multiple=True, metavar="'NAME: VALUE'", help="A header of the request; repeatable."
)
@click.option(
    "--circumstances",
    help="As x-llm-sim-circumstances tells them, such as 't.storm=3.25, n.storm=7'; else those of the headers.",
)
@click.option("--seed", type=int, help="Root of every random draw; else of the headers, else of the configuration.")
@click.option("--key", help="The x-llm-sim-key of the request, where its conditions were keyed.")
@click.option("--retry", type=click.IntRange(0), help="The retry count that came with the key.")
@click.option("--path", "endpoint", help="The endpoint, for example /v1/messages; else guessed from the body.")
@click.option("--latency", type=click.Choice(["profile", "none"]), help="none answers at once.")
@json_option
def command(
    path: Path | None,
    settings: tuple[str, ...],
    *,
    request: IO[bytes],
    address: str | None,
    headers: IO[str] | None,
    sent: tuple[str, ...],
    circumstances: str | None,
    seed: int | None,
    key: str | None,
    retry: int | None,
    endpoint: str | None,
    latency: str | None,
    as_json: bool,
) -> None:
    """Show what a request is answered at an address: text, tokens, usage, timeline, failures.

    The same configuration, seed, address and circumstances give the same plan on any machine.
    """
    asking = asking_headers(sent)
    told = parse_headers(headers.read()) if headers is not None else {}
    pod, worker, sequence = place_of(address, told)
    if seed is None and "x-llm-sim-seed" in told:
        seed = int(told["x-llm-sim-seed"])
    given = {"simulation.seed": seed, "simulation.latency": latency}
    flags = {name: value for name, value in given.items() if value is not None}
    loaded = load(path, flags={**written(settings), **flags})
    # Imported here: the engine brings numpy, which other commands need not pay for.
    import orjson  # noqa: PLC0415 - see above

    from simulator.engine.errors import EngineRefusal  # noqa: PLC0415 - see above
    from simulator.engine.plan import Address  # noqa: PLC0415 - see above
    from simulator.explain import as_data, as_text, explain  # noqa: PLC0415 - see above
    from simulator.providers.base import Refusal  # noqa: PLC0415 - see above
    from simulator.server.failing.told import read  # noqa: PLC0415 - see above

    if key is None:
        key = told.get("x-llm-sim-key", asking.get("x-llm-sim-key"))
    if key is None and loaded.config.simulation.conditions == "request":
        key = ""
    if retry is None:
        count = told.get("x-llm-sim-retry", asking.get("x-stainless-retry-count", "0"))
        retry = int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 0
    where = Address(loaded.config.simulation.seed or 0, pod, worker, sequence, key, retry if key is not None else 0)
    try:
        met = circumstances if circumstances is not None else told.get("x-llm-sim-circumstances", "")
        before = read(met.encode("latin-1", "replace")) if met.strip() else {}
        lines = {name.encode("latin-1", "replace"): value.encode() for name, value in asking.items()}
        explanation = explain(loaded, request.read(), where, endpoint, lines, before)
    except Refusal as refusal:
        field = f" ({refusal.param})" if refusal.param else ""
        raise click.ClickException(f"the request is refused: {refusal}{field}") from None
    except (EngineRefusal, LookupError) as error:
        raise click.ClickException(f"the request is refused: {error.args[0]}") from None
    if as_json:
        sys.stdout.buffer.write(
            orjson.dumps(as_data(explanation), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )
    else:
        click.echo(as_text(explanation), nl=False)
