"""What each kind of failure does once it strikes."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.failures import Failure, Kind, Problem
from simulator.engine.faults.effects import Filtered, effect_of
from simulator.engine.plan import Disturbance, Fault, FaultKind, Trouble

BROKEN = ("reset", "cut", "stall", "malformed", "truncated_json", "error_event")
"""What happens at a place that is drawn if none is given."""
DRAWS = st.floats(0, 1, exclude_max=True)


def struck(kind, steps=10, place=0.5, **settings):
    return effect_of(Failure(kind=kind, **settings))(steps, place)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_does_something_to_any_answer(kind):
    for steps in (1, 2, 1000):
        assert struck(kind, steps) is not None


@pytest.mark.parametrize("kind", get_args(Problem))
def test_a_problem_is_the_error_of_its_name_with_its_own_words(kind):
    assert struck(kind) == Fault(FaultKind(kind))
    own = {"status": 418, "type": "teapot", "code": "short", "message": "I am one.", "retry_after_secs": 3}
    assert struck(kind, after_ms=250, **own) == Fault(
        FaultKind(kind), after=0.25, retry_after=3, status=418, type="teapot", code="short", message="I am one."
    )


def test_a_timeout_is_held_and_hung_up():
    assert struck("timeout", after_ms=1500) == Fault(FaultKind.TIMEOUT, after=1.5, hang_up=True)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_place_that_is_given_counts_tokens_and_spares_a_shorter_answer(kind):
    assert struck(kind, after_tokens=9).step == 9
    assert struck(kind, after_tokens=9, place=0.99).step == 9
    assert struck(kind, after_tokens=10) is None
    assert struck(kind, steps=1, after_tokens=0).step == 0


@given(st.integers(1, 10_000), DRAWS)
def test_a_place_that_is_drawn_is_within_the_answer(steps, place):
    for kind in BROKEN:
        assert struck(kind, steps, place).step == int(place * steps) < steps
    assert struck("content_filter", steps, place).step < steps


def test_every_step_is_as_likely_as_any_other():
    drawn = [struck("cut", 8, place / 800).step for place in range(800)]
    assert [drawn.count(step) for step in range(8)] == [100] * 8


def test_what_each_disturbance_carries():
    assert struck("cut", after_tokens=2, mid_frame=True) == Disturbance(Trouble.CUT, 2, mid_frame=True)
    assert struck("reset", after_tokens=2) == Disturbance(Trouble.RESET, 2)
    assert struck("stall", after_tokens=2, duration_ms=1500) == Disturbance(Trouble.STALL, 2, seconds=1.5)
    assert struck("trickle", bytes_per_sec=7) == Disturbance(Trouble.TRICKLE, 0, rate=7)
    assert struck("trickle", after_tokens=9, bytes_per_sec=7) == Disturbance(Trouble.TRICKLE, 9, rate=7)
    assert struck("trickle", after_tokens=10) is None
    assert struck("wrong_length", by_bytes=-4) == Disturbance(Trouble.WRONG_LENGTH, amount=-4)
    assert struck("missing_terminator", steps=7) == Disturbance(Trouble.MISSING_TERMINATOR, 6)
    told = struck("error_event", after_tokens=1, error="overloaded", message="Full.", retry_after_secs=2)
    assert told == Disturbance(
        Trouble.ERROR_EVENT, 1, error=Fault(FaultKind.OVERLOADED, message="Full.", retry_after=2)
    )
    assert struck("content_filter", after_tokens=4) == Filtered(4)
