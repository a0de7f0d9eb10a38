"""One data-plane endpoint: decode, plan, encode, play.

Edge. A raw ASGI application a route; it knows no dialect beyond the four functions of its `Endpoint` and
`Provider`, and no reason for anything the plan says.
"""

import logging
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from simulator.engine.errors import EngineRefusal
from simulator.engine.plan import Address, Answer, Embedded, Fault, Plan
from simulator.providers.base import FAULT_PROBLEM, Call, Endpoint, Header, Problem, Provider, Refusal, Reply
from simulator.server.admission import QueueFull
from simulator.server.body import ClientLeft, read_body
from simulator.server.context import House, header_map
from simulator.server.direct import Direct, direct_of
from simulator.server.engine_refusals import refused
from simulator.server.play import Asgi, End, Playback, Receive, Send, hold, lines, stream_asgi, stream_direct
from simulator.server.refusals import worded
from simulator.state.board import Column
from simulator.telemetry.metrics import Bound

log = logging.getLogger("simulator.server")
_REQUESTS = Column.REQUESTS
_REFUSED = Column.REFUSED
_TOKENS_OUT = Column.TOKENS_OUT
_STREAMS = Column.STREAMS
_LAG_US = Column.LAG_US


class Exchange:
    """One request on its way: what every answer to it needs."""

    __slots__ = ("address", "arrived", "body_bytes", "direct", "headers", "model", "receive", "send")

    def __init__(self, scope: Any, receive: Receive, send: Send, address: Address, arrived: float) -> None:
        self.headers: Mapping[bytes, bytes] = header_map(scope)
        self.direct: Direct | None = direct_of(scope)
        self.receive = receive
        self.send = send
        self.address = address
        self.arrived = arrived
        self.body_bytes = 0
        self.model = ""


