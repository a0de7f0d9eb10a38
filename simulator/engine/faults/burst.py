"""Failures in bursts: the state of a Gilbert-Elliott chain at any request, without its history. Pure.

Gilbert, "Capacity of a burst-noise channel", 1960; Elliott, "Estimates of error rates for codes on burst-noise
channels", 1963. The chain makes a step with each request of a shard: a burst begins with chance `begin`, and ends with
chance `end`. Step n is decided by draw n of a stream of its own, the same draw whatever the state before, so most draws
lead to the same state from both (coupling from the past, Propp and Wilson 1996): looking back to the last of those
gives the state as if the chain had run for ever, and request n costs no more than request 1.
"""

from simulator.config.failures import Burst
from simulator.engine.seeds import Draws, Purpose

PAST = 2**32
"""Draws before a shard's first request: the chain has always run."""
LOOK = 64
"""How many draws are looked at first."""
FARTHEST = 2**18
"""How many at the most; with the smallest chances that configuration allows 1 of 10**22 requests looks farther."""

SURE = 0.9999
"""A larger chance counts as 1: in a chain that nearly always turns, the last draw that decides may be too far away."""


def within(burst: Burst, draws: Draws, key: int, name: int, sequence: int) -> bool:
    """Whether request `sequence` of the shard with this key is in a burst of the failure with this name."""
    begin, end = (1.0 if chance > SURE else chance for chance in (burst.begin, burst.end))
    low, high = sorted((begin, 1.0 - end))
    last = sequence + PAST
    if begin == end == 1.0:
        # It turns with each request, so that no draw decides a state: one says where it began.
        draws.move(key, Purpose.BURST, 0, name)
        return bool(draws.uniforms(1)[0] < 0.5) != bool(last % 2)
    turned = False
    look = LOOK
    while look <= FARTHEST:
        first = max(0, last - look + 1)
        block, skip = divmod(first, 4)
        draws.move(key, Purpose.BURST, 0, name, block)
        uniforms = draws.uniforms(skip + last - first + 1)[skip:]
        decided = ((uniforms < low) | (uniforms >= high)).nonzero()[0]
        if len(decided):
            place = int(decided[-1])
            state = bool(uniforms[place] < low)
            # Undecided steps keep the state, or each of them turns it where both chances are large.
            if begin > 1.0 - end:
                turned = (len(uniforms) - 1 - place) % 2 == 1
            return state != turned
        look *= 4
    return False


def share(burst: Burst) -> float:
    """How much of all requests is in bursts: the chain's stationary distribution."""
    return burst.begin / (burst.begin + burst.end)
