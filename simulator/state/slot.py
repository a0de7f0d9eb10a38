"""A slot: the place in the fleet that a worker holds. Pure value; knows neither processes nor requests."""

from dataclasses import dataclass

from simulator.state.board import Board, Row


@dataclass(frozen=True, slots=True)
class Slot:
    """What a worker is told of itself. Whoever holds the slot has the same ordinal, before and after a respawn.

    `ordinal` is the worker's number in its pod, from 0; `pod` the pod's number; `board` is shared by all
    slots of the pod.
    """

    ordinal: int
    pod: int
    board: Board

    @property
    def row(self) -> Row:
        """The slot's own cells, writable. Makes a new view each time: keep it."""
        return self.board.row(self.ordinal)

    @property
    def shard(self) -> str:
        """The slot's address, `<pod>.<worker>`, as headers, logs and metrics show it."""
        return f"{self.pod}.{self.ordinal}"
