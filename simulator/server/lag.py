"""How late this fleet is by its own fault, slot by slot.

Pure over the board. A slot's cell holds the largest recent lateness of its wheel, which fades with time, so that one
bad moment is told for some seconds and then forgotten, also by those who read it while the worker idles.
"""

from simulator.state.board import Column, Row

HALF_LIFE = 2.0
"""Seconds in which a told lag fades to half."""


def lag_of(row: Row, now: float) -> float:
    """The recent schedule lag of a slot in seconds, at `now` of the monotonic clock."""
    told = row[Column.LAG_US]
    if not told:
        return 0.0
    age = max(0.0, now - row[Column.LAG_AT_NS] / 1e9)
    return float(told / 1e6 * 0.5 ** (age / HALF_LIFE))


def note_lag(row: Row, seconds: float, now: float) -> None:
    """A turn of the slot's wheel was `seconds` late; only the slot's own worker notes."""
    if seconds >= lag_of(row, now):
        row[Column.LAG_US] = int(seconds * 1e6)
        row[Column.LAG_AT_NS] = int(now * 1e9)
