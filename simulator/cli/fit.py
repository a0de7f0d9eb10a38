"""`fit`: a latency profile from measurements. Wiring of `simulator.fitting`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli import Told
from simulator.cli.options import json_option

if TYPE_CHECKING:
    from simulator.fitting.fit import Fitted, Measured

PARTS = ("ttft", "itl")
FAMILIES = (
    "log_normal",
    "normal",
    "gamma",
    "weibull",
    "exponential",
    "pareto",
    "uniform",
    "mixture",
    "constant",
    "empirical",
)


@click.command("fit")
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the profile here, not to the output.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.png", help="Draw measured against fitted.")
@click.option(
    "--family",
    "families",
    multiple=True,
    metavar="[PART=]NAME",
    help=f"Take this family ({', '.join(FAMILIES)}), for both parts or for ttft or itl; repeatable.",
)
@click.option("--by", type=click.Choice(["model"]), help="One profile for each model that the trace names.")
@click.option(
    "--criterion", type=click.Choice(["bic", "aic"]), default="bic", show_default=True, help="What ranks the families."
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0.0, 1.0),
    default=0.05,
    show_default=True,
    help="KS distance up to which the best family is taken although the test rejects it.",
)
@click.option("--no-prefill", is_flag=True, help="Fit TTFT as it is, whatever the prompts' lengths.")
@click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be read, and count them.")
@json_option
def command(
    trace: Path,
    output: Path | None,
    plot: Path | None,
    *,
    families: tuple[str, ...],
    by: str | None,
    criterion: str,
    tolerance: float,
    no_prefill: bool,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Fit a latency profile to measured TTFT and ITL.

    TRACE is a CSV, JSON Lines or JSON file with a row a request, or the result of a measuring tool; - reads
    standard input. The profile is YAML for serve --config; the goodness of fit is printed beside it.
    """
    import msgspec  # noqa: PLC0415 - with what follows

    from simulator.fitting.families import Unfit  # noqa: PLC0415 - numpy, which other commands need not pay for
    from simulator.fitting.fit import Wishes, fit  # noqa: PLC0415 - as above
    from simulator.fitting.profile import written  # noqa: PLC0415 - as above
    from simulator.fitting.read import read  # noqa: PLC0415 - as above
    from simulator.fitting.report import as_data, as_text  # noqa: PLC0415 - as above
    from simulator.fitting.trace import TraceError  # noqa: PLC0415 - as above

    wishes = msgspec.convert(
        {
            "families": _forced(families),
            "criterion": criterion,
            "tolerance": tolerance,
            "by_model": by == "model",
            "prefill": not no_prefill,
        },
        Wishes,
    )
    say = _teller()
    if plot is not None:
        _can_draw()
    try:
        read_in = read(trace, skip_bad=skip_bad, progress=lambda rows: say(f"{rows:,} rows read"))
        fitted, samples = fit(read_in, wishes, say)
    except TraceError as error:
        first, *rest = str(error).split("\n")
        raise Told("\n".join((f"Error: {first}", *(f"  {line}" for line in rest)))) from None
    except Unfit as error:
        raise Told(f"Error: {error}; --family takes another, and without it the best is chosen") from None
    finally:
        say("")
    text = written(fitted)
    if plot is not None:
        _draw(plot, fitted, samples)
    if output is not None:
        _save(output, text)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(as_data(fitted, text)), indent=2).decode())
        return
    # Where the profile itself goes to the output, the report must not stand in it.
    click.echo(as_text(fitted), nl=False, err=output is None)
    if output is None:
        click.echo(text, nl=False)


def _forced(families: tuple[str, ...]) -> dict[str, str]:
    """The family of each part. Raises `click.BadParameter`."""
    forced: dict[str, str] = {}
    for given in families:
        part, equals, name = given.rpartition("=")
        if (equals and part not in PARTS) or name not in FAMILIES:
            allowed = f"one of {', '.join(FAMILIES)}, alone or after ttft= or itl="
            raise click.BadParameter(f"{given!r} is not {allowed}", param_hint="--family")
        forced.update(dict.fromkeys((part,) if equals else PARTS, name))
    return forced


def _teller() -> Callable[[str], None]:
    """Shows on a terminal what is being done, on one line that the next one replaces; elsewhere nothing."""
    if not sys.stderr.isatty():
        return lambda _words: None
    return lambda words: click.echo(f"\r\x1b[K{words}", nl=False, err=True)


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise Told(f"Error: {path}: cannot be written: {error.strerror or error}") from None


def _can_draw() -> None:
    from simulator.fitting.plot import Missing, require  # noqa: PLC0415 - numpy, which other commands need not pay for

    try:
        require()
    except Missing as error:
        raise Told(f"Error: {error}") from None


def _draw(path: Path, fitted: "Fitted", samples: "dict[str, Measured]") -> None:
    from simulator.engine.latency import build  # noqa: PLC0415 - numpy, which other commands need not pay for
    from simulator.fitting.plot import MOST, Panel, compared  # noqa: PLC0415 - as above

    panels = [
        Panel(f"{profile.key}: {name} as {choice.chosen}", sample, build(choice.spec).quantile)
        for profile in fitted.profiles
        for name, choice, sample in (
            (
                "TTFT without prefill" if profile.prefill.ms_per_token else "TTFT",
                profile.ttft,
                samples[profile.key].ttft,
            ),
            ("ITL", profile.itl, samples[profile.key].itl),
        )
        if choice is not None
    ]
    if len(panels) > MOST:
        click.echo(f"Warning: {path} shows the first {MOST} of {len(panels)} parts", err=True)
    try:
        compared(path, panels[:MOST])
    except OSError as error:
        raise Told(f"Error: {path}: cannot be written: {error.strerror or error}") from None
