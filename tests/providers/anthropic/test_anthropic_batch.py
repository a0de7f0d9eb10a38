"""How far a batch is follows from the time alone."""

import pytest
from anthropic.types.messages import MessageBatch
from anthropic_wire import strangers_in
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.anthropic.batch import LASTS, Batch

NOW = 1_800_000_000.0


def batch(**more):
    return Batch(**{"id": "msgbatch_1", "created": NOW, "rate": 2.0, "total": 10, "chunks": 1, **more})


def counts(one, now):
    return {name: number for name, number in one.counts(now).items() if number}


def test_it_ends_when_all_are_done() -> None:
    one = batch(errored=(3,))
    assert [one.stage(NOW + after) for after in (0, 4.99, 5, 99)] == ["in_progress", "in_progress", "ended", "ended"]
    assert counts(one, NOW + 4.99) == {"processing": 10}
    assert counts(one, NOW + 5) == {"succeeded": 9, "errored": 1}


def test_a_cancelled_one_finishes_what_is_under_way() -> None:
    one = batch(cancelled=NOW + 1.2, errored=(0, 9))
    assert [one.stage(NOW + after) for after in (1.2, 1.69, 1.71)] == ["canceling", "canceling", "ended"]
    assert counts(one, NOW + 2) == {"succeeded": 2, "errored": 1, "canceled": 7}
    late = batch(cancelled=NOW + 4.9)
    assert counts(late, NOW + 5) == {"succeeded": 10}


def test_one_that_takes_too_long_expires() -> None:
    one = batch(rate=4 / LASTS)
    assert one.stage(NOW + LASTS - 1) == "in_progress"
    assert counts(one, NOW + LASTS) == {"succeeded": 4, "expired": 6}


times = st.floats(0, 2 * LASTS)


@given(st.integers(1, 1000), st.floats(1e-4, 1e5), st.none() | times, times, st.sets(st.integers(0, 999)))
def test_the_counts_add_up(total, rate, cancelled, after, errored) -> None:
    one = batch(
        total=total,
        rate=rate,
        cancelled=None if cancelled is None else NOW + cancelled,
        errored=tuple(sorted(place for place in errored if place < total)),
    )
    now = NOW + after
    assert sum(one.counts(now).values()) == total
    assert min(one.counts(now).values()) >= 0
    assert (one.counts(now)["processing"] > 0) == (one.stage(now) != "ended")
    if cancelled is None and total / rate <= LASTS:
        assert one.done == total


@pytest.mark.parametrize("after", [0, 1.5, 99])
@pytest.mark.parametrize("cancelled", [None, NOW + 1])
def test_the_sdk_takes_it(after, cancelled) -> None:
    told = MessageBatch.model_validate(batch(cancelled=cancelled).described(NOW + after, "/x"))
    assert strangers_in(told) == []
    ended = told.processing_status == "ended"
    assert (told.results_url, told.ended_at is not None) == (("/x", True) if ended else (None, False))
    assert (told.expires_at - told.created_at).total_seconds() == LASTS
