"""The product as a user starts it: `llm-simulator serve` in processes of its own, on 127.0.0.1 and a free port."""

import contextlib
import http.client
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PATIENCE = 30.0


def wait_for(condition, what, patience=PATIENCE):
    """The first true value of `condition()`; fails after `patience` seconds, telling `what`."""
    deadline = time.monotonic() + patience
    pause = select.poll()
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            value = condition()
            if value:
                return value
        if time.monotonic() > deadline:
            pytest.fail(f"waited {patience:g} s for {what}")
        pause.poll(5)


class Answer:
    """A response that was read to its end."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def address(self):
        """(shard, sequence) as the headers tell it."""
        return self.headers["x-llm-sim-shard"], int(self.headers["x-llm-sim-sequence"])


class Simulator:
    """One fleet of the real product."""

    def __init__(self, folder, *arguments, config=None, workers=2, environ=None, command=("serve",)):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config_path = self.folder / "config.json"
        self.config_path.write_text(json.dumps(config or {}))
        self.log_path = self.folder / "log"
        (self.folder / "tmp").mkdir(exist_ok=True)
        self.workers = workers
        scale = () if command == () else ("--workers", str(workers))
        self.command = [
            *(sys.executable, "-m", "simulator"),
            *(*command, "--config", str(self.config_path), "--host", "127.0.0.1", "--port", "0"),
            *(*scale, *arguments),
        ]
        self.environ = {**os.environ, "TMPDIR": str(self.folder / "tmp"), **(environ or {})}
        self.banner = ""

    def __enter__(self):
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, env=self.environ)
        os.set_blocking(self.process.stdout.fileno(), False)
        try:
            wait_for(self._ready, "the banner")
        except BaseException:
            self.__exit__()
            raise
        self.port = int(re.search(r"ready on http://127\.0\.0\.1:(\d+)", self.banner).group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def _ready(self):
        self.banner += (self.process.stdout.read() or b"").decode()
        if self.process.poll() is not None:
            pytest.fail(f"the simulator ended with {self.process.returncode}:\n{self.log()}")
        return "try " in self.banner and self.banner.endswith("\n")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def connect(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE))

    def ask(self, path, body=None, headers=None, connection=None, method=None):
        """One request; a dict is sent as JSON. Returns an `Answer`."""
        if connection is None:
            with self.connect() as own:
                return self.ask(path, body, headers, own, method)
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": "application/json", "authorization": "Bearer sk-test", **(headers or {})}
        connection.request(method or ("GET" if body is None else "POST"), path, sent, given)
        return Answer(connection.getresponse())

    def stats(self, connection=None):
        return self.ask("/admin/stats", connection=connection).json()

    def pids(self):
        """The workers' pids by ordinal."""
        return {slot["ordinal"]: slot["pid"] for slot in self.stats()["workers"] if slot["state"] == "ready"}

    def kill(self, ordinal, number=signal.SIGKILL):
        """End the worker of a slot and wait until the slot serves again; the seconds that it took."""
        pid = self.pids()[ordinal]
        began = time.monotonic()
        os.kill(pid, number)
        wait_for(lambda: self.pids().get(ordinal, pid) != pid, f"slot {ordinal} to serve again")
        return time.monotonic() - began

    def metrics(self):
        """Every sample of `/metrics` by its name with labels."""
        text = self.ask("/metrics").body.decode()
        samples = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}
