"""The board: one row of counters a slot, in memory shared by the whole fleet.

Edge, but tiny: an anonymous `mmap` made before the fork, so there is nothing to unlink and nothing that
dies with its owner. Every cell has one writer (the worker that holds the slot; the supervisor writes
`STATE`, `PID` and `RESTARTS` while it has no worker), so no lock is needed: an aligned 8-byte store is
atomic on every platform CPython runs on. Reading all of it costs a few microseconds at most.
"""

import enum
import mmap
from typing import TypeAlias

Row: TypeAlias = "memoryview[int]"
"""One slot's cells, indexed by `Column`."""

CELL_BYTES = 8
ROW_CELLS = 32
"""256 bytes a row: four cache lines, so that no two writers share one."""


class Column(enum.IntEnum):
    """A cell of a row. Times are nanoseconds of the monotonic clock, which all processes of a host share."""

    STATE = 0
    PID = 1
    HEARTBEAT_NS = 2
    CONNECTIONS = 3
    IN_FLIGHT = 4
    QUEUED = 5
    SEQUENCE = 6
    """The number that the slot's next planned request gets; outlives the worker."""
    LAG_US = 7
    """The latest large schedule lag, in microseconds; it fades from `LAG_AT_NS` on."""
    REVISION = 8
    RESTARTS = 9
    REQUESTS = 10
    REFUSED = 11
    TOKENS_OUT = 12
    STREAMS = 13
    BOOTED_NS = 14
    LAG_AT_NS = 15


class Shared(enum.IntEnum):
    """A cell of the row that belongs to the fleet as a whole."""

    CONTROL = 0
    """The revision of the control document that every request must see. Written by whoever changes the document,
    always under the store's own lock, so it only grows."""


class SlotState(enum.IntEnum):
    """The life of a slot, as the supervisor's deadlines see it."""

    EMPTY = 0
    BOOTING = 1
    READY = 2
    DRAINING = 3
    KILLED = 4


class Board:
    """Rows for `slots` workers. Make it before the fork; share it by inheritance."""

    def __init__(self, slots: int) -> None:
        if slots < 1:
            raise ValueError(f"a board needs at least one slot, not {slots}")
        self.slots = slots
        self._memory = mmap.mmap(-1, (slots + 1) * ROW_CELLS * CELL_BYTES)
        whole = memoryview(self._memory).cast("q")
        self.cells = whole[: slots * ROW_CELLS]
        """The cells of all slots, row after row, for those who read in a loop."""
        self.shared: Row = whole[slots * ROW_CELLS :]
        """The fleet's own cells, indexed by `Shared`."""

    def row(self, ordinal: int) -> Row:
        """The row of one slot, writable."""
        if not 0 <= ordinal < self.slots:
            raise IndexError(f"slot {ordinal} of {self.slots}")
        return self.cells[ordinal * ROW_CELLS : (ordinal + 1) * ROW_CELLS]

    def total(self, column: Column) -> int:
        """The sum of a column over all slots."""
        return sum(self.cells[column::ROW_CELLS])

    def column(self, column: Column) -> list[int]:
        """A column, by ordinal."""
        return self.cells[column::ROW_CELLS].tolist()
