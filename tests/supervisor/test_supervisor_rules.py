"""Pure rules: back-off, deadlines, the order of replacement, how an end is read."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.schema import Server
from simulator.state.board import Board, Column, SlotState
from supervisor.application import Release
from supervisor.backoff import LONGEST_SECONDS, Backoff
from supervisor.child import Child, clear, ended_well, how_it_ended
from supervisor.deadlines import (
    BOOT_SECONDS,
    DRAIN_MARGIN_SECONDS,
    DUMP_SECONDS,
    IDLE_GRACE_SECONDS,
    QUICK_SECONDS,
    Facts,
    Limits,
    Verdict,
    judge,
    lifetime,
    limits_of,
)
from supervisor.departure import (
    CANCEL_SECONDS,
    CONCLUDE_SECONDS,
    FLUSH_SECONDS,
    LATECOMER_SECONDS,
    ORPHAN_SECONDS,
)
from supervisor.forking import warn_of_threads
from supervisor.notes import NOTE_BYTES, Notes
from supervisor.parent import ORPHAN_LIMIT_SECONDS
from supervisor.server import SHUTDOWN_SECONDS

LIMITS = Limits(beat=10, drain=20)


def test_the_first_respawn_is_immediate_then_they_back_off():
    backoff = Backoff()
    delays = [backoff.died(now=100, served=1) for _ in range(9)]
    assert delays == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]
    assert backoff.wait(100) == 5
    assert backoff.wait(103) == 2
    assert backoff.wait(200) == 0


def test_healthy_service_and_forgiveness_end_a_series():
    backoff = Backoff()
    for _ in range(5):
        backoff.died(now=0, served=1)
    assert backoff.died(now=50, served=30) == 0
    assert backoff.died(now=51, served=1) == 0.1
    backoff.forgive()
    assert backoff.wait(51) == 0
    assert backoff.died(now=52, served=1) == 0


@given(st.integers(1, 5000))
def test_the_delay_is_bounded(deaths):
    backoff = Backoff()
    assert all(0 <= backoff.died(now=0, served=0) <= LONGEST_SECONDS for _ in range(deaths))


@pytest.mark.parametrize(
    ("facts", "now", "expected"),
    [
        (Facts(SlotState.BOOTING, 0, 0), BOOT_SECONDS - 1, Verdict.KEEP),
        (Facts(SlotState.BOOTING, 0, 0), BOOT_SECONDS + 1, Verdict.DUMP),
        (Facts(SlotState.READY, 0, 90), 100, Verdict.KEEP),
        (Facts(SlotState.READY, 0, 89), 100, Verdict.DUMP),
        (Facts(SlotState.DRAINING, 0, 99, draining_since=85), 100, Verdict.KEEP),
        (Facts(SlotState.DRAINING, 0, 99, draining_since=79), 100, Verdict.DUMP),
        (Facts(SlotState.DRAINING, 0, 89, draining_since=98), 100, Verdict.DUMP),
        (Facts(SlotState.STANDBY, 0, 89), 100, Verdict.DUMP),
        (Facts(SlotState.READY, 0, 89, excused=101), 100, Verdict.KEEP),
        (Facts(SlotState.READY, 0, 89, excused=101), 101, Verdict.DUMP),
        (Facts(SlotState.READY, 0, 89, excused=101, frozen=True), 100, Verdict.KILL),
        (Facts(SlotState.READY, 0, 90, frozen=True), 100, Verdict.KEEP),
        (Facts(SlotState.DRAINING, 0, 99, draining_since=79, frozen=True), 100, Verdict.KILL),
        (Facts(SlotState.READY, 0, 89, dumped=100), 100 + DUMP_SECONDS / 2, Verdict.KEEP),
        (Facts(SlotState.READY, 0, 89, dumped=100), 100 + DUMP_SECONDS, Verdict.KILL),
        (Facts(SlotState.READY, 0, 89, dumped=90, killed=True), 200, Verdict.KEEP),
    ],
)
def test_deadlines(facts, now, expected):
    verdict, why = judge(facts, LIMITS, now)
    assert verdict is expected
    assert bool(why) == (verdict is not Verdict.KEEP)


OLD, NEW = Release(1, None, None), Release(2, None, None)


def child(ordinal, release, *, seat=0, ready=1.0, holds=True, asked=None, killed=False):
    pid = 100 + 10 * seat + ordinal
    return Child(pid, ordinal, release, 0.0, seat, holds, booted=ready, ready=ready, asked=asked, killed=killed)


EXITED_0, EXITED_3 = 0, 3 << 8


def test_a_proper_end():
    assert ended_well(child(0, OLD, asked=1.0), EXITED_0)
    assert ended_well(child(0, OLD, asked=1.0), signal.SIGTERM)
    assert ended_well(child(0, OLD, asked=1.0), signal.SIGINT)
    assert not ended_well(child(0, OLD), EXITED_0)
    assert not ended_well(child(0, OLD, asked=1.0), EXITED_3)
    assert not ended_well(child(0, OLD, asked=1.0), signal.SIGKILL)
    assert not ended_well(child(0, OLD, asked=1.0, killed=True), EXITED_0)


def test_an_end_in_words():
    assert how_it_ended(EXITED_3) == "exited with code 3"
    assert how_it_ended(signal.SIGKILL) == "was ended by SIGKILL"
    assert how_it_ended(120) == "was ended by signal 120"


def test_a_note_is_one_line_and_read_once():
    notes = Notes(2)
    notes.write(1, "ValueError:\n  no such\tthing")
    assert notes.take(0) == ""
    assert notes.take(1) == "ValueError: no such thing"
    assert notes.take(1) == ""
    notes.write(0, "é" * NOTE_BYTES)
    assert notes.take(0) == "é" * (NOTE_BYTES // 2)
    assert notes.take(1) == ""


def test_limits_follow_the_configuration():
    server = Server(shutdown_timeout_secs=60, heartbeat_timeout_secs=7)
    assert limits_of(server, quick=False) == Limits(beat=7, drain=IDLE_GRACE_SECONDS + 60 + DRAIN_MARGIN_SECONDS)
    assert limits_of(server, quick=True).drain == QUICK_SECONDS
    patient = Server(shutdown_timeout_secs=60, lame_duck_secs=15)
    assert limits_of(patient, quick=False).drain == 15 + 60 + DRAIN_MARGIN_SECONDS


def test_deadlines_nest():
    """What a worker takes at most is less than what it is granted: by its supervisor, or by its parent's death."""
    ending = CONCLUDE_SECONDS + CANCEL_SECONDS + FLUSH_SECONDS
    assert LATECOMER_SECONDS + ending + SHUTDOWN_SECONDS < DRAIN_MARGIN_SECONDS
    assert ORPHAN_SECONDS + ending + SHUTDOWN_SECONDS / 2 < ORPHAN_LIMIT_SECONDS < 5
    assert CANCEL_SECONDS + SHUTDOWN_SECONDS / 2 < QUICK_SECONDS


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 9), st.integers(0, 1000))
def test_a_lifetime_is_drawn_from_the_shard(requests, jitter, ordinal, sequence):
    server = Server(max_requests=requests, max_requests_jitter=jitter)
    drawn = lifetime(server, f"0.{ordinal}", sequence)
    assert requests <= drawn <= requests + jitter
    assert drawn == lifetime(server, f"0.{ordinal}", sequence)


def test_lifetimes_differ_from_worker_to_worker_and_may_be_endless():
    server = Server(max_requests=1, max_requests_jitter=1_000_000)
    assert len({lifetime(server, f"0.{ordinal}", sequence) for ordinal in range(8) for sequence in (0, 5)}) == 16
    assert lifetime(Server(max_requests_jitter=7), "0.0", 0) == 0


def test_what_outlives_a_worker():
    row = Board(1).row(0)
    for column in Column:
        row[column] = 9
    clear(row)
    kept = {column for column in Column if row[column] == 9}
    assert {Column.SEQUENCE, Column.SIDE, Column.REQUESTS, Column.RESTARTS, Column.TOKENS_OUT} <= kept
    assert not kept & {
        Column.ORDER,
        Column.SPENT,
        Column.CONNECTIONS,
        Column.IN_FLIGHT,
        Column.QUEUED,
        Column.HEARTBEAT_NS,
    }


def test_threads_before_the_fork_are_told(tmp_path, caplog):
    warn_of_threads(tmp_path / "none")
    (tmp_path / "1").mkdir()
    warn_of_threads(tmp_path)
    assert not caplog.records
    (tmp_path / "2").mkdir()
    warn_of_threads(tmp_path)
    assert "1 threads" in caplog.text
