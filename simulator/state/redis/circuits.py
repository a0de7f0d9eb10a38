"""Circuit breakers in Redis, or this pod's own while Redis is away. Edge.

A pod that cannot reach Redis goes by a circuit in its embedded store, which its workers share. Tickets tell which of
the two let a request through: an outcome is told where its request was asked for, or nowhere. What an operator says is
for all pods, and refused while they cannot be told.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from simulator.state.circuit import (
    KEEP_US,
    OUTCOMES,
    SLICES,
    CircuitRules,
    CircuitStanding,
    Event,
    State,
    check,
)
from simulator.state.redis import scripts
from simulator.state.redis.link import Away
from simulator.state.store import StoreUnavailable

_BY_HAND = frozenset({Event.TRIPPED, Event.RESET})


class Local(Protocol):
    """What is needed of the embedded store."""

    async def circuit(self, name: bytes, event: Event, ticket: int, rules: CircuitRules) -> CircuitStanding:
        """As the store."""


class RedisCircuits:
    """`run` calls a script and raises `Away`; `now_us` is what scripts take as the clock."""

    def __init__(
        self,
        local: Local,
        *,
        run: Callable[..., Awaitable[Any]],
        healthy: Callable[[], bool],
        reason: Callable[[], str],
        now_us: Callable[[], int],
    ) -> None:
        self._local = local
        self._run = run
        self._healthy = healthy
        self._reason = reason
        self._now_us = now_us

    async def circuit(self, name: bytes, event: Event, ticket: int, rules: CircuitRules) -> CircuitStanding:
        """As the store."""
        check(name, event, ticket)
        own = event in OUTCOMES and ticket < 0
        if self._healthy() and not own:
            try:
                return await self._asked(name, event, ticket, rules)
            except Away as error:
                if event in _BY_HAND:
                    raise StoreUnavailable(f"the circuit may have been changed or not, look again: {error}") from None
        if event in _BY_HAND:
            raise StoreUnavailable(f"nothing can be changed for all pods: {self._reason()}")
        if event in OUTCOMES:
            # Of a request that Redis let through: it is no news to this pod's own circuit.
            event, ticket = (event, _turned(ticket)) if own else (Event.LOOKED, 0)
        found = await self._local.circuit(name, event, ticket, rules)
        return msgspec.structs.replace(found, ticket=_turned(found.ticket), degraded=True)

    async def _asked(self, name: bytes, event: Event, ticket: int, rules: CircuitRules) -> CircuitStanding:
        given = [getattr(rules, field) for field in rules.__struct_fields__]
        reply = await self._run(scripts.CIRCUIT, self._now_us(), name, event.value, ticket, KEEP_US, SLICES, *given)
        allowed, state, generation, left, since, failures, outcomes, failed, out, passed, *entered = reply
        return CircuitStanding(
            State(state), allowed == 1, generation, left, since, failures, outcomes, failed, out, passed,
            tuple([State(one) for one in entered]),
        )  # fmt: skip


def _turned(ticket: int) -> int:
    """A ticket of the embedded store among those of Redis, which are not negative; and back again."""
    return -1 - ticket
