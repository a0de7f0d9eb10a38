"""The board: rows of counters for every slot, in memory shared by the whole fleet.

Edge, but tiny: an anonymous `mmap` made before the fork, so there is nothing to unlink and nothing that
dies with its owner. Every cell has one writer (the worker that sits on the row; the supervisor writes
`STATE`, `PID` and `RESTARTS` while there is no worker, and `ORDER` always), so no lock is needed: an aligned
8-byte store is atomic on every platform CPython runs on. Reading all of it costs a few microseconds at most.

A slot has two seats, a row each: while its worker is replaced, the old and the new one live at the same time.
What belongs to the slot and not to a worker (`SEQUENCE`, `RESTARTS`) stands in the row of seat 0, whoever
holds the slot.
"""

import enum
import mmap
from typing import TypeAlias

Row: TypeAlias = "memoryview[int]"
"""One seat's cells, indexed by `Column`."""

SEATS = 2
CELL_BYTES = 8
ROW_CELLS = 32
"""256 bytes a row: four cache lines, so that no two writers share one."""
NOTICE_BYTES = 1024
"""A longer notice is cut."""
_NOTICE_LOOKS = 100
"""A write takes a microsecond; whoever meets one so often reads what a dying supervisor left."""


class Column(enum.IntEnum):
    """A cell of a row. Times are nanoseconds of the monotonic clock, which all processes of a host share."""

    STATE = 0
    PID = 1
    HEARTBEAT_NS = 2
    CONNECTIONS = 3
    IN_FLIGHT = 4
    QUEUED = 5
    SEQUENCE = 6
    """The number that the slot's next planned request gets; outlives the worker. Only in seat 0's row."""
    LAG_US = 7
    """The latest large schedule lag, in microseconds; it fades from `LAG_AT_NS` on."""
    REVISION = 8
    RESTARTS = 9
    """Deaths of the slot's workers. Only in seat 0's row."""
    REQUESTS = 10
    REFUSED = 11
    TOKENS_OUT = 12
    STREAMS = 13
    BOOTED_NS = 14
    LAG_AT_NS = 15
    ORDER = 16
    """What the supervisor wants of the worker, an `Order`."""
    SPENT = 17
    """1 once the worker has answered as many requests as it should, and wants to be replaced."""
    SIDE = 18
    """How many numbers the seat has given to requests that reached a retired worker; outlives the worker."""


class Order(enum.IntEnum):
    """What the supervisor wants of a worker. A worker that nobody orders serves."""

    NONE = 0
    WAIT = 1
    """Start, and wait in STANDBY until the predecessor has let go."""
    SERVE = 2
    RETIRE = 3
    """Another worker holds the slot, or nobody does: leave its sequence alone."""


class Shared(enum.IntEnum):
    """A cell of the row that belongs to the fleet as a whole. All but `CONTROL` are the supervisor's."""

    CONTROL = 0
    """The revision of the control document that every request must see. Written by whoever changes the document,
    always under the store's own lock, so it only grows."""
    STOPPING = 1
    """Why the fleet leaves, a `Stopping`; set before any worker is told."""
    WANTED = 2
    """How many workers there should be; 0 where nobody supervises."""
    RELOADS = 3
    """Reloads of the configuration that all workers serve with."""
    RELOADS_FAILED = 4
    """Reloads that were refused or taken back."""
    NOTICE = 5
    """Odd while the notice is being written; grows by two with each."""


class Stopping(enum.IntEnum):
    """Why a fleet leaves."""

    NO = 0
    STOP = 1
    """It ends: nobody comes after it."""
    HANDED_OVER = 2
    """Another fleet serves on the same sockets."""


class SlotState(enum.IntEnum):
    """The life of a worker, as the supervisor's deadlines see it."""

    EMPTY = 0
    BOOTING = 1
    READY = 2
    DRAINING = 3
    KILLED = 4
    STANDBY = 5
    """Started, but it does not accept before its predecessor has let go of the slot."""


_HOLDS = (SlotState.READY, SlotState.STANDBY, SlotState.BOOTING, SlotState.DRAINING, SlotState.KILLED, SlotState.EMPTY)


class Board:
    """Rows for `slots` slots of two seats each. Make it before the fork; share it by inheritance."""

    def __init__(self, slots: int) -> None:
        if slots < 1:
            raise ValueError(f"a board needs at least one slot, not {slots}")
        self.slots = slots
        rows = slots * SEATS
        size = (rows + 1) * ROW_CELLS * CELL_BYTES
        self._memory = mmap.mmap(-1, size + NOTICE_BYTES)
        self._notice = memoryview(self._memory)[size:]
        whole = memoryview(self._memory)[:size].cast("q")
        self.cells = whole[: rows * ROW_CELLS]
        """The cells of all rows, seat 0 of every slot and then seat 1, for those who read in a loop."""
        self.shared: Row = whole[rows * ROW_CELLS :]
        """The fleet's own cells, indexed by `Shared`."""
        self._columns = [self.cells[column::ROW_CELLS] for column in range(ROW_CELLS)]

    def index(self, ordinal: int, seat: int = 0) -> int:
        """The place of a seat's row among all rows."""
        if not (0 <= ordinal < self.slots and 0 <= seat < SEATS):
            raise IndexError(f"seat {seat} of slot {ordinal}; there are {self.slots} slots of {SEATS} seats")
        return seat * self.slots + ordinal

    def row(self, ordinal: int, seat: int = 0) -> Row:
        """The row of one seat, writable."""
        place = self.index(ordinal, seat)
        return self.cells[place * ROW_CELLS : (place + 1) * ROW_CELLS]

    def seats(self, ordinal: int) -> tuple[Row, Row]:
        """Both rows of a slot: first of the seat that holds it, then of the other.

        The holder is whoever serves, else whoever is about to, else whoever still drains.
        """
        first, second = self.row(ordinal, 0), self.row(ordinal, 1)
        if _HOLDS.index(SlotState(second[Column.STATE])) < _HOLDS.index(SlotState(first[Column.STATE])):
            return second, first
        return first, second

    def total(self, column: Column) -> int:
        """The sum of a column over all rows."""
        return sum(self._columns[column].tolist())

    def column(self, column: Column) -> list[int]:
        """A column of counters by ordinal, both seats of each slot summed."""
        values = self._columns[column].tolist()
        return [first + second for first, second in zip(values[: self.slots], values[self.slots :], strict=True)]

    def ready(self) -> int:
        """How many workers serve."""
        return self._columns[Column.STATE].tolist().count(SlotState.READY)

    def post(self, text: str) -> None:
        """Replace the notice; only the supervisor does. Line breaks become spaces, what is too long is cut."""
        line = " ".join(text.split()).encode("utf-8", "replace")[:NOTICE_BYTES].decode("utf-8", "ignore").encode()
        # Odd, whatever was there: a predecessor cannot have died here, since the board goes with its supervisor.
        self.shared[Shared.NOTICE] |= 1
        self._notice[:] = line.ljust(NOTICE_BYTES, b"\0")
        self.shared[Shared.NOTICE] += 1

    def notice(self) -> str:
        """Why the configuration in force is not the latest that was asked for; empty if it is."""
        for _ in range(_NOTICE_LOOKS):
            before = self.shared[Shared.NOTICE]
            line = bytes(self._notice)
            if before % 2 == 0 and before == self.shared[Shared.NOTICE]:
                break
        return line.rstrip(b"\0").decode("utf-8", "replace")
