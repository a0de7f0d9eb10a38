"""One operation that is answered without a plan: reads the request, asks the dialect, sends its reply.

Edge. A raw ASGI application; it knows no dialect beyond the functions of its `Action` and `Provider`.
"""

import logging
from typing import Any

from simulator.engine.faults.striking import Met
from simulator.providers.base import Action, Asked, Problem, Provider, Refusal, Reply
from simulator.providers.paths import target_of
from simulator.server import contract
from simulator.server.body import ClientLeft, read_body
from simulator.server.context import House
from simulator.server.desk import WorkDesk
from simulator.server.exchange import Exchange
from simulator.server.failing import unplanned
from simulator.server.play import Receive, Send
from simulator.server.recording.journal import note
from simulator.server.refusals import stopping
from simulator.server.wheel import Concluded
from simulator.state.board import Column

log = logging.getLogger("simulator.server")


class ActionEndpoint:
    """The ASGI application of one action of one provider."""

    def __init__(self, house: House, provider: Provider, action: Action) -> None:
        self._house = house
        self.provider = provider
        self._action = action

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request. Raises nothing: a fault of ours is the provider's own server error."""
        house = self._house
        exchange = Exchange(house, house.live, scope, receive, send)
        met: Met | None = None
        try:
            exchange.address = exchange.live.addresses.conditions(exchange.address, exchange.headers)
            await self._read(exchange)
            if unplanned.may_fail(exchange):
                met = await unplanned.met_by(exchange, self.provider, self._action.label)
            reply = None if met is None else unplanned.refused(exchange, self.provider, met)
            reply = reply or await self._answer(scope, exchange)
        except ClientLeft:
            return
        except Refusal as refusal:
            reply = self._refused(exchange, refusal)
            if exchange.live.contract is not None:
                reply = contract.instead_of(reply, exchange, self.provider, refusal)
        except Exception:  # the outermost loop: our own bug must not reach the client as a broken connection
            log.exception("a request failed: %s", scope["path"])
            reply = self._refused(exchange, Refusal(Problem.SERVER_ERROR))
        if exchange.live.recording is not None:
            await note(exchange, self.provider.name, self._action.label, reply.status)
        try:
            await (exchange.reply(reply) if met is None else unplanned.send(exchange, met, reply))
        except Concluded:
            reply = self._refused(exchange, stopping())
            await exchange.reply(reply)
        house.row[Column.REFUSED if reply.status >= 400 else Column.REQUESTS] += 1
        bound = house.metrics.bind(self.provider.name, "", self._action.label)
        bound.answered(reply.status, exchange.elapsed, len(exchange.body))

    async def _read(self, exchange: Exchange) -> None:
        if self._house.refusing:
            raise stopping()
        limit = exchange.live.body_limit
        exchange.body = await read_body(exchange.direct, exchange.receive, exchange.headers, limit)

    async def _answer(self, scope: Any, exchange: Exchange) -> Reply:
        house, live = self._house, exchange.live
        target = target_of(scope.get("path_params", {}), scope["query_string"])
        desk = WorkDesk(house, live, self.provider, exchange.address, exchange.headers)
        return await self._action.answer(Asked(scope["method"], exchange.body, exchange.headers, target), desk)

    def _refused(self, exchange: Exchange, refusal: Refusal) -> Reply:
        return self.provider.refuse(refusal, exchange.live.engine.seeds.request_bits(exchange.address))
