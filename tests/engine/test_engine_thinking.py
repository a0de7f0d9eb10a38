"""What a model thinks before it answers: first among the steps, within the limit, counted."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.load import load
from simulator.engine.content.prose import Prose
from simulator.engine.content.thinking import thought
from simulator.engine.engine import Engine
from simulator.engine.plan import Address, Finish
from simulator.engine.request import Message, Operation, Request, Tool
from simulator.engine.seeds import digest_of
from simulator.engine.tokens import load as load_tokenizer

HERE = Address(42, 0, 0, 0)
ASKED = Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "What is the weather in Paris?"),), reasoning=200)
WEATHER = Tool("get_weather", "The weather of a city", {"type": "object", "properties": {"city": {"type": "string"}}})
PROSE = Prose(load_tokenizer("estimate"))


def changed(**fields):
    return msgspec.structs.replace(ASKED, **fields)


@pytest.fixture(scope="module")
def engine():
    loaded = load(None)
    return Engine(loaded.config, loaded.catalogue)


def test_a_thought_comes_first_and_is_counted(engine):
    plan = engine.plan(ASKED, HERE)
    (choice,) = plan.outcome.choices
    assert 100 <= len(choice.reasoning) <= 330
    assert choice.pieces
    assert choice.finish is Finish.STOP
    assert len(plan.offsets) == len(choice.reasoning) + len(choice.pieces) == plan.outcome.steps
    assert plan.outcome.usage.reasoning_tokens == len(choice.reasoning)
    assert plan.outcome.usage.output_tokens == len(choice.reasoning) + len(choice.pieces)
    again = Engine(engine.config, load(None).catalogue).plan(ASKED, HERE)
    assert list(again.outcome.choices[0].reasoning) == list(choice.reasoning)


def test_nothing_is_thought_unless_asked(engine):
    for reasoning in (None, 0):
        (choice,) = engine.plan(changed(reasoning=reasoning), HERE).outcome.choices
        assert not choice.reasoning
        assert choice.pieces


def test_the_limit_is_of_both_together(engine):
    outcome = engine.plan(changed(max_tokens=40), HERE).outcome
    (choice,) = outcome.choices
    assert (len(choice.reasoning), len(choice.pieces), choice.finish) == (40, 0, Finish.LENGTH)
    assert (outcome.usage.output_tokens, outcome.usage.reasoning_tokens) == (40, 40)
    assert outcome.steps == 40
    finishes = set()
    for limit in range(100, 400, 10):
        outcome = engine.plan(changed(max_tokens=limit), HERE).outcome
        (choice,) = outcome.choices
        assert outcome.usage.output_tokens == len(choice.reasoning) + len(choice.pieces) <= limit
        assert (choice.finish is Finish.LENGTH) == (outcome.usage.output_tokens == limit)
        finishes.add((choice.finish, bool(choice.pieces)))
    assert finishes == {(Finish.LENGTH, False), (Finish.LENGTH, True), (Finish.STOP, True)}


def test_every_choice_has_a_thought_of_its_own(engine):
    outcome = engine.plan(changed(choices=3), HERE).outcome
    assert len({"".join(choice.reasoning) for choice in outcome.choices}) == 3
    assert outcome.usage.reasoning_tokens == sum(len(choice.reasoning) for choice in outcome.choices)


def test_calls_come_after_the_thought(engine):
    (choice,) = engine.plan(changed(tools=(WEATHER,)), HERE).outcome.choices
    assert choice.reasoning
    assert choice.calls[0].name == "get_weather"
    assert choice.finish is Finish.TOOL_CALLS
    (cut,) = engine.plan(changed(tools=(WEATHER,), max_tokens=5), HERE).outcome.choices
    assert (len(cut.reasoning), cut.calls, cut.finish) == (5, (), Finish.LENGTH)


def test_whether_a_request_thinks_tells_it_apart():
    assert len({digest_of(changed(reasoning=reasoning)) for reasoning in (None, 0, 1, 2)}) == 4
    assert digest_of(changed(reasoning=None, parallel=False)) != digest_of(changed(reasoning=None))


@given(st.integers(0, 2**64 - 1), st.integers(1, 5_000), st.integers(1, 10_000))
def test_a_thought_keeps_its_bounds(word, target, most):
    pieces = thought(PROSE, word, target, most)
    assert 1 <= len(pieces) <= most
    assert len(pieces) <= 1.5 * target + 60
