"""What the epoll clients share: connections whose arrivals the kernel stamps, and waiting without being woken.

Edge of loopback sockets. The kernel notes when bytes arrive (SO_TIMESTAMPNS), so a client may read them a
little later without blurring what it measures: how late it reads is its own lag, told apart. It naps between
two looks instead of being woken by every arrival; a wake-up costs the sender, which is the server under
measurement, more than the write itself, and real clients sit on other machines.
"""

import contextlib
import resource
import select
import socket
import struct
import time
from array import array
from collections.abc import Sequence

import numpy as np

from benchmarks.processes import HOST
from benchmarks.table import BenchmarkError

# Not in the socket module: include/uapi/asm-generic/socket.h.
SO_TIMESTAMPNS = 35
STAMP = struct.Struct("qq")
ANCILLARY_BYTES = 64
BUFFER_BYTES = 1 << 20
NAP_SECONDS = 0.001
MOST_EVENTS = 8192


def raise_descriptor_limit(wanted: int) -> None:
    """Allow this process `wanted` open sockets, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))


def connect(port: int) -> socket.socket:
    """A connected, non-blocking socket without Nagle's delay, whose arrivals are stamped."""
    sock = socket.create_connection((HOST, port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setblocking(False)
    return sock


class Reader:
    """Reads sockets into one buffer. `lags` collects, for every read, how late the client came, in seconds."""

    def __init__(self) -> None:
        self.buffer = bytearray(BUFFER_BYTES)
        self.lags = array("d")
        self._buffers = [self.buffer]

    def read(self, sock: socket.socket) -> tuple[int, float]:
        """How many bytes are in the buffer, and when the last of them arrived (as `time.time()`).

        (0, 0.0) at the end of the connection. Raises `BlockingIOError` where nothing has arrived.
        """
        size, ancillary, _, _ = sock.recvmsg_into(self._buffers, ANCILLARY_BYTES)
        if not size:
            return 0, 0.0
        if not ancillary:
            raise BenchmarkError("this kernel does not stamp arrivals (SO_TIMESTAMPNS)")
        seconds, nanoseconds = STAMP.unpack_from(ancillary[0][2])
        arrived = seconds + nanoseconds * 1e-9
        self.lags.append(time.time() - arrived)
        return size, arrived

    def count(self, sock: socket.socket) -> int:
        """How many bytes are in the buffer, without the moment of their arrival: half the price of `read`."""
        return sock.recv_into(self.buffer)


class Poller:
    """An epoll that is looked at, not slept in."""

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def add(self, sock: socket.socket) -> None:
        """Watch a socket for arrivals."""
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def wait(self, seconds: float) -> list[tuple[int, int]]:
        """What has arrived after a nap of at most `seconds`."""
        if seconds > 0:
            time.sleep(min(seconds, NAP_SECONDS))
        return self._epoll.poll(0, MOST_EVENTS)

    def close(self) -> None:
        """Release the epoll."""
        self._epoll.close()


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile of the values, NaN for none."""
    return float(np.percentile(np.asarray(values), percent)) if len(values) else float("nan")
