"""USR2: another fleet takes over the sockets and the state, or nothing changes."""

import contextlib
import os
import signal
from pathlib import Path

from pressing import Load
from running import gone, wait_for


def new_supervisor(fleet, old):
    """The answer of a worker of another supervisor, once all are."""
    answers = [fleet.who() for _ in range(6)]
    found = {answer["supervisor"] for answer in answers}
    return old not in found and answers[0]


def adopt(fleet, answer):
    """Have the test's own end also end the new fleet."""
    fleet.pids |= {answer["supervisor"], *(pid for pid in answer["pids"] if pid)}


def test_an_upgrade_under_load_loses_nothing_and_keeps_the_state(launch):
    fleet = launch(workers=2)
    before = fleet.who()
    (Path(before["state"]) / "kept").write_text("x")
    with Load(fleet) as load:
        fleet.signal(signal.SIGUSR2)
        after = wait_for(lambda: new_supervisor(fleet, before["supervisor"]), "the new fleet")
        adopt(fleet, after)
        load.goes_on()
        assert fleet.wait() == 0
        load.goes_on()
    assert load.failures == []
    assert after["fleet"] != before["fleet"]
    assert after["state"] == before["state"]
    assert (Path(after["state"]) / "kept").exists()
    assert os.getpgid(after["supervisor"])
    os.kill(after["supervisor"], signal.SIGTERM)
    wait_for(lambda: all(gone(pid) for pid in fleet.pids), "the new fleet's end")
    assert list(fleet.metrics.iterdir()) == []


def test_an_upgrade_that_cannot_start_changes_nothing(launch):
    fleet = launch(workers=1)
    before = fleet.who()
    good = fleet.config_path.read_text()
    fleet.write({"server": {"prot": 1}})
    fleet.signal(signal.SIGUSR2)
    wait_for(lambda: "the new fleet exited with code 1 and this one stays" in fleet.log(), "the failure")
    assert fleet.who()["pid"] == before["pid"]
    fleet.config_path.write_text(good)
    fleet.fail_path.write_text("broken on purpose")
    fleet.signal(signal.SIGUSR2)
    wait_for(lambda: "the new fleet exited with code 3 and this one stays" in fleet.log(), "the second failure")
    assert fleet.who()["pid"] == before["pid"]
    assert Path(before["state"]).is_dir()


def test_a_stop_ends_an_upgrade_that_is_under_way(launch):
    fleet = launch(workers=1)
    fleet.fail_path.write_text("broken on purpose")
    fleet.signal(signal.SIGUSR2)
    wait_for(lambda: "a new fleet starts" in fleet.log(), "the upgrade")
    fleet.note_pids()
    fleet.signal(signal.SIGUSR2)
    wait_for(lambda: "USR2 is not acted on" in fleet.log(), "the refusal of a second one")
    fleet.signal(signal.SIGTERM)
    assert fleet.wait() == 0
    wait_for(lambda: all(gone(pid) for pid in fleet.pids), "the end of all")


def test_a_configured_state_folder_is_one_fleet_s_and_passed_on(launch, tmp_path):
    folder = tmp_path / "state"
    first = launch(workers=1, state={"path": str(folder)})
    assert first.who()["state"] == str(folder)
    second = launch(workers=1, state={"path": str(folder)}, start=False).start(banner=False)
    assert second.wait() == 1
    (line,) = second.log().splitlines()
    assert f"the state folder {folder} is in use by another fleet" in line
    old = first.who()["supervisor"]
    first.signal(signal.SIGUSR2)
    after = wait_for(lambda: new_supervisor(first, old), "the new fleet")
    adopt(first, after)
    assert first.wait() == 0
    third = launch(workers=1, state={"path": str(folder)}, start=False).start(banner=False)
    assert third.wait() == 1
    with contextlib.closing(first.connect()) as connection:
        connection.request("GET", "/slow?600")
        assert connection.getresponse().readline() == b"0\n"
        os.kill(after["supervisor"], signal.SIGKILL)
        # The lock is the supervisor's alone: its orphans do not keep a new fleet from starting.
        fourth = launch(workers=1, state={"path": str(folder)})
        assert not all(gone(pid) for pid in first.pids)
    assert fourth.who()["state"] == str(folder)
    wait_for(lambda: all(gone(pid) for pid in first.pids), "the orphans' end")


def test_a_single_process_holds_its_state_folder_too(launch, tmp_path):
    folder = tmp_path / "state"
    first = launch(kind="solo", state={"path": str(folder)})
    second = launch(workers=1, state={"path": str(folder)}, start=False).start(banner=False)
    assert second.wait() == 1
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    assert launch(workers=1, state={"path": str(folder)}).who()["state"] == str(folder)
