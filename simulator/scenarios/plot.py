"""A timeline as a picture: bars for the phases, curves for probabilities and for the scale of latency.

Edge: writes a file. matplotlib is imported only here and only when a picture is asked for; no window is opened.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.scenarios.chances import seconds
from simulator.scenarios.timeline import LATENCY, Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg")
_BARS = ("#8fb8de", "#d9b38c")


def plot(chart: Chart, path: Path) -> None:
    """Draw a timeline into a PNG or SVG file, by its suffix.

    Raises ModuleNotFoundError without matplotlib (the extra `plot`), OSError for a file that cannot be written.
    """
    import matplotlib as mpl  # noqa: PLC0415 - an optional part, and slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    scales = [curve for curve in chart.curves if curve.name == LATENCY]
    chances = [curve for curve in chart.curves if curve.name != LATENCY]
    heights = [1.0, *([3.0] if chances else []), *([2.0] if scales else [])]
    # A file of the same timeline is the same: no date, and ids that do not change.
    with (
        mpl.rc_context({"svg.hashsalt": "llm-simulator", "svg.fonttype": "none", "text.parse_math": False}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a name in a script that the font has not
        figure = Figure(figsize=(10, 1.2 + sum(heights)), layout="constrained")
        rows = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        _phases(rows[0], chart)
        place = 1
        for curves, title, top in ((chances, "probability", 1.03), (scales, "latency scale", None)):
            if not curves:
                continue
            axes = rows[place]
            for curve in curves:
                times, values = zip(*curve.points, strict=True)
                axes.plot(times, values, label=curve.name.removeprefix("faults."))
            axes.set_ylabel(title)
            axes.set_ylim(0, top if top is not None else 1.1 * max(curve.peak for curve in curves) or 1.0)
            axes.grid(visible=True, alpha=0.3)
            if curves is chances:
                axes.legend(loc="upper right", fontsize="small")
            place += 1
        rows[-1].set_xlim(0, chart.ends)
        marks = [stretch.begins for stretch in chart.stretches] + [chart.ends]
        rows[-1].set_xticks(marks, [seconds(mark) for mark in marks], rotation=45 if len(marks) > 8 else 0)
        rows[-1].set_xlabel("time since the scenario began")
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
        figure.savefig(path, format=path.suffix.lower().removeprefix("."), dpi=120, metadata=metadata)


def _phases(axes: "Axes", chart: Chart) -> None:
    for place, stretch in enumerate(chart.stretches):
        length = stretch.ends - stretch.begins
        axes.broken_barh([(stretch.begins, length)], (0, 1), color=_BARS[place % 2])
        name = f"{stretch.name} …" if stretch.endless else stretch.name
        axes.text(
            stretch.begins + length / 2, 0.5, name, ha="center", va="center", fontsize="small",
            clip_on=True,
        )  # fmt: skip
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    again = "" if not chart.repeat else " (repeats)" if chart.repeat is True else f" ({chart.repeat} times)"
    axes.set_title(chart.name + again)
