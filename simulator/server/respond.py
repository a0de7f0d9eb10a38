"""Whole small responses for the control plane: health, metrics, admin. Plain ASGI, no provider's shape."""

from typing import Any

import orjson

from simulator.server.play import Send

JSON = b"application/json"


async def respond(
    send: Send, status: int, body: bytes, content_type: bytes = JSON, extra: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """Send one complete response."""
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *extra]})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, value: Any) -> None:
    """Send a value as JSON."""
    await respond(send, status, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


async def only_get(scope: Any, send: Send) -> bool:
    """Whether the request reads; anything else is refused with 405."""
    if scope["method"] in ("GET", "HEAD"):
        return True
    await respond(send, 405, b'{"error":"method not allowed"}\n', extra=((b"allow", b"GET, HEAD"),))
    return False
