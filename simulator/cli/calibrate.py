"""`calibrate`: what a client measures, beside what is configured. Wiring of `simulator.calibration`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli import Told
from simulator.cli.options import configured, json_option, written
from simulator.config.load import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.calibration.course import Course
    from simulator.calibration.fleet import Plane
    from simulator.calibration.profiles import Profile
    from simulator.calibration.run import Calibration, Report, Wish
    from simulator.config.schema import Config

MOST_MEASURED = 5_000_000
"""Tokens of one profile: what a client keeps in memory."""


class Share(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """A share: `2%` or `0.02`."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As a number above 0 and below 1."""
        if isinstance(value, float):
            return value
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            share = 0.0
        if not 0.0 < share < 1.0:
            self.fail(f"{value!r} is no share such as 2% or 0.02", param, ctx)
        return share


@click.command("calibrate")
@configured
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="MODEL",
    help="A model, azure/MODEL, or all; repeatable. Without it one of each of the five providers.",
)
@click.option("--requests", type=click.IntRange(2, 100_000), default=200, show_default=True, help="Streams a profile.")
@click.option(
    "--streams", type=click.IntRange(1, 2_000), default=40, show_default=True, help="Streams at once, in all."
)
@click.option("--tokens", type=click.IntRange(2, 4_096), default=60, show_default=True, help="Tokens of an answer.")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Workers of the fleet.")
@click.option("--scale", type=click.FloatRange(0.001, 1_000), default=1.0, help="Stretch every delay by this.")
@click.option("--tolerance", type=Share(), default="2%", show_default=True, help="How far a percentile may be off.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw measured against configured: a PNG."
)
@click.option("--url", help="Measure a fleet that runs on this machine, such as http://127.0.0.1:8080.")
@click.option("--key", envvar="LLM_SIM_ADMIN_KEY", help="That fleet's admin key; without it LLM_SIM_ADMIN_KEY.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    path: Path | None,
    settings: tuple[str, ...],
    *,
    profiles: tuple[str, ...],
    requests: int,
    streams: int,
    tokens: int,
    workers: int,
    scale: float,
    tolerance: float,
    plot: Path | None,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Measure TTFT and ITL over loopback and compare them with what is configured.

    A fleet of its own is started for it, and stopped. Ends with 1 where a profile misses the tolerance.
    """
    if requests * tokens > MOST_MEASURED:
        raise click.UsageError(f"--requests times --tokens is more than {MOST_MEASURED:,}")
    # Imported here: the engine and the client bring what other commands need not pay for.
    from simulator.calibration.fleet import Unreachable  # noqa: PLC0415 - see above
    from simulator.calibration.profiles import Unknown  # noqa: PLC0415 - as above
    from simulator.calibration.report import as_data, text  # noqa: PLC0415 - as above
    from simulator.calibration.run import Wish  # noqa: PLC0415 - as above
    from simulator.engine.errors import EngineRefusal  # noqa: PLC0415 - as above
    from simulator.providers.base import Refusal  # noqa: PLC0415 - as above
    from simulator.testing.errors import NotStartedError  # noqa: PLC0415 - as above

    wish = Wish(requests, streams, tokens, tolerance)
    try:
        if url is None:
            report = _own(path, settings, profiles, wish, workers, scale)
        else:
            _refuse_with_url(ctx)
            report = _running(url, key, profiles, wish)
    except Unknown as unknown:
        raise click.BadParameter(str(unknown), param_hint="--profile") from unknown
    except Unreachable as away:
        raise Told(f"Error: {away}") from away
    except NotStartedError as dead:
        raise Told(f"Error: {dead}") from dead
    except (Refusal, EngineRefusal) as refusal:
        raise Told(f"Error: a profile cannot be asked: {refusal}") from refusal
    if as_json:
        import orjson  # noqa: PLC0415 - see above

        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        sys.stdout.buffer.write(orjson.dumps(as_data(report), option=option))
    else:
        click.echo(text(report), nl=False)
    if plot is not None:
        _draw(plot, report)
    if not report.within:
        ctx.exit(1)


def _own(
    path: Path | None, settings: tuple[str, ...], profiles: tuple[str, ...], wish: "Wish", workers: int, scale: float
) -> "Report":
    """Measure a fleet of our own with this configuration."""
    from simulator.calibration.fleet import PLAIN, OwnProcess, Plane, place_of  # noqa: PLC0415 - see above
    from simulator.calibration.run import Calibration  # noqa: PLC0415 - as above

    given = written(settings)
    simulation = load(path, flags=given).config.simulation
    if simulation.latency == "none":
        raise click.UsageError("the configuration answers at once (simulation.latency): there is no pace to measure")
    own = {
        "simulation.seed": simulation.seed,
        "simulation.latency_scale": simulation.latency_scale * scale,
        **{f"response.length.{name}": wish.tokens for name in ("p50", "p95", "min", "max")},
        **PLAIN,
    }
    loaded = load(path, flags={**given, **own})
    calibration = Calibration(loaded.config, loaded.catalogue, wish)
    chosen = _profiles(loaded.config, profiles)
    course = calibration.prepare(chosen, workers)
    texts = dict(setting.partition("=")[::2] for setting in settings)
    with OwnProcess(path, workers=workers, settings={**texts, **own}) as process:
        return _measure(calibration, Plane(*place_of(process.url)), course, len(chosen), wish)


def _running(url: str, key: str | None, profiles: tuple[str, ...], wish: "Wish") -> "Report":
    """Measure a fleet that runs already."""
    from simulator.calibration.fleet import Plane, place_of  # noqa: PLC0415 - see above
    from simulator.calibration.run import Calibration  # noqa: PLC0415 - as above
    from simulator.config.catalogue import load_catalogue  # noqa: PLC0415 - as above

    plane = Plane(*place_of(url), key)
    config = plane.config()
    if config.simulation.latency == "none":
        raise click.UsageError("the fleet answers at once (simulation.latency): there is no pace to measure")
    calibration = Calibration(config, load_catalogue(), wish)
    chosen = _profiles(config, profiles)
    course = calibration.prepare(chosen, plane.workers())
    return _measure(calibration, plane, course, len(chosen), wish)


def _profiles(config: "Config", wanted: tuple[str, ...]) -> "Sequence[Profile]":
    """The profiles that are asked for. Raises `Unknown`."""
    from simulator.calibration.profiles import chosen  # noqa: PLC0415 - see above
    from simulator.config.catalogue import load_catalogue  # noqa: PLC0415 - as above
    from simulator.config.resolve import aliases, known_models  # noqa: PLC0415 - as above

    catalogue = load_catalogue()
    return chosen(wanted, known_models(config, catalogue), aliases(config, catalogue))


def _measure(calibration: "Calibration", plane: "Plane", course: "Course", profiles: int, wish: "Wish") -> "Report":
    """Measure, with the estimate first and the progress meanwhile, both on standard error."""
    from simulator.calibration.report import announced  # noqa: PLC0415 - see above

    click.echo(announced(course, profiles, wish.requests), err=True)
    whole = profiles * wish.requests
    if not sys.stderr.isatty():
        return calibration.measure(plane, course)
    with click.progressbar(length=whole, file=sys.stderr) as bar:
        return calibration.measure(plane, course, lambda: bar.update(1))


def _draw(plot: Path, report: "Report") -> None:
    """Write the picture, two panels a profile; what does not fit goes to `F-2.png` and so on."""
    from simulator.calibration.report import NAMES  # noqa: PLC0415 - see above
    from simulator.fitting.plot import MOST, Missing, Panel, compared  # noqa: PLC0415 - as above

    panels = [
        Panel(f"{outcome.title}: {NAMES[judged.name]}", sample, judged.law, law="configured")
        for outcome in report.outcomes
        for judged, sample in zip(outcome.judged, outcome.samples, strict=False)
    ]
    try:
        for first in range(0, len(panels), MOST):
            part = f"-{first // MOST + 1}" if first else ""
            compared(plot.with_name(f"{plot.stem}{part}{plot.suffix}"), panels[first : first + MOST])
    except (Missing, OSError) as error:
        raise Told(f"Error: the picture cannot be drawn: {error}") from error


def _refuse_with_url(ctx: click.Context) -> None:
    """A fleet that runs has its own configuration."""
    for name, flag in (("path", "--config"), ("settings", "--set"), ("workers", "--workers"), ("scale", "--scale")):
        source = ctx.get_parameter_source(name)
        if source not in (None, click.core.ParameterSource.DEFAULT):
            raise click.UsageError(
                f"{flag} is for a fleet of calibrate's own; the one at --url has its own configuration"
            )
