"""`top`: the fleet live in the terminal. Wiring of `simulator.top`."""

import os
import signal
import sys
import time
from types import FrameType

import click

from simulator.cli import Told
from simulator.top.sample import Change, Sample, between
from simulator.top.screen import fitted, lines
from simulator.top.source import Away, Denied, Source
from simulator.top.terminal import terminal, write

PLAIN_WIDTH = 200
"""Columns of a snapshot that goes to no terminal."""


@click.command("top")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Where the fleet answers.")
@click.option("--key", envvar="LLM_SIM_ADMIN_KEY", help="Admin key; without it LLM_SIM_ADMIN_KEY, if that is set.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1, max=3600),
    default=1.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--once", is_flag=True, help="Print one snapshot and end.")
def command(url: str, key: str | None, interval: float, once: bool) -> None:
    """Watch the fleet in the terminal; q ends.

    Rates and times are those of the last interval. Where the output is no terminal it is one snapshot.
    """
    try:
        source = Source(url, key)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        if once or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
            _snapshot(source, interval)
        else:
            _watch(source, interval)
    except (Away, Denied) as error:
        raise Told(f"Error: {error}") from error


def _snapshot(source: Source, interval: float) -> None:
    earlier = source.sample()
    time.sleep(interval)
    later = source.sample()
    write("\n".join(lines(source.url, later, between(earlier, later), PLAIN_WIDTH)) + "\n")


def _watch(source: Source, interval: float) -> None:
    """Draw until the user ends it. Raises `Denied`; a fleet that is away is waited for."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with terminal() as screen:
            earlier: Sample | None = None
            shown: list[str] = []
            while True:
                due = time.monotonic() + interval
                width, height = screen.size
                try:
                    later = source.sample()
                except Away as away:
                    earlier = None
                    told = fitted(f"{away}; trying again", width - 1)
                    screen.draw([told, "", *shown][:height])
                else:
                    change: Change | None = between(earlier, later) if earlier is not None else None
                    shown = lines(source.url, later, change, width - 1, height)
                    screen.draw(shown)
                    earlier = later
                if screen.quits(due):
                    return
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
