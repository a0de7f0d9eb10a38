"""A pod's share of a limit, for as long as what all pods share cannot be reached. Pure."""

from collections.abc import Sequence
from math import floor

from simulator.state.store import NEVER, Demand, Lease, Standing, Verdict

UNKNOWN_US = 1_000_000
"""What is told as the wait for more than the share allows: the rest of the limit comes back with the other store."""


def shared(demands: Sequence[Demand], share: float) -> list[Demand]:
    """The demands with each capacity multiplied by `share`, which is above 0 and at most 1; 1 at least."""
    if not 0 < share <= 1:
        raise ValueError(f"a share is above 0 and at most 1, not {share}")
    return [Demand(each.name, each.amount, _part(each.capacity, share), each.period_us, each.fixed) for each in demands]


def shared_leases(leases: Sequence[Lease], share: float) -> list[Lease]:
    """The leases with each limit multiplied by `share`; 1 at least."""
    return [Lease(each.name, _part(each.limit, share)) for each in leases]


def told(verdict: Verdict, demands: Sequence[Demand]) -> Verdict:
    """The verdict on the shares of `demands`, marked; more than a share, but not than the limit, may come to pass."""
    standings = list(verdict.standings)
    for index, demand in enumerate(demands):
        standing = standings[index]
        if standing.wait_us == NEVER and demand.amount <= demand.capacity:
            standings[index] = Standing(standing.limit, standing.remaining, standing.reset_us, UNKNOWN_US)
    return Verdict(verdict.admitted, tuple(standings), degraded=True)


def _part(whole: int, share: float) -> int:
    return max(1, floor(whole * share)) if whole > 0 else whole
