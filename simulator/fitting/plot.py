"""Pictures of a measurement beside a distribution. Edge: writes a file; the only part that knows matplotlib.

matplotlib is imported when a picture is asked for, and drawn with its Agg backend: no window, no display.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from simulator.engine.latency.quantile import Floats
from simulator.fitting.goodness import Inverse, cumulative, ks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 12
"""Most panels of one picture."""

_POINTS = 2_000
_WIDE = 30.0
"""A ratio of the 99.9th percentile to the median above which the axis is logarithmic."""
_PER_SECOND = {"ms": 1e3, "s": 1.0}


class Missing(Exception):  # noqa: N818 - what is missing is a library
    """matplotlib is not installed; the message says how to get it."""


class Panel(NamedTuple):
    """One row of a picture: a sample and the distribution that it should have."""

    title: str
    sample: Floats
    """Measured values in seconds, in any order, at least one."""
    quantile: Inverse
    """Of the fitted or configured distribution, in seconds."""
    unit: Literal["ms", "s"] = "ms"
    """What the axes show."""
    law: str = "fitted"
    """What the distribution is called."""


def compared(path: Path, panels: Sequence[Panel]) -> None:
    """Write a PNG: for each panel the distribution functions, measured against fitted, and a QQ plot.

    The same panels give the same bytes with the same release of matplotlib. Raises `Missing` without
    matplotlib, `ValueError` without a panel or with more than `MOST`, and `OSError` where the file cannot be
    written.
    """
    if not 0 < len(panels) <= MOST:
        raise ValueError(f"{len(panels)} panels; allowed: 1 to {MOST}")
    require()
    from matplotlib import style  # noqa: PLC0415 - see the module's head
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - as above
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    # The reader's own style and a release's name in the file would make equal pictures differ.
    with path.open("wb") as file, style.context("default"), warnings.catch_warnings():
        # A model's name may be in a script that the font does not have.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(10.0, 3.8 * len(panels)), dpi=100, layout="tight")
        FigureCanvasAgg(figure)
        rows = figure.subplots(len(panels), 2, squeeze=False)
        for (left, right), panel in zip(rows, panels, strict=True):
            ordered = np.sort(panel.sample)
            _functions(left, panel, ordered)
            _quantiles(right, panel, ordered)
        figure.savefig(file, format="png", metadata={"Software": None})


def require() -> None:
    """Raises `Missing` where no picture could be drawn, for those who would rather know before a long work."""
    try:
        import matplotlib.figure  # noqa: F401, PLC0415 - see the module's head
    except ImportError:
        raise Missing("a picture needs matplotlib: pip install 'llm-simulator[plot]'") from None


def _functions(axes: "Axes", panel: Panel, ordered: Floats) -> None:
    """Both distribution functions over the delay."""
    scale = _PER_SECOND[panel.unit]
    n = len(ordered)
    places = np.unique(np.linspace(0, n - 1, min(n, _POINTS)).astype(np.int64))
    axes.step(ordered[places] * scale, (places + 1.0) / n, where="post", color="C0", label=f"measured, n = {n:,}")
    ends = panel.quantile(np.array((0.0005, 0.9995)))
    low, high = min(float(ends[0]), float(ordered[0])), max(float(ends[1]), float(np.quantile(ordered, 0.9995)))
    pad = 0.02 * (high - low) or 0.05 * high or 1e-6
    x = np.linspace(max(0.0, low - pad), high + pad, _POINTS)
    if _wide(panel, ordered):
        x = np.geomspace(max(low, float(np.median(ordered)) * 1e-3), high + pad, _POINTS)
        axes.set_xscale("log")
    axes.plot(x * scale, cumulative(panel.quantile, x), color="C1", linestyle="--", label=panel.law)
    axes.set_xlim(float(x[0]) * scale, float(x[-1]) * scale)
    axes.set_ylim(-0.02, 1.02)
    away = ks(ordered, panel.quantile)
    axes.set_title(f"{_plain(panel.title)}\nKS distance {away.d:.4f}, p {away.p:.2g}", fontsize=10)
    axes.set_xlabel(panel.unit)
    axes.set_ylabel("share of values up to this")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)


def _quantiles(axes: "Axes", panel: Panel, ordered: Floats) -> None:
    """Measured over fitted quantiles: points on the diagonal agree."""
    scale = _PER_SECOND[panel.unit]
    n = len(ordered)
    places = np.unique(np.linspace(0, n - 1, min(n, 400)).astype(np.int64))
    fitted = panel.quantile((places + 0.5) / n) * scale
    measured = ordered[places] * scale
    axes.plot(fitted, measured, ".", color="C0", markersize=4)
    both = (float(min(fitted.min(), measured.min())), float(max(fitted.max(), measured.max())))
    axes.axline((both[0], both[0]), slope=1.0, color="C1", linestyle="--")
    for percent in (50.0, 95.0, 99.0):
        place = float(panel.quantile(np.array((percent / 100.0,)))[0]) * scale
        value = float(np.percentile(ordered, percent)) * scale
        axes.plot(place, value, "o", color="C3", markersize=5)
        axes.annotate(f"p{percent:g}", (place, value), textcoords="offset points", xytext=(6, -10), fontsize=8)
    if _wide(panel, ordered) and both[0] > 0.0:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_title("quantiles", fontsize=10)
    axes.set_xlabel(f"{panel.law}, {panel.unit}")
    axes.set_ylabel(f"measured, {panel.unit}")
    axes.grid(visible=True, alpha=0.3)


def _wide(panel: Panel, ordered: Floats) -> bool:
    middle, far = (float(value) for value in np.quantile(ordered, (0.5, 0.999)))
    return middle > 0.0 and max(far, float(panel.quantile(np.array((0.999,)))[0])) > _WIDE * middle


def _plain(title: str) -> str:
    """A title without markup: matplotlib takes dollars for mathematics."""
    return title.replace("$", r"\$")
