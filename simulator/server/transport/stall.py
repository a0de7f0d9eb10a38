"""Silence within the answer. Pure."""

from msgspec.structs import replace

from simulator.engine.plan import Disturbance
from simulator.server.transport.wire import Wire, place


def stall(wire: Wire, disturbance: Disturbance) -> Wire:
    """Nothing is sent for a while from a step on; then the rest comes, as much later. At step 0 the head waits too."""
    number, seconds = place(wire, disturbance), disturbance.seconds
    if number == len(wire.frames):
        return wire
    later = [replace(frame, at=frame.at + seconds) for frame in wire.frames[number:]]
    return replace(wire, frames=(*wire.frames[:number], *later), ends=wire.ends + seconds)
