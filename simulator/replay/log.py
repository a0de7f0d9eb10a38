"""A log of requests: what `GET /admin/requests?format=jsonl` tells, a line of JSON each. Pure.

The log holds the requests as they came but for their keys, and of each answer what it is compared with.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping

import msgspec

METHOD = re.compile(r"[A-Z]{1,16}")


class Keyed(msgspec.Struct, frozen=True):
    """Of conditions that are drawn from the request itself: its key, and which try of it this is."""

    key: str
    retry: int


class Expected(msgspec.Struct, frozen=True):
    """What was to be sent: see `simulator.server.recording.answered`. Times are seconds from the arrival."""

    digest: str
    size: int
    first: float
    last: float
    ending: str
    names_request: bool = False


class Recorded(msgspec.Struct, frozen=True):
    """A request of a log. `key` is the digest of its API key, `status` None where the connection was closed."""

    number: int
    time: float
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    key: str
    status: int | None
    reason: str
    address: str
    size: int
    cut: bool
    seed: int = 0
    keyed: Keyed | None = None
    circumstances: str = ""
    struck: tuple[str, ...] = ()
    planned: bool = False
    answer: Expected | None = None
    body: str | None = None
    body_base64: str | None = None

    def check(self) -> None:
        """Raises ValueError for what could not be sent."""
        _ = self.content
        if not METHOD.fullmatch(self.method):
            raise ValueError("method is none of HTTP's")

    @property
    def content(self) -> bytes:
        """The body, as far as it was kept. Raises ValueError for Base64 that is none."""
        if self.body_base64 is not None:
            try:
                return base64.b64decode(self.body_base64, validate=True)
            except binascii.Error as error:
                raise ValueError(f"body_base64: {error}") from None
        return (self.body or "").encode("utf-8", "surrogatepass")


_decode = msgspec.json.Decoder(Recorded).decode


def read(lines: Iterable[bytes]) -> list[Recorded]:
    """The requests of a log, in the order of their arrival. Raises ValueError that names the line at fault."""
    found: list[Recorded] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = _decode(line)
            record.check()
        except (msgspec.DecodeError, ValueError) as error:
            raise ValueError(f"line {number} is no recorded request: {error}") from None
        found.append(record)
    return sorted(found, key=lambda record: (record.time, record.number))
