"""One data-plane endpoint: decode, plan, admit, encode, play.

Edge. A raw ASGI application a route; it knows no dialect beyond the functions of its `Endpoint` and `Provider`, and
no reason for anything the plan says.
"""

import logging
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, cast

from simulator.engine.circumstances import CALM, Circumstances
from simulator.engine.errors import EngineRefusal
from simulator.engine.faults.striking import Outcome, steps_of
from simulator.engine.plan import Fault, Plan
from simulator.engine.prompt_cache import Warm
from simulator.engine.saying import Saying
from simulator.limits.identity import key_of
from simulator.providers.base import Call, Endpoint, Keeping, Problem, Provider, Refusal, Reply, Stream
from simulator.rules.matching import Facts
from simulator.server import breaking, contract, limiting, prompt_cache, sessions
from simulator.server.admission import QueueFull
from simulator.server.body import ClientLeft, read_body
from simulator.server.claims import claimant, rightful
from simulator.server.context import House
from simulator.server.decoding import Decoding
from simulator.server.desk import WorkDesk
from simulator.server.ending import billed, farewell_of, so_far
from simulator.server.engine_refusals import refused
from simulator.server.exchange import SESSION, Exchange
from simulator.server.failing.asked import HEADER as FAULT
from simulator.server.failing.circumstances import circumstances_of
from simulator.server.failing.disturbed import met, play_disturbed, told_of
from simulator.server.play import Asgi, End, Playback, Receive, Send, stream_asgi, stream_direct
from simulator.server.recording.answered import of_body
from simulator.server.recording.journal import note, note_plan
from simulator.server.refusals import stopping, worded
from simulator.server.ruling import ruled
from simulator.server.transport.troubles import disturbed
from simulator.server.transport.wire import Wire, of_reply, of_stream
from simulator.server.wheel import Concluded
from simulator.state.board import Column
from simulator.telemetry.metrics import Bound

