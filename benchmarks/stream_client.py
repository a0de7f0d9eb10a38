"""The client of many streams: one process, raw sockets, epoll; measures the lateness of every token.

Edge. A stream is a connection that is opened and asked at its turn (arrivals are spread evenly); its tokens
are planned at `t0 + first + gap * k`, where t0 is the moment at which the request was written. Lateness is
told by the kernel's stamp of the arrival; frames that are read together count as late as the last of them. Every
fourth read of a stream is stamped, the first always: a stamp costs the client as much as the rest of a read, and what
the client takes of the machine the server has not.
Nothing is parsed but the beginnings of frames and the end of the chunked body, so that one core can follow
100,000 tokens a second.
"""

import gc
import socket
import time
from array import array
from dataclasses import dataclass

import numpy as np

from benchmarks.sockets import Poller, Reader, connect

FRAME = b"\ndata: "
"""How every frame begins on the wire. The end of a chunk's size or of the frame before gives the line feed,
and JSON text holds none, so no token can be taken for one."""
KEPT = len(FRAME) - 1
CHUNK_END = b"\n\r\n"
"""How a chunk of whole frames ends; a read that ends so leaves nothing behind for the next."""
LAST_CHUNK = b"0\r\n\r\n"
GRACE_SECONDS = 20.0
STAMPED = 4
"""One read in so many tells its arrival."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When tokens are due (seconds after the request), how many there are, and how the stream is framed.

    `prologue` frames precede the first token's; `frames` counts all of them.
    """

    first: float
    gap: float
    tokens: int
    prologue: int
    frames: int


@dataclass(frozen=True, slots=True)
class Streamed:
    """What was seen, in seconds.

    Per token of a stamped read its lateness, per token when it was read, per stamped read the client's own lag.
    """

    streams: int
    complete: int
    planned: int
    lateness: "array[float]"
    first_lateness: "array[float]"
    times: "array[float]"
    lags: "array[float]"
    full_from: float
    full_until: float
    cpu_seconds: float
    """CPU time that the client took for all of it."""

    @property
    def lost(self) -> int:
        """Planned tokens that never came."""
        return self.planned - len(self.times)

    @property
    def rate(self) -> float:
        """Tokens a second while every stream was running; NaN if they never all ran at once."""
        span = self.full_until - self.full_from
        if span <= 0:
            return float("nan")
        times = np.asarray(self.times)
        return float(((times >= self.full_from) & (times < self.full_until)).sum() / span)


class _Stream:
    __slots__ = ("frames", "reads", "sock", "start", "tail")

    def __init__(self, sock: socket.socket, start: float) -> None:
        self.sock = sock
        self.start = start
        self.frames = 0
        self.reads = 0
        self.tail = b""


def measure(port: int, request: bytes, streams: int, spread: float, pace: Pace) -> Streamed:
    """Open `streams` streams over `spread` seconds and follow each to its end, or to a deadline."""
    gc.collect()
    gc.disable()
    try:
        return _Run(port, request, streams, spread, pace).run()
    finally:
        gc.enable()


class _Run:
    def __init__(self, port: int, request: bytes, streams: int, spread: float, pace: Pace) -> None:
        self._port, self._request, self._streams, self._spread, self._pace = port, request, streams, spread, pace
        self._reader = Reader()
        self._poller = Poller()
        self._open: dict[int, _Stream] = {}
        self._lateness, self._firsts, self._times = array("d"), array("d"), array("d")
        self._complete = 0
        self._first_end = float("inf")
        self._last_start = 0.0

    def run(self) -> Streamed:
        clock, pace, poller, streams = time.time, self._pace, self._poller, self._open
        begin, began = clock(), time.process_time()
        deadline = begin + self._spread + pace.first + pace.gap * pace.tokens + GRACE_SECONDS
        opened = 0
        step = self._spread / self._streams
        try:
            while opened < self._streams or streams:
                now = clock()
                if now > deadline:
                    break
                if opened < self._streams and begin + opened * step <= now:
                    self._start()
                    opened += 1
                wait = begin + opened * step - now if opened < self._streams else deadline - now
                for fd, _ in poller.wait(max(0.0, wait)):
                    self._arrived(streams[fd], now)
        finally:
            for stream in streams.values():
                stream.sock.close()
            poller.close()
        return Streamed(
            streams=self._streams,
            complete=self._complete,
            planned=self._streams * pace.tokens,
            lateness=self._lateness,
            first_lateness=self._firsts,
            times=self._times,
            lags=self._reader.lags,
            full_from=self._last_start + pace.first,
            full_until=self._first_end,
            cpu_seconds=time.process_time() - began,
        )

    def _start(self) -> None:
        sock = connect(self._port)
        self._last_start = time.time()
        sock.send(self._request)
        self._open[sock.fileno()] = _Stream(sock, self._last_start)
        self._poller.add(sock)

    def _arrived(self, stream: _Stream, now: float) -> None:
        stamped = stream.reads % STAMPED == 0
        stream.reads += 1
        try:
            if stamped:
                size, now = self._reader.read(stream.sock)
            else:
                size = self._reader.count(stream.sock)
        except BlockingIOError:
            return
        except ConnectionError:
            size = 0
        if not size:
            self._close(stream)
            return
        pace, buffer = self._pace, self._reader.buffer
        fresh = buffer.count(FRAME, 0, size)
        if stream.tail or not buffer.endswith(CHUNK_END, 0, size):
            # The end of the last read comes along: a frame's beginning may lie across two of them.
            fresh += (stream.tail + buffer[: min(size, KEPT)]).count(FRAME)
            stream.tail = (stream.tail + bytes(buffer[max(0, size - KEPT) : size]))[-KEPT:]
        if fresh:
            self._count(stream, fresh, now, stamped=stamped)
        if stream.frames >= pace.frames and (stream.tail + buffer[max(0, size - KEPT) : size]).endswith(LAST_CHUNK):
            self._complete += 1
            self._first_end = min(self._first_end, now)
            self._close(stream)

    def _count(self, stream: _Stream, fresh: int, now: float, *, stamped: bool) -> None:
        pace, seen = self._pace, stream.frames
        stream.frames = seen + fresh
        begin = max(0, seen - pace.prologue)
        end = min(pace.tokens, seen + fresh - pace.prologue)
        for token in range(begin, end):
            self._times.append(now)
            if stamped:
                late = now - stream.start - pace.first - token * pace.gap
                self._lateness.append(late)
                if token == 0:
                    self._firsts.append(late)

    def _close(self, stream: _Stream) -> None:
        del self._open[stream.sock.fileno()]
        stream.sock.close()
