"""`GET /admin/stats`: how the fleet does. Edge of the board; changes nothing."""

from typing import Any

from simulator.server.context import House
from simulator.server.health import fleet_facts
from simulator.server.play import Receive, Send
from simulator.server.respond import only_get, respond_json


class Stats:
    """The fleet at this moment: totals, and each slot."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        if not await only_get(scope, send):
            return
        house = self._house
        facts = fleet_facts(house)
        summed = ("connections", "in_flight", "queued", "streams", "requests", "refused", "tokens_out", "restarts")
        totals = {name: sum(slot[name] for slot in facts["slots"]) for name in summed}
        await respond_json(
            send,
            200,
            {
                "seed": house.engine.seeds.seed,
                "pod": house.slot.pod,
                "answered_by": house.slot.ordinal,
                "totals": totals,
                "workers": facts["slots"],
            },
        )
