"""A load on 127.0.0.1: raw keep-alive connections that hide nothing, so that every lost request is seen.

A connection is used again until the server says `connection: close`. A connection that ends without an answer to what
was sent on it is a failed request: nothing is sent again.
"""

import asyncio
import json
import time

import httptools


class Response:
    """What came back: `status` 0 and `error` where nothing or not all of it came."""

    def __init__(self):
        self.status = 0
        self.headers = {}
        self.body = b""
        self.error = ""
        self.began = self.first = self.ended = 0.0

    @property
    def failed(self):
        return bool(self.error)

    @property
    def address(self):
        return self.headers["x-llm-sim-shard"], int(self.headers["x-llm-sim-sequence"])

    def json(self):
        return json.loads(self.body)


_open = set()
"""Every connection that is open; `run` closes what a test left."""


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self):
        self.transport = None
        self.response = None
        self.done = None
        self.open = False
        self.keep = True

    def connection_made(self, transport):
        self.transport = transport
        self.open = True
        _open.add(self)

    def connection_lost(self, error):
        self.open = False
        _open.discard(self)
        self._end(str(error) if error else "the connection ended")

    def data_received(self, data):
        if self.response is None:
            self.transport.abort()
            return
        self.response.first = self.response.first or time.monotonic()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._end(f"not HTTP: {error}")
            self.transport.abort()

    def on_header(self, name, value):
        self.response.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body):
        self.parts.append(body)

    def on_message_complete(self):
        self.response.status = self.parser.get_status_code()
        self.keep = self.parser.should_keep_alive()
        self._end("")
        if not self.keep:
            self.transport.close()

    def ask(self, request):
        """A future of the response to prepared bytes."""
        self.parser = httptools.HttpResponseParser(self)
        self.parts = []
        self.response = Response()
        self.response.began = time.monotonic()
        self.done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.done

    def _end(self, error):
        response, self.response = self.response, None
        if response is not None:
            response.error = error
            response.ended = time.monotonic()
            response.body = b"".join(self.parts)
            if not self.done.done():
                self.done.set_result(response)


def prepared(path, body=None, headers=None, method=None):
    """The bytes of a request; a dict is sent as JSON."""
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"host": "test", "authorization": "Bearer sk-test", "content-type": "application/json", **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    head = f"{method or ('GET' if body is None else 'POST')} {path} HTTP/1.1\r\n{lines}content-length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


class Client:
    """A keep-alive client of one address: connects when it has to."""

    def __init__(self, port):
        self.port = port
        self.connection = None
        self.connects = 0

    async def ask(self, request):
        connection = self.connection
        if connection is None or not connection.open or not connection.keep:
            self.connects += 1
            try:
                _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self.port)
            except OSError as error:
                refused = Response()
                refused.error = str(error)
                refused.began = refused.ended = time.monotonic()
                return refused
            self.connection = connection
        return await connection.ask(request)

    def close(self):
        if self.connection is not None and self.connection.open:
            self.connection.transport.abort()


def run(scenario, seconds=120):
    """Run a coroutine function in a loop of its own, bounded; afterwards every connection is closed."""

    async def bounded():
        try:
            return await asyncio.wait_for(scenario(), seconds)
        finally:
            for connection in list(_open):
                connection.transport.abort()
            while _open:
                await asyncio.sleep(0.001)

    return asyncio.run(bounded())


async def until(condition, what, patience=40.0):
    """Wait for a plain condition, asked in a thread since it may talk to the fleet; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, f"waited {patience:g} s for {what}"
        await asyncio.sleep(0.02)


async def flood(port, requests, connections):
    """Send every request as fast as `connections` clients can; the responses, in order of their ends."""
    waiting = iter(requests)
    found = []

    async def run(client):
        for request in waiting:
            found.append(await client.ask(request))  # noqa: PERF401 - each waits for the one before
        client.close()

    await asyncio.gather(*[run(Client(port)) for _ in range(connections)])
    return found


class Steady:
    """An open loop at `rate` requests a second over `connections` clients, until told to stop."""

    def __init__(self, port, request, rate, connections):
        self.request = request
        self.rate = rate
        self.clients = [Client(port) for _ in range(connections)]
        self.found = []
        self.stopping = False

    async def __aenter__(self):
        began = time.monotonic()
        self.tasks = [
            asyncio.create_task(self._run(client, began + place / self.rate))
            for place, client in enumerate(self.clients)
        ]
        return self

    async def __aexit__(self, *error):
        self.stopping = True
        await asyncio.wait_for(asyncio.gather(*self.tasks), 60)
        for client in self.clients:
            client.close()

    @property
    def failures(self):
        return [response.error or response.status for response in self.found if response.failed]

    async def _run(self, client, due):
        while not self.stopping:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += len(self.clients) / self.rate
            self.found.append(await client.ask(self.request))
