"""A stream that ends with the provider's own error. Pure."""

from collections.abc import Callable

from msgspec.structs import replace

from simulator.engine.plan import Disturbance, Fault
from simulator.server.transport.wire import Frame, Wire, moment, place

Tell = Callable[[Fault, int], bytes]
"""The bytes that end a stream of which so many steps were sent."""


def error_event(wire: Wire, disturbance: Disturbance, tell: Tell) -> Wire:
    """At a step the error is told in band, as the provider does it, and the response is complete."""
    if disturbance.error is None:
        return wire
    number = place(wire, disturbance)
    sent = disturbance.step if number < len(wire.frames) else (wire.frames[-1].step + 1 if wire.frames else 0)
    event = Frame(moment(wire, number), tell(disturbance.error, sent), sent)
    return replace(wire, frames=(*wire.frames[:number], event))
