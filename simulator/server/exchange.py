"""One request on its way, and the sending of whole replies to it.

Edge. Owns the server's own header lines: the response's address, its lag, the rate limits and the state's health.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.engine.plan import Address
from simulator.limits.claim import Claim
from simulator.providers.base import Header, Reply
from simulator.server.context import House, header_map
from simulator.server.conversation import Entry
from simulator.server.direct import Direct, direct_of
from simulator.server.live import Live
from simulator.server.play import Receive, Send, hold, lines, pairs
from simulator.state.board import Column

_LAG_US = Column.LAG_US
SESSION = b"x-session-id"
"""Names the conversation that a request goes on with."""


class Exchange:
    """One request: what every answer to it needs."""

    __slots__ = (
        "address", "arrived", "body", "claim", "degraded", "direct", "fresh", "headers", "house", "live",
        "model", "quotas", "receive", "scope", "send", "session", "told",
    )  # fmt: skip

    def __init__(self, house: House, live: Live, scope: Any, receive: Receive, send: Send) -> None:
        self.house = house
        self.live = live
        self.scope = scope
        self.address: Address = live.addresses.arrive()
        self.arrived = house.clock()
        self.headers: Mapping[bytes, bytes] = header_map(scope)
        self.direct: Direct | None = direct_of(scope)
        self.receive = receive
        self.send = send
        self.body = b""
        self.model = ""
        self.claim: Claim | None = None
        self.quotas = b""
        self.degraded = False
        self.session = b""
        self.fresh: Sequence[Entry] = ()
        """What of the request its session does not remember yet."""
        self.told = b""
        """Header lines about the circumstances and the failures that the request meets."""

    @property
    def elapsed(self) -> float:
        """Seconds since arrival."""
        return self.house.clock() - self.arrived

    async def hold(self, seconds: float) -> bool:
        """Wait until `seconds` after arrival. False if nobody is left to answer; raises `Concluded`."""
        limit = self.live.patience[0]
        if not await hold(self.house.wheel, self.direct, self.receive, self.arrived + min(seconds, limit)):
            return False
        if seconds > limit and self.direct is not None:
            self.direct.abort()
            return False
        return True

    def write(self, direct: Direct, reply: Reply) -> None:
        """Send a whole reply the direct way."""
        body = reply.body
        direct.reply(reply.status, b"%bcontent-length: %d\r\n" % (self.head(reply.headers), len(body)), body)

    async def reply(self, reply: Reply) -> None:
        """Send a whole reply, whichever way there is."""
        if self.direct is not None:
            self.write(self.direct, reply)
            return
        body = reply.body
        headers = [*reply.headers, *self.pairs(), (b"content-length", b"%d" % len(body))]
        await self.send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def head(self, headers: Sequence[Header], *, lag: bool = True) -> bytes:
        """The lines of a response's own headers and of the server's; without `lag` whether it is late is left open."""
        told = self.live.addresses.lines(self.address)
        if self.quotas:
            told += self.quotas
        if self.told:
            told += self.told
        if lag and self.house.row[_LAG_US]:
            told += self.lag()
        if self.session:
            told += b"x-session-id: %b\r\n" % self.session
        if self.degraded:
            told += b"x-llm-sim-state: degraded\r\n"
        return lines(headers) + told

    def lag(self) -> bytes:
        """The line that tells that the server is late, where it is."""
        lag = self.house.lag()
        return b"x-llm-sim-lag-ms: %d\r\n" % (lag * 1000) if lag > self.live.lag_threshold else b""

    def pairs(self) -> list[Header]:
        """The server's own headers, for ASGI."""
        return pairs(self.head(()))
