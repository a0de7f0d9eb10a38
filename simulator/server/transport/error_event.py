"""A stream that ends with the provider's own error. Pure."""

from collections.abc import Callable

from simulator.engine.plan import Disturbance, Fault
from simulator.server.transport.wire import Frame, Wire, completed, place

Tell = Callable[[Fault, int], bytes]
"""The bytes that end a stream of which so many steps were sent."""


def error_event(wire: Wire, disturbance: Disturbance, tell: Tell) -> Wire:
    """At a step the error is told in band, as the provider does it, and the response is complete."""
    number = place(wire, disturbance)
    if disturbance.error is None or number == len(wire.frames):
        return wire
    frame = wire.frames[number]
    event = Frame(frame.at, tell(disturbance.error, frame.step), frame.step)
    return completed(wire, (*wire.frames[:number], event))
