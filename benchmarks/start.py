"""Rows: from the command to the first answer, and from the death of a worker to its slot's readiness.

Each measurement takes a fresh fleet, and each fleet loses one worker only: a slot that dies again and again
is respawned later and later on purpose, and that is not what is measured.
"""

import contextlib
import http.client
import os
import signal
import socket
import time
from functools import partial
from statistics import median
from typing import Any

from benchmarks.bodies import chat, whole
from benchmarks.processes import (
    HOST,
    START_SECONDS,
    Server,
    fleet_command,
    free_port,
    get_json,
    ready_workers,
)
from benchmarks.setting import PROCESSES, Setting
from benchmarks.table import BenchmarkError, Seen

MUST_START = 0.5
MUST_RESPAWN = 0.1
KNOCK_SECONDS = 0.001
RESPAWN_LIMIT = 15.0


def run(setting: Setting) -> list[Seen]:
    """Medians of five (three when quick)."""
    starts, respawns = [], []
    for number in range(3 if setting.quick else 5):
        port = free_port()
        options = ("--latency", "none")
        server = Server(fleet_command(port, *options, workers=PROCESSES), port, setting.folder / f"start-{number}.log")
        began = time.monotonic()
        with server:
            _knock(port)
            starts.append(time.monotonic() - began)
            server.wait(partial(_all_ready, port))
            respawns.append(_respawn(port))
    return [
        _told("start: command to first answer", starts, MUST_START),
        _told("a slot's respawn", respawns, MUST_RESPAWN),
    ]


def _told(what: str, seconds: list[float], must: float) -> Seen:
    middle = median(seconds)
    spread = f"{min(seconds):.3f} to {max(seconds):.3f}"
    return Seen(what, f"{middle:.3f} s ({spread})", f"<= {must:g} s", middle <= must, {"seconds": seconds})


def _all_ready(port: int) -> bool:
    return len(ready_workers(port)) == PROCESSES


def _knock(port: int) -> None:
    """Ask for a chat completion until one comes."""
    request = whole(chat(), port)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=5) as sock:
            sock.sendall(request)
            if sock.recv(65536).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(KNOCK_SECONDS)
    raise BenchmarkError(f"no answer within {START_SECONDS:g} s")


def _respawn(port: int) -> float:
    """Kill the worker of a slot that is not the one asked; seconds until the slot is ready under a new pid."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        stats = get_json(connection, "/admin/stats")
        victim = next(slot for slot in stats["workers"] if slot["ordinal"] != stats["answered_by"])
        killed = time.monotonic()
        os.kill(victim["pid"], signal.SIGKILL)
        while time.monotonic() - killed < RESPAWN_LIMIT:
            if _returned(get_json(connection, "/admin/stats"), victim):
                return time.monotonic() - killed
            time.sleep(KNOCK_SECONDS)
    finally:
        connection.close()
    raise BenchmarkError(f"slot {victim['ordinal']} was not ready again within {RESPAWN_LIMIT:g} s")


def _returned(stats: dict[str, Any], victim: dict[str, Any]) -> bool:
    return any(
        slot["ordinal"] == victim["ordinal"] and slot["state"] == "ready" and slot["pid"] != victim["pid"]
        for slot in stats["workers"]
    )
