"""A slot: the place in the fleet that a worker holds. Pure value; knows neither processes nor requests."""

from dataclasses import dataclass
from pathlib import Path

from simulator.state.board import Board, Column, Order, Row

SIDE_BASE = 2**40
"""The first number of the side range of seat 0; that of seat 1 is twice as much. A slot that answers a million
requests a second comes so far in twelve days."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a worker is told of itself. Whoever holds the slot has the same ordinal, before and after a respawn.

    `ordinal` is the worker's number in its pod, from 0; `pod` the pod's number; `board` is shared by all
    slots of the pod. `fleet` is drawn anew by every supervisor, so that what a dead fleet left in a store can be
    told from what a living one holds. `state` is the folder of the embedded store; None where none was made.
    `seat` is 0 or 1: a slot's worker and the one that replaces it live side by side for a while.
    """

    ordinal: int
    pod: int
    board: Board
    fleet: str = ""
    state: Path | None = None
    seat: int = 0

    @property
    def row(self) -> Row:
        """The seat's own cells, writable. Makes a new view each time: keep it."""
        return self.board.row(self.ordinal, self.seat)

    @property
    def home(self) -> Row:
        """The cells of the slot itself, whoever holds it: `SEQUENCE` and `RESTARTS`. Makes a new view each time."""
        return self.board.row(self.ordinal, 0)

    @property
    def shard(self) -> str:
        """The slot's address, `<pod>.<worker>`, as headers, logs and metrics show it."""
        return f"{self.pod}.{self.ordinal}"

    @property
    def identity(self) -> str:
        """What names the files of this seat, such as metrics: no two live workers have the same."""
        return f"{self.ordinal}{'b' if self.seat else ''}"


class Arrivals:
    """Numbers the requests of one worker, so that no two requests of a slot have the same number.

    The slot's line goes on from worker to worker. A worker that was told to retire leaves the line to its
    successor, at once and without a lock: what still reaches it over kept connections is numbered from the
    seat's side range.
    """

    __slots__ = ("_home", "_row", "_side")

    def __init__(self, slot: Slot) -> None:
        self._row = slot.row
        self._home = slot.home
        self._side = SIDE_BASE << slot.seat

    def take(self) -> int:
        """The number of the next request."""
        row = self._row
        if row[_ORDER] == _RETIRE:
            count = row[_SIDE]
            row[_SIDE] = count + 1
            return self._side + count
        home = self._home
        number = home[_SEQUENCE]
        home[_SEQUENCE] = number + 1
        return number


_ORDER, _SIDE, _SEQUENCE, _RETIRE = int(Column.ORDER), int(Column.SIDE), int(Column.SEQUENCE), int(Order.RETIRE)
