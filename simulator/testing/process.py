"""A simulator in processes of its own, on 127.0.0.1 and a free port. Edge: processes, pipes, the clock.

`llm-simulator serve`, as everybody starts it; ready when it says so; stopped by its process id. It leaves no file
behind, and ends with the process that started it, also where that one is killed (Linux).
"""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from simulator.testing.errors import NotStartedError

START_SECONDS = 60.0
STOP_SECONDS = 10.0
SHOWN_LOG = 4_000
"""Characters of the log that an error shows: its end."""
_READY = re.compile(rb"is ready on (http://\S+?)(?: and |\n)")
FIXED: Mapping[str, Any] = {
    "server.lame_duck_secs": 0,
    "server.shutdown_timeout_secs": 1,
    "simulation.recording.enabled": True,
    "simulation.recording.max_requests": 2_000,
    "simulation.recording.max_body_bytes": 262_144,
    "watch.enabled": False,
    "admin.enabled": True,
    "admin.api_key": None,
    "admin.api_key_file": None,
    "admin.allowed_ips": [],
}
"""What tests rely on, whatever the configuration says."""


class Process:
    """One fleet. `url` is where it listens. Made stopped; also a context manager."""

    def __init__(
        self,
        config: Path | None = None,
        *,
        workers: int = 1,
        latency: str = "none",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`config`: a configuration file. `settings`: values by dotted key, which go before those of the file.

        `latency` is `none`, to answer at once, or `profile`: the pace that the configuration says.
        """
        self.url = ""
        self._command = [
            *(sys.executable, "-m", "simulator.testing.child", str(os.getpid()), "serve"),
            *(() if config is None else ("--config", str(config))),
            *("--host", "127.0.0.1", "--port", "0", "--workers", str(workers), "--latency", latency),
            *_flags({"simulation.conditions": "request", **(settings or {}), **FIXED}),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The supervisor's process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def log(self) -> str:
        """The end of what it has written to standard error."""
        if self._log is None:
            return ""
        # Read at an offset, which leaves alone the one at which the simulator writes.
        size = os.fstat(self._log.fileno()).st_size
        first = max(0, size - SHOWN_LOG)
        return os.pread(self._log.fileno(), size - first, first).decode(errors="replace").strip()

    def start(self) -> None:
        """Start, and wait until every worker answers. Raises `NotStartedError`."""
        self.stop()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        try:
            self._process = _started(self._command, self._log)
            self.url = self._ready(self._process)
        except BaseException:
            self.stop()
            raise

    def check(self) -> None:
        """Raises `NotStartedError` if it does not run any more."""
        if self.pid is None:
            raise NotStartedError(f"the simulator has ended:\n{self.log}")

    def stop(self) -> None:
        """End it, and wait until it has ended. Again does no harm."""
        process, self._process = self._process, None
        if process is not None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                if process.poll() is None:
                    process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)
                    break
            if process.stdout is not None:
                process.stdout.close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _ready(self, process: subprocess.Popen[bytes]) -> str:
        """The address that the banner tells."""
        assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        told = b""
        deadline = time.monotonic() + START_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([process.stdout], [], [], left)[0]:
                break
            part = os.read(process.stdout.fileno(), 65_536)
            if not part:
                process.wait(STOP_SECONDS)
                raise NotStartedError(f"the simulator could not start:\n{self.log}")
            told += part
            found = _READY.search(told)
            if found is not None:
                return found[1].decode()
        raise NotStartedError(f"the simulator was not ready within {START_SECONDS:g} s:\n{self.log}")


def _flags(settings: Mapping[str, Any]) -> Sequence[str]:
    """Values as `--set`: a text as it stands, anything else as JSON, which is YAML."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}
    return [part for key, text in texts.items() for part in ("--set", f"{key}={text}")]


def _started(command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """A child in a session of its own: an interrupt from the terminal is for the tests, which then end it.

    The kernel ties a child to the thread that starts it. Where that is not the main one, which lives as long as the
    process, another one starts the child and stays until the child has ended.
    """

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )

    if threading.current_thread() is threading.main_thread():
        return start()
    found: list[subprocess.Popen[bytes]] = []
    there = threading.Event()

    def stay() -> None:
        try:
            found.append(start())
        finally:
            there.set()
        found[0].wait()

    threading.Thread(target=stay, name="llm-simulator", daemon=True).start()
    there.wait()
    if not found:
        raise NotStartedError("the simulator could not be started")
    return found[0]
