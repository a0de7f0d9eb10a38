"""Play: the only place that waits. Sends what is planned, when it is planned.

Edge. Knows ASGI, the clock, disconnects and back-pressure; not what a token says or why a fault was
chosen. Where the worker offers its connection (`direct`), frames go straight to the transport from the
timing wheel; elsewhere the same plan is sent through ASGI's `send`.
"""

import asyncio
import enum
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, NamedTuple

import msgspec

from simulator.providers.base import Header, Stream
from simulator.server.direct import Direct
from simulator.server.wheel import TICKS, Concluded, Wheel

HALF_TICK = 0.5 / TICKS
PAUSE_POLL = 0.01
"""How soon a stream whose client reads slowly is looked at again, in seconds."""

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


class End(enum.StrEnum):
    """How a response ended."""

    DONE = "done"
    LEFT = "client_left"
    SLOW = "client_slow"
    TIMEOUT = "timeout"
    CONCLUDED = "concluded"


class Played(NamedTuple):
    """How a stream ended, when its first token left (0.0 if none did), and how many of its steps were sent."""

    end: End
    first_at: float
    sent: int


def lines(headers: Sequence[Header]) -> bytes:
    """Headers as the bytes of HTTP/1.1."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def pairs(told: bytes) -> list[Header]:
    """The same lines as the headers that ASGI takes."""
    return [(name, value) for name, _, value in (line.partition(b": ") for line in told.split(b"\r\n") if line)]


class Playback(msgspec.Struct, frozen=True):
    """A stream and when it is played.

    `offsets` are seconds from `start`, empty for all at once; `start` is of the monotonic clock. `limits` are the
    seconds that the whole response and one unread write may take. `farewell` makes the bytes that end the stream in
    band if the worker stops when so many of its steps were sent. `late` are header lines that are made when the head is
    sent.
    """

    stream: Stream
    offsets: Sequence[float]
    start: float
    limits: tuple[float, float]
    farewell: Callable[[int], bytes] = lambda _: b""
    late: Callable[[], bytes] = lambda: b""


class Player:
    """One stream on its way through the wheel to its connection."""

    __slots__ = (
        "_direct",
        "_ended",
        "_farewell",
        "_frames",
        "_head",
        "_last",
        "_late",
        "_offsets",
        "_position",
        "_stalled",
        "_start",
        "_steps",
        "_unread",
        "first_at",
    )

    def __init__(
        self, direct: Direct, playback: Playback, head: tuple[int, bytes], ended: "asyncio.Future[End]"
    ) -> None:
        """`first_at` is when the first token left."""
        self._direct = direct
        self._frames = playback.stream.frames
        self._steps = playback.stream.steps
        self._offsets = playback.offsets
        self._start = playback.start
        self._head = head
        self._position = 0
        self._stalled = 0.0
        self._last = playback.start + playback.limits[0]
        self._unread = playback.limits[1]
        self._farewell = playback.farewell
        self._late = playback.late
        self._ended = ended
        self.first_at = 0.0

    @property
    def sent(self) -> int:
        """How many steps were sent."""
        return self._position

    def due(self, now: float) -> float | None:
        """Send all that is due in one write."""
        direct = self._direct
        if direct.gone:
            self.end(End.LEFT)
            return None
        if now > self._last:
            self._give_up(End.TIMEOUT)
            return None
        if self._stalled and direct.paused:
            return self._hold(now)
        begin, steps, offsets = self._position, self._steps, self._offsets
        elapsed = now - self._start + HALF_TICK
        end = begin + 1
        while end < steps and offsets[end] <= elapsed:
            end += 1
        data, last = self._frames(begin, end), end == steps
        if self.first_at:
            # Steps that show nothing (a thought that is kept from the client) send nothing: an empty chunk ends a body.
            stalls = direct.write(data, last=last) if data or last else direct.paused
        elif data or last:
            self.first_at = now
            status, lines = self._head
            stalls = direct.start(status, lines + self._late(), data, last=last)
        else:
            stalls = False
        self._position = end
        if last:
            self.end(End.DONE)
            return None
        self._stalled = now if stalls else 0.0
        return self._start + offsets[end]

    def failed(self, error: BaseException) -> None:
        """The wheel gave up on this stream."""
        self._direct.abort()
        if not self._ended.done():
            self._ended.set_exception(error)

    def conclude(self) -> None:
        """End in band; what has not begun is left to whoever awaits it."""
        if self.first_at and not self._direct.gone:
            self._direct.write(self._farewell(self._position), last=True)
        self.end(End.CONCLUDED)

    def end(self, how: End) -> None:
        """Wake whoever awaits the stream."""
        if not self._ended.done():
            self._ended.set_result(how)

    def _hold(self, now: float) -> float | None:
        if now - self._stalled > self._unread:
            self._give_up(End.SLOW)
            return None
        return now + PAUSE_POLL

    def _give_up(self, how: End) -> None:
        self._direct.abort()
        self.end(how)


async def stream_direct(wheel: Wheel, direct: Direct, playback: Playback, head: tuple[int, bytes]) -> Played:
    """Play a stream through the wheel.

    Where nothing had left when the worker stopped, nothing is sent: the response is still to be made.

    Cancelled, it leaves the connection closed. `head` is the status and the header lines.
    """
    offsets, start = playback.offsets, playback.start
    if not offsets:
        stream = playback.stream
        direct.start(*head, stream.frames(0, stream.steps), last=True)
        return Played(End.LEFT if direct.gone else End.DONE, start, 0 if direct.gone else stream.steps)
    ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
    player = Player(direct, playback, head, ended)
    direct.watch(lambda: player.end(End.LEFT))
    wheel.add(start + offsets[0], player)
    try:
        return Played(await ended, player.first_at, player.sent)
    except asyncio.CancelledError:
        direct.abort()
        raise
    finally:
        direct.watch(None)


class Asgi(msgspec.Struct, frozen=True):
    """ASGI's two calls of one request."""

    receive: Receive
    send: Send


