"""An answer to which something happens on its way: from the plan to what is played. Edge of the connection."""

from collections.abc import Callable

from simulator.engine.faults.striking import Outcome
from simulator.engine.plan import Fault, Plan, Trouble
from simulator.providers.base import FAULT_PROBLEM, Refusal, Reply
from simulator.server.exchange import Exchange
from simulator.server.play import Asgi, End
from simulator.server.transport.play import Playing, play_asgi, play_wire
from simulator.server.transport.wire import Wire
from simulator.server.wheel import Concluded


def met(exchange: Exchange, plan: Plan, *, stream: bool) -> Outcome | Fault:
    """The plan's outcome; of an answer that is not streamed the error that a stream would tell amid it.

    The response tells the names of the failures that struck.
    """
    exchange.told += b"x-llm-sim-fault: %b\r\n" % ", ".join(plan.struck).encode()
    if stream or isinstance(plan.outcome, Fault):
        return plan.outcome
    errors = [one.error for one in plan.disturbances if one.kind is Trouble.ERROR_EVENT and one.error is not None]
    return errors[0] if errors else plan.outcome


def told_of(fault: Fault, model: str) -> Refusal:
    """The refusal that a fault is worded as."""
    return Refusal(
        FAULT_PROBLEM[fault.kind],
        fault.message,
        code=fault.code,
        retry_after=fault.retry_after,
        model=model,
        limit=fault.limit,
        asked=fault.asked,
        status=fault.status,
        kind=fault.type,
    )


async def play_disturbed(exchange: Exchange, wire: Wire, reply: Reply, farewell: Callable[[int], bytes]) -> End:
    """Send a wire with the status and headers of a reply; how that ended.

    `farewell` makes the bytes that end a stream in band of which so many steps were sent, if the worker stops. Raises
    `Concluded` if it stops before anything is sent.
    """
    house, direct = exchange.house, exchange.direct
    playing = Playing(
        wire,
        (reply.status, exchange.head(reply.headers)),
        exchange.arrived,
        exchange.live.patience,
        farewell,
        chunks=exchange.scope.get("http_version") != "1.0",
    )
    if direct is None:
        played = await play_asgi(house.wheel, Asgi(exchange.receive, exchange.send), playing)
    else:
        played = await play_wire(house.wheel, direct, playing)
    if played.end is End.CONCLUDED and not played.first_at:
        raise Concluded
    return played.end
