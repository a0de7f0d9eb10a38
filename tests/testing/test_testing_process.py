"""The simulator beside tests, as a process: it starts, ends with whoever started it, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from plugin_runs import command, environ, written
from serving import wait_for

from simulator.testing import NotStartedError, running
from simulator.testing.process import Process


def gone(pid):
    """Whether a process has ended: it is not there, or waits for its parent to look."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word of a parent's death is Linux's")
def test_a_session_that_is_killed_leaves_no_simulator(tmp_path):
    told = tmp_path / "told"
    written(
        tmp_path,
        f"""
        import os
        import signal
        from pathlib import Path

        def test_it(llm_simulator, llm_simulator_fleet):
            Path({str(told)!r} + ".new").write_text(str(llm_simulator_fleet.process.pid))
            os.rename({str(told)!r} + ".new", {str(told)!r})
            signal.pause()
        """,
    )
    (tmp_path / "tmp").mkdir()
    with subprocess.Popen(
        command(), cwd=tmp_path, env={**environ(), "TMPDIR": str(tmp_path / "tmp")}, stdout=subprocess.DEVNULL
    ) as session:
        try:
            wait_for(told.exists, "the simulator of the session")
            fleet = int(told.read_text())
            family = [fleet, *wait_for(lambda: children(fleet), "its workers")]
            assert not any(map(gone, family))
        finally:
            session.send_signal(signal.SIGKILL)
    wait_for(lambda: all(map(gone, family)), "the simulator to end")
    wait_for(lambda: not list((tmp_path / "tmp").glob("*llm*")), "its files to be removed")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where the simulator keeps its files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_without_pytest(folder):
    with running() as simulator:
        simulator.answer("Hello")
        assert simulator.url.startswith("http://127.0.0.1:")
        pid = simulator._fleet.process.pid
        assert not gone(pid)
        assert list(folder.iterdir())
    assert gone(pid)
    assert list(folder.iterdir()) == []


def test_it_outlives_the_thread_that_starts_it():
    process = Process()
    thread = threading.Thread(target=process.start)
    thread.start()
    thread.join()
    try:
        pid = process.pid
        assert not gone(pid)
        with running() as other:
            assert other.url != process.url
        process.check()
    finally:
        process.stop()
    assert gone(pid)
    process.stop()


def test_its_end_is_told():
    with Process() as process:
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: process.pid is None, "its end")
        with pytest.raises(NotStartedError, match="has ended"):
            process.check()
    assert process.log == ""


def test_a_start_that_fails_says_why(tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text("simulation: {seed: many}")
    with pytest.raises(NotStartedError, match=r"simulation\.seed"), running(file):
        pytest.fail("it started")


def test_a_child_whose_parent_is_gone_does_not_serve():
    ended = subprocess.run(
        [sys.executable, "-m", "simulator.testing.child", "1", "serve"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_nothing_of_it_imports_pytest():
    program = "import sys, simulator.testing; sys.exit('pytest' in sys.modules or '_pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
