"""A fleet whose port refuses connections for a while: real ECONNREFUSED, over by itself, nothing else harmed."""

import contextlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from serving import Simulator, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes a socket out of LISTEN")
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}
REFUSE = {"server": {"refuse_connections": True}}
MAINTENANCE = {
    "scenarios": {
        "maintenance": {
            "phases": [{"name": "away", "duration_secs": 1, "set": REFUSE}],
        }
    }
}


def refused(fleet):
    """Whether a new connection is refused by the kernel."""
    with socket.socket() as client:
        client.settimeout(5)
        try:
            client.connect(("127.0.0.1", fleet.port))
        except ConnectionRefusedError:
            return True
        return False


def seconds_used(pid):
    """A process's time on the processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("refusing"), "--latency", "none", config=MAINTENANCE, workers=2) as running:
        yield running
        assert "Traceback" not in running.log()
        assert "system call" not in running.log()


@pytest.fixture
def kept(fleet):
    """A connection that is open before; afterwards nothing is refused."""
    with fleet.connect() as connection:
        fleet.ask("/health", connection=connection)
        yield connection
        fleet.ask("/admin/config", method="DELETE", connection=connection)
        wait_for(lambda: not refused(fleet), "connections")


def pids(fleet, connection):
    return {slot["ordinal"]: slot["pid"] for slot in fleet.stats(connection)["workers"] if slot["state"] == "ready"}


def test_when_the_admin_call_returns_new_connections_are_refused_and_kept_ones_go_on(fleet, kept):
    assert fleet.ask("/admin/config", REFUSE, connection=kept).status == 200
    assert [refused(fleet) for _ in range(20)] == [True] * 20
    with pytest.raises(ConnectionRefusedError):
        fleet.ask("/v1/chat/completions", CHAT)
    assert fleet.ask("/v1/chat/completions", CHAT, connection=kept).status == 200
    assert fleet.ask("/admin/config", method="DELETE", connection=kept).status == 200
    assert [refused(fleet) for _ in range(20)] == [False] * 20
    # Several connections, so that both workers accept again.
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(fleet.connect()) for _ in range(8)]
        shards = {fleet.ask("/v1/chat/completions", CHAT, connection=one).address[0] for one in opened}
    assert shards == {"0.0", "0.1"}


def test_a_scenario_ends_it_by_itself_and_nobody_spins_meanwhile(fleet, kept):
    workers = pids(fleet, kept).values()
    before = {pid: seconds_used(pid) for pid in workers}
    assert fleet.ask("/admin/scenarios/maintenance/activate", {}, connection=kept).status == 200
    assert refused(fleet)
    wait_for(lambda: not refused(fleet), "the end of the scenario", patience=5)
    used = {pid: seconds_used(pid) - before[pid] for pid in workers}
    assert max(used.values()) < 0.5, used
    assert fleet.ask("/v1/chat/completions", CHAT).status == 200


def test_a_worker_that_is_replaced_meanwhile_refuses_too_and_then_accepts(fleet, kept):
    before = pids(fleet, kept)
    fleet.ask("/admin/config", REFUSE, connection=kept)
    mine = fleet.ask("/v1/chat/completions", CHAT, connection=kept).address[0]
    other = 1 - int(mine.removeprefix("0."))
    os.kill(before[other], signal.SIGKILL)
    after = wait_for(
        lambda: (found := pids(fleet, kept)).get(other, before[other]) != before[other] and found, "the slot's worker"
    )
    assert refused(fleet)
    used = seconds_used(after[other])
    assert fleet.ask("/v1/chat/completions", CHAT, connection=kept).status == 200
    fleet.ask("/admin/config", method="DELETE", connection=kept)
    assert not refused(fleet)
    assert seconds_used(after[other]) - used < 0.5


def holders(fleet):
    """The processes of a fleet, whoever is their parent."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(fleet.config_path).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def test_hup_and_an_upgrade_meanwhile_change_nothing_and_the_file_ends_it(tmp_path):
    refusing = {**REFUSE, "watch": {"interval_secs": 0.2}}
    with Simulator(tmp_path, "--latency", "none", config=refusing, workers=2) as running:
        try:
            assert refused(running), "from the first moment"
            told = "new connections are refused"
            assert running.log().count(told) == 2
            running.process.send_signal(signal.SIGHUP)
            wait_for(lambda: running.log().count(told) == 4, "the workers of the next generation")
            assert refused(running)
            running.process.send_signal(signal.SIGUSR2)
            assert running.process.wait(20) == 0, "the other fleet serves, and this one has ended while it refused"
            assert running.log().count(told) == 6
            assert refused(running)
            running.config_path.write_text(json.dumps({**refusing, "server": {"refuse_connections": False}}))
            wait_for(lambda: not refused(running), "the changed file")
            assert running.ask("/v1/chat/completions", CHAT).status == 200
            assert "Traceback" not in running.log()
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                for pid in holders(running):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                with contextlib.suppress(pytest.fail.Exception):
                    wait_for(lambda: not holders(running), "the other fleet's end", patience=10)
