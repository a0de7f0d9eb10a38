"""One streamed answer as it arrives: when each token came. Pure: bytes and times in, a record out.

A token counts from the read that completes its line. Tokens that were read together have the same time, so the gap
between them is 0: gaps of a stream always add up to the time from its first token to its last, which is why counting
them so shifts no mean, whatever the server or the kernel put together.
"""

from array import array
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

MOST_HEAD: Final = 65_536
END: Final = b"0\r\n\r\n"
"""How a chunked body ends (RFC 9112, 7.1). A chunk of whole lines ends with a line feed before its CRLF, so nothing
else in a stream ends so."""


class Arrived(msgspec.Struct, frozen=True):
    """One answer. `times` are seconds from the request's last byte sent; whole: the answer came to its end."""

    status: int
    headers: Mapping[str, str]
    times: "array[float]"
    whole: bool


class NotHttp(Exception):  # noqa: N818 - it is told, not a crash
    """What came is no answer that can be read."""


class Reading:
    """Reads one answer. `feed` is called with each read and its time."""

    __slots__ = ("_asked", "_body", "_count", "_headers", "_left", "_rest", "_status", "_tail", "times")

    def __init__(self, count: Callable[[bytes], int], asked: float) -> None:
        """`count` tells how many tokens whole lines bring; `asked` is when the request was written."""
        self._count = count
        self._asked = asked
        self._rest = b""
        """Of the head, and then of the line that is not whole yet."""
        self._tail = b""
        self._body = False
        self._left = -1
        """Bytes of the body that are to come; -1 where it is chunked."""
        self._status = 0
        self._headers: dict[str, str] = {}
        self.times = array("d")

    def feed(self, now: float, data: bytes) -> bool:
        """Take a read; True when the answer is whole. Raises `NotHttp`."""
        if not self._body:
            head, gap, data = (self._rest + data).partition(b"\r\n\r\n")
            if not gap:
                if len(head) > MOST_HEAD:
                    raise NotHttp("a head without an end")
                self._rest = head
                return False
            self._read_head(head)
            self._rest, self._body = b"", True
        if self._left >= 0:
            self._left -= len(data)
            return self._left <= 0
        lines, feed, rest = data.rpartition(b"\n")
        if feed:
            tokens = self._count(self._rest + lines)
            self._rest = rest
            if tokens > 0:
                self.times.extend([now - self._asked] * tokens)
        else:
            self._rest += data
        self._tail = (self._tail + data[-len(END) :])[-len(END) :]
        return self._tail == END

    def arrived(self, *, whole: bool) -> Arrived:
        """What has come."""
        return Arrived(self._status, self._headers, self.times, whole)

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, status = first.partition(" ")
        if not version.startswith("HTTP/1.") or not status[:3].isdigit():
            raise NotHttp(f"{first[:60]!r} is no answer of HTTP/1.1")
        self._status = int(status[:3])
        pairs = [line.partition(":") for line in lines]
        self._headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if self._headers.get("transfer-encoding", "").lower() != "chunked":
            length = self._headers.get("content-length", "")
            if not length.isdigit():
                raise NotHttp("an answer without a length")
            self._left = int(length)
