"""The connection ends within the answer: politely closed, or reset. Pure."""

from msgspec.structs import replace

from simulator.engine.plan import Disturbance
from simulator.server.transport.wire import Ending, Wire, ended, filled, place


def cut(wire: Wire, disturbance: Disturbance) -> Wire:
    """Closed at a step, as by a proxy that has lost its upstream: what was promised never comes."""
    return _broken_off(wire, disturbance, Ending.CLOSE)


def reset(wire: Wire, disturbance: Disturbance) -> Wire:
    """Reset at a step, as by a machine that has lost the connection; at step 0 before anything is sent."""
    return _broken_off(wire, disturbance, Ending.RESET)


def _broken_off(wire: Wire, disturbance: Disturbance, ending: Ending) -> Wire:
    number = place(wire, disturbance)
    if disturbance.mid_frame:
        number = filled(wire, number)
    if number == len(wire.frames):
        return wire
    if not disturbance.mid_frame:
        return ended(wire, number, ending)
    whole = wire.frames[number]
    half = replace(whole, data=whole.data[: len(whole.data) // 2], claims=len(whole.data))
    return ended(wire, number, ending, half)
