"""A connection that carries only a few bytes a second. Pure."""

from msgspec.structs import replace

from simulator.engine.plan import Disturbance
from simulator.server.transport.wire import Frame, Wire, place

SLOWEST = 0.001
"""Bytes a second: a byte in 17 minutes is as good as none, and keeps every time a number that clocks have."""


def trickle(wire: Wire, disturbance: Disturbance) -> Wire:
    """From a step on the bytes come at a rate; what is due meanwhile waits for what is before it.

    Of two trickles the slower one holds, as on a way over two lines.
    """
    number, rate = place(wire, disturbance), max(disturbance.rate, SLOWEST)
    frames: list[Frame] = []
    free = 0.0
    for frame in wire.frames[number:]:
        slowed = replace(frame, at=max(frame.at, free), rate=min(rate, frame.rate) if frame.rate else rate)
        frames.append(slowed)
        free = slowed.until
    return replace(wire, frames=(*wire.frames[:number], *frames), ends=max(wire.ends, free))
