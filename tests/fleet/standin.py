"""A fleet with a small application of its own: `python standin.py fleet|solo CONFIG [FAIL]`.

While the file FAIL exists no worker of the application can start; its text is the reason. With the model suffix
`-plain` the application knows nothing of leaving.
"""

import asyncio
import ctypes
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from simulator.config.load import Loaded
from simulator.config.schema import Config
from simulator.state.board import Column
from simulator.state.slot import Arrivals
from supervisor import fleet, solo
from supervisor.application import Application

CONFIG = Path(sys.argv[2])
FAIL = Path(sys.argv[3]) if len(sys.argv) > 3 else None


class Plain:
    def __init__(self, prepared, slot):
        self.greeting, self.slot, self.row = prepared["suffix"], slot, slot.row
        self.arrivals = Arrivals(slot)
        self.counter = None
        self.lock = None
        self.refusing = False
        self.concluded = asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        if self.refusing:
            await reply(send, {"error": "stopping"}, status=503, headers=[(b"retry-after", b"1")])
            return
        handler = getattr(self, "get_" + scope["path"].strip("/"))
        await handler(scope["query_string"].decode(), send)

    async def live(self, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def get_who(self, _query, send):
        board = self.slot.board
        holders = [board.seats(ordinal)[0] for ordinal in range(board.slots)]
        await reply(
            send,
            {
                "ordinal": self.slot.ordinal,
                "seat": self.slot.seat,
                "pod": self.slot.pod,
                "pid": os.getpid(),
                "supervisor": os.getppid(),
                "greeting": self.greeting,
                "fleet": self.slot.fleet,
                "state": str(self.slot.state),
                "sequence": self.arrivals.take(),
                "connections": board.column(Column.CONNECTIONS),
                "pids": [row[Column.PID] for row in holders],
                "states": [row[Column.STATE] for row in holders],
                "seats": [
                    [board.row(ordinal, seat)[Column.STATE] for seat in (0, 1)] for ordinal in range(board.slots)
                ],
                "restarts": board.column(Column.RESTARTS),
                "notice": board.notice(),
                "shared": board.shared.tolist(),
            },
        )

    async def get_hit(self, _query, send):
        """The address of the request, and nothing else."""
        await reply(send, [self.slot.ordinal, self.arrivals.take()])

    async def get_slow(self, query, send):
        """As many chunks as asked for, a tenth of a second apart; `cut` in place of the rest when told to conclude."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(int(query)):
            await send({"type": "http.response.body", "body": b"%d\n" % number, "more_body": True})
            try:
                await asyncio.wait_for(self.concluded.wait(), 0.1)
            except TimeoutError:
                continue
            await send({"type": "http.response.body", "body": b"cut\n"})
            return
        await send({"type": "http.response.body", "body": b"end\n"})

    async def get_block(self, _query, _send):
        tell("the loop is blocked")
        threading.Event().wait()

    async def get_sleep(self, _query, _send):
        tell("the loop is blocked")
        time.sleep(600)  # noqa: ASYNC251 - a blocked loop is the point

    async def get_spin(self, _query, _send):
        tell("the loop is blocked")
        while True:
            pass

    async def get_lock(self, _query, send):
        """Wait, with the loop, for a lock that all workers share, and keep it."""
        self.lock = (self.slot.state / "shared").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        await reply(send, {"pid": os.getpid()})

    async def get_count(self, _query, send):
        """Count in a metric file that is named by seat, as the simulator does."""
        if self.counter is None:
            from prometheus_client import CollectorRegistry, Counter, Gauge, values

            values.ValueClass = values.MultiProcessValue(lambda: self.slot.identity)
            registry = CollectorRegistry()
            Gauge("here", "", registry=registry, multiprocess_mode="livesum").set(1)
            self.counter = Counter("counted", "", registry=registry)
        self.counter.inc()
        files = metric_files()
        value = self.counter._value.get()
        await reply(send, {"ordinal": self.slot.ordinal, "seat": self.slot.seat, "count": value, "files": files})

    async def get_total(self, _query, send):
        """The fleet's counter, merged from all files."""
        from prometheus_client.multiprocess import MultiProcessCollector

        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        metrics = {
            metric.name: metric for metric in MultiProcessCollector.merge([str(folder / f) for f in metric_files()])
        }
        await reply(send, metrics["counted"].samples[0].value if "counted" in metrics else 0)

    async def get_stranger(self, _query, send):
        """Leave a process behind, whose parent has gone."""
        shell = await asyncio.create_subprocess_exec("sh", "-c", "sleep 0.05 & echo $!", stdout=subprocess.PIPE)
        words, _ = await shell.communicate()
        await reply(send, {"pid": int(words)})


class Polite(Plain):
    def refuse(self):
        self.refusing = True

    def conclude(self):
        self.concluded.set()


def tell(words):
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


def metric_files():
    return sorted(file.name for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"))


async def reply(send, value, status=200, headers=()):
    body = json.dumps(value).encode()
    lines = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


def load(_before=None):
    """The configuration from its file alone; a file that does not fit is an error."""
    return Loaded(msgspec.json.decode(CONFIG.read_bytes(), type=Config), {}, {}, CONFIG)


def preload(loaded):
    # As large as a real application's, and a circle, so that a release which is kept shows.
    prepared = {"suffix": loaded.config.response.model_suffix, "ballast": [str(n) for n in range(50_000)]}
    prepared["self"] = prepared
    return prepared


def create(prepared, slot):
    if FAIL is not None and FAIL.exists():
        raise RuntimeError(FAIL.read_text())
    return (Plain if prepared["suffix"] == "-plain" else Polite)(prepared, slot)


if __name__ == "__main__":
    # Orphans of the workers come to this process, as they come to PID 1 in a container.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    application = Application(preload, create, lambda _: ["standin"])
    if sys.argv[1] == "fleet":
        sys.exit(fleet.run(load(), application=lambda: application, load=load))
    sys.exit(solo.run(load(), application=lambda: application))
