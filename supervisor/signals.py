"""Signals as bytes in a pipe, so that a loop waits for them and for the time alike. Edge.

gunicorn queues signals in a `queue.SimpleQueue` and waits on that. Its `get` with a timeout waits for ever
when the time is over between its two looks at the queue (CPython 3.11: a negative rest means "no limit"), and
with the supervisor's 2 ms turns a busy host met that once in some hundred starts.
"""

import contextlib
import os
import select
import signal
from collections.abc import Iterable
from types import FrameType


class SignalPipe:
    """Makes signals wait until the loop asks for them."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        for end in (self._out, self._in):
            os.set_blocking(end, False)
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)

    @property
    def descriptors(self) -> tuple[int, int]:
        """Both ends of the pipe; a process that is forked has no use for them."""
        return self._out, self._in

    def catch(self, numbers: Iterable[int]) -> None:
        """From here on these signals do nothing but wait in the pipe."""
        signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _nothing)

    def wait(self, seconds: float) -> list[int]:
        """The signals that came, in order, as soon as there is one; empty after `seconds`."""
        self._poll.poll(max(1, round(seconds * 1000)))
        with contextlib.suppress(BlockingIOError):
            return list(os.read(self._out, 4096))
        return []


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Python writes a caught signal's number to the wake-up descriptor before it comes here."""
