"""From a plan to its answer: encoded by the dialect, played, settled and counted.

Edge. Knows no reason for anything that the plan says.
"""

from functools import partial
from itertools import pairwise

from simulator.engine.faults.striking import Outcome, steps_of
from simulator.engine.plan import Fault, Plan
from simulator.providers.base import Call, Endpoint, Provider, Refusal, Reply, Stream
from simulator.server import limiting
from simulator.server.context import House
from simulator.server.ending import billed, farewell_of, so_far
from simulator.server.exchange import Exchange
from simulator.server.failing.disturbed import play_disturbed, told_of
from simulator.server.play import Asgi, End, Playback, stream_asgi, stream_direct
from simulator.server.recording.answered import of_body
from simulator.server.recording.journal import note, note_plan
from simulator.server.refusals import stopping, worded
from simulator.server.transport.troubles import disturbed
from simulator.server.transport.wire import Wire, of_reply, of_stream
from simulator.server.wheel import Concluded
from simulator.state.board import Column
from simulator.telemetry.metrics import Bound

_REQUESTS = Column.REQUESTS
_REFUSED = Column.REFUSED
_TOKENS_OUT = Column.TOKENS_OUT
_STREAMS = Column.STREAMS


class Answering:
    """How one operation of one provider is answered."""

    def __init__(self, house: House, provider: Provider, endpoint: Endpoint) -> None:
        self._house = house
        self._provider = provider
        self._endpoint = endpoint
        self._who = (provider.name, endpoint.label)

    async def reply(self, exchange: Exchange, call: Call, plan: Plan, outcome: Outcome) -> None:
        """Send a whole answer, when its last token would be there."""
        reply = self._endpoint.reply(call, plan)
        if plan.disturbances and not call.detached:
            await self.disturb(exchange, plan, reply, of_reply(reply, plan.offsets, steps_of(outcome)))
            return
        if exchange.live.recording is not None:
            await note_plan(exchange, self._who, plan, reply, detached=call.detached)
        if plan.offsets and not call.detached and not await exchange.hold(plan.offsets[-1]):
            self.bound(exchange).answered(499, exchange.elapsed, len(exchange.body))
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
        self.bound(exchange).answered(
            reply.status, exchange.elapsed, len(exchange.body), usage.input_tokens, usage.output_tokens
        )

    async def stream(self, exchange: Exchange, call: Call, plan: Plan, outcome: Outcome) -> None:
        """Send a stream, each token when it is due. Raises `Concluded` if the worker stops before anything is sent."""
        house = self._house
        row = house.row
        stream = self._endpoint.stream(call, plan)
        if plan.disturbances:
            opened = Reply(200, stream.headers, b"")
            await self.disturb(exchange, plan, opened, of_stream(stream, plan.offsets), stream)
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
            lambda sent: farewell_of(self._provider, stream, plan, sent, stopping()),
            exchange.lag,
        )
        try:
            if direct is not None:
                # What is late is mostly so while the first token is waited for.
                head = exchange.head(stream.headers, lag=not plan.offsets)
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
        bound = self.bound(exchange)
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

    async def disturb(
        self, exchange: Exchange, plan: Plan, reply: Reply, wire: Wire, stream: Stream | None = None
    ) -> None:
        """Send an answer to which something happens on its way; it costs what it says, as if it had come through."""
        bound = self.bound(exchange)
        farewell = partial(farewell_of, self._provider, stream, plan)
        row = self._house.row
        wire = disturbed(wire, plan.disturbances, lambda fault, sent: farewell(sent, told_of(fault, exchange.model)))
        status = reply.status if wire.frames else 0
        for disturbance in plan.disturbances:
            bound.failed(disturbance.kind.value)
        if exchange.live.recording is not None:
            await note_plan(exchange, self._who, plan, wire, status=status)
        row[_STREAMS] += wire.streamed
        try:
            ended = await play_disturbed(exchange, wire, reply, lambda sent: farewell(sent, stopping()))
        finally:
            row[_STREAMS] -= wire.streamed
        if exchange.claim is not None and (waits := limiting.settle(exchange, billed(plan))) is not None:
            await waits
        row[_REFUSED if isinstance(plan.outcome, Fault) else _REQUESTS] += 1
        row[_TOKENS_OUT] += billed(plan).output_tokens
        if ended is not End.DONE:
            bound.failed(ended.value)
        bound.answered(status if ended is End.DONE else 499, exchange.elapsed, len(exchange.body))

    async def fail(self, exchange: Exchange, plan: Plan, fault: Fault) -> None:
        """Send an error in place of the answer, or hang up. Raises `Concluded` as above."""
        bound = self.bound(exchange)
        bound.failed(fault.kind.value)
        reply = self._provider.refuse(told_of(fault, exchange.model), plan.request_bits)
        if plan.disturbances and plan.outcome is fault and not fault.hang_up:
            await self.disturb(exchange, plan, reply, of_reply(reply, [fault.after], 1))
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

    async def refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        """Refuse a request that is not planned."""
        bits = exchange.live.engine.seeds.request_bits(exchange.address)
        reply = worded(self._provider, refusal, bits, b"POST")
        if exchange.live.recording is not None:
            reason, answered = refusal.problem.value, of_body(reply.body)
            await note(exchange, *self._who, reply.status, reason=reason, answered=answered)
        await exchange.reply(reply)
        self._house.row[_REFUSED] += 1
        bound = self.bound(exchange)
        bound.failed(refusal.problem.value)
        if refusal.quota is not None:
            bound.limited(refusal.quota.resource)
        bound.answered(reply.status, exchange.elapsed, len(exchange.body))

    def bound(self, exchange: Exchange) -> Bound:
        """The metrics of a request."""
        return self._house.metrics.bind(self._provider.name, exchange.model, self._endpoint.label)