log = logging.getLogger("simulator.server")
_REQUESTS = Column.REQUESTS
_REFUSED = Column.REFUSED
_TOKENS_OUT = Column.TOKENS_OUT
_STREAMS = Column.STREAMS


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
        self._who = (provider.name, endpoint.label)
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
            await by._refuse(exchange, refusal)  # noqa: SLF001
        except ClientLeft:
            by._bound(exchange).answered(499, exchange.elapsed, len(exchange.body))  # noqa: SLF001
        except Concluded:
            await by._refuse(exchange, stopping())  # noqa: SLF001
        except Exception:  # the outermost loop: our own bug must not reach the client as a broken connection
            log.exception("a request failed: %s", scope["path"])
            await by._refuse(exchange, Refusal(Problem.SERVER_ERROR))  # noqa: SLF001

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
        self._bound(exchange).answered(reply.status, exchange.elapsed, len(exchange.body))

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
            await self._fail(exchange, plan, outcome)
            return plan
        try:
            if live.limiter is not None:
                waits = limiting.admit(exchange, self.provider, call.request, outcome.usage)
                if waits is not None:
                    await waits
            if shared:
                await self._remember(exchange, call, plan)
            if call.stream:
                await self._stream(exchange, call, plan, outcome)
            else:
                await self._reply(exchange, call, plan, outcome)
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

    async def _reply(self, exchange: Exchange, call: Call, plan: Plan, outcome: Outcome) -> None:
        reply = self._endpoint.reply(call, plan)
        if plan.disturbances and not call.detached:
            await self._disturb(exchange, plan, reply, of_reply(reply, plan.offsets, steps_of(outcome)))
            return
        if exchange.live.recording is not None:
            await note_plan(exchange, self._who, plan, reply, detached=call.detached)
        if plan.offsets and not call.detached and not await exchange.hold(plan.offsets[-1]):
            self._bound(exchange).answered(499, exchange.elapsed, len(exchange.body))
            return
        # Before the reply: whoever has read it may ask for the place that it held.
        if exchange.claim is not None and (waits := limiting.settle(exchange, outcome.usage)) is not None:
            await waits
        if exchange.direct is None:
            await exchange.reply(reply)
        else:
            exchange.write(exchange.direct, reply)
        usage = outcome.usage
        row = self._house.row
        row[_REQUESTS] += 1
        row[_TOKENS_OUT] += usage.output_tokens
        self._bound(exchange).answered(
            reply.status, exchange.elapsed, len(exchange.body), usage.input_tokens, usage.output_tokens
        )

    async def _stream(self, exchange: Exchange, call: Call, plan: Plan, outcome: Outcome) -> None:
        house = self._house
        row = house.row
        stream = self._endpoint.stream(call, plan)
        if plan.disturbances:
            opened = Reply(200, stream.headers, b"")
            await self._disturb(exchange, plan, opened, of_stream(stream, plan.offsets), stream)
            return
        if exchange.live.recording is not None:
            await note_plan(exchange, self._who, plan, stream)
        row[_STREAMS] += 1
        direct = exchange.direct
        playback = Playback(
            stream,
            plan.offsets,
            exchange.arrived,
            exchange.live.patience,
            lambda sent: farewell_of(self.provider, stream, plan, sent, stopping()),
        )
        try:
            if direct is not None:
                head = exchange.head(stream.headers)
                ended, first_at, sent = await stream_direct(house.wheel, direct, playback, (200, head))
            else:
                pairs = [*stream.headers, *exchange.pairs()]
                asgi = Asgi(exchange.receive, exchange.send)
                ended, first_at, sent = await stream_asgi(house.wheel, asgi, playback, (200, pairs), house.clock)
        finally:
            row[_STREAMS] -= 1
        if ended is End.CONCLUDED and not first_at:
            raise Concluded
        usage = outcome.usage
        row[_REQUESTS] += 1
        bound = self._bound(exchange)
        if ended is not End.DONE:
            bound.answered(499, exchange.elapsed, len(exchange.body))
            bound.failed(ended.value)
            if exchange.claim is not None and (waits := limiting.settle(exchange, so_far(outcome, sent))) is not None:
                await waits
            return
        if exchange.claim is not None and (waits := limiting.settle(exchange, usage)) is not None:
            await waits
        row[_TOKENS_OUT] += usage.output_tokens
        bound.answered(200, exchange.elapsed, len(exchange.body), usage.input_tokens, usage.output_tokens)
        bound.streamed(max(0.0, first_at - exchange.arrived), [late - early for early, late in pairwise(plan.offsets)])

    async def _disturb(
        self, exchange: Exchange, plan: Plan, reply: Reply, wire: Wire, stream: Stream | None = None
    ) -> None:
        """Send an answer to which something happens on its way; it costs what it says, as if it had come through."""
        bound = self._bound(exchange)
        farewell = partial(farewell_of, self.provider, stream, plan)
        wire = disturbed(wire, plan.disturbances, lambda fault, sent: farewell(sent, told_of(fault, exchange.model)))
        status = reply.status if wire.frames else 0
        for disturbance in plan.disturbances:
            bound.failed(disturbance.kind.value)
        if exchange.live.recording is not None:
            await note_plan(exchange, self._who, plan, wire, status=status)
        ended = await play_disturbed(exchange, wire, reply, lambda sent: farewell(sent, stopping()))
        if exchange.claim is not None and (waits := limiting.settle(exchange, billed(plan))) is not None:
            await waits
        self._house.row[_REFUSED if isinstance(plan.outcome, Fault) else _REQUESTS] += 1
        if ended is not End.DONE:
            bound.failed(ended.value)
        bound.answered(status if ended is End.DONE else 499, exchange.elapsed, len(exchange.body))

    async def _fail(self, exchange: Exchange, plan: Plan, fault: Fault) -> None:
        bound = self._bound(exchange)
        bound.failed(fault.kind.value)
        reply = self.provider.refuse(told_of(fault, exchange.model), plan.request_bits)
        if plan.disturbances and plan.outcome is fault and not fault.hang_up:
            await self._disturb(exchange, plan, reply, of_reply(reply, [fault.after], 1))
            return
        if exchange.live.recording is not None:
            await note_plan(exchange, self._who, plan, reply, fault)
        if fault.after and not await exchange.hold(fault.after):
            bound.answered(499, exchange.elapsed, len(exchange.body))
            return
        if fault.hang_up and exchange.direct is not None:
            exchange.direct.abort()
            bound.answered(504, exchange.elapsed, len(exchange.body))
            return
        await exchange.reply(reply)
        self._house.row[_REFUSED] += 1
        bound.answered(reply.status, exchange.elapsed, len(exchange.body))

    async def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        bits = exchange.live.engine.seeds.request_bits(exchange.address)
        reply = worded(self.provider, refusal, bits, b"POST")
        if exchange.live.recording is not None:
            reason, answered = refusal.problem.value, of_body(reply.body)
            await note(exchange, *self._who, reply.status, reason=reason, answered=answered)
        await exchange.reply(reply)
        self._house.row[_REFUSED] += 1
        bound = self._bound(exchange)
        bound.failed(refusal.problem.value)
        if refusal.quota is not None:
            bound.limited(refusal.quota.resource)
        bound.answered(reply.status, exchange.elapsed, len(exchange.body))

    def _desk(self, exchange: Exchange) -> WorkDesk:
        return WorkDesk(self._house, exchange.live, self.provider, exchange.address, exchange.headers)

    def _bound(self, exchange: Exchange) -> Bound:
        return self._house.metrics.bind(self.provider.name, exchange.model, self._endpoint.label)
