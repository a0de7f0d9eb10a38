"""The open-loop client: requests leave at the times of a Poisson schedule, whatever the answers do.

Edge. A closed loop would slow down with the server and hide what it should show. Each request takes a
keep-alive connection that is idle, the one unused for longest, so that all connections (and with them all
workers) get their share. Latency runs from the write of the request to the arrival of its last byte, as the
kernel stamps it; how late a request left against the schedule, and how late the client read, are kept apart.
"""

import gc
import random
import socket
import time
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.sockets import Poller, Reader, connect
from benchmarks.table import BenchmarkError

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
OK = b"HTTP/1.1 200"
GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Paced:
    """Seconds each: latencies of the requests, how late each left, the client's own reading lag."""

    latencies: "array[float]"
    departures: "array[float]"
    lags: "array[float]"
    seconds: float

    @property
    def rate(self) -> float:
        """Requests a second that were really sent."""
        return len(self.latencies) / self.seconds


class _Line:
    """One connection: what it waits for."""

    __slots__ = ("awaited", "sent_at", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sent_at = 0.0
        self.awaited = 0


def measure(port: int, requests: Iterator[bytes], rate: float, seconds: float, connections: int) -> Paced:
    """Send at `rate` for `seconds` over `connections`. Raises `BenchmarkError` if an answer is not 200 or missing."""
    run = _Run(port, connections)
    gc.collect()
    gc.disable()
    try:
        return run.run(requests, rate, seconds)
    finally:
        gc.enable()
        run.close()


class _Run:
    def __init__(self, port: int, connections: int) -> None:
        self._reader = Reader()
        self._poller = Poller()
        self._lines: dict[int, _Line] = {}
        self._idle: deque[_Line] = deque()
        self._latencies, self._departures = array("d"), array("d")
        for _ in range(connections):
            sock = connect(port)
            line = _Line(sock)
            self._lines[sock.fileno()] = line
            self._idle.append(line)
            self._poller.add(sock)

    def run(self, requests: Iterator[bytes], rate: float, seconds: float) -> Paced:
        draw = random.Random(1).expovariate
        clock, idle, lines, wait = time.time, self._idle, self._lines, self._poller.wait
        begin = clock()
        due, last, deadline = begin, begin + seconds, begin + seconds + GRACE_SECONDS
        sent = 0
        while True:
            now = clock()
            if now > deadline:
                raise BenchmarkError(f"{len(lines) - len(idle)} of {sent} requests were not answered")
            while due <= now and due < last and idle:
                line = idle.popleft()
                request = next(requests)
                line.sent_at = clock()
                line.sock.send(request)
                self._departures.append(line.sent_at - due)
                sent += 1
                due += draw(rate)
            if due >= last and len(idle) == len(lines):
                return Paced(self._latencies, self._departures, self._reader.lags, last - begin)
            ready = wait(max(0.0, due - clock()) if due < last and idle else 0.05)
            for fd, _ in ready:
                self._arrived(lines[fd])

    def close(self) -> None:
        for line in self._lines.values():
            line.sock.close()
        self._poller.close()

    def _arrived(self, line: _Line) -> None:
        size, now = self._reader.read(line.sock)
        if not size:
            raise BenchmarkError("the server closed a connection")
        if line.awaited:
            line.awaited -= size
        else:
            line.awaited = self._length(size) - size
        if line.awaited < 0:
            raise BenchmarkError("an answer was longer than its content-length")
        if not line.awaited:
            self._latencies.append(now - line.sent_at)
            self._idle.append(line)

    def _length(self, size: int) -> int:
        """How many bytes the response has whose first `size` bytes are in the buffer."""
        buffer = self._reader.buffer
        end = buffer.find(HEAD_END, 0, size)
        at = buffer.find(LENGTH, 0, end)
        if not buffer.startswith(OK) or end < 0 or at < 0:
            raise BenchmarkError(f"not an answer: {bytes(buffer[: min(size, 120)])!r}")
        at += len(LENGTH)
        return end + len(HEAD_END) + int(buffer[at : buffer.find(b"\r", at)])
