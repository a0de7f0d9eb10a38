"""Workers replaced under load: no request fails, no address is given out twice, no counter falls."""

import contextlib
import json
import os
import re
import signal
from itertools import pairwise
from pathlib import Path

from pressing import Load
from running import gone, wait_for

from simulator.state.slot import SIDE_BASE

READY, STANDBY = 2, 5


def rolled(fleet, times):
    return lambda: fleet.log().count("with the configuration that is in force") >= times


def test_a_reload_under_load_loses_nothing(launch):
    fleet = launch(workers=3)
    first = {answer["pid"] for answer in fleet.by_ordinal(3).values()}
    with Load(fleet) as load:
        for turn in (1, 2):
            fleet.signal(signal.SIGHUP)
            wait_for(rolled(fleet, turn), f"reload {turn}")
            load.goes_on()
        wait_for(lambda: all(gone(pid) for pid in first), "the first workers' end")
    fleet.note_pids()
    assert load.failures == []
    assert load.streamed > 4
    assert load.closed > 0, "retired workers tell their clients"
    assert load.doubles() == 0
    assert fleet.who()["restarts"][:3] == [0, 0, 0]


def test_the_slot_s_line_has_no_gap(launch):
    """Every number of the main line is given out once: what retired workers give out is of a range of its own."""
    fleet = launch(workers=1)
    with Load(fleet, streams=0) as load:
        for turn in (1, 2, 3):
            fleet.signal(signal.SIGHUP)
            wait_for(rolled(fleet, turn), f"reload {turn}")
            load.goes_on()
    fleet.note_pids()
    assert load.failures == []
    line = sorted(sequence for _, sequence in load.answers if sequence < SIDE_BASE)
    assert line == list(range(len(line)))
    side = sorted(sequence for _, sequence in load.answers if sequence >= SIDE_BASE)
    assert len(side) >= 8, "every client's last request to the first worker"
    assert all(late - early == 1 or early < 2 * SIDE_BASE <= late for early, late in pairwise(side))


def test_growing_and_shrinking_under_load_loses_nothing(launch):
    fleet = launch(workers=2)
    with Load(fleet) as load:
        for number, wanted in [(signal.SIGTTIN, 3), (signal.SIGTTIN, 4), (signal.SIGTTOU, 3), (signal.SIGTTOU, 2)]:
            fleet.signal(number)
            wait_for(lambda wanted=wanted: fleet.who()["states"].count(2) == wanted, f"{wanted} workers")
            load.goes_on()
            fleet.note_pids()
    assert load.failures == []
    assert load.doubles() == 0


def test_a_worker_that_has_answered_enough_is_replaced(launch):
    fleet = launch(workers=2, server={"max_requests": 100, "max_requests_jitter": 50})
    first = {answer["pid"] for answer in fleet.by_ordinal(2).values()}
    with Load(fleet) as load:
        wait_for(lambda: not first & set(fleet.who()["pids"]), "two new workers")
    fleet.note_pids()
    assert load.failures == []
    assert load.doubles() == 0
    assert "it has answered as many requests as it should" in fleet.log()
    assert fleet.who()["restarts"][:2] == [0, 0]


def test_two_seats_have_two_sets_of_files_and_no_counter_falls(launch):
    fleet = launch(workers=1)
    for turn in range(1, 5):
        answer = fleet.get("/count")
        assert answer["seat"] == (turn + 1) % 2
        assert fleet.get("/total") == turn
        if turn < 4:
            fleet.signal(signal.SIGHUP)
            wait_for(rolled(fleet, turn), f"reload {turn}")
            wait_for(lambda answer=answer: answer["seat"] != fleet.who()["seat"], "the successor")
            wait_for(lambda: len(children(fleet)) == 1, "the predecessor's end")
    fleet.note_pids()
    assert answer["files"] == ["counter_0.db", "counter_0b.db", "gauge_livesum_0b.db"]


def children(fleet):
    pid = fleet.process.pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_while_both_seats_are_taken_a_replacement_waits(launch):
    fleet = launch(workers=1)
    with contextlib.closing(fleet.connect()) as connection:
        connection.request("GET", "/slow?15")
        response = connection.getresponse()
        assert response.readline() == b"0\n"
        fleet.signal(signal.SIGHUP)
        wait_for(rolled(fleet, 1), "the first reload")
        second = fleet.who()
        fleet.signal(signal.SIGHUP)
        wait_for(lambda: fleet.log().count("replacing 1 workers") == 2, "the second reload")
        assert len(children(fleet)) == 2
        assert {fleet.who()["pid"] for _ in range(20)} == {second["pid"]}, "the first worker still streams"
        assert response.read().endswith(b"14\nend\n")
    wait_for(rolled(fleet, 2), "the second reload's end")
    assert fleet.who()["seat"] == 0
    fleet.note_pids()


