"""A slot's lateness: the worst of late is told, and fades."""

import pytest

from simulator.server.lag import HALF_LIFE, lag_of, note_lag
from simulator.state.board import Board, Column


def test_the_worst_is_told_and_fades():
    row = Board(1).row(0)
    assert lag_of(row, 100.0) == 0.0
    note_lag(row, 0.080, 100.0)
    assert lag_of(row, 100.0) == pytest.approx(0.080, abs=1e-6)
    assert lag_of(row, 100.0 + HALF_LIFE) == pytest.approx(0.040, abs=1e-6)
    note_lag(row, 0.010, 100.0 + HALF_LIFE)
    assert lag_of(row, 100.0 + HALF_LIFE) == pytest.approx(0.040, abs=1e-6), "a lesser lag hides no greater one"
    note_lag(row, 0.050, 100.0 + HALF_LIFE)
    assert lag_of(row, 100.0 + HALF_LIFE) == pytest.approx(0.050, abs=1e-6)
    assert lag_of(row, 100.0 + 60) < 1e-6


def test_a_clock_that_is_read_earlier_than_the_note_does_no_harm():
    row = Board(1).row(0)
    note_lag(row, 0.02, 100.0)
    assert lag_of(row, 99.0) == pytest.approx(0.02)
    assert row[Column.LAG_US] == 20_000
