"""An ASGI server's end in a few lines: calls an application in this process, with or without departing."""

import asyncio
import json

from simulator.config.load import load
from simulator.server.app import create_app, preload


def make(**flags):
    """An application for one process; keyword `simulation__latency="none"` sets `simulation.latency`."""
    return create_app(preload(load(None, environ={}, flags={key.replace("__", "."): v for key, v in flags.items()})))


class Response:
    def __init__(self):
        self.status = 0
        self.headers = {}
        self.parts = []

    @property
    def body(self):
        return b"".join(self.parts)

    def json(self):
        return json.loads(self.body)


async def call(app, method, path, body=b"", headers=(), client=("127.0.0.1", 1), leave_after=None, into=None):
    """One request. `leave_after` seconds later the client is gone; the response is what had come by then.

    `into` is a `Response` to fill, for whoever looks at it while it comes.
    """
    path, _, query = path.partition("?")
    sent = json.dumps(body).encode() if isinstance(body, dict) else body
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"content-length", b"%d" % len(sent)), *headers],
        "client": client,
    }
    response = Response() if into is None else into
    waiting = [
        {"type": "http.request", "body": sent[:3], "more_body": True},
        {"type": "http.request", "body": sent[3:], "more_body": False},
    ]
    left = asyncio.Event()
    if leave_after is not None:
        asyncio.get_running_loop().call_later(leave_after, left.set)

    async def receive():
        if waiting:
            return waiting.pop(0)
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            response.status = message["status"]
            response.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            response.parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return response


def ask(app, method, path, body=b"", headers=(), **more):
    """The same from plain code, in a loop of its own."""
    return asyncio.run(asyncio.wait_for(call(app, method, path, body, headers, **more), 10))


async def until(condition):
    """Let the loop run until something is so; bounded by the caller's own timeout."""
    while not condition():
        await asyncio.sleep(0.001)
