"""`GET /admin/workers`: each slot, and whether it has seen the latest change. Edge of the board; changes nothing."""

from simulator.server.admin.resource import Answer, Asked, Resource
from simulator.server.context import House
from simulator.server.control.change import cells, standing
from simulator.server.health import fleet_facts
from simulator.state.board import Column


class Workers(Resource):
    """`/admin/workers`."""

    def __init__(self, house: House) -> None:
        super().__init__(GET=self._show)
        self._house = house

    async def _show(self, _asked: Asked) -> Answer:
        house = self._house
        revision = house.live.revision
        now_ns = int(house.clock() * 1e9)
        beats = dict(zip(cells(house, Column.PID), cells(house, Column.HEARTBEAT_NS), strict=True))
        workers = []
        for slot in fleet_facts(house)["slots"]:
            beat = beats.get(slot["pid"], 0)
            shown = {key: value for key, value in slot.items() if key != "config_revision"}
            shown["applied_revision"] = slot["config_revision"]
            shown["up_to_date"] = slot["config_revision"] >= revision
            shown["heartbeat_age_ms"] = round(max(0, now_ns - beat) / 1e6, 1) if beat else None
            workers.append(shown)
        found = standing(house, revision)
        return 200, {
            "revision": revision,
            "answered_by": house.slot.ordinal,
            "ready": found.ready,
            "up_to_date": found.applied,
            "workers": workers,
        }
