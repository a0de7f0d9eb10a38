"""Who is replaced next, and when a successor takes over; the watch over silent workers."""

import signal
import time
from types import SimpleNamespace

import pytest

from simulator.config.load import Loaded
from simulator.config.schema import Config, Server
from simulator.state.board import Board, Column, Order, SlotState
from supervisor.application import Release
from supervisor.child import Child
from supervisor.crew import Crew
from supervisor.deadlines import EXCUSE_SECONDS
from supervisor.succession import (
    HANDOVER_SECONDS,
    free_seat,
    has_let_go,
    in_need,
    next_to_replace,
    outdated,
    served,
    staying,
)

OLD, NEW = (Release(number, Loaded(Config(server=Server(heartbeat_timeout_secs=1)), {}, {}), None) for number in (1, 2))


def child(ordinal, release, *, seat=0, ready=1.0, holds=True, asked=None):
    pid = 100 + 10 * seat + ordinal
    return Child(pid, ordinal, release, 0.0, seat, holds, booted=ready, ready=ready, asked=asked)


def turn(children, wanted, release=NEW, spent=()):
    needy = in_need(children, wanted, release, lambda each: each in spent)
    return next_to_replace(children, wanted, needy)


def test_replacement_goes_by_ordinal_and_one_at_a_time():
    children = [child(k, OLD) for k in (2, 0, 1)]
    first = children[1]
    assert turn(children, 3) is first
    successor = child(0, NEW, seat=1, ready=None, holds=False)
    children.append(successor)
    assert turn(children, 3) is None, "a successor starts"
    first.asked, successor.holds = 2.0, True
    assert turn(children, 3) is None, "it does not serve yet"
    successor.ready = 3.0
    assert turn(children, 3) is children[2], "the next as soon as it does, though the first still drains"
    children[:] = [child(k, NEW) for k in range(3)]
    assert turn(children, 3) is None


def test_nothing_is_replaced_while_a_slot_is_empty():
    assert turn([child(0, OLD)], 2) is None


def test_a_slot_without_a_free_seat_waits_and_does_not_hold_up_the_others():
    draining = child(0, OLD, seat=1, asked=1.0)
    children = [child(0, OLD), draining, child(1, OLD)]
    assert turn(children, 2) is children[2]
    children.remove(draining)
    assert turn(children, 2) is children[0]


def test_slots_above_the_wanted_number_are_not_waited_for():
    children = [child(0, OLD), child(1, OLD, asked=1.0)]
    assert turn(children, 1) is children[0]


def test_the_spent_are_replaced_like_those_of_another_release():
    children = [child(0, NEW), child(1, NEW)]
    assert turn(children, 2) is None
    assert turn(children, 2, spent=children[1:]) is children[1]


def test_seats():
    holder, draining = child(0, NEW, seat=1), child(0, OLD, asked=1.0)
    assert free_seat([], 0) == 0
    assert free_seat([draining], 0) == 1
    assert free_seat([holder], 0) == 0
    assert free_seat([holder, draining], 0) is None
    assert free_seat([holder, draining], 1) == 0
    assert staying([holder, draining], 0) == [holder]
    assert served([holder, draining], 1)
    assert not served([draining], 1)


def test_a_successor_of_an_unwanted_release_is_told_apart_from_workers():
    serving, starting = child(0, OLD), child(0, OLD, seat=1, ready=None, holds=False)
    assert outdated([serving, starting], NEW) == [starting]
    assert outdated([serving, starting], OLD) == []
    starting.asked = 1.0
    assert outdated([serving, starting], NEW) == []


@pytest.mark.parametrize(
    ("asked", "state", "now", "gone"),
    [
        (None, SlotState.READY, 9.0, False),
        (5.0, SlotState.READY, 5.0 + HANDOVER_SECONDS / 2, False),
        (5.0, SlotState.DRAINING, 5.0, True),
        (5.0, SlotState.KILLED, 5.0, True),
        (5.0, SlotState.READY, 5.1 + HANDOVER_SECONDS, True),
    ],
)
def test_a_predecessor_lets_go_when_it_says_so_or_had_its_time(asked, state, now, gone):
    assert has_let_go(child(0, OLD, asked=asked), state, now) is gone


@pytest.fixture
def watched(monkeypatch):
    """A crew of two whose loops have been silent, what it sends, and which of its processes are stopped."""
    board = Board(2)
    crew = Crew(SimpleNamespace(board=board, pod=0))
    crew.children = [child(0, OLD), child(1, OLD)]
    for each in crew.children:
        crew.row(each)[Column.STATE] = SlotState.READY
        crew.row(each)[Column.HEARTBEAT_NS] = time.monotonic_ns() - 3_000_000_000
    sent, frozen = [], set()
    monkeypatch.setattr("supervisor.crew.is_frozen", frozen.__contains__)
    monkeypatch.setattr("os.kill", lambda pid, number: sent.append((pid, number)))
    return crew, sent, frozen


def test_the_silent_are_asked_for_their_stack_first(watched):
    crew, sent, _ = watched
    crew.watch(quick=False)
    assert sent == [(100, signal.SIGUSR2), (101, signal.SIGUSR2)]


def test_the_stopped_are_killed_first_and_the_others_have_a_second_more(watched):
    crew, sent, frozen = watched
    frozen.add(101)
    crew.watch(quick=False)
    assert sent == [(101, signal.SIGKILL)]
    assert crew.state(crew.children[1]) is SlotState.KILLED
    frozen.clear()
    crew.watch(quick=False)
    assert len(sent) == 1, "the other is excused"
    assert 0 < crew.next_beat() <= EXCUSE_SECONDS
    crew.children[0].excused = time.monotonic() - 0.001
    crew.watch(quick=False)
    assert sent[1:] == [(100, signal.SIGUSR2)]


def test_after_a_suspension_of_the_host_nobody_is_judged_by_an_old_beat(watched):
    crew, sent, _ = watched
    crew.forgive()
    crew.watch(quick=False)
    assert sent == []
    assert crew.next_beat() > 0.5


def test_orders_stand_on_the_board(watched):
    crew, sent, _ = watched
    crew.retire(crew.children[0])
    crew.dismiss(crew.children[1], quick=True)
    assert [crew.row(each)[Column.ORDER] for each in crew.children] == [Order.RETIRE, Order.NONE]
    assert sent == [(100, signal.SIGTERM), (101, signal.SIGINT)]
    assert all(each.asked is not None for each in crew.children)


def test_a_worker_that_somebody_else_told_to_leave_loses_its_line(watched):
    crew, _, _ = watched
    crew.row(crew.children[0])[Column.STATE] = SlotState.DRAINING
    assert list(crew.notice()) == []
    assert crew.children[0].asked is not None
    assert crew.row(crew.children[0])[Column.ORDER] == Order.RETIRE
