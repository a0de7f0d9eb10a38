"""One data-plane endpoint: from a request that arrives to its plan; `answering` makes and sends the answer.

Edge. A raw ASGI application a route; it knows no dialect beyond the functions of its `Endpoint` and `Provider`, and
no reason for anything the plan says.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from simulator.engine.circumstances import CALM, Circumstances
from simulator.engine.errors import EngineRefusal
from simulator.engine.plan import Fault, Plan
from simulator.engine.prompt_cache import Warm
from simulator.engine.saying import Saying
from simulator.limits.identity import key_of
from simulator.providers.base import Call, Endpoint, Keeping, Problem, Provider, Refusal
from simulator.rules.matching import Facts
from simulator.server import breaking, contract, limiting, prompt_cache, sessions
from simulator.server.admission import QueueFull
from simulator.server.answering import Answering
from simulator.server.body import ClientLeft, read_body
from simulator.server.claims import claimant, rightful
from simulator.server.context import House
from simulator.server.decoding import Decoding
from simulator.server.desk import WorkDesk
from simulator.server.engine_refusals import refused
from simulator.server.exchange import SESSION, Exchange
from simulator.server.failing.asked import HEADER as FAULT
from simulator.server.failing.circumstances import circumstances_of
from simulator.server.failing.disturbed import met
from simulator.server.play import Receive, Send
from simulator.server.recording.journal import note
from simulator.server.refusals import stopping
from simulator.server.ruling import ruled
from simulator.server.wheel import Concluded
from simulator.state.board import Column

log = logging.getLogger("simulator.server")
_REQUESTS = Column.REQUESTS


class DataEndpoint:
    """The ASGI application of one operation of one provider.

    Where providers share a path, the first of them answers unless it refuses and the request is one of the `others`':
    made by its own client, or for a model of its own. So nothing is asked twice of what is not refused.
    """

    def __init__(self, house: House, provider: Provider, endpoint: Endpoint) -> None:
        self._house = house
        self.provider = provider
        self._endpoint = endpoint
        self._others: Sequence[DataEndpoint] = ()
        self._keeping = cast(Keeping, endpoint)
        self.answering = Answering(house, provider, endpoint)
        self._decoding = Decoding(endpoint)

    def share(self, others: Sequence["DataEndpoint"]) -> None:
        """Tell which endpoints of other providers have the same path."""
        self._others = others

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request. Raises nothing: a fault of ours is the provider's own server error."""
        house = self._house
        exchange = Exchange(house, house.live, scope, receive, send)
        by = self
        if self._others and exchange.live.open:
            # Where every model is taken nothing is refused for its model: whose client asks, decides.
            by = claimant(self._others, exchange) or self
        try:
            try:
                await by._answer(scope, exchange)  # noqa: SLF001 - of the same class
            except Refusal as refusal:
                first = by
                if by is self:
                    by = rightful(self._others, exchange, refusal) or self
                if by is first and exchange.live.contract is None:
                    raise
                await by._once_more(scope, exchange, refusal, moved=by is not first)  # noqa: SLF001
        except Refusal as refusal:
            await by.answering.refuse(exchange, refusal)
        except ClientLeft:
            by.answering.bound(exchange).answered(499, exchange.elapsed, len(exchange.body))
        except Concluded:
            await by.answering.refuse(exchange, stopping())
        except Exception:  # the outermost loop: our own bug must not reach the client as a broken connection
            log.exception("a request failed: %s", scope["path"])
            await by.answering.refuse(exchange, Refusal(Problem.SERVER_ERROR))

    async def _once_more(self, scope: Any, exchange: Exchange, refusal: Refusal, *, moved: bool) -> None:
        """Answer what was refused: `moved`, by another provider's endpoint. Raises the refusal that is left."""
        try:
            if moved:
                await self._answer(scope, exchange, again=True)
                return
        except Refusal as another:
            refusal = another
        if exchange.live.contract is None:
            raise refusal
        await self._agree(scope, exchange, refusal)

    async def _agree(self, scope: Any, exchange: Exchange, refusal: Refusal) -> None:
        """Answer what was refused for its content, as contract mode has it. Raises the refusal for anything else."""
        label = self._endpoint.label
        again = partial(self._answer, scope, exchange, again=True)
        reply = await contract.agreed(again, exchange, self.provider, label, refusal)
        if reply is None:
            return
        if exchange.live.recording is not None:
            await note(exchange, self.provider.name, label, reply.status)
        await exchange.reply(reply)
        self._house.row[_REQUESTS] += 1
        self.answering.bound(exchange).answered(reply.status, exchange.elapsed, len(exchange.body))

    async def _answer(self, scope: Any, exchange: Exchange, *, again: bool = False, body: bytes | None = None) -> None:
        """Answer; `again` where the body was read and refused before. `body` stands for the client's own."""
        house = self._house
        if not again:
            # First of all: what is refused tells the address, too, that the request asks for.
            exchange.address = exchange.live.addresses.conditions(exchange.address, exchange.headers)
            if scope["method"] != "POST":
                raise Refusal(Problem.WRONG_METHOD, param=f"{scope['method']} {self._endpoint.path}")
            if house.refusing:
                raise stopping()
            body_limit = exchange.live.body_limit
            exchange.body = await read_body(exchange.direct, exchange.receive, exchange.headers, body_limit)
        admission = house.admission
        if not admission.try_enter():
            try:
                await admission.enter()
            except QueueFull as full:
                raise Refusal(Problem.OVERLOADED, retry_after=full.retry_after) from None
            exchange.arrived = house.clock()
        try:
            read = self._decoding.read(scope, exchange.headers, exchange.body if body is None else body)
            exchange.model = read[0].request.model
            planned = self._plan(exchange, *read)
            await (planned if exchange.live.breaker is None else breaking.within(exchange, self.provider, planned))
        finally:
            admission.leave()

    async def _plan(self, exchange: Exchange, call: Call, digest: bytes | None) -> Plan:
        live, headers = exchange.live, exchange.headers
        warm = saying = None
        circumstances = CALM
        shared = call.kept or call.cache is not None or live.eventful or SESSION in headers or FAULT in headers
        try:
            if shared:
                decoded = call.request
                call, warm, saying, circumstances = await self._recalled(exchange, call)
                if call.request is not decoded:
                    digest = None
            plan = live.engine.plan(
                call.request, exchange.address, self._house.now(), warm=warm, saying=saying,
                circumstances=circumstances, digest=digest,
            )  # fmt: skip
        except EngineRefusal as refusal:
            raise refused(refusal, live.known.get(self.provider.name, ())) from None
        outcome = met(exchange, plan, stream=call.stream) if plan.struck else plan.outcome
        if isinstance(outcome, Fault):
            await self.answering.fail(exchange, plan, outcome)
            return plan
        try:
            if live.limiter is not None:
                waits = limiting.admit(exchange, self.provider, call.request, outcome.usage)
                if waits is not None:
                    await waits
            if shared:
                await self._remember(exchange, call, plan)
            if call.stream:
                await self.answering.stream(exchange, call, plan, outcome)
            else:
                await self.answering.reply(exchange, call, plan, outcome)
        finally:
            if exchange.claim is not None and (waits := limiting.settle(exchange, None)) is not None:
                await waits
        return plan

    async def _recalled(self, exchange: Exchange, call: Call) -> tuple[Call, Warm | None, Saying | None, Circumstances]:
        """The call with all that it refers to, what the prompt cache has of it, what a rule says to it, what fails."""
        live = exchange.live
        name = exchange.headers.get(SESSION)
        if name is not None:
            call = await sessions.resume(exchange, call, name)
        if call.kept:
            call = await self._keeping.recall(call, self._desk(exchange))
        saying, circumstances = None, CALM
        if live.eventful or FAULT in exchange.headers:
            # Nothing is counted of a request that another provider answers, or none.
            live.engine.fit(call.request)
            facts = Facts(
                call.request, exchange.headers, key_of(exchange.headers), self.provider.name, self._endpoint.label,
                stream=call.stream,
            )  # fmt: skip
            if live.book is not None:
                saying = await ruled(exchange, live.book, facts)
            circumstances = await circumstances_of(exchange, facts)
        if call.cache is None or not live.prompt_cache:
            return call, None, saying, circumstances
        return call, await prompt_cache.look_up(exchange, call.request, call.cache), saying, circumstances

    async def _remember(self, exchange: Exchange, call: Call, plan: Plan) -> None:
        if exchange.session:
            await sessions.remember(exchange, call, plan)
        if call.kept:
            await self._keeping.remember(call, plan, self._desk(exchange))

    def _desk(self, exchange: Exchange) -> WorkDesk:
        return WorkDesk(self._house, exchange.live, self.provider, exchange.address, exchange.headers)
