"""`/admin/requests`: what clients sent, for operators and tests. Edge of the store; stands behind the guard."""

import logging
from collections.abc import Mapping
from typing import Any

from simulator.server.admin.resource import Answer, Asked, Resource, Wrong, told
from simulator.server.context import House
from simulator.server.play import Receive, Send
from simulator.server.recording.journal import clear, recorded
from simulator.server.recording.record import TEST, Record, line_of, shown
from simulator.server.respond import respond, respond_json
from simulator.state.store import Store, StoreUnavailable

log = logging.getLogger("simulator.admin")
PAGE = 100
MOST = 10_000
LINES = "jsonl"
"""The format of a log: all requests, each a line of JSON that `llm-simulator replay` can send again."""


class RequestsPage(Resource):
    """`GET`: the latest requests, oldest first, of one key or test if asked so. `DELETE`: forget all."""

    def __init__(self, house: House) -> None:
        super().__init__(GET=self._show, DELETE=self._clear)
        self._house = house

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer; as a log if asked for one."""
        asked = Asked(scope, receive)
        if asked.method not in ("GET", "HEAD") or b"format" not in scope.get("query_string", b""):
            await super().__call__(scope, receive, send)
            return
        try:
            found = await self._found(self._query(asked), MOST)
        except Exception as error:  # the outermost loop, as in `Resource`
            status, value = told(error)
            if status == 500:
                log.exception("an admin request failed: %s %s", asked.method, scope["path"])
            await respond_json(send, status, value)
            return
        await respond(send, 200, b"".join([line_of(record) + b"\n" for record in found]), b"application/jsonl")

    @property
    def _store(self) -> Store:
        if self._house.store is None:
            raise StoreUnavailable("it is not open yet")
        return self._house.store

    async def _show(self, asked: Asked) -> Answer:
        query = self._query(asked)
        found = await self._found(query, None)
        wanted = int(query.get("limit", PAGE))
        answer: dict[str, Any] = {
            "recording": self._house.live.recording is not None,
            "total": len(found),
            "requests": [shown(record) for record in found[-wanted:]],
        }
        return 200, answer

    def _query(self, asked: Asked) -> Mapping[str, str]:
        query = asked.query("limit", "key", "test", "format")
        wanted = query.get("limit", str(PAGE))
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 1 <= int(wanted) <= MOST):
            raise Wrong(400, f"limit must be a whole number from 1 to {MOST}")
        if query.get("format", LINES) != LINES:
            raise Wrong(400, f"format must be {LINES}, or absent for a page")
        return query

    async def _found(self, query: Mapping[str, str], most: int | None) -> list[Record]:
        """The records that are meant; the latest `limit` of them, or `most`, where that is a number."""
        key, test = query.get("key"), query.get("test")
        found = [
            record
            for record in await recorded(self._store)
            if key in (None, record.scope) and test in (None, record.headers.get(TEST))
        ]
        return found if most is None else found[-int(query.get("limit", most)) :]

    async def _clear(self, _asked: Asked) -> Answer:
        return 200, {"dropped": await clear(self._store)}
