"""`top`: how a fleet is asked, and a real one watched in a real terminal."""

import contextlib
import http.server
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading

import pytest
from click.testing import CliRunner
from fleet_answers import HEALTH, METRICS, STATS
from serving import PATIENCE, Simulator, wait_for

from simulator.cli import cli
from simulator.top.source import Away, Denied, Source
from simulator.top.terminal import ENTER, LEAVE


@contextlib.contextmanager
def answering(answers):
    """A server that answers each path with (status, body); counts what it was sent."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers.get("x-admin-key")))
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


GOOD = {
    "/admin/stats": (200, json.dumps(STATS).encode()),
    "/health": (503, json.dumps(HEALTH).encode()),
    "/metrics": (200, METRICS.encode()),
}


def test_a_sample_is_read_with_the_key_and_past_any_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with answering(GOOD) as (url, seen):
        sample = Source(url + "/", " kéy ").sample()
    assert (sample.status, sample.revision, len(sample.slots)) == ("degraded", 8, 2)
    assert seen == [(path, "kéy".encode().decode("latin-1")) for path in GOOD]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((401, b'{"error":"an admin key is required"}'), Denied, "answers 401: an admin key is required"),
        ((403, b"{"), Denied, "answers 403: is this the address of llm-simulator?"),
        ((404, b'{"error":{}}'), Denied, "answers 404: is this"),
        ((302, b""), Away, "answers 302"),
        ((500, b""), Away, "answers 500"),
        ((200, b"hello"), Away, "does not answer as llm-simulator does"),
    ],
)
def test_what_is_no_sample_is_told(answer, kind, words):
    with answering({**GOOD, "/admin/stats": answer}) as (url, seen), pytest.raises(kind, match=re.escape(words)):
        Source(url, None).sample()
    assert "/elsewhere" not in [path for path, _ in seen]


def test_a_fleet_without_metrics_is_shown_without_their_part():
    with answering({path: GOOD[path] for path in ("/admin/stats", "/health")}) as (url, _):
        assert Source(url, None).sample().ttft == {}


@pytest.mark.parametrize(
    "url", ["", "host", "ftp://host", "http://", "http://h:port", "file:///etc/passwd", "http://h?q"]
)
def test_an_address_that_cannot_be_one_is_wrong_usage(url):
    result = CliRunner().invoke(cli, ["top", "--once", "--url", url])
    assert result.exit_code == 2
    assert "Usage" in result.stderr


def test_a_key_that_no_header_can_carry_is_wrong_usage():
    result = CliRunner().invoke(cli, ["top", "--once", "--key", "a\nb"])
    assert result.exit_code == 2
    assert "admin key" in result.stderr
    assert "a\nb" not in result.stderr


def test_a_wrong_key_and_a_fleet_that_is_away_are_one_line():
    with answering({"/admin/stats": (401, b'{"error":"an admin key is required"}')}) as (url, _):
        result = CliRunner().invoke(cli, ["top", "--once", "--url", url], env={"LLM_SIM_ADMIN_KEY": "wrong-one"})
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "answers 401: an admin key is required" in result.stderr
    assert "wrong-one" not in result.output
    away = CliRunner().invoke(cli, ["top", "--once", "--url", url])
    assert (away.exit_code, away.stderr) == (1, f"Error: {url} does not answer: Connection refused\n")


class Watched:
    """`top` in a pseudo-terminal of 100 columns and 30 lines."""

    def __init__(self, *arguments):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (30, 100))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "top", "--interval", "0.2", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=subprocess.PIPE,
            env={**environ, "TERM": "xterm"},
            start_new_session=True,
        )
        self.shown = ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 65536).decode()
        return self.shown

    def wait(self, pattern):
        return wait_for(lambda: re.search(pattern, self.read()), f"{pattern!r} on the screen")

    def ended(self):
        """The exit code, after the screen and the keyboard were checked to be as before."""
        code = self.process.wait(PATIENCE)
        assert self.read().count(ENTER) == 1
        assert self.shown.endswith(LEAVE)
        assert termios.tcgetattr(self.slave) == self.before
        return code


@pytest.mark.parametrize("end", ["q", "interrupt", "term"])
def test_a_terminal_is_given_back_however_it_ends(end):
    with answering(GOOD) as (url, _), Watched("--url", url) as watched:
        watched.wait(r"requests/s \d")
        if end == "q":
            os.write(watched.master, b"q")
        else:
            watched.process.send_signal(signal.SIGINT if end == "interrupt" else signal.SIGTERM)
        assert watched.ended() == 0
        assert watched.process.stderr.read() == b""
    assert "\n\n" not in watched.shown


def test_a_fleet_that_goes_away_and_comes_back_is_watched_on():
    answers = dict(GOOD)
    with answering(answers) as (url, _), Watched("--url", url) as watched:
        watched.wait(r"requests/s \d")
        answers["/admin/stats"] = (500, b"")
        watched.wait("answers 500; trying again")
        answers["/admin/stats"] = GOOD["/admin/stats"]
        shown = len(watched.shown)
        wait_for(lambda: re.search(r"requests/s \d", watched.read()[shown:]), "the fleet again")
        answers["/admin/stats"] = (401, b'{"error":"an admin key is required"}')
        assert watched.ended() == 1
        assert watched.process.stderr.read().decode() == f"Error: {url} answers 401: an admin key is required\n"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    config = {"providers": {"*": {"latency": {"ttft": {"distribution": "constant", "value_ms": 20}}}}}
    with Simulator(tmp_path_factory.mktemp("top"), config=config) as running:
        yield running


def test_a_real_fleet_in_a_snapshot_and_in_a_terminal(fleet):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3, "stream": True}
    stop = threading.Event()

    def load():
        with fleet.connect() as connection:
            while not stop.is_set():
                fleet.ask("/v1/chat/completions", body, connection=connection)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        command = [sys.executable, "-m", "simulator", "top", "--url", fleet.url, "--interval", "0.5"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
        assert ended.stderr == ""
        assert "\x1b" not in ended.stdout
        assert re.search(r"^seed 42   revision \d+   scenarios: none$", ended.stdout, re.MULTILINE)
        assert float(re.search(r"requests/s (\S+)", ended.stdout)[1].replace(",", "")) > 0
        assert re.search(r"TTFT p50 [\d.]+ ms", ended.stdout)
        pids = fleet.pids()
        for ordinal, pid in pids.items():
            assert re.search(rf"^ +{ordinal} +{pid} +ready ", ended.stdout, re.MULTILINE)
        with Watched("--url", fleet.url) as watched:
            watched.wait(r"requests/s [1-9]")
            os.write(watched.master, b"q")
            assert watched.ended() == 0
    finally:
        stop.set()
        thread.join()
