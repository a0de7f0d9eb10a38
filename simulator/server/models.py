"""The listings of models, where several providers share one path.

Edge. `GET /v1/models` is OpenAI's or Anthropic's: the first provider that claims the request's headers answers.
"""

import urllib.parse
from collections.abc import Sequence
from typing import Any

from simulator.engine.faults.striking import Met
from simulator.providers.base import ModelEntry, Problem, Provider, Refusal, Reply
from simulator.server import contract
from simulator.server.context import House
from simulator.server.exchange import Exchange
from simulator.server.failing import unplanned
from simulator.server.play import Receive, Send
from simulator.server.refusals import Teller, choose, stopping, worded
from simulator.server.wheel import Concluded
from simulator.state.board import Column

LABEL = "models"


class ModelsEndpoint:
    """The ASGI application of one listing path and of `{path}/{id}` below it."""

    def __init__(self, house: House, path: str, providers: Sequence[Provider]) -> None:
        self._house = house
        self._path = path
        self._providers = providers
        self._teller = Teller(house)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer a listing or one model."""
        house = self._house
        exchange = Exchange(house, house.live, scope, receive, send)
        live, provider = exchange.live, choose(self._providers, exchange.headers)
        met: Met | None = None
        bits = live.engine.seeds.request_bits(exchange.address)
        try:
            if unplanned.may_fail(exchange):
                exchange.address = live.addresses.conditions(exchange.address, exchange.headers)
                met = await unplanned.met_by(exchange, provider, LABEL)
            reply = None if met is None else unplanned.refused(exchange, provider, met)
            reply = reply or self._reply(scope, provider, live.entries.get(provider.name, ()), bits)
        except Refusal as refusal:
            reply = worded(provider, refusal, bits, b"GET, HEAD")
            if live.contract is not None:
                reply = await contract.unserved(reply, live, scope, receive, provider, bits)
        if met is None or not (met.fault or met.disturbances):
            await self._teller.send(scope, send, reply, exchange.address, provider.name, LABEL)
            return
        try:
            await unplanned.send(exchange, met, reply)
        except Concluded:
            await exchange.reply(provider.refuse(stopping(), bits))
        house.row[Column.REFUSED if reply.status >= 400 else Column.REQUESTS] += 1
        house.metrics.bind(provider.name, "", LABEL).answered(reply.status, exchange.elapsed, 0)

    def _reply(self, scope: Any, provider: Provider, entries: Sequence[ModelEntry], bits: bytes) -> Reply:
        if scope["method"] not in ("GET", "HEAD"):
            raise Refusal(Problem.WRONG_METHOD, param=f"{scope['method']} {scope['path'][:200]}")
        rest = scope["path"][len(self._path) :].strip("/")
        if not rest:
            query = urllib.parse.parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            return provider.models(entries, dict(query), bits)
        for entry in entries:
            if entry.id == rest:
                return provider.model(entry, bits)
        raise Refusal(Problem.UNKNOWN_MODEL, model=rest, known=[entry.id for entry in entries])
