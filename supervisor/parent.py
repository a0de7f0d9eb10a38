"""A worker's tie to its supervisor, so that no worker outlives it. Edge; Linux where it says so.

When the supervisor ends, however it ends, the kernel sends its workers a signal. The handler is plain Python: it
runs between bytecodes, also while the event loop is blocked in Python code or in a sleep, and arms the kernel's own
alarm, whose default action ends the process. So an orphan lives for at most `ORPHAN_LIMIT_SECONDS`, whether its loop
runs, and drains in order, or not. What cannot be helped is a process that is stopped (SIGSTOP): it ends when it is
continued.
"""

import ctypes
import os
import signal
import sys
from types import FrameType

DEATH_SIGNAL = signal.SIGUSR1
"""What the kernel sends when the supervisor ends; nobody else has a use for it in a worker."""
ORPHAN_LIMIT_SECONDS = 4.4
"""The longest life of an orphan; it drains in less."""
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h

# Loaded before the fork, so that a respawn does not pay for it.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Parent:
    """The supervisor, as its worker sees it; made before the fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._limited = False

    def tie(self) -> None:
        """In the worker: have the kernel tell when the supervisor ends (Linux)."""
        signal.signal(DEATH_SIGNAL, self._look)
        if _LIBC is not None:
            _LIBC.prctl(_SET_DEATH_SIGNAL, int(DEATH_SIGNAL), 0, 0, 0)

    @property
    def alive(self) -> bool:
        """In the worker: whether the supervisor still is there; an orphan gets another parent."""
        return os.getppid() == self.pid

    def watch(self, seconds: float) -> None:
        """In the worker: end the process unless this is called again within `seconds`; 0 ends the watch.

        An orphan's limit stays as it is.
        """
        if not self._limited:
            # SIGALRM is left to its default action, which ends the process.
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def _look(self, _number: int, _frame: FrameType | None) -> None:
        if not (self._limited or self.alive):
            self._limited = True
            signal.setitimer(signal.ITIMER_REAL, ORPHAN_LIMIT_SECONDS)
            # For the loop, if it runs; a worker that is still starting simply ends.
            os.kill(os.getpid(), signal.SIGTERM)
