"""OpenAI's operations on stored objects in Azure's envelope. Pure but for the desk.

Batches name their endpoints without a version here: `/chat/completions` is taken as well as `/v1/chat/completions`.
"""

import re
from typing import Final

import msgspec
import orjson

from simulator.providers.azure import annotations, versions
from simulator.providers.azure.desk import AzureDesk
from simulator.providers.azure.filters import SAFE
from simulator.providers.azure.headers import caller_of, dressed
from simulator.providers.azure.telling import tell
from simulator.providers.base import Action, Asked, Desk, Reply, Shelf
from simulator.providers.openai.files.batches import ENDPOINTS
from simulator.providers.openai.files.stored import CONTENT

VERSION: Final = "/v1"
_SHORT: Final = frozenset(name.removeprefix(VERSION) for name in ENDPOINTS)
_URL: Final = re.compile(
    rb'("url"\s{0,20}:\s{0,20}")(' + b"|".join([re.escape(name.encode()) for name in sorted(_SHORT)]) + rb')"'
)
_BATCHES: Final = "/v1/batches"
_RESPONSE: Final = "/v1/responses/{response_id}"
_TELL_STATES: Final = annotations.states(SAFE)


class LongNames:
    """A shelf on which the requests of a batch's file name their endpoints with a version."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.put, self.swap, self.drop, self.page = shelf.put, shelf.swap, shelf.drop, shelf.page

    async def get(self, kind: str, name: str) -> bytes | None:
        """See `Shelf.get`."""
        found = await self._shelf.get(kind, name)
        return found if found is None or kind != CONTENT else _URL.sub(rb'\1/v1\2"', found)


class EnvelopedAction:
    """An `Action` of OpenAI's at a path of Azure's; `dated` paths need an `api-version`."""

    def __init__(self, action: Action, path: str, *, dated: bool) -> None:
        self.method = action.method
        self.path = path
        self.label = action.label
        self._action = action
        self._dated = dated
        self._makes_batch = (action.method, action.path) == ("POST", _BATCHES)
        self._shows_response = (action.method, action.path) == ("GET", _RESPONSE)
        tell(action, self, dated=dated)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        if self._dated:
            versions.check_dated(asked.target)
        else:
            versions.check_undated(asked.target)
        shelf: Shelf | None = None
        if self._makes_batch:
            shelf = LongNames(desk.shelf)
            asked = msgspec.structs.replace(asked, body=_versioned(asked.body))
        reply = await self._action.answer(asked, AzureDesk(desk, shelf))
        body = reply.body
        if self._shows_response:
            body = annotations.response(body, SAFE) if body.startswith(b"{") else _TELL_STATES(body)
        return Reply(reply.status, dressed(reply.headers, desk.request_bits, caller_of(asked.headers)), body)


def _versioned(body: bytes) -> bytes:
    """The body of a new batch with the version in its endpoint; one that is no such body as it is."""
    try:
        told = orjson.loads(body)
    except ValueError:
        return body
    if not isinstance(told, dict):
        return body
    endpoint = told.get("endpoint")
    if not isinstance(endpoint, str) or endpoint not in _SHORT:
        return body
    return orjson.dumps({**told, "endpoint": VERSION + endpoint})
