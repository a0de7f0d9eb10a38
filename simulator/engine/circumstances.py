"""What holds when a request arrives, beside its address: all that a plan may depend on and no seed tells. Pure data.

Told in a response header and sent back for a replay, so that an answer's timing and failures can be had again.
"""

from collections.abc import Sequence

import msgspec

from simulator.engine.faults.failure import ReadyFailure


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A failure that is for a request.

    `elapsed` is in seconds since it was switched on, `count` which of the requests it counts this is (from 1; 0 where
    it counts none). `asked`: the request itself asks for it, so that it strikes whatever its conditions say.
    """

    failure: ReadyFailure
    elapsed: float = 0.0
    count: int = 0
    asked: bool = False


class Circumstances(msgspec.Struct, frozen=True, gc=False):
    """What a plan depends on beside the request and its address.

    `candidates` are in the order in which they are tried. `load` is the number of requests that the fleet has in
    flight, this one included, and `age` the seconds since the configuration began to be served; each is 0 where
    nothing depends on it.
    """

    candidates: Sequence[Candidate] = ()
    load: int = 0
    age: float = 0.0


CALM = Circumstances()
