"""Start, stop, signals: the fleet's life as an operator sees it."""

import contextlib
import os
import re
import select
import signal
import socket
import time
from pathlib import Path

import pytest
from running import gone, wait_for


def test_the_banner_comes_when_every_worker_answers(launch):
    fleet = launch(workers=3)
    assert re.search(r"ready on http://127\.0\.0\.1:\d+\n", fleet.banner)
    for words in ("workers    3", "seed       42", "pod        0", "providers  standin", "curl http://127"):
        assert words in fleet.banner
    answer = fleet.who()
    assert answer["states"][:3] == [2, 2, 2]
    assert len(fleet.by_ordinal(3)) == 3


def test_term_ends_with_code_0_and_leaves_nothing_behind(launch):
    fleet = launch(workers=2)
    fleet.get("/count")
    fleet.signal(signal.SIGTERM)
    assert fleet.wait() == 0
    assert all(gone(pid) for pid in fleet.pids)
    assert list(fleet.metrics.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_int_and_quit_cut_what_runs(launch, number):
    fleet = launch(workers=2)
    with contextlib.closing(fleet.connect()) as connection:
        connection.request("GET", "/slow?600")
        response = connection.getresponse()
        assert response.readline() == b"0\n"
        fleet.signal(number)
        assert fleet.wait(5) == 0


def test_a_second_term_ends_quickly(launch):
    fleet = launch(workers=2)
    with contextlib.closing(fleet.connect()) as connection:
        connection.request("GET", "/slow?600")
        assert connection.getresponse().readline() == b"0\n"
        fleet.signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in fleet.log(), "the first TERM")
        assert fleet.process.poll() is None
        fleet.signal(signal.SIGTERM)
        assert fleet.wait(5) == 0


@pytest.mark.parametrize("kind", ["fleet", "solo"])
def test_term_finishes_a_running_response(launch, kind):
    fleet = launch(workers=2, kind=kind)
    with contextlib.closing(fleet.connect()) as connection, contextlib.closing(fleet.connect()) as idle:
        fleet.who(idle)
        connection.request("GET", "/slow?8")
        response = connection.getresponse()
        assert response.readline() == b"0\n"
        fleet.signal(signal.SIGTERM)
        rest = response.read()
        assert rest == b"".join(b"%d\n" % number for number in range(1, 8)) + b"end\n"
        assert idle.sock.recv(1) == b"", "an idle connection is closed when the drain begins"
    assert fleet.wait() == 0


def test_term_cuts_what_runs_beyond_the_deadline(launch):
    fleet = launch(workers=1, server={"shutdown_timeout_secs": 0.3})
    with contextlib.closing(fleet.connect()) as connection:
        connection.request("GET", "/slow?600")
        assert connection.getresponse().readline() == b"0\n"
        began = time.monotonic()
        fleet.signal(signal.SIGTERM)
        assert fleet.wait() == 0
        assert 0.3 <= time.monotonic() - began < 4
    assert "1 responses did not finish in time" in fleet.log()
    assert "Traceback" not in fleet.log()


@pytest.mark.parametrize("kind", ["fleet", "solo"])
def test_a_port_in_use_is_one_clear_line(launch, kind):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fleet = launch(kind=kind, start=False, server={"port": port}).start(banner=False)
        assert fleet.wait() == 1
    lines = fleet.log().splitlines()
    assert len(lines) == 1
    assert f"port {port} on 127.0.0.1 is in use" in lines[0]


def test_a_configured_metrics_folder_is_emptied_of_metric_files_only(launch, tmp_path):
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "counter_9.db").write_bytes(b"old")
    (folder / "notes.txt").write_text("mine")
    telemetry = {"metrics": {"directory": str(folder)}}
    fleet = launch(workers=1, telemetry=telemetry)
    assert fleet.get("/count")["files"] == ["counter_0.db", "gauge_livesum_0.db"]
    fleet.signal(signal.SIGTERM)
    assert fleet.wait() == 0
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_workers_do_not_outlive_a_killed_supervisor(launch):
    fleet = launch(workers=2)
    with contextlib.closing(fleet.connect()) as connection:
        connection.request("GET", "/slow?600")
        assert connection.getresponse().readline() == b"0\n"
        fleet.signal(signal.SIGKILL)
        fleet.wait()
        assert len(fleet.pids) == 2
        wait_for(lambda: all(gone(pid) for pid in fleet.pids), "the orphans' end", patience=5)