async def stream_asgi(
    wheel: Wheel, asgi: Asgi, playback: Playback, head: tuple[int, Sequence[Header]], clock: Callable[[], float]
) -> Played:
    """The same through ASGI's `send`, for servers that offer no direct way."""
    stream, offsets, start = playback.stream, playback.offsets, playback.start
    gone = asyncio.ensure_future(_until_gone(asgi.receive))
    first_at = 0.0
    try:
        begin, steps = 0, stream.steps
        while begin < steps:
            if offsets:
                due = wheel.alarm(start + offsets[begin])
                await asyncio.wait((due, gone), return_when=asyncio.FIRST_COMPLETED)
            now = clock()
            if gone.done():
                return Played(End.LEFT, first_at, begin)
            if offsets and isinstance(due.exception(), Concluded):
                if first_at:
                    await asgi.send(
                        {"type": "http.response.body", "body": playback.farewell(begin), "more_body": False}
                    )
                return Played(End.CONCLUDED, first_at, begin)
            if now - start > playback.limits[0]:
                return Played(End.TIMEOUT, first_at, begin)
            end = begin + 1 if offsets else steps
            elapsed = now - start + HALF_TICK
            while end < steps and offsets[end] <= elapsed:
                end += 1
            body = stream.frames(begin, end)
            if not first_at and (body or end == steps):
                first_at = now
                await asgi.send({"type": "http.response.start", "status": head[0], "headers": list(head[1])})
            if first_at:
                await asgi.send({"type": "http.response.body", "body": body, "more_body": end < steps})
            begin = end
        return Played(End.DONE, first_at, steps)
    finally:
        gone.cancel()


async def hold(wheel: Wheel, direct: Direct | None, receive: Receive, until: float) -> bool:
    """Wait for the moment of a whole response. False if the client left meanwhile.

    Raises `Concluded` if the worker stops before.
    """
    alarm = wheel.alarm(until)
    if direct is None:
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait((alarm, gone), return_when=asyncio.FIRST_COMPLETED)
            if not gone.done():
                alarm.result()
            return not gone.done()
        finally:
            gone.cancel()
            alarm.cancel()
    direct.watch(lambda: None if alarm.done() else alarm.set_result(None))
    try:
        await alarm
    finally:
        direct.watch(None)
    return not direct.gone


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
