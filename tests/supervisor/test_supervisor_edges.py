"""Sockets, the metrics folder, the banner, log lines and the import order."""

import asyncio
import errno
import json
import logging
import os
import socket
import subprocess
import sys

import pytest

from simulator.config.catalogue import ModelCard
from simulator.config.load import Loaded
from simulator.config.schema import Config, Logging
from simulator.telemetry import logs
from supervisor.banner import FIRST_CHOICE, banner
from supervisor.metrics_folder import VARIABLE, FolderError, mark_dead, metrics_folder
from supervisor.sockets import BindError, bind, local_url, url


def close(listeners):
    for listener in listeners:
        listener.close()


def test_port_0_is_one_port_for_every_address():
    listeners = bind("localhost", 0)
    assert len({listener.getsockname()[1] for listener in listeners}) == 1
    assert not any(listener.getblocking() for listener in listeners)
    close(listeners)


def test_addresses_as_a_client_writes_them():
    listeners = bind("0.0.0.0", 0)  # noqa: S104 - what is printed for it is the subject
    port = listeners[0].getsockname()[1]
    assert url(listeners[0]) == f"http://0.0.0.0:{port}"
    assert local_url(listeners) == f"http://127.0.0.1:{port}"
    close(listeners)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_version_6_addresses_have_brackets():
    try:
        listeners = bind("::1", 0)
    except BindError as error:
        pytest.skip(str(error))
    assert url(listeners[0]).startswith("http://[::1]:")
    close(listeners)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no dual stack here")
def test_every_address_of_version_6_takes_version_4_too():
    (listener,) = bind("::", 0)
    socket.create_connection(("127.0.0.1", listener.getsockname()[1])).close()
    listener.close()


def test_what_cannot_be_bound_is_one_line():
    listeners = bind("127.0.0.1", 0)
    port = listeners[0].getsockname()[1]
    with pytest.raises(BindError, match=rf"^port {port} on 127\.0\.0\.1 is in use; .*--port"):
        bind("127.0.0.1", port)
    close(listeners)
    with pytest.raises(BindError, match="does not have the address"):
        bind("192.0.2.1", 0)
    with pytest.raises(BindError, match="cannot be resolved"):
        bind("no such host", 0)
    with pytest.raises(BindError, match="cannot be resolved"):
        bind("a" * 300, 0)


def test_a_privileged_port_says_so(monkeypatch):
    def refuse(_self, _address):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(BindError, match="need a privilege"):
        bind("127.0.0.1", 80)


@pytest.fixture
def _fresh(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.usefixtures("_fresh")
def test_the_folder_is_fresh_named_and_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with metrics_folder(None) as folder:
        assert os.environ[VARIABLE] == str(folder)
        (folder / "counter_0.db").write_bytes(b"")
    assert not folder.exists()
    assert VARIABLE not in os.environ


@pytest.mark.usefixtures("_fresh")
def test_a_configured_folder_loses_only_metric_files(tmp_path):
    (tmp_path / "counter_7.db").write_bytes(b"")
    (tmp_path / "keep.txt").write_text("")
    with metrics_folder(str(tmp_path)) as folder:
        assert [file.name for file in folder.iterdir()] == ["keep.txt"]
        for name in ("gauge_livesum_1.db", "gauge_livesum_11.db", "gauge_livesum_1b.db", "counter_1.db"):
            (folder / name).write_bytes(b"")
        mark_dead(folder, "1")
        assert not (folder / "gauge_livesum_1.db").exists()
        assert (folder / "gauge_livesum_11.db").exists()
        assert (folder / "gauge_livesum_1b.db").exists()
        assert (folder / "counter_1.db").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["keep.txt"]


@pytest.mark.usefixtures("_fresh")
def test_a_folder_that_another_fleet_still_writes_to_is_left_alone(tmp_path):
    (tmp_path / "counter_0.db").write_bytes(b"theirs")
    with metrics_folder(str(tmp_path), shared=True) as folder:
        assert folder.parent == tmp_path
        (folder / "counter_0.db").write_bytes(b"ours")
    assert [file.name for file in tmp_path.iterdir()] == ["counter_0.db"]


@pytest.mark.usefixtures("_fresh")
def test_a_folder_that_cannot_be_used_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be used"), metrics_folder(str(tmp_path / "file" / "below")):
        pass


def test_the_banner_names_what_one_needs():
    words = banner(
        urls=["http://127.0.0.1:1", "http://[::1]:1"],
        local="http://127.0.0.1:1",
        workers=2,
        pod=3,
        providers=["openai", "anthropic"],
        loaded=Loaded(Config(), {}, {}),
    )
    assert words.splitlines()[0].endswith("is ready on http://127.0.0.1:1 and http://[::1]:1")
    assert "openai, anthropic" in words
    body = words.rsplit("-d '", 1)[1].rstrip("'")
    assert json.loads(body)["messages"] == [{"role": "user", "content": "Hello"}]


class Stream:
    """What was written to standard error so far."""

    def __init__(self, capture):
        self.capture = capture
        self.text = ""

    def getvalue(self):
        self.text += self.capture.readouterr().err
        return self.text


@pytest.mark.parametrize(
    ("cards", "model"),
    [
        ([], FIRST_CHOICE),
        (
            [ModelCard(id="gpt-z", provider="openai"), ModelCard(id="d", provider="openai", aliases=(FIRST_CHOICE,))],
            FIRST_CHOICE,
        ),
        ([ModelCard(id="claude", provider="anthropic"), ModelCard(id="gpt-z", provider="openai")], "gpt-z"),
    ],
)
def test_the_line_to_try_names_a_model_that_there_is(cards, model):
    loaded = Loaded(Config(), {}, {card.id: card for card in cards})
    words = banner(urls=["u"], local="u", workers=1, pod=0, providers=[], loaded=loaded)
    assert f'"model": "{model}"' in words


@pytest.fixture
def stderr(capsys, monkeypatch):
    """The captured standard error; loggers are as before afterwards."""
    names = (*logs.BORROWED, None)
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger, list(logger.handlers), logger.level, logger.propagate) for logger in loggers]
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    yield Stream(capsys)
    for logger, handlers, level, propagate in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


