"""Sends a wire as it is: frames when they are due, then whatever becomes of the connection.

Edge of the clock and the connection. Writes below HTTP, since most of what it sends HTTP would not allow. Without a
direct way to the connection (another server) the body is sent as far as it goes and the response is left incomplete.
"""

import asyncio
from collections.abc import Callable, Iterator

import msgspec

from simulator.server.direct import Direct
from simulator.server.play import HALF_TICK, PAUSE_POLL, Asgi, End, Played, hold, pairs
from simulator.server.transport.pieces import LAST_CHUNK, Piece, pieces
from simulator.server.transport.wire import Ending, Wire
from simulator.server.wheel import Concluded, Wheel

Head = tuple[int, bytes]
"""The status, and the header lines without a length."""


class Playing(msgspec.Struct, frozen=True):
    """A wire and when it is played.

    `start` is the request's arrival; `limits` and `farewell` are as in `Playback`. `chunks`: whether the client takes
    them; for one that does not (HTTP/1.0) the end of the connection ends a stream.
    """

    wire: Wire
    head: Head
    start: float
    limits: tuple[float, float]
    farewell: Callable[[int], bytes] = lambda _: b""
    chunks: bool = True


async def play_wire(wheel: Wheel, direct: Direct, playing: Playing) -> Played:
    """Play a wire. Where the worker stops before anything has left, nothing is sent: the answer is still to be made.

    Cancelled, it leaves the connection closed.
    """
    ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
    player = _Player(direct, playing, ended)
    direct.watch(lambda: player.end(End.LEFT))
    wheel.add(player.next_due, player)
    try:
        return Played(await ended, player.first_at, player.sent)
    except asyncio.CancelledError:
        direct.abort()
        raise
    finally:
        direct.watch(None)
        player.rest()


class _Player:
    """One wire on its way through the wheel."""

    def __init__(self, direct: Direct, playing: Playing, ended: "asyncio.Future[End]") -> None:
        wire = playing.wire
        self._direct = direct
        self._head = playing.head
        self._length = wire.length
        self._ending = wire.ending
        self._ends = wire.ends
        self._start = playing.start
        self._last = playing.start + playing.limits[0]
        self._unread = playing.limits[1]
        self._farewell = playing.farewell
        self._chunked = wire.streamed and playing.chunks
        self._coming = pieces(wire, chunked=self._chunked)
        self._next: Piece | None = next(self._coming, None)
        self._claimed = bool(wire.frames) and wire.frames[-1].claims is not None
        self._ended = ended
        self._stalled = 0.0
        self.first_at = 0.0
        self.sent = 0

    @property
    def next_due(self) -> float:
        """When the next piece, or the end, is due; no later than the response's whole time."""
        at = self._ends if self._next is None else self._next.at
        return min(self._start + at, self._last + HALF_TICK)

    def due(self, now: float) -> float | None:
        """Send what is due."""
        direct = self._direct
        if self._ended.done() or direct.gone:
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
        elapsed = now - self._start + HALF_TICK
        data = self._take(elapsed)
        over = self._next is None and (self._ending is Ending.COMPLETE or self._ends <= elapsed)
        if over:
            self._finish(data, now)
            return None
        if data:
            self._send(data, now)
        self._stalled = now if direct.paused else 0.0
        # A stall may be longer than a client may leave unread what was sent before it.
        return min(self.next_due, now + self._unread) if self._stalled else self.next_due

    def failed(self, error: BaseException) -> None:
        """The wheel gave up on it."""
        self._direct.abort()
        if not self._ended.done():
            self._ended.set_exception(error)

    def conclude(self) -> None:
        """The worker stops: end in band; what has not begun is left to whoever awaits it.

        What has begun comes to a place where it can end: a stream to the end of its frame, a whole body to its own.
        """
        if self.first_at and not (self._direct.gone or self._ended.done()):
            if self._length is not None:
                self._finish(_rest_of(self._next, self._coming, frame=False), self.first_at)
            elif not self._claimed or (self._next is not None and self._next.begins):
                farewell = _rest_of(self._next, self._coming, frame=True) + self._framed(self._farewell(self.sent))
                self._direct.raw(farewell + (LAST_CHUNK if self._chunked else b""))
                self._direct.finish(close=True)
            else:
                self._direct.finish(close=True)
        self.end(End.CONCLUDED)

    def end(self, how: End) -> None:
        """Wake whoever awaits it."""
        if not self._ended.done():
            self._ended.set_result(how)

    def rest(self) -> None:
        """Let go of what would have been sent: the wheel may keep the player until its next time has come."""
        self._coming, self._next = iter(()), None

    def _take(self, elapsed: float) -> bytes:
        """The bytes that are due."""
        taken = []
        piece = self._next
        while piece is not None and piece.at <= elapsed:
            taken.append(piece.data)
            self.sent = piece.step + 1
            piece = next(self._coming, None)
        self._next = piece
        return b"".join(taken)

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked and data else data

    def _send(self, data: bytes, now: float) -> None:
        direct = self._direct
        if self.first_at:
            direct.raw(data)
            return
        self.first_at = now
        status, lines = self._head
        if self._length is not None:
            lines += b"content-length: %d\r\n" % self._length
        elif self._chunked:
            lines += b"transfer-encoding: chunked\r\n"
        direct.begin(status, lines, data)

    def _finish(self, data: bytes, now: float) -> None:
        """Send the last bytes, and leave the connection as it is to be left."""
        direct, ending = self._direct, self._ending
        if ending is Ending.COMPLETE and self._chunked:
            data += LAST_CHUNK
        if data or (ending is Ending.COMPLETE and not self.first_at):
            self._send(data, now)
        if ending is Ending.RESET:
            direct.reset()
        else:
            direct.finish(close=ending is Ending.CLOSE or (self._length is None and not self._chunked))
        self.end(End.DONE)


