"""Rows and seats, the fleet's own cells, the notice, and the numbers that a slot gives out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.state.board import NOTICE_BYTES, Board, Column, Order, Shared, SlotState
from simulator.state.slot import SIDE_BASE, Arrivals, Slot


def test_every_seat_has_a_row_of_its_own():
    board = Board(3)
    for ordinal in range(3):
        for seat in range(2):
            board.row(ordinal, seat)[Column.IN_FLIGHT] = 10 * ordinal + seat
    assert board.column(Column.IN_FLIGHT) == [1, 21, 41]
    assert board.total(Column.IN_FLIGHT) == 63
    assert board.shared.tolist() == [0] * len(board.shared)
    for ordinal, seat in ((3, 0), (-1, 0), (0, 2), (0, -1)):
        with pytest.raises(IndexError):
            board.row(ordinal, seat)
    with pytest.raises(ValueError, match="at least one slot"):
        Board(0)


@pytest.mark.parametrize(
    ("first", "second", "holder"),
    [
        (SlotState.READY, SlotState.BOOTING, 0),
        (SlotState.READY, SlotState.STANDBY, 0),
        (SlotState.DRAINING, SlotState.STANDBY, 1),
        (SlotState.DRAINING, SlotState.READY, 1),
        (SlotState.DRAINING, SlotState.EMPTY, 0),
        (SlotState.EMPTY, SlotState.DRAINING, 1),
        (SlotState.EMPTY, SlotState.EMPTY, 0),
        (SlotState.KILLED, SlotState.BOOTING, 1),
    ],
)
def test_who_holds_a_slot(first, second, holder):
    board = Board(1)
    for seat, state in enumerate((first, second)):
        board.row(0, seat)[Column.STATE] = state
        board.row(0, seat)[Column.PID] = seat
    assert [row[Column.PID] for row in board.seats(0)] == [holder, 1 - holder]
    assert board.ready() == [first, second].count(SlotState.READY)


@given(st.lists(st.text(max_size=2 * NOTICE_BYTES), max_size=4))
def test_a_notice_is_one_line_and_only_the_last_stays(texts):
    board = Board(1)
    assert board.notice() == ""
    for text in texts:
        board.post(text)
        line = " ".join(text.split())
        whole = line.encode("utf-8", "replace")[:NOTICE_BYTES].decode("utf-8", "ignore")
        assert board.notice() == whole.rstrip("\0")
    assert board.shared[Shared.NOTICE] == 2 * len(texts)


def test_a_notice_whose_writer_died_in_the_middle_is_still_read():
    board = Board(1)
    board.post("why")
    board.shared[Shared.NOTICE] += 1
    assert board.notice() == "why"


def test_a_slot_needs_nothing_but_its_place():
    slot = Slot(0, 0, Board(1))
    assert (slot.fleet, slot.state, slot.seat, slot.shard, slot.identity) == ("", None, 0, "0.0", "0")
    assert Slot(11, 3, Board(12), seat=1).identity == "11b"


def test_the_line_goes_on_from_seat_to_seat():
    board = Board(2)
    old, new = (Arrivals(Slot(1, 0, board, seat=seat)) for seat in (0, 1))
    assert [old.take() for _ in range(3)] == [0, 1, 2]
    board.row(1, 0)[Column.ORDER] = Order.RETIRE
    assert [new.take(), old.take(), new.take(), old.take()] == [3, SIDE_BASE, 4, SIDE_BASE + 1]
    assert Slot(1, 0, board, seat=1).home[Column.SEQUENCE] == 5


def test_two_retired_workers_of_a_slot_share_no_number_and_neither_do_their_successors():
    board = Board(1)
    taken = []
    for _ in range(3):
        for seat in (0, 1):
            board.row(0, seat)[Column.ORDER] = Order.RETIRE
            arrivals = Arrivals(Slot(0, 0, board, seat=seat))
            taken += [arrivals.take() for _ in range(5)]
    assert len(set(taken)) == 30
    assert min(taken) == SIDE_BASE
