"""Real fleets as processes of their own, on 127.0.0.1 and ports that the system chooses."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from serving import wait_for

STANDIN = Path(__file__).parent / "standin.py"
PATIENCE = 20.0


def gone(pid):
    """Whether a process is no more, or is a zombie that only waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Running:
    """One fleet, or one single process."""

    def __init__(self, folder, kind, config, environ):
        self.config_path = folder / "config.yaml"
        self.fail_path = folder / "fail"
        self.log_path = folder / "log"
        self.metrics = folder / "tmp"
        self.metrics.mkdir()
        self.kind = kind
        self.environ = environ
        self.write(config)
        self.pids = set()
        self.process = None

    def write(self, config):
        self.config_path.write_text(json.dumps(config))

    def start(self, *, banner=True):
        environ = {**os.environ, "TMPDIR": str(self.metrics), **self.environ}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(STANDIN), self.kind, str(self.config_path), str(self.fail_path)],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environ,
            )
        self.banner = ""
        if banner:
            os.set_blocking(self.process.stdout.fileno(), False)
            wait_for(self._read_banner, lambda: f"the banner after {self.banner!r}; the log says:\n{self.log()}")
            self.host, port = re.search(r"curl http://(.+):(\d+)/", self.banner).groups()
            self.port = int(port)
            self.note_pids()
        return self

    def _read_banner(self):
        self.banner += (self.process.stdout.read() or b"").decode()
        if self.process.poll() is not None:
            pytest.fail(f"the fleet ended with {self.process.returncode}:\n{self.log()}")
        return "curl" in self.banner and self.banner.endswith("\n")

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def connect(self, timeout=PATIENCE):
        connection = http.client.HTTPConnection(self.host.strip("[]"), self.port, timeout=timeout)
        connection.connect()
        return connection

    def get(self, path, connection=None, timeout=PATIENCE):
        own = connection is None
        connection = connection or self.connect(timeout)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            if own:
                connection.close()

    def who(self, connection=None):
        return self.get("/who", connection, timeout=5)

    def by_ordinal(self, count):
        """`who` of every worker, by ordinal."""
        seen = {}

        def all_seen():
            with contextlib.ExitStack() as stack:
                for _ in range(2 * count):
                    connection = stack.enter_context(contextlib.closing(self.connect(5)))
                    answer = self.who(connection)
                    seen[answer["ordinal"]] = answer
            return len(seen) == count

        wait_for(all_seen, f"answers from {count} workers; have {seen}")
        return seen

    def note_pids(self):
        if self.kind == "fleet":
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            self.pids |= {int(pid) for pid in children.split()}

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience=PATIENCE):
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {patience:g} s:\n{self.log()}")

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.note_pids()
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        for pid in self.pids:
            if not gone(pid) and str(self.config_path).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