def test_json_lines(stderr):
    logs.configure(Logging(format="json"), shard="3.1")
    logging.getLogger("supervisor.x").warning("two\n%s", "lines", extra={"request": "r1", "pid": "spoof"})
    try:
        int("why")
    except ValueError:
        logging.getLogger("supervisor.x").exception("failed")
    first, second = map(json.loads, stderr.getvalue().splitlines())
    assert first["time"].endswith("Z")
    assert first["message"] == "two\nlines"
    assert (first["level"], first["shard"], first["pid"], first["request"]) == ("warn", "3.1", os.getpid(), "r1")
    assert second["level"] == "error"
    assert "ValueError: invalid literal" in second["error"]


def test_pretty_lines_are_one_a_record(stderr):
    logs.configure(Logging(format="pretty"), shard="0.2")
    logging.getLogger("supervisor.x").info("forged\n2026 error", extra={"key": 1})
    (line,) = stderr.getvalue().splitlines()
    assert f"info  [0.2 {os.getpid()}] forged\\n2026 error key=1" in line


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("trace", ["trace", "debug", "info", "warn", "error"]),
        ("debug", ["debug", "info", "warn", "error"]),
        ("info", ["info", "warn", "error"]),
        ("warn", ["warn", "error"]),
        ("error", ["error"]),
    ],
)
def test_levels(stderr, level, shown):
    logs.configure(Logging(level=level, format="json"), shard="0.0")
    logger = logging.getLogger("supervisor.x")
    for number in logs.LEVELS.values():
        logger.log(number, "said")
    assert [json.loads(line)["level"] for line in stderr.getvalue().splitlines()] == shown


def test_borrowed_loggers_speak_our_way(stderr):
    borrowed = logging.getLogger("uvicorn.error")
    borrowed.addHandler(logging.StreamHandler())
    logs.configure(Logging(format="json"), shard="0.0")
    logs.configure(Logging(format="json"), shard="0.0")
    borrowed.info("Waiting for application startup.")
    borrowed.error("Exception in ASGI application\n", exc_info=ValueError("why"))
    borrowed.error("Exception in ASGI application\n", exc_info=asyncio.CancelledError())
    logging.getLogger("gunicorn.error").error("Worker (pid:%s) was sent %s! Perhaps out of memory?", 7, "SIGKILL")
    assert not logging.getLogger("uvicorn.access").hasHandlers()
    said = [json.loads(line)["message"] for line in stderr.getvalue().splitlines()]
    assert said == [
        "the application raised while it answered a request",
        "worker process 7 was ended by SIGKILL",
    ]


def test_a_value_that_json_does_not_know_is_told_in_words(stderr):
    logs.configure(Logging(format="json"), shard="0.0")
    logging.getLogger("supervisor.x").info("odd", extra={"value": {1}})
    line = json.loads(stderr.getvalue())
    assert line["value"] == "{1}"


def test_importing_the_supervisor_keeps_numpy_single_threaded():
    script = (
        "import os, pathlib, supervisor, numpy; numpy.ones((500, 500)) @ numpy.ones((500, 500)); "
        "print(len(list(pathlib.Path('/proc/self/task').iterdir())), os.environ['OPENBLAS_NUM_THREADS'])"
    )
    environ = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environ, check=True)
    assert done.stdout.split() == ["1", "1"]
