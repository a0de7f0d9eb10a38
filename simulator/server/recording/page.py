"""`/admin/requests`: what clients sent, for operators and tests. Edge of the store; stands behind the guard."""

from typing import Any

from simulator.server.admin.resource import Answer, Asked, Resource, Wrong
from simulator.server.context import House
from simulator.server.recording.journal import clear, recorded
from simulator.server.recording.record import TEST, Record, shown
from simulator.state.store import Store, StoreUnavailable

PAGE = 100
MOST = 10_000


class RequestsPage(Resource):
    """`GET`: the latest requests, oldest first, of one key or test if asked so. `DELETE`: forget all."""

    def __init__(self, house: House) -> None:
        super().__init__(GET=self._show, DELETE=self._clear)
        self._house = house

    @property
    def _store(self) -> Store:
        if self._house.store is None:
            raise StoreUnavailable("it is not open yet")
        return self._house.store

    async def _show(self, asked: Asked) -> Answer:
        query = asked.query("limit", "key", "test")
        wanted = query.get("limit", str(PAGE))
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 1 <= int(wanted) <= MOST):
            raise Wrong(400, f"limit must be a whole number from 1 to {MOST}")
        key, test = query.get("key"), query.get("test")

        def meant(record: Record) -> bool:
            return key in (None, record.scope) and test in (None, record.headers.get(TEST))

        found = [record for record in await recorded(self._store) if meant(record)]
        answer: dict[str, Any] = {
            "recording": self._house.live.recording is not None,
            "total": len(found),
            "requests": [shown(record) for record in found[-int(wanted) :]],
        }
        return 200, answer

    async def _clear(self, _asked: Asked) -> Answer:
        return 200, {"dropped": await clear(self._store)}
