"""From a recorded request to the bytes that ask it again. Pure.

API keys are not in a log. Each is replaced by the one that the user gives, else by one made up from its digest, so that
requests of one key stay together: that is all that sessions, limits and counts by key depend on.
"""

from collections.abc import Collection
from urllib.parse import quote, urlsplit

from simulator.replay.log import Recorded

REDACTED = "[redacted]"
"""Stands in a log in the place of a key."""
OWN = frozenset(
    {
        *("host", "connection", "content-length", "transfer-encoding", "expect", "keep-alive", "te", "upgrade"),
        *("cookie", "proxy-authorization", "proxy-connection", "x-admin-key"),
    }
)
"""Headers that belong to a connection, or to whom they were told; none of them is sent again."""
REPLAYING = frozenset({"x-llm-sim-replay", "x-llm-sim-circumstances"})
OF_THE_MOMENT = frozenset({"rate_limit", "overloaded", "server_error"})
"""Why requests are refused without a plan for what happens beside them: a limit, a full queue, a fleet that stops."""

_IN_QUERY = "".join([chr(code) for code in range(0x21, 0x7F)])


class Keys:
    """The API keys to send: those given for a digest, else the one that is given for all, else made-up ones."""

    def __init__(self, given: Collection[str], digests: Collection[str]) -> None:
        """`given` are keys, or `DIGEST=KEY` for a digest that the log has. Raises ValueError for two keys for all."""
        self._own: dict[str, str] = {}
        self._all: str | None = None
        for text in given:
            digest, equals, key = text.partition("=")
            if equals and digest in digests:
                self._own[digest] = key
            elif self._all is None:
                self._all = text
            else:
                raise ValueError("only one --key may be given for all; for one of the log's keys write DIGEST=KEY")
            if not (text.isascii() and text.isprintable()):
                raise ValueError("a --key has a character that no header can carry")

    def of(self, record: Recorded) -> str:
        """The key of a request."""
        return self._own.get(record.key) or self._all or f"sk-replay-{record.key[:16]}"


def left_out(record: Recorded) -> str:
    """Why a request is not sent; empty if it is."""
    return f"only {len(record.content)} of {record.size} bytes of its body were kept" if record.cut else ""


def uncompared(record: Recorded, *, fresh: bool) -> str:
    """Why its answer is not compared; empty if it is."""
    if not record.planned and record.reason in OF_THE_MOMENT:
        return f"it was refused ({record.reason}) for what happened beside it"
    if fresh and record.planned and record.keyed is None:
        return "its conditions were not keyed, so that a new run has others"
    return ""


def asked_again(record: Recorded, url: str, key: str, *, fresh: bool) -> bytes:
    """The request for a fleet at `url`, over a connection of its own. `fresh` asks for no replay."""
    lines = {name: _with_key(value, key) for name, value in record.headers.items() if name not in OWN | REPLAYING}
    if not fresh and record.address:
        lines["x-llm-sim-replay"] = record.address
        if record.circumstances:
            lines["x-llm-sim-circumstances"] = record.circumstances
    lines["host"] = urlsplit(url).netloc.rpartition("@")[2]
    lines["connection"] = "close"
    body = record.content
    if body or record.method in ("POST", "PUT", "PATCH"):
        lines["content-length"] = str(len(body))
    path = urlsplit(url).path.rstrip("/") + quote(record.path, safe="/:@!$&'()*+,;=~")
    query = quote(record.query.replace(REDACTED, quote(key, safe="")), safe=_IN_QUERY)
    target = f"{path}?{query}" if query else path
    head = "".join([f"{name}: {value}\r\n" for name, value in lines.items() if _sendable(name, value)])
    return f"{record.method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "replace") + body


def _with_key(value: str, key: str) -> str:
    return value.replace(REDACTED, key)


def _sendable(name: str, value: str) -> bool:
    """Whether a header can stand in a line of its own: a log is a file that anybody may have written."""
    return bool(name) and not any(letter in name + value for letter in "\r\n\0") and ":" not in name
