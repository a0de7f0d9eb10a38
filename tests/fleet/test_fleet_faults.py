"""Workers that die, block or cannot start."""

import contextlib
import json
import os
import signal
import threading
import time

from running import wait_for


def kill_and_see_again(fleet, victim):
    """Kill the worker of an answer; the first answer of its slot's next worker."""
    os.kill(victim["pid"], signal.SIGKILL)
    seen = {}

    def back():
        answer = fleet.who()
        seen.update({answer["ordinal"]: answer})
        own = seen.get(victim["ordinal"])
        return own is not None and own["pid"] != victim["pid"] and own

    answer = wait_for(back, "the slot's next worker")
    fleet.note_pids()
    return answer


def test_a_killed_worker_s_slot_goes_on_where_it_was(launch):
    fleet = launch(workers=2)
    victim = fleet.by_ordinal(2)[1]
    successor = kill_and_see_again(fleet, victim)
    assert successor["ordinal"] == 1
    assert successor["sequence"] > victim["sequence"]
    assert successor["restarts"][:2] == [0, 1]
    assert "was ended by SIGKILL; its slot starts again at once" in fleet.log()


def test_many_respawns_leave_no_new_metric_file_and_no_smaller_counter(launch):
    fleet = launch(workers=4)
    counts = {}

    def count_all():
        answer = fleet.get("/count", timeout=5)
        counts[answer["ordinal"]] = answer["count"]
        return len(counts) == 4 and answer

    files = wait_for(count_all, "a count of every worker")["files"]
    assert len(files) == 8
    for _ in range(5):
        workers = fleet.by_ordinal(4)
        before = dict(counts)
        for worker in workers.values():
            os.kill(worker["pid"], signal.SIGKILL)
        old = {worker["pid"] for worker in workers.values()}
        wait_for(lambda old=old: not old & set(fleet.who()["pids"]), "four new workers")
        counts.clear()
        files = wait_for(count_all, "a count of every worker")["files"]
        assert all(counts[ordinal] > before[ordinal] for ordinal in range(4))
        assert len(files) == 8
    fleet.note_pids()
    assert fleet.who()["restarts"][:4] == [5, 5, 5, 5]


def test_a_blocked_worker_is_replaced_and_its_stack_is_told(launch):
    fleet = launch(workers=2, server={"heartbeat_timeout_secs": 1})
    before = fleet.by_ordinal(2)

    def ask():
        with contextlib.suppress(Exception):
            fleet.get("/block")

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: "its event loop has not run for 1 s" in fleet.log(), "the verdict")
    thread.join(10)
    assert not thread.is_alive(), "the blocked connection ends with its worker"
    after = fleet.by_ordinal(2)
    assert sum(after[ordinal]["pid"] != before[ordinal]["pid"] for ordinal in before) == 1
    assert "in get_block" in fleet.log(), "the stack names the culprit"
    fleet.note_pids()


def test_a_stopped_worker_is_replaced(launch):
    fleet = launch(workers=2, server={"heartbeat_timeout_secs": 1})
    victim = fleet.by_ordinal(2)[0]
    began = time.monotonic()
    os.kill(victim["pid"], signal.SIGSTOP)
    wait_for(lambda: victim["pid"] not in fleet.who()["pids"], "the replacement")
    assert time.monotonic() - began < 2, "the heartbeat's timeout, and a second"
    assert fleet.by_ordinal(2)[0]["pid"] != victim["pid"]
    fleet.note_pids()


def test_who_waits_for_a_stopped_process_s_lock_is_not_replaced_with_it(launch):
    """The store's locks are the kernel's: a stopped holder silences every loop that wants one."""
    fleet = launch(workers=2, server={"heartbeat_timeout_secs": 1})
    holder = fleet.get("/lock")["pid"]
    (waiter,) = [answer["pid"] for answer in fleet.by_ordinal(2).values() if answer["pid"] != holder]
    os.kill(holder, signal.SIGSTOP)
    # Nobody but the waiter accepts.
    assert fleet.get("/lock")["pid"] == waiter
    wait_for(lambda: holder not in fleet.who()["pids"], "the replacement")
    assert waiter in fleet.who()["pids"]
    assert "its event loop has not run" not in fleet.log()
    fleet.note_pids()


def test_a_long_response_is_no_blocked_loop_even_while_draining(launch, monkeypatch):
    """A heartbeat that stopped with the drain would have the worker killed amid its last response."""
    # Saving what was measured takes a worker at its end a second on a busy machine, and by then it beats no more.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    fleet = launch(workers=1, server={"heartbeat_timeout_secs": 1})
    with contextlib.closing(fleet.connect()) as connection:
        connection.request("GET", "/slow?20")
        response = connection.getresponse()
        assert response.readline() == b"0\n"
        fleet.signal(signal.SIGTERM)
        assert response.read().endswith(b"19\nend\n")
    assert fleet.wait() == 0
    assert "is replaced" not in fleet.log()


def test_a_crash_loop_backs_off_while_the_others_serve(launch):
    fleet = launch(workers=2)
    workers = fleet.by_ordinal(2)
    fleet.fail_path.write_text("broken on purpose")
    os.kill(workers[1]["pid"], signal.SIGKILL)
    wait_for(lambda: "starts again in 0.4 s" in fleet.log(), "the third failure")
    delays = [
        record["message"].rsplit("starts again ", 1)[1]
        for record in map(json.loads, fleet.log().splitlines())
        if "starts again" in record["message"]
    ]
    assert delays == ["at once", "in 0.1 s", "in 0.2 s", "in 0.4 s"]
    assert "RuntimeError: broken on purpose" in fleet.log()
    assert fleet.who()["pid"] == workers[0]["pid"]
    fleet.fail_path.unlink()
    assert fleet.by_ordinal(2)[1]["pid"] != workers[1]["pid"]
    fleet.note_pids()


def test_the_start_fails_when_no_worker_can_boot(launch):
    fleet = launch(workers=2, start=False)
    fleet.fail_path.write_text("no such\nvocabulary")
    began = time.monotonic()
    fleet.start(banner=False)
    assert fleet.wait() == 3
    assert time.monotonic() - began < 10
    assert "ready on" not in fleet.process.stdout.read().decode()
    last = json.loads(fleet.log().splitlines()[-1])
    assert last["message"] == "no worker can start: RuntimeError: no such vocabulary"
    assert last["level"] == "error"
