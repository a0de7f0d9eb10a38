"""A length that is not that of what is sent. Pure."""

from msgspec.structs import replace

from simulator.engine.plan import Disturbance
from simulator.server.transport.wire import Ending, Wire


def wrong_length(wire: Wire, disturbance: Disturbance) -> Wire:
    """The head, or the last chunk, tells another length than it has; then the connection ends."""
    amount = disturbance.amount
    ending = Ending.CLOSE if wire.ending is Ending.COMPLETE else wire.ending
    if wire.length is not None:
        return replace(wire, length=max(0, wire.length + amount), ending=ending)
    number = next((number for number in reversed(range(len(wire.frames))) if wire.frames[number].data), None)
    if number is None:
        return wire
    last = wire.frames[number]
    lying = replace(last, claims=max(1, len(last.data) + amount))
    return replace(wire, frames=(*wire.frames[:number], lying), ending=ending)
