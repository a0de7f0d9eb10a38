"""A connection that carries only a few bytes a second. Pure."""

from msgspec.structs import replace

from simulator.engine.plan import Disturbance
from simulator.server.transport.wire import Frame, Wire, place

BEATS = 20
"""Parts a second at the most: more would be work without a difference that a client could see."""


def trickle(wire: Wire, disturbance: Disturbance) -> Wire:
    """From a step on the bytes come in small parts at a rate; what is due meanwhile waits for what is before it."""
    number, rate = place(wire, disturbance), disturbance.rate
    portion = max(1, int(rate / BEATS))
    frames: list[Frame] = []
    free = 0.0
    for frame in wire.frames[number:]:
        at = max(frame.at, free)
        if frame.claims is not None or not frame.data:
            frames.append(replace(frame, at=at))
            continue
        for begin in range(0, len(frame.data), portion):
            part = frame.data[begin : begin + portion]
            frames.append(Frame(at, part, frame.step))
            at += len(part) / rate
        free = at
    return replace(wire, frames=(*wire.frames[:number], *frames), ends=max(wire.ends, free))
