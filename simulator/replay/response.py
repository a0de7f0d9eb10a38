"""One response as its bytes come, however broken it is. Pure: bytes and times in, what they come to out.

Answers that fail on purpose are read to their end: where the length is a lie or a chunk breaks off, whatever follows is
taken as body. (A parser of HTTP would stop there, and could not tell two broken answers apart.)
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

DIGEST_BYTES = 16
MOST_HEAD = 65_536
"""Bytes of a head; what is longer is none."""


class Got(msgspec.Struct, frozen=True):
    """A response as it came.

    `status` is None where no head did. `first` is when the first byte of the body came, `last` when the response was
    over, both in seconds from the sending. `ending` is `complete`, `close` or `reset`; `late` where it was given up.
    """

    status: int | None
    headers: Mapping[str, str]
    digest: str
    size: int
    first: float
    last: float
    ending: str


class Reading:
    """A response on its way."""

    def __init__(self) -> None:
        self._head = b""
        self._rest = b""
        self._wanted = 0
        """What is still to come of the body, or of the present chunk with the line end behind it."""
        self._hashed = blake2b(digest_size=DIGEST_BYTES)
        self._chunked = False
        self._broken = False
        self._size = 0
        self._first: float | None = None
        self._last = 0.0
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.complete = False
        """Whether all that was promised has come."""

    def feed(self, data: bytes, at: float) -> None:
        """Bytes that came at a time."""
        if self.status is None:
            self._head += data
            if not self._opened(at):
                return
            data, self._head = self._head, b""
        if not data:
            return
        if self._broken:
            self._take(data, at)
        elif self._chunked:
            self._chunks(data, at)
        else:
            self._take(data, at)
            self._wanted -= len(data)
            # More than was promised is as wrong as less.
            self.complete = self._wanted == 0

    def ended(self, how: str, at: float) -> Got:
        """What has come when the connection ended, or nobody waits any longer: `close`, `reset` or `late`."""
        if self._wanted and not b"\r\n".startswith(self._rest[:2]):
            self._take(self._rest, at)
        last = self._last if self.complete else at
        first = last if self._first is None else self._first
        ending = "complete" if self.complete else how
        return Got(self.status, self.headers, self._hashed.hexdigest(), self._size, first, last, ending)

    def _opened(self, at: float) -> bool:
        """Read the head, if all of it is here; leaves what is behind it."""
        while self.status is None:
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end or len(head) > MOST_HEAD:
                return False
            first, *lines = head.decode("latin-1").split("\r\n")
            words = first.split(" ", 2)
            status = int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) == 3 else 0
            self._head = rest
            if 100 <= status < 200:
                continue
            self.status = status
            pairs = (line.partition(":") for line in lines)
            self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        self._last = at
        length = self.headers.get("content-length", "")
        if not self._chunked:
            self._broken = not length.isdigit()
            self._wanted = int(length) if length.isdigit() else 0
            self.complete = length == "0" or self.status in (204, 304)
        return True

    def _chunks(self, data: bytes, at: float) -> None:
        """Take the data out of chunks."""
        data = self._rest + data
        self._rest = b""
        while data and not self.complete:
            if self._wanted > 2:
                part = data[: self._wanted - 2]
                self._take(part, at)
                self._wanted -= len(part)
                data = data[len(part) :]
                continue
            if len(data) < self._wanted:
                break
            line, end, rest = data[self._wanted :].partition(b"\r\n")
            if not data.startswith(b"\r\n"[: self._wanted]) or not _hexadecimal(line, whole=bool(end)):
                self._broken = True
                self._take(data, at)
                return
            if not end:
                break
            size = int(line, 16)
            if size:
                data, self._wanted = rest, size + 2
            elif rest.startswith(b"\r\n"):
                self.complete, self._last, data = True, at, rest[2:]
            else:
                break
        self._rest = data if not self.complete else b""

    def _take(self, data: bytes, at: float) -> None:
        self._hashed.update(data)
        self._size += len(data)
        self._first = at if self._first is None else self._first
        self._last = at


def _hexadecimal(line: bytes, *, whole: bool) -> bool:
    """Whether a line is the size of a chunk, or may become it."""
    if not whole:
        line = line.removesuffix(b"\r")
    if not line:
        return not whole
    return len(line) <= 8 and all(letter in b"0123456789abcdefABCDEF" for letter in line)