def test_ttin_and_ttou_change_the_number_of_workers(launch):
    fleet = launch(workers=1)
    fleet.signal(signal.SIGTTIN)
    assert set(fleet.by_ordinal(2)) == {0, 1}
    fleet.signal(signal.SIGTTOU)
    wait_for(lambda: fleet.who()["pids"].count(0) == len(fleet.who()["pids"]) - 1, "one worker")
    assert fleet.who()["ordinal"] == 0
    fleet.signal(signal.SIGTTOU)
    wait_for(lambda: "stays between 1 and 9" in fleet.log(), "the refusal")
    assert fleet.who()["ordinal"] == 0


def test_hup_replaces_the_workers_one_by_one_with_the_new_configuration(launch):
    fleet = launch(workers=3, response={"model_suffix": "old"})
    before = {ordinal: answer["pid"] for ordinal, answer in fleet.by_ordinal(3).items()}
    fleet.write({"response": {"model_suffix": "new"}, "server": {"host": "127.0.0.1", "port": 0, "workers": 3}})
    fewest = [3]
    fleet.signal(signal.SIGHUP)

    def all_new():
        answer = fleet.who()
        fewest.append(answer["states"].count(2))
        return "ready with the configuration" in fleet.log()

    wait_for(all_new, "the end of the replacement")
    after = fleet.by_ordinal(3)
    assert {answer["greeting"] for answer in after.values()} == {"new"}
    assert all(after[ordinal]["pid"] != before[ordinal] for ordinal in before)
    assert min(fewest) >= 2, "one slot at a time"
    assert after[0]["restarts"][:3] == [0, 0, 0], "a replacement is no death"


def test_a_bad_configuration_on_hup_changes_nothing(launch):
    fleet = launch(workers=2, response={"model_suffix": "old"})
    before = {ordinal: answer["pid"] for ordinal, answer in fleet.by_ordinal(2).items()}
    fleet.write({"server": {"prot": 1}})
    fleet.signal(signal.SIGHUP)
    wait_for(lambda: "not reloaded" in fleet.log(), "the refusal")
    line = next(line for line in fleet.log().splitlines() if "not reloaded" in line)
    assert "prot" in line
    after = {ordinal: answer["pid"] for ordinal, answer in fleet.by_ordinal(2).items()}
    assert after == before


def test_a_configuration_with_which_no_worker_starts_is_taken_back(launch):
    fleet = launch(workers=2, response={"model_suffix": "old"})
    before = fleet.by_ordinal(2)
    fleet.fail_path.write_text("broken on purpose")
    fleet.signal(signal.SIGHUP)
    wait_for(lambda: "the one before stays" in fleet.log(), "the failure")
    fleet.fail_path.unlink()
    wait_for(lambda: "ready with the configuration" in fleet.log(), "the return")
    after = fleet.by_ordinal(2)
    assert after[1]["pid"] == before[1]["pid"], "the other worker was never touched"
    assert after[0]["greeting"] == "old"


def test_a_process_that_nobody_knows_is_reaped(launch):
    fleet = launch(workers=1)
    pid = fleet.get("/stranger")["pid"]
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the reaping")
    assert fleet.who()["ordinal"] == 0


def test_the_fleet_outlives_a_closed_standard_output_and_costs_nothing_idle(launch):
    fleet = launch(workers=2)
    fleet.process.stdout.close()

    def used(pid):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    pids = [fleet.process.pid, *fleet.pids]
    before = sum(used(pid) for pid in pids)
    select.poll().poll(1000)
    assert sum(used(pid) for pid in pids) - before < 0.1, "an idle fleet does not spin"
    assert fleet.who()["states"][:2] == [2, 2]
