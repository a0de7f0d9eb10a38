"""One data-plane endpoint: decode, plan, admit, encode, play.

Edge. A raw ASGI application a route; it knows no dialect beyond the functions of its `Endpoint` and `Provider`, and
no reason for anything the plan says.
"""

import logging
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, cast

import msgspec

from simulator.engine.errors import EngineRefusal
from simulator.engine.plan import Answer, Embedded, Fault, Plan, Synthetic, Usage
from simulator.engine.prompt_cache import Warm
from simulator.engine.saying import Saying
from simulator.providers.base import (
    FAULT_PROBLEM,
    NO_TARGET,
    Call,
    Endpoint,
    Keeping,
    Problem,
    Provider,
    Refusal,
    Stream,
)
from simulator.providers.paths import target_of
from simulator.server import contract, limiting, prompt_cache, sessions
from simulator.server.admission import QueueFull
from simulator.server.body import ClientLeft, read_body
from simulator.server.context import House
from simulator.server.desk import WorkDesk
from simulator.server.engine_refusals import refused
from simulator.server.exchange import SESSION, Exchange
from simulator.server.play import Asgi, End, Playback, Receive, Send, stream_asgi, stream_direct
from simulator.server.recording.journal import note
from simulator.server.refusals import stopping, worded
from simulator.server.ruling import ruled
from simulator.server.wheel import Concluded
from simulator.state.board import Column
from simulator.telemetry.metrics import Bound

log = logging.getLogger("simulator.server")
_REQUESTS = Column.REQUESTS
_REFUSED = Column.REFUSED
_TOKENS_OUT = Column.TOKENS_OUT
_STREAMS = Column.STREAMS
Outcome = Answer | Embedded | Synthetic


class _NamesModel(msgspec.Struct):
    """As much of a body as tells whose request it is."""

    model: str = ""


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
            by = self._claimant(exchange) or self
        try:
            try:
                await by._answer(scope, exchange)  # noqa: SLF001 - of the same class
            except Refusal as refusal:
                first = by
                if by is self:
                    by = self._rightful(exchange, refusal)
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
            target = NO_TARGET
            if "path_params" in scope or scope["query_string"]:
                target = target_of(scope.get("path_params", NO_TARGET.parameters), scope["query_string"])
            decoded = self._endpoint.decode(exchange.body if body is None else body, exchange.headers, target)
            await self._plan(exchange, decoded)
        finally:
            admission.leave()

    def _rightful(self, exchange: Exchange, refusal: Refusal) -> "DataEndpoint":
        """Which of those that share the path a refused request is for."""
        if not self._others or refusal.problem is Problem.WRONG_METHOD:
            return self
        claimant = self._claimant(exchange)
        if claimant is not None:
            return claimant
        try:
            model = msgspec.json.decode(exchange.body, type=_NamesModel).model
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self
        for other in self._others:
            if model in exchange.live.known.get(other.provider.name, ()):
                return other
        return self

    def _claimant(self, exchange: Exchange) -> "DataEndpoint | None":
        return next((other for other in self._others if other.provider.claims(exchange.headers)), None)

    async def _plan(self, exchange: Exchange, call: Call) -> None:
        live = exchange.live
        exchange.model = call.request.model
        exchange.address = live.addresses.conditions(exchange.address, exchange.headers)
        warm = saying = None
        shared = call.kept or call.cache is not None or live.book is not None or SESSION in exchange.headers
        if shared:
            call, warm, saying = await self._recalled(exchange, call)
        try:
            plan = live.engine.plan(call.request, exchange.address, self._house.now(), warm=warm, saying=saying)
        except EngineRefusal as refusal:
            raise refused(refusal, live.known.get(self.provider.name, ())) from None
        outcome = plan.outcome
        if isinstance(outcome, Fault):
            await self._fail(exchange, plan, outcome)
            return
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

    async def _recalled(self, exchange: Exchange, call: Call) -> tuple[Call, Warm | None, Saying | None]:
        """The call with all that it refers to, what the prompt cache has of it, and what a rule says to it."""
        live = exchange.live
        name = exchange.headers.get(SESSION)
        if name is not None:
            call = await sessions.resume(exchange, call, name)
        if call.kept:
            call = await self._keeping.recall(call, self._desk(exchange))
        saying = None if live.book is None else await ruled(exchange, live.book, call.request, self.provider.name)
        if call.cache is None or not live.prompt_cache:
            return call, None, saying
        return call, await prompt_cache.look_up(exchange, call.request, call.cache), saying

    async def _remember(self, exchange: Exchange, call: Call, plan: Plan) -> None:
        if exchange.session:
            await sessions.remember(exchange, call, plan)
        if call.kept:
            await self._keeping.remember(call, plan, self._desk(exchange))

    async def _reply(self, exchange: Exchange, call: Call, plan: Plan, outcome: Outcome) -> None:
        reply = self._endpoint.reply(call, plan)
        if exchange.live.recording is not None:
            await note(exchange, self.provider.name, self._endpoint.label, reply.status, usage=outcome.usage)
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
        if exchange.live.recording is not None:
            await note(exchange, self.provider.name, self._endpoint.label, 200, usage=outcome.usage, streamed=True)
        row[_STREAMS] += 1
        direct = exchange.direct
        playback = Playback(
            stream,
            plan.offsets,
            exchange.arrived,
            exchange.live.patience,
            lambda sent: _farewell(self.provider, stream, plan, sent),
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
            if exchange.claim is not None and (waits := limiting.settle(exchange, _so_far(outcome, sent))) is not None:
                await waits
            return
        if exchange.claim is not None and (waits := limiting.settle(exchange, usage)) is not None:
            await waits
        row[_TOKENS_OUT] += usage.output_tokens
        bound.answered(200, exchange.elapsed, len(exchange.body), usage.input_tokens, usage.output_tokens)
        bound.streamed(max(0.0, first_at - exchange.arrived), [late - early for early, late in pairwise(plan.offsets)])

    async def _fail(self, exchange: Exchange, plan: Plan, fault: Fault) -> None:
        bound = self._bound(exchange)
        bound.failed(fault.kind.value)
        refusal = Refusal(
            FAULT_PROBLEM[fault.kind],
            fault.message,
            code=fault.code,
            retry_after=fault.retry_after,
            model=exchange.model,
            status=fault.status,
            kind=fault.type,
        )
        reply = self.provider.refuse(refusal, plan.request_bits)
        if exchange.live.recording is not None:
            status = 0 if fault.hang_up and exchange.direct is not None else reply.status
            await note(exchange, self.provider.name, self._endpoint.label, status, reason=fault.kind.value)
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
            reason = refusal.problem.value
            await note(exchange, self.provider.name, self._endpoint.label, reply.status, reason=reason)
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


def _farewell(provider: Provider, stream: Stream, plan: Plan, sent: int) -> bytes:
    """What ends a stream in band of which so many steps were sent: its own words, or the provider's usual ones."""
    fail = getattr(stream, "fail", None)
    if fail is None:
        return provider.stream_error(stopping(), plan.request_bits)
    told: bytes = fail(stopping(), sent)
    return told


def _so_far(outcome: Outcome, sent: int) -> Usage:
    """What a stream has come to of which so many steps were sent."""
    choices = outcome.choices if isinstance(outcome, Answer) else ()
    return Usage(outcome.usage.input_tokens, sum([min(sent, choice.steps) for choice in choices]))
