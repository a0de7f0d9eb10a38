"""Failures of what is answered without a plan: stored objects, files, lists of models. Edge of the connection.

What replaces the answer does so before anything is done: a file whose upload fails is not there. What disturbs its way
comes after it was done, as with a real service.
"""

from hashlib import blake2b

from msgspec.structs import replace

from simulator.engine.circumstances import CALM
from simulator.engine.faults.striking import Met
from simulator.engine.plan import Trouble
from simulator.engine.request import Operation, Request
from simulator.limits.identity import key_of
from simulator.providers.base import Provider, Reply
from simulator.rules.matching import Facts
from simulator.server.exchange import Exchange
from simulator.server.failing.asked import HEADER
from simulator.server.failing.circumstances import circumstances_of
from simulator.server.failing.disturbed import play_disturbed, told_of
from simulator.server.transport.troubles import disturbed
from simulator.server.transport.wire import of_reply


def may_fail(exchange: Exchange) -> bool:
    """Whether a request may meet a failure at all."""
    return exchange.live.troubled or HEADER in exchange.headers


async def met_by(exchange: Exchange, provider: Provider, label: str) -> Met:
    """What a request meets whose body has been read; `label` is that of metrics. Raises `Refusal`."""
    live, headers = exchange.live, exchange.headers
    circumstances = CALM
    if live.eventful or HEADER in headers:
        facts = Facts(Request(Operation.CHAT, provider.name, ""), headers, key_of(headers), provider.name, label)
        circumstances = await circumstances_of(exchange, facts)
    scope = exchange.scope
    asked = b"%b %b\0%b" % (scope["method"].encode(), scope["path"].encode("utf-8", "surrogatepass"), exchange.body)
    met = live.engine.meet(blake2b(asked, digest_size=16).digest(), exchange.address, circumstances.candidates)
    events = [one.error for one in met.disturbances if one.kind is Trouble.ERROR_EVENT]
    if events:
        # What has no events tells the error in place of the answer.
        rest = tuple([one for one in met.disturbances if one.kind is not Trouble.ERROR_EVENT])
        met = replace(met, fault=met.fault or events[0], disturbances=rest)
    if met.names:
        exchange.told += b"x-llm-sim-fault: %b\r\n" % ", ".join(met.names).encode()
    return met


def refused(exchange: Exchange, provider: Provider, met: Met) -> Reply | None:
    """The error in place of the answer; None where it is to be answered."""
    if met.fault is None:
        return None
    bits = exchange.live.engine.seeds.request_bits(exchange.address)
    return provider.refuse(told_of(met.fault, exchange.model), bits)


async def send(exchange: Exchange, met: Met, reply: Reply) -> None:
    """Send the reply, or what is left of it. Raises `Concluded` if the worker stops before anything is sent."""
    fault = met.fault
    after = 0.0 if fault is None else fault.after
    if met.disturbances:
        wire = disturbed(of_reply(reply, [after], 1), met.disturbances, lambda _fault, _sent: b"")
        await play_disturbed(exchange, wire, reply, lambda _: b"")
        return
    if after and not await exchange.hold(after):
        return
    if fault is not None and fault.hang_up and exchange.direct is not None:
        exchange.direct.abort()
        return
    await exchange.reply(reply)
