"""Between a request and its provider's circuit breaker: asks whether it goes through, tells what came of it. Edge.

A refusal is the provider's own for an overload, and says in `x-llm-sim-circuit` which state of the circuit it comes
from. Where the store cannot be asked a request goes through: a circuit that cannot be seen must not become an outage.
Requests that ask for a failure or for a replay pass every circuit by, neither refused nor counted: nobody else may be
harmed by the one, and the other shows again what was.
"""

import logging
from collections.abc import Coroutine
from typing import Any

from simulator.engine.plan import Plan
from simulator.providers.base import Problem, Provider, Refusal
from simulator.server.address import REPLAY
from simulator.server.circuits import Circuits
from simulator.server.context import House
from simulator.server.exchange import Exchange
from simulator.server.failing.asked import HEADER as FAULT
from simulator.state.circuit import TRANSITIONS, CircuitRules, CircuitStanding, Event, State
from simulator.state.store import StoreUnavailable

log = logging.getLogger("simulator.circuits")

CROWDED_RETRY_SECONDS = 1.0
"""What a client is told that is refused while others probe: how long they take is not known."""
WORDS = {State.CLOSED: "closed", State.HALF_OPEN: "half_open", State.OPEN: "open"}
"""The states as headers, metrics and pages have them."""


async def within(exchange: Exchange, provider: Provider, planned: Coroutine[Any, Any, Plan]) -> None:
    """Have a request planned and answered if its provider's circuit lets it through. Raises `Refusal` if not.

    `planned` answers it and returns the plan of the answer; it is not begun if the request is refused. Its outcome is
    told when the response has ended, and counts for nothing if it ended by an exception.
    """
    circuits = exchange.live.breaker
    rules = None if circuits is None or passes_by(exchange) else circuits.rules(provider.name)
    if circuits is None or rules is None:
        await planned
        return
    try:
        asked = await _ask(exchange, provider, rules)
    except BaseException:
        planned.close()
        raise
    event = Event.DROPPED
    try:
        event = circuits.outcome(provider.name, await planned)
    finally:
        # What is not in the table would change nothing: most of what comes to nothing need not be told.
        if asked is not None and (asked.state, event) in TRANSITIONS:
            await _tell(exchange.house, provider.name, event, asked.ticket, rules)


def passes_by(exchange: Exchange) -> bool:
    """Whether circuits do not concern a request."""
    headers = exchange.headers
    return REPLAY in headers or (FAULT in headers and exchange.live.request_faults)


async def standings(house: House, circuits: Circuits) -> dict[str, CircuitStanding]:
    """How the circuits of all providers stand. Raises `StoreUnavailable`."""
    found = circuits.watched([provider.name for provider in house.prepared.providers])
    return {name: await standing(house, name, Event.LOOKED, rules) for name, rules in found.items()}


async def standing(house: House, provider: str, event: Event, rules: CircuitRules, ticket: int = 0) -> CircuitStanding:
    """Tell a circuit something; how it stands then. Raises `StoreUnavailable`."""
    if house.store is None:
        raise StoreUnavailable("the shared state is not open")
    name = provider.encode()
    if house.immediate is not None:
        found = house.immediate.circuit_now(name, event, ticket, rules)
    else:
        found = await house.store.circuit(name, event, ticket, rules)
    for state in found.entered:
        house.metrics.circuit_entered(provider, WORDS[state])
        log.info("the circuit of %s is %s", provider, WORDS[state])
    return found


async def _ask(exchange: Exchange, provider: Provider, rules: CircuitRules) -> CircuitStanding | None:
    """How the circuit of a request stands that goes through, None if it could not be asked. Raises `Refusal`."""
    # What another provider's attempt to answer has told, where several share a path, is not this one's.
    exchange.told = b""
    try:
        found = await standing(exchange.house, provider.name, Event.ASKED, rules)
    except StoreUnavailable as error:
        log.warning("a request passed its circuit unasked: %s", error)
        exchange.degraded = True
        return None
    if found.degraded:
        exchange.degraded = True
    if found.allowed:
        return found
    exchange.told = b"x-llm-sim-circuit: %b\r\n" % WORDS[found.state].encode()
    wait = found.left_us / 1e6 if found.state is State.OPEN else CROWDED_RETRY_SECONDS
    raise Refusal(Problem.OVERLOADED, retry_after=wait, model=exchange.model)


async def _tell(house: House, provider: str, event: Event, ticket: int, rules: CircuitRules) -> None:
    try:
        await standing(house, provider, event, rules, ticket)
    except StoreUnavailable as error:
        log.warning("an outcome was not told to the circuit of %s: %s", provider, error)
