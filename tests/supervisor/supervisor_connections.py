"""A connection's protocol without a socket, and applications for it."""

import asyncio

from uvicorn.config import Config
from uvicorn.server import ServerState

from supervisor.cycle import EXTENSION
from supervisor.protocol import LLMProtocol

REQUEST = b"POST /x?q=1 HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"


class Transport:
    """A connection's other end."""

    def __init__(self):
        self.sent = b""
        self.closed = False
        self.reading = True

    def get_extra_info(self, name, default=None):
        return default

    def write(self, data):
        self.sent += data

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    abort = close

    def get_write_buffer_size(self):
        return 0

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True


def connect(app):
    config = Config(app, http=LLMProtocol, lifespan="off", interface="asgi3", log_config=None, proxy_headers=False)
    config.load()
    protocol, transport = LLMProtocol(config, ServerState(), {}, asyncio.get_running_loop()), Transport()
    protocol.connection_made(transport)
    return protocol, transport


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario(), 5))


async def direct(scope, receive, send):
    """Answers at once, past ASGI's messages."""
    way = scope["extensions"][EXTENSION]
    body = way.take_body()
    way.reply(200, b"content-length: %d\r\n" % len(body), body)


async def plain(scope, receive, send):
    """Answers in ASGI's messages, without a length."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def late(scope, receive, send):
    """Waits before it answers."""
    await asyncio.sleep(0.001)
    await direct(scope, receive, send)
