"""Gives memory back to the system after a burst. Edge of the allocator.

A connection takes some ten kilobytes in small pieces. glibc keeps what was freed for the next time, and garbage in
cycles waits for a collection that an idle process never makes: after ten thousand connections a worker was seen to
keep 40 MB.
"""

import ctypes
import gc
import sys

PEAK = 256
"""Connections from which on a burst is worth cleaning up after."""
SHARE = 8
"""Cleaning begins when so small a part of the burst's connections is left: it costs some milliseconds."""

_TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


class Tide:
    """Watches one worker's connections rise and fall."""

    def __init__(self) -> None:
        self._peak = 0

    def look(self, connections: int) -> bool:
        """Note how many connections there are; cleans up, and returns True, when a burst is over."""
        self._peak = max(self._peak, connections)
        if self._peak < PEAK or connections * SHARE > self._peak:
            return False
        self._peak = connections
        gc.collect()
        if _TRIM is not None:
            _TRIM(0)
        return True
