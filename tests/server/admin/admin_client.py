"""An application that has started, in this process, and requests of operators to it."""

import asyncio
import json

from simulator.config.load import load
from simulator.server.app import create_app, preload


class Answer:
    """A response that was read to its end."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Operator:
    """Asks an application between its start and its end; each request in the one loop that the application has."""

    def __init__(self, path=None, slot=None, loaded=None, **sections):
        if path is not None:
            path.write_text(json.dumps(sections))
        self.loaded = loaded or load(path, environ={}, flags={"simulation.latency": "none"})
        self.slot = slot

    def __enter__(self):
        self.runner = asyncio.Runner()
        self.runner.run(self._start())
        return self

    def __exit__(self, *error):
        self.runner.run(self._end())
        self.runner.close()

    async def _start(self):
        self.app = create_app(preload(self.loaded), self.slot)
        self.house = self.app._house
        self.news, started = asyncio.Queue(), asyncio.Event()

        async def send(message):
            assert message["type"].endswith("complete"), message
            started.set()

        await self.news.put({"type": "lifespan.startup"})
        self.life = asyncio.ensure_future(self.app({"type": "lifespan", "state": {}}, self.news.get, send))
        await started.wait()

    async def _end(self):
        await self.news.put({"type": "lifespan.shutdown"})
        await self.life

    def ask(self, method, path, body=b"", **more):
        return self.runner.run(asyncio.wait_for(self.call(method, path, body, **more), 20))

    def wait_until(self, condition):
        """Let the loop run until something is so."""

        async def look():
            while not condition():
                await asyncio.sleep(0.005)

        self.runner.run(asyncio.wait_for(look(), 20))

    async def call(self, method, path, body=b"", client=("127.0.0.1", 1)):
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"content-length", b"%d" % len(sent))],
            "client": client,
        }
        head, parts = {}, []
        waiting = [{"type": "http.request", "body": sent, "more_body": False}]

        async def receive():
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.start":
                head.update(message)
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in head["headers"]}
        return Answer(head["status"], headers, b"".join(parts))

    def chat(self, model="gpt-4o"):
        """The status of one chat request."""
        body = {"model": model, "max_tokens": 3, "messages": [{"role": "user", "content": "Hello"}]}
        return self.ask("POST", "/v1/chat/completions", body).status
