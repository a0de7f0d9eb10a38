"""One request's claim on the limits. Pure."""

import math
from collections.abc import Sequence

import msgspec

from simulator.engine.plan import Usage
from simulator.limits.terms import INPUT, OUTPUT, TOTAL, Terms
from simulator.providers.base import Problem, Refusal
from simulator.providers.quota import Quota
from simulator.state.store import NEVER, Demand, Lease, Verdict

_SECOND = 1e-6


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What is asked of the store for one request, and what its answer means.

    `amounts` are what the request is measured by; `demands` and `leases` are what the store's `admit` takes. `exact` is
    what the request was planned to bill, where nothing is to be settled once it has; else None.
    """

    terms: Terms
    amounts: tuple[int, int, int, int]
    exact: Usage | None = None

    @property
    def leases(self) -> Sequence[Lease]:
        """The places that are asked for."""
        return self.terms.leases

    @property
    def demands(self) -> Sequence[Demand]:
        """What is asked of each limit."""
        amounts = self.amounts
        return (
            *self.terms.requests,
            *[
                Demand(name, amounts[amount], capacity, period, fixed)
                for amount, name, capacity, period, fixed in self.terms.lines
            ],
        )

    def quotas(self, verdict: Verdict) -> Sequence[Quota]:
        """How each limit stands, in the order of the demands and then the leases."""
        amounts = self.amounts
        return [
            Quota(
                resource,
                period,
                standing.limit,
                standing.remaining,
                amounts[amount],
                standing.reset_us * _SECOND,
                0.0 if not (wait := standing.wait_us) else math.inf if wait == NEVER else wait / 1_000_000,
                scope,
            )
            for (resource, period, scope, amount), standing in zip(self.terms.labels, verdict.standings, strict=True)
        ]

    def refusal(self, quotas: Sequence[Quota], model: str) -> Refusal:
        """Why a request that was not admitted is refused: the limit that keeps it waiting for longest.

        Whoever waits so long finds room in all of them. `retry_after` is None where no wait helps.
        """
        told = max(quotas, key=_wait)
        return Refusal(
            Problem.RATE_LIMIT,
            model=model,
            quota=told,
            retry_after=None if told.wait == math.inf else told.wait,
        )

    def corrections(self, input_tokens: int, output_tokens: int) -> Sequence[Demand]:
        """What to settle when the response is over and has billed so much; empty if it was as reserved."""
        reserved = self.amounts
        total, billed_in, billed_out = (
            input_tokens + output_tokens - reserved[TOTAL],
            input_tokens - reserved[INPUT],
            output_tokens - reserved[OUTPUT],
        )
        if not (total or billed_in or billed_out):
            return ()
        change = (0, total, billed_in, billed_out)
        return [
            Demand(name, change[amount], capacity, period, fixed)
            for amount, name, capacity, period, fixed in self.terms.lines
            if change[amount]
        ]


def claimed(terms: Terms, planned: Usage, allowed: int | None) -> Claim:
    """The claim of a request that is planned to bill so much.

    `allowed` is the most that the answer may be where the client has said so; else it counts as planned. The plan
    counts too where it is more, since several choices may each be as long as allowed: what is billed is never more than
    was reserved.
    """
    read, written = planned.input_tokens, planned.output_tokens
    if allowed is None or allowed <= written:
        return Claim(terms, (1, read + written, read, written), None if terms.leases else planned)
    return Claim(terms, (1, read + allowed, read, written))


def _wait(quota: Quota) -> float:
    return quota.wait
