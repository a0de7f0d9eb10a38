"""Starting, asking, weighing and ending the servers under measurement.

Edge: processes, `/proc` and loopback sockets. A server is ended by the process ids of its own tree, also
when the measurement failed; nothing is ever ended by name.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from benchmarks.table import BenchmarkError

HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running server, as a context. Its output goes to a file, whose end is told when it does not start."""

    def __init__(self, command: Sequence[str], port: int, log: Path, extra: Mapping[str, str] | None = None) -> None:
        self.command = list(command)
        self.port = port
        self._log = log
        # Variables of the caller's shell must not configure what is measured.
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("LLM_SIM")}
        self._environ.update(extra or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self._environ
            )
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        family = tree(process.pid)
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        until(lambda: not any(map(alive, family)), 2.0)
        for pid in filter(alive, family):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def pids(self) -> list[int]:
        """The server's processes, its first one first."""
        if self._process is None:
            raise BenchmarkError("the server has not been started")
        return tree(self._process.pid)

    def wait(self, ready: Callable[[], bool]) -> Self:
        """Wait until `ready` says so. Raises `BenchmarkError` with the server's last words if it ends or hangs."""
        ended = self._process.poll if self._process is not None else (lambda: -1)

        def settled() -> bool:
            return ended() is not None or ready()

        if not until(settled, START_SECONDS) or ended() is not None:
            tail = " / ".join(self._log.read_text(errors="replace").strip().splitlines()[-4:])
            raise BenchmarkError(f"`{' '.join(self.command)}` did not start: {tail or 'it said nothing'}")
        return self

    def said(self, words: str) -> int:
        """How often its output holds `words`."""
        return self._log.read_text(errors="replace").count(words)

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        return sum(map(_cpu_of, self.pids))


def fleet_command(port: int, *options: str, workers: int = 2) -> list[str]:
    """The command line of our own fleet: the script beside this interpreter, as a user would start it."""
    script = Path(sys.executable).with_name("llm-simulator")
    if not script.exists():
        raise BenchmarkError(f"there is no {script}: install the project first (pip install -e .)")
    return [str(script), "serve", "--host", HOST, "--port", str(port), "--workers", str(workers), *options]


@contextlib.contextmanager
def fleet(folder: Path, *options: str, workers: int = 2) -> Iterator[Server]:
    """Our own fleet, every worker ready."""
    port = free_port()
    with Server(fleet_command(port, *options, workers=workers), port, folder / f"fleet-{port}.log") as server:
        yield server.wait(lambda: len(ready_workers(port)) == workers)


@contextlib.contextmanager
def bare(folder: Path, answer: Path, *, processes: int = 2) -> Iterator[Server]:
    """The bare uvicorn application of `benchmarks.bare`, which always gives the answer of that file."""
    port = free_port()
    options = ("--host", HOST, "--port", str(port), "--workers", str(processes), "--no-access-log")
    plain = ("--http", "httptools", "--loop", "uvloop", "--no-server-header", "--lifespan", "off")
    command = [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", *options, *plain]
    with Server(command, port, folder / f"bare-{port}.log", {"BENCHMARK_ANSWER": str(answer)}) as server:
        # With lifespan off a process says only that it was started; it serves right after.
        yield server.wait(lambda: server.said("Started server process") >= processes and answers(port))


def free_port() -> int:
    """A TCP port of loopback that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], seconds: float, step: float = 0.01) -> bool:
    """Poll until the condition holds; False if it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def post(port: int, path: str, headers: Mapping[str, str], body: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of one answer. Raises `BenchmarkError` for any status but 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != 200:
        words = " ".join(answer[:300].decode(errors="replace").split())
        raise BenchmarkError(f"{path} answered {response.status}: {words}")
    return response.getheaders(), answer


def get_json(connection: http.client.HTTPConnection, path: str) -> Any:
    """A document of the control plane, over a connection that the caller keeps."""
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise BenchmarkError(f"{path} answered {response.status}")
    return json.loads(body)


def ready_workers(port: int) -> list[dict[str, Any]]:
    """The slots that say they are ready; empty while nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        return [slot for slot in get_json(connection, "/admin/stats")["workers"] if slot["state"] == "ready"]
    except (OSError, http.client.HTTPException, BenchmarkError):
        return []
    finally:
        connection.close()


def answers(port: int) -> bool:
    """Whether somebody answers a plain GET, whatever the status."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def tree(root: int) -> list[int]:
    """A process and all that descend from it, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(sorted(children.get(pid, ())))
    return found


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def pss_bytes(pid: int) -> int:
    """Proportional set size: private pages, and of each shared page the share of this process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise BenchmarkError(f"/proc/{pid}/smaps_rollup tells no Pss")


def _stat(pid: int) -> list[str]:
    """The fields of `/proc/<pid>/stat` after the command's name: state, parent and so on; empty if it is gone."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return told.rpartition(")")[2].split()


def _cpu_of(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0
