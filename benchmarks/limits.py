"""Row: what rate limits cost, in the embedded store and in Redis.

Three fleets run at the same time (no limits, limits in the embedded store, limits in a Redis of our own) and are
loaded in turn, A B C A B C; the ratios are medians over neighbouring runs. Every request counts against a limit of
requests and a limit of tokens, which are never reached.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import wrk
from benchmarks.bodies import chat
from benchmarks.processes import HOST, Server, fleet, free_port, until
from benchmarks.setting import PROCESSES, Setting
from benchmarks.table import BenchmarkError, Seen

MUST_EMBEDDED = 0.9
MUST_REDIS = 0.6
BODIES = 400
AMPLE = {"requests_per_minute": 10**9, "tokens_per_minute": 9 * 10**9}


def run(setting: Setting) -> list[Seen]:
    """The two ratios, and the CPU that a request costs with each."""
    wrk.available()
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(redis_server(setting.folder))
        states: dict[str, dict[str, object]] = {
            "none": {},
            "embedded": {"limits": AMPLE},
            "redis": {"limits": AMPLE, "state": {"backend": "redis", "url": f"redis://{HOST}:{port}/0"}},
        }
        servers = {name: stack.enter_context(_fleet(setting, name, config)) for name, config in states.items()}
        lua = wrk.script(setting.folder, [chat(number) for number in range(BODIES)])
        loads = _loads(setting, servers, lua)
    return _told(loads)


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """A Redis of our own that keeps nothing; its port."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise BenchmarkError("there is no redis-server: apt-get install redis-server")
    port = free_port()
    command = [binary, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            if not until(lambda: _listens(port), 10):
                raise BenchmarkError("redis-server did not start")
            yield port
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def _fleet(setting: Setting, name: str, config: dict[str, object]) -> contextlib.AbstractContextManager[Server]:
    path = setting.folder / f"limits-{name}.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return fleet(setting.folder, "--latency", "none", "--config", os.fspath(path), workers=PROCESSES)


def _loads(setting: Setting, servers: dict[str, Server], lua: Path) -> dict[str, list[tuple[float, float]]]:
    """(requests/s, seconds of CPU a request) of each round, by fleet."""
    rounds, seconds = (3, 2) if setting.quick else (6, 3)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
    for server in servers.values():
        wrk.run(server.port, lua, 1)
    for _ in range(rounds):
        for name, server in servers.items():
            before = server.cpu_seconds()
            load = wrk.run(server.port, lua, seconds)
            found[name].append((load.rate, (server.cpu_seconds() - before) / load.requests))
    return found


def _told(loads: dict[str, list[tuple[float, float]]]) -> list[Seen]:
    rates = {name: [rate for rate, _ in found] for name, found in loads.items()}
    rows = []
    for what, mine, other, must in (
        ("embedded limits: of no limits", "embedded", "none", MUST_EMBEDDED),
        ("limits in Redis: of embedded", "redis", "embedded", MUST_REDIS),
    ):
        ratios = [a / b for a, b in zip(rates[mine], rates[other], strict=True)]
        ratio = median(ratios)
        seen = f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        rows.append(Seen(what, seen, f">= {must}", ratio >= must, {"ratios": ratios}))
    cpu = {name: median(cost for _, cost in found) * 1e6 for name, found in loads.items()}
    shown = "; ".join(f"{name} {median(rates[name]):,.0f}/s, {cpu[name]:.0f} us" for name in loads)
    rows.append(Seen("  requests/s; server's CPU a request", shown, values={"cpu_us": list(cpu.values())}))
    return rows
