"""A worker's tie to its supervisor, so that no worker outlives it. Edge; Linux where it says so."""

import ctypes
import os
import signal
import sys

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h

# Loaded before the fork, so that a respawn does not pay for it.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Parent:
    """The supervisor, as its worker sees it; made before the fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()

    def tie(self) -> None:
        """In the worker: have the kernel send TERM when the supervisor ends (Linux)."""
        if _LIBC is not None:
            _LIBC.prctl(_SET_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)

    @property
    def alive(self) -> bool:
        """In the worker: whether the supervisor still is there; an orphan gets another parent."""
        return os.getppid() == self.pid
