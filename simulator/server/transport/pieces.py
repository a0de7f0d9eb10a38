"""What leaves when: the frames of a wire as the bytes of HTTP, one after the other. Pure.

Made as they are asked for, since a trickle is as many pieces as it has bytes.
"""

from collections.abc import Iterator
from typing import NamedTuple

from simulator.server.transport.wire import Frame, Wire

BEATS = 20
"""Pieces a second of a trickle at the most: more would be work without a difference that a client could see."""
LAST_CHUNK = b"0\r\n\r\n"


class Piece(NamedTuple):
    """Bytes that are due `at` seconds after arrival, of a step; `begins` where they are its first."""

    at: float
    data: bytes
    step: int
    begins: bool


def pieces(wire: Wire, *, chunked: bool) -> Iterator[Piece]:
    """The pieces of a wire in their order. Not `chunked`: bare bytes, as for a body with a length or for HTTP/1.0."""
    for frame in wire.frames:
        begins = True
        for at, part in _parts(frame):
            yield Piece(at, _framed(frame, part, begins=begins) if chunked else part, frame.step, begins)
            begins = False


def _parts(frame: Frame) -> Iterator[tuple[float, bytes]]:
    data, rate = frame.data, frame.rate
    if not rate or not data:
        yield frame.at, data
        return
    portion = max(1, int(rate / BEATS))
    for begin in range(0, len(data), portion):
        yield frame.at + begin / rate, data[begin : begin + portion]


def _framed(frame: Frame, part: bytes, *, begins: bool) -> bytes:
    """A part as a chunk of its own (RFC 9112 7.1); of a chunk that claims a length, its head and then bare bytes."""
    if frame.claims is not None:
        return b"%x\r\n%b" % (frame.claims, part) if begins else part
    # A chunk of no length would end the body.
    return b"%x\r\n%b\r\n" % (len(part), part) if part else b""
