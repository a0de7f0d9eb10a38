"""Requests that no endpoint answers: unknown paths and listings of models. Edge of ASGI.

What is answered here takes no plan, so that only the status of what is sent tells of it.
"""

from collections.abc import Awaitable
from typing import Any

from simulator.server.context import House, header_map
from simulator.server.play import Receive, Send
from simulator.server.recording.journal import note_unplanned
from simulator.server.refusals import choose


class Watched:
    """An ASGI application in front of another, which notes what that one is asked."""

    def __init__(self, app: Any, house: House, label: str) -> None:
        self._app = app
        self._house = house
        self._label = label

    def __call__(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer; with the other application's own coroutine while nothing is recorded."""
        if self._house.live.recording is None or scope["type"] != "http":
            answered: Awaitable[None] = self._app(scope, receive, send)
            return answered
        return self._watch(scope, receive, send)

    async def _watch(self, scope: Any, receive: Receive, send: Send) -> None:
        house, live = self._house, self._house.live

        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                provider = choose(house.prepared.providers, header_map(scope)).name
                await note_unplanned(house, live, scope, provider, self._label, message["status"])
            await send(message)

        await self._app(scope, receive, noting)
