"""No worker outlives its supervisor by five seconds, whatever its loop does; PID 1 reaps strangers."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from running import STANDIN, gone, wait_for


def test_a_blocked_worker_does_not_outlive_a_killed_supervisor(launch):
    fleets = {how: launch(workers=1) for how in ("block", "sleep", "spin")}

    def ask(how):
        with contextlib.suppress(Exception):
            fleets[how].get(f"/{how}")

    threads = [threading.Thread(target=ask, args=(how,)) for how in fleets]
    for thread in threads:
        thread.start()
    for how, fleet in fleets.items():
        wait_for(lambda fleet=fleet: "the loop is blocked" in fleet.log(), f"a loop that is blocked by {how}")
    began = time.monotonic()
    for fleet in fleets.values():
        fleet.signal(signal.SIGKILL)
        fleet.wait()
    orphans = [pid for fleet in fleets.values() for pid in fleet.pids]
    assert not any(gone(pid) for pid in orphans)
    wait_for(lambda: all(gone(pid) for pid in orphans), "the orphans' end", patience=6)
    assert time.monotonic() - began < 5
    for thread in threads:
        thread.join(10)


def test_orphans_free_the_port_at_once_and_finish_what_they_can(launch):
    fleet = launch(workers=2)
    with contextlib.closing(fleet.connect()) as connection:
        connection.request("GET", "/slow?15")
        response = connection.getresponse()
        assert response.readline() == b"0\n"
        fleet.signal(signal.SIGKILL)
        fleet.wait()

        def free():
            with socket.create_server((fleet.host, fleet.port)):
                return True

        wait_for(free, "the port", patience=2)
        assert response.read().endswith(b"14\nend\n")
    wait_for(lambda: all(gone(pid) for pid in fleet.pids), "the orphans' end", patience=5)


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_pid_1_reaps_strangers_refuses_usr2_and_ends_with_code_0(tmp_path):
    """In a PID namespace of its own the supervisor is PID 1, as in a container."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare")
    config, log = tmp_path / "config.json", tmp_path / "log"
    config.write_text('{"server": {"host": "127.0.0.1", "port": 0, "workers": 1}}')
    command = [sys.executable, str(STANDIN), "fleet", str(config)]
    inside = ["unshare", "--fork", "--kill-child", "--pid", "--mount-proc", *command]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            inside, stdout=subprocess.PIPE, stderr=stream, env={**os.environ, "TMPDIR": str(tmp_path)}
        )
    try:
        if process.poll() is not None:
            pytest.skip("this system allows no namespaces")
        banner = b""
        while b"curl" not in banner:
            line = process.stdout.readline()
            if not line:
                pytest.skip(f"this system allows no namespaces: {log.read_text()}")
            banner += line
        port = int(banner.rpartition(b"127.0.0.1:")[2].partition(b"/")[0])
        (supervisor,) = children(process.pid)
        (worker,) = children(supervisor)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /stranger HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            while connection.recv(4096):
                pass
        os.kill(supervisor, signal.SIGUSR2)
        wait_for(lambda: "USR2 is refused" in log.read_text(), "the refusal")
        wait_for(lambda: children(supervisor) == [worker], "the stranger's end")
        os.kill(supervisor, signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
