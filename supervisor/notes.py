"""Why a worker could not start, told to the supervisor: one short line a slot, in memory made before the fork.

Edge, but tiny. The worker writes just before it ends and the supervisor reads after it has reaped it, so the
two never meet.
"""

import mmap

NOTE_BYTES = 512


class Notes:
    """A line for each of `slots` slots. Make it before the fork."""

    def __init__(self, slots: int) -> None:
        self._memory = mmap.mmap(-1, slots * NOTE_BYTES)

    def write(self, ordinal: int, text: str) -> None:
        """Leave a note; line breaks become spaces, what is too long is cut."""
        line = " ".join(text.split()).encode("utf-8", "replace")[:NOTE_BYTES]
        start = ordinal * NOTE_BYTES
        self._memory[start : start + NOTE_BYTES] = line.ljust(NOTE_BYTES, b"\0")

    def take(self, ordinal: int) -> str:
        """The slot's note, and forget it; empty if there is none."""
        start = ordinal * NOTE_BYTES
        line = self._memory[start : start + NOTE_BYTES].rstrip(b"\0").decode("utf-8", "ignore")
        self._memory[start : start + NOTE_BYTES] = bytes(NOTE_BYTES)
        return line
