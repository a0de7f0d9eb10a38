"""A fleet with a small application of its own: `python standin.py fleet|solo CONFIG [FAIL]`.

While the file FAIL exists no worker of the application can start; its text is the reason.
"""

import asyncio
import ctypes
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from simulator.config.load import Loaded
from simulator.config.schema import Config
from simulator.state.board import Column
from supervisor import fleet, solo
from supervisor.application import Application

CONFIG = Path(sys.argv[2])
FAIL = Path(sys.argv[3]) if len(sys.argv) > 3 else None


class App:
    def __init__(self, prepared, slot):
        self.greeting, self.slot, self.row = prepared, slot, slot.row
        self.counter = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        handler = getattr(self, "get_" + scope["path"].strip("/"))
        await handler(scope["query_string"].decode(), send)

    async def live(self, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def get_who(self, _query, send):
        self.row[Column.SEQUENCE] += 1
        await reply(
            send,
            {
                "ordinal": self.slot.ordinal,
                "pod": self.slot.pod,
                "pid": os.getpid(),
                "supervisor": os.getppid(),
                "greeting": self.greeting,
                "sequence": self.row[Column.SEQUENCE],
                "connections": self.slot.board.column(Column.CONNECTIONS),
                "pids": self.slot.board.column(Column.PID),
                "states": self.slot.board.column(Column.STATE),
                "restarts": self.slot.board.column(Column.RESTARTS),
            },
        )

    async def get_slow(self, query, send):
        """As many chunks as asked for, a tenth of a second apart."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(int(query)):
            await send({"type": "http.response.body", "body": b"%d\n" % number, "more_body": True})
            await asyncio.sleep(0.1)
        await send({"type": "http.response.body", "body": b"end\n"})

    async def get_block(self, _query, _send):
        threading.Event().wait()

    async def get_count(self, _query, send):
        """Count in a metric file that is named by slot, as the simulator does."""
        if self.counter is None:
            from prometheus_client import CollectorRegistry, Counter, Gauge, values

            values.ValueClass = values.MultiProcessValue(lambda: str(self.slot.ordinal))
            registry = CollectorRegistry()
            Gauge("here", "", registry=registry, multiprocess_mode="livesum").set(1)
            self.counter = Counter("counted", "", registry=registry)
        self.counter.inc()
        files = metric_files()
        await reply(send, {"ordinal": self.slot.ordinal, "count": self.counter._value.get(), "files": files})

    async def get_stranger(self, _query, send):
        """Leave a process behind, whose parent has gone."""
        shell = await asyncio.create_subprocess_exec("sh", "-c", "sleep 0.05 & echo $!", stdout=subprocess.PIPE)
        words, _ = await shell.communicate()
        await reply(send, {"pid": int(words)})


def metric_files():
    return sorted(file.name for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"))


async def reply(send, value):
    body = json.dumps(value).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def load(_before=None):
    """The configuration from its file alone; a file that does not fit is an error."""
    return Loaded(msgspec.json.decode(CONFIG.read_bytes(), type=Config), {}, {}, CONFIG)


def preload(loaded):
    return loaded.config.response.model_suffix


def create(prepared, slot):
    if FAIL is not None and FAIL.exists():
        raise RuntimeError(FAIL.read_text())
    return App(prepared, slot)


if __name__ == "__main__":
    # Orphans of the workers come to this process, as they come to PID 1 in a container.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    application = Application(preload, create, lambda _: ["standin"])
    if sys.argv[1] == "fleet":
        sys.exit(fleet.run(load(), application=lambda: application, load=load))
    sys.exit(solo.run(load(), application=lambda: application))
