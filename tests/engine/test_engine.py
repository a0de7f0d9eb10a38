"""The engine: pure, repeatable, and within every limit of its models."""

import datetime as dt
import os
import random
import secrets
import sys
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.load import load
from simulator.engine.engine import EPOCH, STRANGERS, YEAR, Engine
from simulator.engine.errors import ContextExceeded, OutputExceeded, UnknownModel, WrongDimensions, WrongKind
from simulator.engine.plan import Address, Answer, Embedded, Fault, Finish
from simulator.engine.request import Message, Operation, Request

HERE = Address(42, 0, 0, 0)
HELLO = Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "Hello"),))
EMBED = Request(Operation.EMBEDDING, "openai", "text-embedding-3-small", inputs=("one", "two"))
COUNT = Request(Operation.COUNT, "anthropic", "claude-sonnet-4-5", (Message("user", "Hello"),))
COMPLETE = Request(Operation.COMPLETION, "openai", "gpt-3.5-turbo-instruct", inputs=("Once",), max_tokens=9)
ALL = (HELLO, EMBED, COUNT, COMPLETE)


def make(**flags):
    loaded = load(None, environ={}, flags={key.replace("__", "."): value for key, value in flags.items()})
    return Engine(loaded.config, loaded.catalogue)


ENGINE = make()


def at(sequence, worker=0, pod=0, **more):
    return Address(42, pod, worker, sequence, **more)


def changed(request, **fields):
    return msgspec.structs.replace(request, **fields)


def test_planning_touches_no_clock_no_environment_no_file_no_socket_and_no_chance(monkeypatch):
    """The first plan of each kind, on an engine that has planned nothing, with all of these forbidden."""
    engine = make(errors__rate_limit__probability=0.5)
    seen = []
    watching = False
    sys.addaudithook(lambda event, args: seen.append(event) if watching else None)

    def forbidden(*args, **more):
        raise AssertionError("the engine is pure")

    for module, names in (
        (time, ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "sleep")),
        (random, ("random", "getrandbits", "randint")),
        (secrets, ("token_bytes", "randbits")),
        (os, ("urandom", "getpid", "getenv")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, forbidden)
    monkeypatch.setattr(dt, "datetime", forbidden)
    monkeypatch.setattr(os, "environ", {})
    watching = True
    plans = [engine.plan(request, at(sequence)) for request in ALL for sequence in range(8)]
    watching = False
    monkeypatch.undo()
    assert {type(plan.outcome) for plan in plans} == {Answer, Embedded, Fault}
    assert [event for event in seen if event.startswith(("open", "os.", "socket.", "subprocess", "ctypes"))] == []


@pytest.mark.parametrize("request_", ALL, ids=lambda request: request.operation.value)
def test_two_engines_plan_alike_whatever_they_planned_before(request_):
    other = make()
    for sequence in range(5):
        other.plan(HELLO, at(sequence))
    assert [ENGINE.plan(request_, at(n)) for n in range(20)] == [
        other.plan(request_, at(n)) for n in reversed(range(20))
    ][::-1]


@given(st.text(min_size=1, max_size=200), st.integers(0, 2**40), st.integers(0, 99), st.integers(0, 99))
def test_the_answer_depends_on_the_request_and_the_timing_on_the_address(text, sequence, worker, pod):
    request = changed(HELLO, messages=(Message("user", text),))
    here, there = ENGINE.plan(request, HERE), ENGINE.plan(request, at(sequence + 1, worker, pod))
    assert here.outcome == there.outcome
    assert here.digest == there.digest
    assert here.offsets != there.offsets
    assert here.request_bits != there.request_bits
    for plan in (here, there):
        assert list(plan.offsets) == sorted(plan.offsets)
        assert len(plan.offsets) == len(plan.outcome.choices[0].pieces)
        assert plan.outcome.usage.output_tokens == len(plan.outcome.choices[0].pieces)


def test_keyed_conditions_do_not_ask_who_answers():
    one = ENGINE.plan(HELLO, at(3, 1, 2, key="k", retry=1))
    two = ENGINE.plan(HELLO, at(77, 0, 0, key="k", retry=1))
    assert one.offsets == two.offsets
    assert ENGINE.plan(HELLO, at(3, 1, 2, key="k", retry=2)).offsets != one.offsets


def test_a_fault_never_shifts_a_delay():
    flaky = make(errors__server_error__probability=0.5)
    both = [(ENGINE.plan(HELLO, at(n)), flaky.plan(HELLO, at(n))) for n in range(60)]
    answered = [(calm, tried) for calm, tried in both if isinstance(tried.outcome, Answer)]
    assert 15 < len(answered) < 45
    assert all(calm.offsets == tried.offsets for calm, tried in answered)


def test_choices_and_prompts_get_answers_of_their_own():
    plan = ENGINE.plan(changed(COMPLETE, inputs=("a", "b"), choices=3, max_tokens=50), HERE)
    texts = [choice.text for choice in plan.outcome.choices]
    assert len(texts) == 6
    assert len(set(texts)) == 6
    assert plan.outcome.usage.output_tokens == sum(len(choice.pieces) for choice in plan.outcome.choices)
    assert len(plan.offsets) == plan.outcome.steps == max(len(choice.pieces) for choice in plan.outcome.choices)


