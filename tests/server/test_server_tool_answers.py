"""Answers that call tools, as sessions keep them, and refusals of schemas, as clients are told."""

import pytest

from simulator.config.catalogue import ModelCard
from simulator.engine.errors import BadSchema
from simulator.engine.plan import Call, Choice, Finish
from simulator.engine.request import Message, ToolCall
from simulator.engine.tokens import load
from simulator.engine.tokens.tools import CALL
from simulator.providers.base import Problem
from simulator.server.conversation import answer_of, decode, join, written
from simulator.server.engine_refusals import refused

CARD = ModelCard(id="m", provider="p")
TOKENIZER = load("estimate")
ASKED = Message("user", "weather in Paris")
CHOICE = Choice((), Finish.TOOL_CALLS, calls=(Call(bytes(16), "get_weather", ('{"city":', '"Paris"}')),))
RESULT = Message("tool", "sunny", answers="call_1")


def remembered():
    turns = written((ASKED,), CHOICE, ((ASKED,), 9), CARD, TOKENIZER)
    return turns, [decode(turn.body) for turn in turns]


def copied(arguments, name="get_weather", text=""):
    return Message("assistant", text, calls=(ToolCall("call_1", name, arguments),))


@pytest.mark.parametrize("arguments", ['{"city":"Paris"}', '{ "city" : "Par\\u0069s" }'])
def test_a_client_that_sends_the_whole_conversation_adds_only_the_rest(arguments):
    """It names the calls by their ids, which the session does not know, and may write JSON in its own way."""
    _, before = remembered()
    joined = join(before, (ASKED, copied(arguments), RESULT))
    assert joined.messages == (ASKED, answer_of(CHOICE), RESULT)
    assert joined.fresh == (RESULT,)


@pytest.mark.parametrize(
    "other",
    [
        copied('{"city":"Rome"}'),
        copied('{"city":"Paris"'),
        copied("[" * 100_000),
        copied('{"city":"\ud800"}'),
        copied('{"city":"Paris"}', name="get_time"),
        copied('{"city":"Paris"}', text="Well"),
        Message("assistant", ""),
    ],
)
def test_another_answer_is_not_the_one_that_was_given(other):
    _, before = remembered()
    joined = join(before, (ASKED, other))
    assert joined.fresh == (ASKED, other)
    assert joined.messages == (ASKED, answer_of(CHOICE), ASKED, other)


def test_a_call_is_measured_as_prompts_are_billed():
    turns, _ = remembered()
    words = TOKENIZER.count("get_weather") + TOKENIZER.count('{"city":"Paris"}')
    assert turns[1].tokens == CARD.tokens_per_message + 1 + CALL + words


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (BadSchema("tools", 2, "#/properties/x", "no number is within the bounds"), "tools[2]"),
        (BadSchema("format", 0, "#/properties/x", "no number is within the bounds"), "format"),
    ],
)
def test_a_bad_schema_is_the_client_s_fault(error, place):
    refusal = refused(error, ())
    assert (refusal.problem, refusal.param) == (Problem.INVALID, place)
    assert refusal.message == f"Invalid schema of {place}, at #/properties/x: no number is within the bounds."
