"""Sends a wire as it is: frames when they are due, then whatever becomes of the connection.

Edge of the clock and the connection. Writes below HTTP, since most of what it sends HTTP would not allow. Without a
direct way to the connection (another server) the body is sent as far as it goes and the response is left incomplete.
"""

import asyncio
from collections.abc import Callable

from simulator.server.direct import Direct
from simulator.server.play import HALF_TICK, PAUSE_POLL, End, Played, Send
from simulator.server.transport.wire import Ending, Frame, Wire
from simulator.server.wheel import Wheel

Head = tuple[int, bytes]
"""The status, and the header lines without a length."""


async def play_wire(
    wheel: Wheel, direct: Direct, wire: Wire, head: Head, start: float, limits: tuple[float, float], farewell: bytes
) -> Played:
    """Play a wire. `start` is the request's arrival; `limits` are as in `Playback`.

    `farewell` ends a stream in band if the worker stops. Where nothing had left when it stops nothing is sent.
    """
    ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
    player = _Player(direct, wire, head, start, limits, farewell, ended)
    direct.watch(lambda: player.end(End.LEFT))
    wheel.add(player.next_due, player)
    try:
        return Played(await ended, player.first_at, player.sent)
    except asyncio.CancelledError:
        direct.abort()
        raise
    finally:
        direct.watch(None)


class _Player:
    """One wire on its way through the wheel."""

    def __init__(
        self,
        direct: Direct,
        wire: Wire,
        head: Head,
        start: float,
        limits: tuple[float, float],
        farewell: bytes,
        ended: "asyncio.Future[End]",
    ) -> None:
        self._direct = direct
        self._wire = wire
        self._head = head
        self._start = start
        self._last = start + limits[0]
        self._unread = limits[1]
        self._farewell = farewell
        self._ended = ended
        self._next = 0
        self._stalled = 0.0
        self.first_at = 0.0
        self.sent = 0

    @property
    def next_due(self) -> float:
        """When the next frame, or the end, is due."""
        frames = self._wire.frames
        # Whatever ends the connection ends it when the frame would have come that never does.
        at = frames[self._next].at if self._next < len(frames) else self._wire.ends
        return self._start + at

    def due(self, now: float) -> float | None:
        """Send what is due."""
        direct = self._direct
        if direct.gone:
            self.end(End.LEFT)
            return None
        if now > self._last:
            direct.abort()
            self.end(End.TIMEOUT)
            return None
        if self._stalled and direct.paused:
            if now - self._stalled <= self._unread:
                return now + PAUSE_POLL
            direct.abort()
            self.end(End.SLOW)
            return None
        frames, elapsed = self._wire.frames, now - self._start + HALF_TICK
        data = b""
        while self._next < len(frames) and frames[self._next].at <= elapsed:
            frame = frames[self._next]
            data += self._framed(frame)
            self._next += 1
            self.sent = frame.step + 1
        over = self._next == len(frames) and self._over(elapsed)
        if over and self._wire.ending is Ending.COMPLETE and self._wire.streamed:
            data += b"0\r\n\r\n"
        if data or (over and self._wire.ending is Ending.COMPLETE and not self.first_at):
            self._send(data, now)
        if over:
            self._finish()
            return None
        self._stalled = now if direct.paused else 0.0
        return self.next_due

    def failed(self, error: BaseException) -> None:
        """The wheel gave up on it."""
        self._direct.abort()
        if not self._ended.done():
            self._ended.set_exception(error)

    def conclude(self) -> None:
        """The worker stops: end in band; what has not begun is left to whoever awaits it."""
        if self.first_at and not self._direct.gone:
            if self._wire.streamed and self._farewell:
                self._direct.raw(b"%x\r\n%b\r\n0\r\n\r\n" % (len(self._farewell), self._farewell))
            self._direct.finish(close=True)
        self.end(End.CONCLUDED)

    def end(self, how: End) -> None:
        """Wake whoever awaits it."""
        if not self._ended.done():
            self._ended.set_result(how)

    def _over(self, elapsed: float) -> bool:
        return self._wire.ending is Ending.COMPLETE or self._wire.ends <= elapsed

    def _framed(self, frame: Frame) -> bytes:
        if not self._wire.streamed:
            return frame.data
        if frame.claims is not None:
            return b"%x\r\n%b" % (frame.claims, frame.data)
        return b"%x\r\n%b\r\n" % (len(frame.data), frame.data) if frame.data else b""

    def _send(self, data: bytes, now: float) -> None:
        wire, direct = self._wire, self._direct
        if self.first_at:
            direct.raw(data)
            return
        self.first_at = now
        status, lines = self._head
        length = b"transfer-encoding: chunked\r\n" if wire.length is None else b"content-length: %d\r\n" % wire.length
        direct.begin(status, lines + length, data)

    def _finish(self) -> None:
        ending = self._wire.ending
        if ending is Ending.RESET:
            self._direct.reset()
        else:
            self._direct.finish(close=ending is Ending.CLOSE)
        self.end(End.DONE)


async def play_asgi(wait: Callable[[float], "asyncio.Future[None]"], send: Send, wire: Wire, head: Head) -> None:
    """The same through ASGI: what is left of the body, at its times; an answer that breaks off is never completed.

    `wait` gives a future that is done so many seconds after arrival.
    """
    status, lines = head
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines.split(b"\r\n") if line)]
    begun = False
    for frame in wire.frames:
        await wait(frame.at)
        if not begun:
            begun = True
            await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": frame.data, "more_body": True})
    if wire.ending is Ending.COMPLETE and begun:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    else:
        await wait(wire.ends)
