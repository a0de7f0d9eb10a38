"""All failures of one request: who is seen, what adds up, and what finds no place."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.config.failures import Failure
from simulator.engine.circumstances import Candidate
from simulator.engine.faults.failure import ReadyFailure
from simulator.engine.faults.striking import beyond, meet, steps_of
from simulator.engine.plan import Answer, Choice, Embedded, FaultKind, Finish, Trouble, Usage
from simulator.engine.seeds import Draws

WHERE = (12345, 7, False)
ANSWER = Answer((Choice(("a ",) * 20, Finish.STOP, reasoning=("b ",) * 10),), Usage(5, 30), bytes(32), 0)
VECTORS = Embedded((b"",), 0, Usage(5, 0))


def met(*failures, outcome=ANSWER, asked=False):
    """What a request meets of failures given as (name, settings), in the order of their priorities."""
    ready = [ReadyFailure(name, Failure(**given)) for name, given in failures]
    ready.sort(key=lambda one: (one.settings.priority, one.name))
    return meet(Draws(), WHERE, [Candidate(one, asked=asked) for one in ready], outcome, 0)


def test_without_a_failure_nothing_changes():
    found = met(("never", {"probability": 0}))
    assert (found.outcome, found.fault, found.disturbances, found.names) == (ANSWER, None, (), ())


def test_the_error_with_the_lowest_priority_is_seen_and_named_alone():
    found = met(("late", {"kind": "overloaded"}), ("early", {"kind": "rate_limit", "priority": 10}))
    assert found.fault.kind is FaultKind.RATE_LIMIT
    assert found.names == ("early",)


def test_what_disturbs_the_way_happens_together_in_order():
    found = met(
        ("b", {"kind": "stall", "after_tokens": 3, "duration_ms": 100, "priority": 20}),
        ("a", {"kind": "cut", "after_tokens": 9, "priority": 30}),
        ("c", {"kind": "trickle", "after_tokens": 0, "priority": 10}),
    )
    assert [one.kind for one in found.disturbances] == [Trouble.TRICKLE, Trouble.STALL, Trouble.CUT]
    assert found.names == ("c", "b", "a")
    assert found.outcome is ANSWER


@pytest.mark.parametrize("priority", [1, 99])
def test_a_place_within_the_answer_is_none_within_an_error(priority):
    error = ("error", {"kind": "server_error"})
    within = ("within", {"kind": "reset", "after_tokens": 5, "priority": priority})
    before = ("before", {"kind": "stall", "after_tokens": 0, "priority": priority})
    drawn = ("drawn", {"kind": "cut", "priority": priority})
    found = met(error, within, before, drawn)
    assert found.fault.kind is FaultKind.SERVER_ERROR
    assert {one.kind for one in found.disturbances} == {Trouble.STALL, Trouble.CUT}
    assert {one.step for one in found.disturbances} == {0}
    assert set(found.names) == {"error", "before", "drawn"}


def test_an_error_amid_a_stream_is_none_of_an_errors():
    found = met(("error", {}), ("event", {"kind": "error_event", "after_tokens": 0}))
    assert (found.disturbances, found.names) == ((), ("error",))


def test_where_the_connection_is_closed_instead_of_an_answer_nothing_is_disturbed():
    found = met(("hold", {"kind": "timeout"}), ("slow", {"kind": "stall", "after_tokens": 0}))
    assert found.fault.hang_up
    assert (found.disturbances, found.names) == ((), ("hold",))


@pytest.mark.parametrize("priority", [1, 99])
def test_a_filter_cuts_the_answer_before_anything_finds_its_place_in_it(priority):
    found = met(
        ("filter", {"kind": "content_filter", "after_tokens": 12}),
        ("gone", {"kind": "reset", "after_tokens": 15, "priority": priority}),
        ("there", {"kind": "stall", "after_tokens": 11, "priority": priority}),
        ("last", {"kind": "missing_terminator", "priority": priority}),
    )
    (choice,) = found.outcome.choices
    assert (len(choice.reasoning), len(choice.pieces), choice.finish) == (10, 2, Finish.CONTENT_FILTER)
    assert (found.outcome.usage.output_tokens, found.outcome.usage.reasoning_tokens) == (12, 10)
    assert {(one.kind, one.step) for one in found.disturbances} == {
        (Trouble.STALL, 11),
        (Trouble.MISSING_TERMINATOR, 11),
    }
    assert set(found.names) == {"filter", "there", "last"}


def test_a_filter_behind_an_error_is_not_named():
    found = met(("filter", {"kind": "content_filter", "after_tokens": 2, "priority": 1}), ("error", {}))
    assert found.names == ("error",)


def test_what_has_no_tokens_is_filtered_by_none():
    found = met(("filter", {"kind": "content_filter"}), ("slow", {"kind": "stall"}), outcome=VECTORS)
    assert found.outcome is VECTORS
    assert found.names == ("slow",)


def test_a_failure_that_is_asked_for_and_configured_strikes_once():
    failure = ReadyFailure("slow", Failure(kind="stall", after_tokens=2))
    found = meet(Draws(), WHERE, [Candidate(failure, asked=True), Candidate(failure)], ANSWER, 0)
    assert len(found.disturbances) == 1
    assert found.names == ("slow",)


def test_a_context_length_tells_the_models_window_and_more():
    fault = met(("long", {"kind": "context_length"})).fault
    told = beyond(fault, 8_192, 30)
    assert (told.limit, told.asked) == (8_192, 8_222)
    other = met(("other", {"kind": "overloaded"})).fault
    assert beyond(other, 8_192, 30) is other


KINDS = ["server_error", "timeout", "content_filter", "reset", "cut", "stall", "malformed", "error_event", "trickle"]
failures = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(KINDS),
            "probability": st.sampled_from([0.0, 0.5, 1.0]),
            "priority": st.integers(0, 9),
        },
        optional={"after_tokens": st.integers(0, 40)},
    ).map(lambda given: {k: v for k, v in given.items() if k != "after_tokens" or given["kind"] not in KINDS[:2]}),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(failures, st.integers(0, 2**40), st.booleans())
def test_whatever_strikes_has_its_place_and_is_named(given_failures, sequence, keyed):
    ready = [ReadyFailure(f"f{number}", Failure(**given)) for number, given in enumerate(given_failures)]
    ready.sort(key=lambda one: (one.settings.priority, one.name))
    found = meet(Draws(), (99, sequence, keyed), [Candidate(one) for one in ready], ANSWER, 0)
    steps = 1 if found.fault is not None else steps_of(found.outcome)
    assert all(0 <= one.step < steps for one in found.disturbances)
    kinds = {one.name: one.settings.kind for one in ready}
    named = [kinds[name] for name in found.names]
    assert [kind for kind in named if kind in set(Trouble)] == [one.kind.value for one in found.disturbances]
    assert (found.fault is not None) == any(kind in ("server_error", "timeout") for kind in named)
    assert list(found.names) == [one.name for one in ready if one.name in found.names]
    again = meet(Draws(), (99, sequence, keyed), [Candidate(one) for one in ready], ANSWER, 0)
    assert msgspec.structs.asdict(found) == msgspec.structs.asdict(again)
