"""`GET /openapi.json`: the document, made when it is first asked for. Edge.

`?provider=NAME` gives what it says of one provider, unmixed with others that share its paths.
"""

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

import orjson

from simulator.server.context import House
from simulator.server.openapi.document import document
from simulator.server.play import Receive, Send
from simulator.server.respond import only_get, respond, respond_json


class OpenApi:
    """The ASGI application. `control` are the control plane's paths, read when the document is made."""

    def __init__(self, house: House, control: Iterable[str]) -> None:
        self._prepared = house.prepared
        self._control = control
        self._made: dict[str, bytes] = {}

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        if not await only_get(scope, send):
            return
        name = parse_qs(scope["query_string"].decode("latin-1")).get("provider", [""])[0]
        providers = [one.name for one in self._prepared.providers]
        if name and name not in providers:
            await respond_json(send, 404, {"error": f"no such provider; there are: {', '.join(providers)}"})
            return
        body = self._made.get(name)
        if body is None:
            # Some tens of milliseconds, in which streams must go on.
            body = self._made[name] = await asyncio.get_running_loop().run_in_executor(None, self._make, name)
        await respond(send, 200, body)

    def _make(self, name: str) -> bytes:
        prepared = self._prepared
        chosen = [one for one in prepared.providers if name in ("", one.name)]
        return orjson.dumps(document(chosen, prepared.entries, () if name else self._control))
