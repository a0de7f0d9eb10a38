"""Why a worker could not start, told to the supervisor: one short line a seat, in memory made before the fork.

Edge, but tiny. The worker writes just before it ends and the supervisor reads after it has reaped it, so the
two never meet.
"""

import mmap

NOTE_BYTES = 512


class Notes:
    """A line for each of `seats` seats, numbered as on the board. Make it before the fork."""

    def __init__(self, seats: int) -> None:
        self._memory = mmap.mmap(-1, seats * NOTE_BYTES)

    def write(self, seat: int, text: str) -> None:
        """Leave a note; line breaks become spaces, what is too long is cut."""
        line = " ".join(text.split()).encode("utf-8", "replace")[:NOTE_BYTES]
        start = seat * NOTE_BYTES
        self._memory[start : start + NOTE_BYTES] = line.ljust(NOTE_BYTES, b"\0")

    def take(self, seat: int) -> str:
        """The seat's note, and forget it; empty if there is none."""
        start = seat * NOTE_BYTES
        line = self._memory[start : start + NOTE_BYTES].rstrip(b"\0").decode("utf-8", "ignore")
        self._memory[start : start + NOTE_BYTES] = bytes(NOTE_BYTES)
        return line