def test_a_successor_that_cannot_start_leaves_its_predecessor_in_place(launch):
    fleet = launch(workers=1, server={"max_requests": 5})
    before = fleet.who()
    fleet.fail_path.write_text("broken on purpose")
    for _ in range(5):
        fleet.who()
    wait_for(lambda: "the one before it stays, the next try comes in 0.1 s" in fleet.log(), "the failures")
    assert fleet.who()["pid"] == before["pid"]
    fleet.fail_path.unlink()
    after = wait_for(lambda: (answer := fleet.who())["pid"] != before["pid"] and answer, "the successor")
    assert after["restarts"][0] == 0
    fleet.note_pids()


def test_a_worker_that_dies_while_its_successor_starts_is_followed_by_it(launch):
    fleet = launch(workers=1)
    before = fleet.who()
    os.kill(before["pid"], signal.SIGSTOP)
    fleet.signal(signal.SIGHUP)
    wait_for(lambda: len(children(fleet)) == 2, "the successor")
    os.kill(before["pid"], signal.SIGKILL)
    after = wait_for(lambda: (answer := fleet.who())["pid"] != before["pid"] and answer, "the successor")
    assert after["sequence"] > before["sequence"]
    fleet.note_pids()


def test_a_successor_waits_until_its_predecessor_has_let_go(launch):
    """A predecessor whose loop does not run has let go of nothing; it is waited for, but not for ever."""
    fleet = launch(workers=2)
    workers = fleet.by_ordinal(2)
    os.kill(workers[0]["pid"], signal.SIGSTOP)
    try:
        fleet.signal(signal.SIGHUP)
        wait_for(lambda: fleet.who()["seats"][0] == [READY, STANDBY], "the successor on standby", patience=5)
        wait_for(lambda: fleet.who()["seats"][0] == [READY, READY], "the end of its patience")
    finally:
        os.kill(workers[0]["pid"], signal.SIGCONT)
    wait_for(rolled(fleet, 1), "the reload")
    wait_for(lambda: gone(workers[0]["pid"]), "the predecessor's end")
    fleet.note_pids()


def test_a_worker_that_somebody_else_told_to_leave_is_replaced_without_a_gap(launch):
    fleet = launch(workers=1)
    before = fleet.who()
    with Load(fleet, streams=1) as load:
        os.kill(before["pid"], signal.SIGTERM)
        wait_for(lambda: fleet.who()["pid"] != before["pid"], "the replacement")
        load.goes_on()
    fleet.note_pids()
    assert load.failures == []
    assert load.doubles() == 0


def test_what_a_broken_reload_says_stays_on_the_board_until_one_works(launch):
    fleet = launch(workers=1)
    good = fleet.config_path.read_text()
    fleet.write({"server": {"prot": 1}})
    fleet.signal(signal.SIGHUP)
    answer = wait_for(lambda: (found := fleet.who())["notice"] and found, "the notice")
    assert "prot" in answer["notice"]
    assert answer["shared"][3:5] == [0, 1]
    fleet.fail_path.write_text("broken on purpose")
    fleet.write(json.loads(good))
    fleet.signal(signal.SIGHUP)
    wait_for(lambda: fleet.who()["shared"][3:5] == [0, 2], "the second failure")
    assert fleet.who()["notice"] == "RuntimeError: broken on purpose"
    fleet.fail_path.unlink()
    fleet.signal(signal.SIGHUP)
    wait_for(lambda: fleet.who()["shared"][3:5] == [1, 2], "the reload")
    assert fleet.who()["notice"] == ""
    fleet.note_pids()


def figures(pid):
    """A process's open files by kind, its threads, and the memory that is its own, in kilobytes."""
    folder = Path(f"/proc/{pid}")
    files = sorted(re.sub(r"\d+", "", str(each.readlink())) for each in (folder / "fd").iterdir())
    status = (folder / "status").read_text()
    (size,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")]
    return files, len(list((folder / "task").iterdir())), size


def test_reloads_leave_nothing_behind(launch):
    fleet = launch(workers=1)
    seen = []
    for turn in range(1, 21):
        fleet.signal(signal.SIGHUP)
        wait_for(rolled(fleet, turn), f"reload {turn}")
        wait_for(lambda: len(children(fleet)) == 1, "the predecessor's end")
        seen.append((figures(fleet.process.pid), figures(int(children(fleet)[0]))))
    fleet.note_pids()
    for process in (0, 1):
        files, threads, kilobytes = zip(*[turn[process] for turn in seen[3:]], strict=True)
        assert files[-1] == files[0]
        assert max(threads) == 1
        assert max(kilobytes) < kilobytes[0] + 3000, "a release of 50,000 texts is of some 3 MB"
