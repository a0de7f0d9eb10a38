"""The application to compare with: reads the body, returns the bytes of one answer. Nothing else.

`BENCHMARK_ANSWER` names the JSON file to read it from: `headers` (pairs) and `body`.
"""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

_answer = json.loads(Path(os.environ["BENCHMARK_ANSWER"]).read_text(encoding="utf-8"))
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(name.lower().encode(), value.encode()) for name, value in _answer["headers"]],
}
BODY = {"type": "http.response.body", "body": _answer["body"].encode()}


async def app(
    scope: dict[str, Any],  # noqa: ARG001 - the signature of ASGI
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """The shortest honest ASGI application."""
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(BODY)
