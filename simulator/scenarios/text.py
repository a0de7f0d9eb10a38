"""A timeline as lines of text: phases as bars on a time axis, curves as rows of blocks, what each phase sets. Pure."""

import textwrap
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from simulator.scenarios.chances import seconds
from simulator.scenarios.timeline import LATENCY, Chart, Curve, Stretch


class Signs(NamedTuple):
    """What is drawn with: the edge of a phase, the fillings of neighbours, heights from nothing to full."""

    edge: str
    fillings: str
    heights: str
    endless: str


UNICODE = Signs("│", "░▒", " ▁▂▃▄▅▆▇█", "…")
ASCII = Signs("|", "-=", " .:-=+*#@", "~")
NARROWEST = 40
GUTTER = 30
"""Columns of the longest name of a curve that is shown in whole."""


def lines(chart: Chart, width: int, signs: Signs = UNICODE) -> list[str]:
    """The picture, at most `width` columns wide; a narrower one than 40 columns is drawn as if there were 40."""
    width = max(width, NARROWEST)
    names = [_name(curve) for curve in chart.curves]
    left = min(max([5, *map(len, names)]), GUTTER, width // 3) + 1
    peaks = [_peak(curve) for curve in chart.curves]
    columns = width - left - max([0, *[len(peak) + 1 for peak in peaks]]) - 1
    # More phases than columns: those that have no column are told in words alone.
    drawn = chart.stretches[:columns]
    sizes = shared([stretch.ends - stretch.begins for stretch in drawn], columns)
    places = [0, *accumulate(sizes)]
    picture = [
        *_head(chart, width),
        "",
        (" " * left + _axis(drawn, places)).rstrip(),
        f"{_fitted('phase', left - 1)} {_bars(drawn, sizes, signs)}{signs.edge}",
    ]
    for curve, name, peak in zip(chart.curves, names, peaks, strict=True):
        row = "".join([_row(curve, stretch, size, signs) for stretch, size in zip(drawn, sizes, strict=True)])
        picture.append(f"{_fitted(name, left - 1)} {row}  {peak}".rstrip())
    again = _again(chart)
    if again:
        picture.append(again)
    for stretch in chart.stretches:
        picture += ["", *_told(stretch, width)]
    return [_printable(_fitted(line, width)).rstrip() for line in picture]


def shared(lengths: Sequence[float], columns: int) -> list[int]:
    """Columns for each length, `columns` in all: in proportion, but at least a part that shows."""
    least = max(1, min(8, columns // (2 * len(lengths))))
    free = columns - least * len(lengths)
    total = sum(lengths)
    exact = [length / total * free for length in lengths]
    whole = [int(one) for one in exact]
    order = sorted(range(len(lengths)), key=lambda place: whole[place] - exact[place])
    for place in order[: free - sum(whole)]:
        whole[place] += 1
    return [least + one for one in whole]


def _head(chart: Chart, width: int) -> list[str]:
    head = textwrap.wrap(f"{chart.name}: {chart.description}" if chart.description else chart.name, width)
    if chart.parameters:
        given = " ".join([f"{name}={_value(value)}" for name, value in chart.parameters.items()])
        head += textwrap.wrap(f"parameters: {given}", width, subsequent_indent="  ", break_on_hyphens=False)
    return head


def _axis(stretches: Sequence[Stretch], places: Sequence[int]) -> str:
    """When each phase begins, and when the last ends, where there is room to say so."""
    marks = [(place, seconds(stretch.begins)) for place, stretch in zip(places, stretches, strict=False)]
    last = stretches[-1]
    if not last.endless:
        marks.append((places[-1], seconds(last.ends)))
    axis = ""
    for place, text in marks:
        if len(axis) < place or not axis:
            axis = f"{axis:<{place}}{text}"
    return axis


def _bars(stretches: Sequence[Stretch], sizes: Sequence[int], signs: Signs) -> str:
    bars = ""
    for place, (stretch, size) in enumerate(zip(stretches, sizes, strict=True)):
        inner = size - 1
        text = stretch.name[:inner]
        bar = text + signs.fillings[place % 2] * (inner - len(text))
        if stretch.endless and inner > len(text):
            bar = bar[:-1] + signs.endless
        bars += signs.edge + bar
    return bars


def _row(curve: Curve, stretch: Stretch, size: int, signs: Signs) -> str:
    step = (stretch.ends - stretch.begins) / size
    edges = [stretch.begins + place * step for place in range(size)] + [stretch.ends]
    full = len(signs.heights) - 1
    row = ""
    for begin, end in pairwise(edges):
        share = curve.highest(begin, end) / curve.peak if curve.peak else 0.0
        row += signs.heights[max(1, round(share * full)) if share > 0 else 0]
    return row


def _told(stretch: Stretch, width: int) -> list[str]:
    if stretch.endless:
        when = f"from {seconds(stretch.begins)} on, until the scenario is ended"
    else:
        when = f"{seconds(stretch.begins)} to {seconds(stretch.ends)} ({seconds(stretch.ends - stretch.begins)})"
    told = [f"{stretch.name}: {when}"]
    for line in stretch.sets or ("nothing is set",):
        told += textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return told


def _again(chart: Chart) -> str:
    if chart.repeat is True:
        return "then again, until it is ended"
    return f"{chart.repeat} times in all" if chart.repeat > 1 else ""


def _name(curve: Curve) -> str:
    return curve.name.removeprefix("faults.")


def _peak(curve: Curve) -> str:
    return f"up to x{curve.peak:.4g}" if curve.name == LATENCY else f"up to {curve.peak:.3g}"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _printable(line: str) -> str:
    """The line with a sign of its own for what would move the cursor."""
    return line if line.isprintable() else "".join([sign if sign.isprintable() else "?" for sign in line])


def _fitted(text: str, width: int) -> str:
    """The text in so many columns: filled up with spaces, or cut."""
    return f"{text[:width]:<{width}}"
