"""The connection ends within the answer: politely closed, or reset. Pure."""

from simulator.engine.plan import Disturbance
from simulator.server.transport.wire import Ending, Frame, Wire, ended, place


def cut(wire: Wire, disturbance: Disturbance) -> Wire:
    """Closed at a step, as by a proxy that has lost its upstream: what was promised never comes."""
    return _broken_off(wire, disturbance, Ending.CLOSE)


def reset(wire: Wire, disturbance: Disturbance) -> Wire:
    """Reset at a step, as by a machine that has lost the connection; at step 0 before anything is sent."""
    return _broken_off(wire, disturbance, Ending.RESET)


def _broken_off(wire: Wire, disturbance: Disturbance, ending: Ending) -> Wire:
    number = place(wire, disturbance)
    half = None
    if disturbance.mid_frame and number < len(wire.frames):
        whole = wire.frames[number]
        half = Frame(whole.at, whole.data[: len(whole.data) // 2], whole.step, len(whole.data))
    return ended(wire, number, ending, half)