class DataEndpoint:
    """The ASGI application of one operation of one provider."""

    def __init__(self, house: House, provider: Provider, endpoint: Endpoint) -> None:
        self._house = house
        self._provider = provider
        self._endpoint = endpoint
        self._engine = house.engine
        self._limit = house.config.server.max_body_bytes
        self._known = [entry.id for entry in house.prepared.entries.get(provider.name, ())]

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request. Raises nothing: a fault of ours is the provider's own server error."""
        house = self._house
        exchange = Exchange(scope, receive, send, house.addresses.arrive(), house.clock())
        try:
            await self._answer(scope, exchange)
        except Refusal as refusal:
            await self._refuse(exchange, refusal)
        except ClientLeft:
            self._bound(exchange.model).answered(499, house.clock() - exchange.arrived, exchange.body_bytes)
        except Exception:  # the outermost loop: our own bug must not reach the client as a broken connection
            log.exception("a request failed: %s", scope["path"])
            await self._refuse(exchange, Refusal(Problem.SERVER_ERROR))

    async def _answer(self, scope: Any, exchange: Exchange) -> None:
        if scope["method"] != "POST":
            raise Refusal(Problem.WRONG_METHOD, param=f"{scope['method']} {self._endpoint.path}")
        house = self._house
        body = await read_body(exchange.direct, exchange.receive, exchange.headers, self._limit)
        exchange.body_bytes = len(body)
        admission = house.admission
        if not admission.try_enter():
            try:
                await admission.enter()
            except QueueFull as full:
                raise Refusal(Problem.OVERLOADED, retry_after=full.retry_after) from None
            exchange.arrived = house.clock()
        try:
            call = self._endpoint.decode(body, exchange.headers)
            exchange.model = call.request.model
            exchange.address = house.addresses.conditions(exchange.address, exchange.headers)
            plan = self._plan(call, exchange)
            outcome = plan.outcome
            if isinstance(outcome, Fault):
                await self._fail(exchange, plan, outcome)
            elif call.stream:
                await self._stream(exchange, call, plan, outcome)
            else:
                await self._reply(exchange, call, plan, outcome)
        finally:
            admission.leave()

    def _plan(self, call: Call, exchange: Exchange) -> Plan:
        try:
            return self._engine.plan(call.request, exchange.address, self._house.now())
        except EngineRefusal as refusal:
            raise refused(refusal, self._known) from None

    async def _reply(self, exchange: Exchange, call: Call, plan: Plan, outcome: Answer | Embedded) -> None:
        house = self._house
        reply = self._endpoint.reply(call, plan)
        if plan.offsets and not await self._hold(exchange, plan.offsets[-1]):
            self._bound(exchange.model).answered(499, house.clock() - exchange.arrived, exchange.body_bytes)
            return
        if exchange.direct is None:
            await self._send(exchange, reply)
        else:
            self._write(exchange.direct, exchange, reply)
        usage = outcome.usage
        row = house.row
        row[_REQUESTS] += 1
        row[_TOKENS_OUT] += usage.output_tokens
        self._bound(exchange.model).answered(
            reply.status,
            house.clock() - exchange.arrived,
            exchange.body_bytes,
            usage.input_tokens,
            usage.output_tokens,
        )

    async def _stream(self, exchange: Exchange, call: Call, plan: Plan, outcome: Answer | Embedded) -> None:
        house = self._house
        row = house.row
        stream = self._endpoint.stream(call, plan)
        row[_STREAMS] += 1
        direct = exchange.direct
        playback = Playback(stream, plan.offsets, exchange.arrived, house.limits)
        try:
            if direct is not None:
                head = self._head(exchange, stream.headers)
                ended, first_at = await stream_direct(house.wheel, direct, playback, (200, head))
            else:
                pairs = [*stream.headers, *self._pairs(exchange)]
                asgi = Asgi(exchange.receive, exchange.send)
                ended, first_at = await stream_asgi(house.wheel, asgi, playback, (200, pairs), house.clock)
        finally:
            row[_STREAMS] -= 1
        usage = outcome.usage
        row[_REQUESTS] += 1
        bound = self._bound(exchange.model)
        elapsed = house.clock() - exchange.arrived
        if ended is End.DONE:
            row[_TOKENS_OUT] += usage.output_tokens
            bound.answered(200, elapsed, exchange.body_bytes, usage.input_tokens, usage.output_tokens)
            offsets = plan.offsets
            bound.streamed(
                max(0.0, first_at - exchange.arrived),
                [late - early for early, late in pairwise(offsets)],
            )
        else:
            bound.answered(499, elapsed, exchange.body_bytes)
            bound.failed(ended.value)

    async def _fail(self, exchange: Exchange, plan: Plan, fault: Fault) -> None:
        house = self._house
        bound = self._bound(exchange.model)
        bound.failed(fault.kind.value)
        if fault.after and not await self._hold(exchange, fault.after):
            bound.answered(499, house.clock() - exchange.arrived, exchange.body_bytes)
            return
        if fault.hang_up and exchange.direct is not None:
            exchange.direct.abort()
            bound.answered(504, house.clock() - exchange.arrived, exchange.body_bytes)
            return
        refusal = Refusal(FAULT_PROBLEM[fault.kind], retry_after=fault.retry_after, model=exchange.model)
        reply = self._provider.refuse(refusal, plan.request_bits)
        await self._send(exchange, reply)
        house.row[_REFUSED] += 1
        bound.answered(reply.status, house.clock() - exchange.arrived, exchange.body_bytes)

    async def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        house = self._house
        bits = self._engine.seeds.request_bits(exchange.address)
        reply = worded(self._provider, refusal, bits, b"POST")
        await self._send(exchange, reply)
        house.row[_REFUSED] += 1
        bound = self._bound(exchange.model)
        bound.failed(refusal.problem.value)
        bound.answered(reply.status, house.clock() - exchange.arrived, exchange.body_bytes)

    async def _hold(self, exchange: Exchange, seconds: float) -> bool:
        """Wait until `seconds` after arrival. False if nobody is left to answer."""
        house = self._house
        limit = house.limits[0]
        until = exchange.arrived + min(seconds, limit)
        if not await hold(house.wheel, exchange.direct, exchange.receive, until):
            return False
        if seconds > limit and exchange.direct is not None:
            exchange.direct.abort()
            return False
        return True

    def _write(self, direct: Direct, exchange: Exchange, reply: Reply) -> None:
        body = reply.body
        direct.reply(reply.status, b"%bcontent-length: %d\r\n" % (self._head(exchange, reply.headers), len(body)), body)

    async def _send(self, exchange: Exchange, reply: Reply) -> None:
        if exchange.direct is not None:
            self._write(exchange.direct, exchange, reply)
            return
        body = reply.body
        headers = [*reply.headers, *self._pairs(exchange), (b"content-length", b"%d" % len(body))]
        await exchange.send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await exchange.send({"type": "http.response.body", "body": body})

    def _head(self, exchange: Exchange, headers: Sequence[Header]) -> bytes:
        house = self._house
        told = house.addresses.lines(exchange.address)
        if house.row[_LAG_US] and (lag := house.lag()) > house.lag_threshold:
            told += b"x-llm-sim-lag-ms: %d\r\n" % (lag * 1000)
        return lines(headers) + told

    def _pairs(self, exchange: Exchange) -> list[Header]:
        told = self._head(exchange, ()).split(b"\r\n")
        return [(name, value) for name, _, value in (line.partition(b": ") for line in told if line)]

    def _bound(self, model: str) -> Bound:
        return self._house.metrics.bind(self._provider.name, model, self._endpoint.label)
