"""`/admin/circuits`: how the providers' circuit breakers stand, opening and closing one by hand. Edge of the store."""

import logging
from typing import Any

from simulator.config.faults import excerpt
from simulator.server.admin.resource import Answer, Asked, Resource, Wrong
from simulator.server.admin.scenarios import moment
from simulator.server.breaking import WORDS, standing, standings
from simulator.server.circuits import Circuits
from simulator.server.context import House
from simulator.state.circuit import CircuitRules, CircuitStanding, Event, State

log = logging.getLogger("simulator.admin")


class CircuitList(Resource):
    """`/admin/circuits`."""

    def __init__(self, house: House) -> None:
        super().__init__(GET=self._list)
        self._house = house

    async def _list(self, _asked: Asked) -> Answer:
        house = self._house
        circuits = house.live.breaker
        found = {} if circuits is None else await standings(house, circuits)
        return 200, {
            "enabled": circuits is not None,
            "circuits": [] if circuits is None else [shown(name, one, circuits) for name, one in found.items()],
        }


class ByHand(Resource):
    """`/admin/circuits/{name}/open` and `/admin/circuits/{name}/reset`: `event` is what the circuit is told."""

    def __init__(self, house: House, event: Event) -> None:
        super().__init__(POST=self._tell)
        self._house = house
        self._event = event

    async def _tell(self, asked: Asked) -> Answer:
        house, name = self._house, asked.name
        if await asked.body():
            raise Wrong(400, "no field is known here; how long a circuit stays open is circuit_breaker.open_secs")
        circuits, rules = self._rules(name)
        found = await standing(house, name, self._event, rules)
        log.info("the circuit of %s is %s by hand", name, WORDS[found.state])
        return 200, shown(name, found, circuits)

    def _rules(self, name: str) -> tuple[Circuits, CircuitRules]:
        house = self._house
        circuits = house.live.breaker
        if circuits is None:
            raise Wrong(409, "no provider has a circuit breaker (circuit_breaker.enabled)")
        there = circuits.watched([provider.name for provider in house.prepared.providers])
        if name not in there:
            raise Wrong(404, f"no circuit breaker {excerpt(name)}; there are: {', '.join(there)}")
        return circuits, there[name]


def shown(name: str, found: CircuitStanding, circuits: Circuits) -> dict[str, Any]:
    """A circuit as a value. `since` is null as long as it was in no other state."""
    rules = circuits.rules(name)
    probes = 0 if rules is None else rules.probes
    half_open = found.state is State.HALF_OPEN
    return {
        "provider": name,
        "state": WORDS[found.state],
        "since": moment(found.since_us / 1e6) if found.since_us else None,
        "open_for_seconds": round(found.left_us / 1e6, 3),
        "failures_in_a_row": found.failures,
        "window": {"outcomes": found.outcomes, "failures": found.failed},
        "probes": {"allowed": probes, "under_way": found.out, "answered": found.passed} if half_open else None,
        "degraded": found.degraded,
    }
