"""A real Redis for tests: its own process on a free port of 127.0.0.1, nothing kept, ended by its pid."""

import asyncio
import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import pytest

from simulator.config.state import Redis, State
from simulator.state.board import Board
from simulator.state.embedded.store import Embedded
from simulator.state.redis.store import RedisStore, wall_clock_us
from simulator.state.slot import Slot

PATIENCE = 10.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer_of(sock, *command):
    """Send one command and return what was answered to it, unread beyond its first part."""
    packed = b"*%d\r\n" % len(command)
    for part in command:
        sent = part.encode() if isinstance(part, str) else part
        packed += b"$%d\r\n%s\r\n" % (len(sent), sent)
    sock.sendall(packed)
    return sock.recv(65_536)


@functools.cache
def newest_server():
    """The newest redis-server on the path, or None: a package of Python may bring an old one, without TLS, along."""
    found = []
    for folder in os.get_exec_path():
        binary = shutil.which("redis-server", path=folder)
        if binary is not None:
            told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
            version = re.search(r" v=(\d+)\.(\d+)\.(\d+)", told)
            if version is not None:
                found.append((tuple(map(int, version.groups())), binary))
    return max(found)[1] if found else None


class RedisServer:
    """One server. `arguments` go to its command line."""

    def __init__(self, *arguments, port=None):
        self.binary = newest_server()
        if self.binary is None:
            pytest.skip("redis-server is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="llm-sim-redis-"))
        self.port = free_port() if port is None else port
        self.arguments = arguments
        self.process = None
        self.starts = 0

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self):
        return [
            *(self.binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"),
            *self.arguments,
        ]

    def start(self):
        self.starts += 1
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if self.answers():
                    return self
            self._pause()
        log = (self.folder / "log").read_text(errors="replace")
        self.__exit__()
        if "Bad directive" in log:
            pytest.skip(f"this redis-server is too old or built without TLS: {log}")
        pytest.fail(f"redis-server did not start: {log}")

    def _pause(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.005)

    def answers(self):
        return self.ask("PING").startswith((b"+PONG", b"-NOAUTH"))

    def ask(self, *command):
        with socket.create_connection(("127.0.0.1", self.port), 2) as sock:
            return answer_of(sock, *command)

    def flush(self):
        assert self.ask("FLUSHALL") == b"+OK\r\n"

    def flush_scripts(self):
        assert self.ask("SCRIPT", "FLUSH") == b"+OK\r\n"

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def settings(url, *, prefix=None, **redis):
    """What a store is configured with; a prefix of its own unless one is given."""
    prefix = prefix or f"test-{uuid.uuid4().hex[:12]}"
    return State(backend="redis", url=url, size_mb=4, redis=Redis(prefix=prefix, **redis))


def make_store(config, folder=None, *, fleet=None, ordinal=0, clock=wall_clock_us, board=None):
    """A store that is not open, with an embedded one of its own in `folder`."""
    board = board or Board(ordinal + 1)
    slot = Slot(ordinal, 0, board, fleet=fleet or uuid.uuid4().hex, state=folder)
    local = Embedded(
        folder,
        size_bytes=config.size_mb << 20,
        owner=slot.identity.encode(),
        fleet=slot.fleet.encode(),
        board=board,
        clock_us=clock,
    )
    return RedisStore(config, slot, local, clock)


@contextlib.asynccontextmanager
async def opened(config, folder=None, **given):
    store = make_store(config, folder, **given)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


SHARED = None


def shared_server():
    """One server for all tests of a process that do it no harm; ended with the process."""
    global SHARED  # noqa: PLW0603 - a process has one
    if SHARED is None:
        import atexit

        server = RedisServer().start()
        atexit.register(server.__exit__)
        SHARED = server
    return SHARED


@contextlib.asynccontextmanager
async def redis_store(clock):
    """A store for the common suite: the clock of the caller counts."""
    config = settings(shared_server().url, clock="client", call_timeout_ms=2_000)
    async with opened(config, clock=clock) as store:
        assert store.health().state == "ok"
        yield store


FACTORIES = {"redis": redis_store}
"""By name: `make(clock)`, an async context manager of an open store."""


def go(scenario, seconds=30):
    """Run `async scenario()` to its end, within some seconds."""
    return asyncio.run(asyncio.wait_for(scenario(), seconds))


async def until(condition, what, seconds=PATIENCE):
    """Wait for a condition; returns the seconds that it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            pytest.fail(f"waited {seconds:g} s for {what}")
        await asyncio.sleep(0.002)
    return time.monotonic() - began


def healthy(store):
    return store.health().state == "ok"
