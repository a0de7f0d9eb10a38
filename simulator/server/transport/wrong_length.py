"""A length that is not that of what is sent. Pure."""

from msgspec.structs import replace

from simulator.engine.plan import Disturbance
from simulator.server.transport.wire import Ending, Wire


def wrong_length(wire: Wire, disturbance: Disturbance) -> Wire:
    """The head, or the last chunk, tells another length than it has; then the connection ends."""
    amount = disturbance.amount
    if not wire.streamed:
        return replace(wire, length=max(0, (wire.length or 0) + amount), ending=Ending.CLOSE)
    filled = [number for number, frame in enumerate(wire.frames) if frame.data]
    if not filled:
        return wire
    last = wire.frames[filled[-1]]
    lying = replace(last, claims=max(1, len(last.data) + amount))
    return replace(wire, frames=(*wire.frames[: filled[-1]], lying), ending=Ending.CLOSE)