def test_max_tokens_cuts_and_says_so():
    whole = ENGINE.plan(HELLO, HERE).outcome.choices[0]
    assert whole.finish is Finish.STOP
    for limit in (0, 1, 5, len(whole.pieces), len(whole.pieces) + 1):
        assert len(ENGINE.plan(changed(HELLO, max_tokens=limit), HERE).outcome.choices[0].pieces) <= limit
    cut = ENGINE.plan(changed(HELLO, max_tokens=5), HERE).outcome.choices[0]
    assert cut.finish is Finish.LENGTH
    nothing = ENGINE.plan(changed(HELLO, max_tokens=0), HERE)
    assert nothing.outcome.choices[0].text == ""
    assert len(nothing.offsets) == 1


def test_a_stop_sequence_ends_the_text_before_it():
    plan = ENGINE.plan(changed(HELLO, stop=("e", ".")), HERE)
    choice = plan.outcome.choices[0]
    assert choice.finish is Finish.STOP_SEQUENCE
    assert choice.stop_sequence in {"e", "."}
    assert choice.stop_sequence not in choice.text


def test_creation_times_are_repeatable_or_now():
    assert EPOCH <= ENGINE.plan(HELLO, HERE, now=5).outcome.created < EPOCH + YEAR
    free = make(simulation__deterministic=False, simulation__seed=42)
    one, two = free.plan(HELLO, at(1), now=5), free.plan(HELLO, at(2), now=6)
    assert (one.outcome.created, two.outcome.created) == (5, 6)
    assert one.outcome.choices != two.outcome.choices
    assert free.plan(HELLO, at(1), now=5) == one


def test_embeddings_have_the_size_that_is_asked_for():
    plan = ENGINE.plan(changed(EMBED, dimensions=64), HERE)
    assert [len(vector) for vector in plan.outcome.vectors] == [256, 256]
    assert len(plan.offsets) == 1
    with pytest.raises(WrongDimensions) as refused:
        ENGINE.plan(changed(EMBED, dimensions=5000), HERE)
    assert refused.value.limit == 1536
    with pytest.raises(WrongDimensions) as refused:
        ENGINE.plan(changed(EMBED, model="text-embedding-ada-002", dimensions=5), HERE)
    assert refused.value.limit is None


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (changed(HELLO, model="no-such"), UnknownModel),
        (changed(HELLO, model="claude-sonnet-4-5"), UnknownModel),
        (changed(HELLO, model="text-embedding-3-small"), WrongKind),
        (changed(EMBED, model="gpt-4o"), WrongKind),
        (changed(HELLO, max_tokens=10**9), OutputExceeded),
        (changed(HELLO, model="gpt-4", messages=(Message("user", "word " * 9_000),)), ContextExceeded),
    ],
)
def test_what_no_model_can_answer_is_refused(request_, error):
    with pytest.raises(error):
        ENGINE.plan(request_, HERE)


def test_an_alias_is_answered_by_its_model():
    assert ENGINE.plan(HELLO, HERE).model == "gpt-4o-2024-08-06"


def test_strangers_are_answered_where_configuration_allows_and_kept_within_bounds():
    engine = make(models__allow_unknown=True, **{"providers.hidden-*.enabled": False})
    for number in range(STRANGERS + 3):
        assert engine.plan(changed(HELLO, model=f"own-{number}"), HERE).model == f"own-{number}"
    assert len(engine._strangers) <= STRANGERS
    with pytest.raises(UnknownModel):
        engine.plan(changed(HELLO, model="hidden-one"), HERE)


def test_names_in_replies_can_be_marked():
    engine = make(response__model_suffix="-simulated", response__id_prefix="chatcmpl-sim-")
    plan = engine.plan(HELLO, HERE)
    assert plan.model == "gpt-4o-2024-08-06-simulated"
    assert plan.id_prefix == "chatcmpl-sim-"


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_no_answer_is_longer_than_the_longest_configured(most, number):
    engine = LENGTHS.setdefault(most, None) or make(
        response__length__max=most, response__length__p50=1, response__length__p95=300
    )
    LENGTHS[most] = engine
    plan = engine.plan(changed(HELLO, messages=(Message("user", str(number)),)), HERE)
    assert 1 <= len(plan.outcome.choices[0].pieces) <= most


LENGTHS: dict[int, Engine | None] = {}


def test_an_engine_needs_a_seed():
    loaded = load(None, environ={})
    config = msgspec.structs.replace(
        loaded.config, simulation=msgspec.structs.replace(loaded.config.simulation, seed=None)
    )
    with pytest.raises(ValueError, match="seed"):
        Engine(config, loaded.catalogue)


def test_of_embeddings_each_text_must_fit_and_not_all_together():
    """The window of `text-embedding-3-small` is 8,191 tokens."""
    texts = Request(Operation.EMBEDDING, "openai", "text-embedding-3-small", inputs=("word " * 5_000,) * 3)
    assert len(ENGINE.plan(texts, HERE).outcome.vectors) == 3
    with pytest.raises(ContextExceeded):
        ENGINE.plan(changed(texts, inputs=("a", "word " * 9_000)), HERE)
