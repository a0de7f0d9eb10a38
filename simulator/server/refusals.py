"""Refusals outside the data-plane endpoints: unknown paths, and the sending of any small provider reply.

Edge. An unknown path is refused in the shape of the provider whose client seems to ask.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.engine.plan import Address
from simulator.providers.base import Problem, Provider, Refusal, Reply
from simulator.server import contract
from simulator.server.context import House, header_map
from simulator.server.play import Receive, Send, pairs
from simulator.state.board import Column


def choose(providers: Sequence[Provider], headers: Mapping[bytes, bytes]) -> Provider:
    """The provider that a request is meant for. The first of the registry is the default and is asked last."""
    for provider in providers[1:]:
        if provider.claims(headers):
            return provider
    return providers[0]


def worded(provider: Provider, refusal: Refusal, bits: bytes, allowed: bytes) -> Reply:
    """A refusal in the provider's words; of a wrong method, with those that are `allowed` (RFC 9110 15.5.6)."""
    reply = provider.refuse(refusal, bits)
    if refusal.problem is not Problem.WRONG_METHOD:
        return reply
    return Reply(reply.status, (*reply.headers, (b"allow", allowed)), reply.body)


STOPPING_RETRY_SECONDS = 1.0
"""What a client is told that asks a fleet which stops: by then another one answers, if there is one."""


def stopping() -> Refusal:
    """What is told while the fleet stops."""
    return Refusal(Problem.OVERLOADED, retry_after=STOPPING_RETRY_SECONDS)


class Teller:
    """Sends whole replies with the address headers, and counts them."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def send(self, scope: Any, send: Send, reply: Reply, address: Address, provider: str, label: str) -> None:
        """Send a reply that needed no plan."""
        house = self._house
        told = pairs(house.live.addresses.lines(address))
        headers = [*reply.headers, *told, (b"content-length", b"%d" % len(reply.body))]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})
        house.row[Column.REFUSED if reply.status >= 400 else Column.REQUESTS] += 1
        house.metrics.bind(provider, "", label).answered(reply.status, 0.0, 0)


class UnknownPath:
    """The ASGI application of every path that no route serves."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._teller = Teller(house)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Refuse."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        providers = self._house.prepared.providers
        provider = choose(providers, header_map(scope))
        live = self._house.live
        address = live.addresses.arrive()
        refusal = Refusal(Problem.UNKNOWN_PATH, param=f"{scope['method']} {scope['path'][:200]}")
        bits = live.engine.seeds.request_bits(address)
        reply = provider.refuse(refusal, bits)
        if live.contract is not None:
            reply = await contract.unserved(reply, live, scope, receive, provider, bits)
        await self._teller.send(scope, send, reply, address, provider.name, "unknown")
