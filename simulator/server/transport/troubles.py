"""All troubles of one answer, one after the other. Pure."""

from collections.abc import Callable, Mapping, Sequence

from simulator.engine.plan import Disturbance, Trouble
from simulator.server.transport.cut import cut, reset
from simulator.server.transport.error_event import Tell, error_event
from simulator.server.transport.malformed import malformed, missing_terminator, truncated_json
from simulator.server.transport.stall import stall
from simulator.server.transport.trickle import trickle
from simulator.server.transport.wire import Wire
from simulator.server.transport.wrong_length import wrong_length

_TROUBLES: Mapping[Trouble, Callable[[Wire, Disturbance], Wire]] = {
    Trouble.RESET: reset,
    Trouble.CUT: cut,
    Trouble.STALL: stall,
    Trouble.TRICKLE: trickle,
    Trouble.MALFORMED: malformed,
    Trouble.TRUNCATED_JSON: truncated_json,
    Trouble.MISSING_TERMINATOR: missing_terminator,
    Trouble.WRONG_LENGTH: wrong_length,
}


def disturbed(wire: Wire, disturbances: Sequence[Disturbance], tell: Tell) -> Wire:
    """The wire after all that happens to it; `tell` words an error within a stream."""
    for disturbance in disturbances:
        if disturbance.kind is Trouble.ERROR_EVENT:
            wire = error_event(wire, disturbance, tell)
        else:
            wire = _TROUBLES[disturbance.kind](wire, disturbance)
    return wire
