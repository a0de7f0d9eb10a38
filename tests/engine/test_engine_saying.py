"""Answers whose words were chosen elsewhere: cut, counted, timed like others."""

import msgspec
import pytest

from simulator.config.load import load
from simulator.engine.engine import Engine
from simulator.engine.plan import Address, Embedded, Fault, FaultKind, Finish
from simulator.engine.request import Message, Operation, Request, Tool
from simulator.engine.saying import SaidCall, Saying

HERE = Address(42, 0, 0, 0)
WEATHER = Tool("get_weather", "", {"type": "object"})
ASKED = Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "Hi"),), tools=(WEATHER,))
TEXT = "It rains in Paris, and it will go on raining until the weekend."


@pytest.fixture(scope="module")
def engine():
    loaded = load(None)
    return Engine(loaded.config, loaded.catalogue)


def answered(engine, saying, **fields):
    return engine.plan(msgspec.structs.replace(ASKED, **fields), HERE, saying=saying)


def test_text(engine):
    plan = answered(engine, Saying(TEXT))
    (choice,) = plan.outcome.choices
    assert (choice.text, choice.finish) == (TEXT, Finish.STOP)
    assert len(choice.pieces) == plan.outcome.usage.output_tokens == len(plan.offsets)
    assert plan.outcome.usage.input_tokens == engine.plan(ASKED, HERE).outcome.usage.input_tokens
    assert len(answered(engine, Saying(TEXT), choices=3).outcome.choices) == 3
    assert plan.outcome.id_bits == answered(engine, Saying(TEXT)).outcome.id_bits


def test_limits_and_stop_sequences(engine):
    plan = answered(engine, Saying(TEXT), max_tokens=4)
    assert (len(plan.outcome.choices[0].pieces), plan.outcome.choices[0].finish) == (4, Finish.LENGTH)
    (choice,) = answered(engine, Saying(TEXT), stop=(" Paris",)).outcome.choices
    assert (choice.text, choice.finish, choice.stop_sequence) == ("It rains in", Finish.STOP_SEQUENCE, " Paris")
    assert answered(engine, Saying(TEXT, finish=Finish.CONTENT_FILTER)).outcome.choices[0].finish is (
        Finish.CONTENT_FILTER
    )
    assert answered(engine, Saying("No.", refusal=True)).outcome.choices[0].finish is Finish.REFUSAL
    (empty,) = answered(engine, Saying("")).outcome.choices
    assert (empty.text, empty.finish) == ("", Finish.STOP)


def test_calls(engine):
    saying = Saying("Let me look.", (SaidCall("get_weather", '{"city":"Paris"}'),) * 2, reasoning="Hm, the weather.")
    plan = answered(engine, saying)
    (choice,) = plan.outcome.choices
    assert choice.finish is Finish.TOOL_CALLS
    assert ["".join(call.pieces) for call in choice.calls] == ['{"city":"Paris"}'] * 2
    assert len({call.id_bits for call in choice.calls}) == 2
    assert "".join(choice.reasoning) == "Hm, the weather."
    assert plan.outcome.usage.reasoning_tokens == len(choice.reasoning)
    assert plan.outcome.steps == choice.steps == len(plan.offsets)
    for limit in range(1, plan.outcome.usage.output_tokens):
        cut = answered(engine, saying, max_tokens=limit).outcome
        assert cut.choices[0].finish is Finish.LENGTH
        assert cut.usage.output_tokens == limit


def test_failures_come_in_place_of_configured_ones(engine):
    fault = Fault(FaultKind.OVERLOADED, retry_after=2.0)
    assert answered(engine, Saying(fault=fault)).outcome == fault


def test_what_is_no_text_stays_what_it_is(engine):
    asked = Request(Operation.EMBEDDING, "openai", "text-embedding-3-small", inputs=("a",))
    assert isinstance(engine.plan(asked, HERE, saying=Saying(TEXT)).outcome, Embedded)