async def play_asgi(wheel: Wheel, asgi: Asgi, playing: Playing) -> Played:
    """The same through ASGI; an answer that breaks off is never completed, and what lies below HTTP does not show."""
    wire, start = playing.wire, playing.start
    first_at, sent = 0.0, 0
    coming, piece = pieces(wire, chunked=False), None
    limit = start + playing.limits[0]
    try:
        for piece in coming:
            if not await hold(wheel, None, asgi.receive, min(start + piece.at, limit)):
                return Played(End.LEFT, first_at, sent)
            if start + piece.at > limit:
                return Played(End.TIMEOUT, first_at, sent)
            if not first_at:
                first_at = max(start + piece.at, HALF_TICK)
                await asgi.send(_start_of(wire, playing.head))
            await asgi.send({"type": "http.response.body", "body": piece.data, "more_body": True})
            sent = piece.step + 1
        if wire.ending is not Ending.COMPLETE:
            await hold(wheel, None, asgi.receive, min(start + wire.ends, limit))
            return Played(End.DONE, first_at, sent)
    except Concluded:
        if first_at:
            rest = _rest_of(piece, coming, frame=wire.streamed) + (playing.farewell(sent) if wire.streamed else b"")
            await asgi.send({"type": "http.response.body", "body": rest, "more_body": False})
        return Played(End.CONCLUDED, first_at, sent)
    await asgi.send({"type": "http.response.body", "body": b"", "more_body": False})
    return Played(End.DONE, first_at, sent)


def _rest_of(piece: Piece | None, coming: Iterator[Piece], *, frame: bool) -> bytes:
    """The bytes from a piece on: to the end of the frame that has begun before it, if one has, or of all."""
    taken = []
    while piece is not None and not (frame and piece.begins):
        taken.append(piece.data)
        piece = next(coming, None)
    return b"".join(taken)


def _start_of(wire: Wire, head: Head) -> dict[str, object]:
    """The message that opens the response; a server refuses to send more than a length that it is told."""
    status, lines = head
    headers = pairs(lines)
    if wire.length is not None and wire.length >= sum([len(frame.data) for frame in wire.frames]):
        headers.append((b"content-length", b"%d" % wire.length))
    return {"type": "http.response.start", "status": status, "headers": headers}
