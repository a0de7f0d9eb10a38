"""Reading a request's body, no further than allowed.

Edge. Refuses early by the declared length and, for chunked bodies, by count.
"""

from collections.abc import Mapping

from simulator.providers.base import Problem, Refusal
from simulator.server.direct import Direct
from simulator.server.play import Receive


class ClientLeft(Exception):  # noqa: N818 - nobody is left to see it
    """The client went away before its request was complete."""


async def read_body(direct: Direct | None, receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """The whole body. Raises `Refusal` (too large) or `ClientLeft`."""
    if direct is not None:
        whole = direct.take_body()
        if whole is not None:
            if len(whole) > limit:
                raise too_large(limit)
            return whole
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def too_large(limit: int) -> Refusal:
    """The refusal of a body beyond the limit."""
    return Refusal(Problem.TOO_LARGE, limit=limit)
