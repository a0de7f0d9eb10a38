"""Which rule is for a request, which of its answers comes, and what is said."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.rules import Match, Rule, RuleAnswer, RuleCall, TextMatch
from simulator.engine.content.template import LONGEST, filled, filled_within
from simulator.engine.plan import FaultKind, Finish
from simulator.engine.request import Message, Operation, Request, Tool, ToolCall
from simulator.rules.book import Book
from simulator.rules.matching import Facts
from simulator.rules.speaking import saying_of

ASKED = (Message("system", "Be brief."), Message("user", "Is it raining in Paris?"))
WEATHER = Tool("get_weather", schema={"type": "object"})
CALLED = (
    *ASKED,
    Message("assistant", calls=(ToolCall("call_1", "get_weather", "{}"),)),
    Message("tool", "rain", answers="call_1"),
)


def facts(messages=ASKED, *, model="gpt-4o", tools=(), headers=None, key=b"sk-team-a"):
    request = Request(Operation.CHAT, "openai", model, messages, tools=tools)
    return Facts(request, {b"x-test": b"abc", **(headers or {})}, key, "openai")


def fits(when, **asked):
    return Book([Rule(when=when, answers=(RuleAnswer(text="yes"),))]).find(facts(**asked)) is not None


@pytest.mark.parametrize(
    ("when", "others"),
    [
        (Match(model="gpt-4*"), {"model": "o3"}),
        (Match(key="sk-team-*"), {"key": b"sk-else"}),
        (Match(headers={"X-Test": "a*"}), {"headers": {b"x-test": b"b"}}),
        (Match(last_message=TextMatch(contains="PARIS")), {"messages": (Message("user", "Rome"),)}),
        (Match(last_message=TextMatch(exact="Is it raining in Paris?")), {"messages": (Message("user", "Is it"),)}),
        (Match(last_message=TextMatch(regex=r"in (\w+)\?$")), {"messages": (Message("user", "in Paris!"),)}),
        (Match(system=TextMatch(contains="brief")), {"messages": ASKED[1:]}),
        (Match(turn=1), {"messages": (*ASKED, Message("assistant", "Yes."), Message("user", "Sure?"))}),
    ],
)
def test_what_a_rule_asks_for_must_hold(when, others):
    assert fits(when)
    assert not fits(when, **others)


def test_tools():
    assert not fits(Match(tool="get_*"))
    assert fits(Match(tool="get_*"), tools=(WEATHER,))
    assert not fits(Match(tool_result="get_*"))
    assert fits(Match(tool_result="get_*"), messages=CALLED)
    assert not fits(Match(tool_result="set_*"), messages=CALLED)
    assert not fits(Match(provider="anthropic"))
    book = Book([Rule(answers=(RuleAnswer(tool_calls=(RuleCall("get_weather"),)),))])
    assert book.find(facts()) is None, "no tool is called that is not offered"
    assert book.find(facts(tools=(WEATHER,))) is not None


def test_the_first_rule_holds():
    book = Book([Rule("one", Match(model="o3")), Rule("two", Match(model="gpt*")), Rule("three")])
    assert book.find(facts()).name == "two"
    assert book.find(facts(model="claude")).name == "three"
    assert Book([Rule()]).find(facts()).name == "1"


@pytest.mark.parametrize(
    ("then", "expected"),
    [("last", "a a b b b b b"), ("repeat", "a a b a a b a"), ("pass", "a a b None None None None")],
)
def test_answers_come_one_after_the_other(then, expected):
    rule = Book([Rule(answers=(RuleAnswer(text="a", times=2), RuleAnswer(text="b")), then=then)]).find(facts())
    found = [rule.answer(count) for count in range(1, 8)]
    assert " ".join("None" if answer is None else answer.text for answer in found) == expected


def test_requests_are_counted_together_or_by_key():
    both = [facts(key=b"one"), facts(key=b"two")]
    together = Book([Rule("a")]).find(both[0])
    assert len({together.counter(one) for one in both}) == 1
    apart = Book([Rule("a", count_by="key")]).find(both[0])
    assert len({apart.counter(one) for one in both}) == 2
    assert all(len(apart.counter(one)) <= 64 for one in both)


def test_texts_are_filled():
    when = Match(last_message=TextMatch(regex=r"in (?P<city>\w+)"))
    answer = RuleAnswer(text="{{ count }}: {{match.city}} {{ match.1 }}, {{model}}, {{ header.x-test }}{{ match.9 }}.")
    asked = facts()
    assert Book([Rule(when=when, answers=(answer,))]).find(asked) is not None
    assert saying_of(answer, asked, 3).text == "3: Paris Paris, gpt-4o, abc."
    made = saying_of(RuleAnswer(json={"city": "{{ last_message }}", "n": [1, "{{turn}}"]}), asked, 1)
    assert json.loads(made.text) == {"city": "Is it raining in Paris?", "n": [1, "1"]}
    called = saying_of(RuleAnswer(tool_calls=(RuleCall("get_weather", {"q": "{{system}}"}),)), asked, 1)
    assert json.loads(called.calls[0].arguments) == {"q": "Be brief."}
    assert saying_of(RuleAnswer(text="{{tool_result}}"), facts(CALLED), 1).text == "rain"
    assert saying_of(RuleAnswer(echo=True), asked, 1).text == "Is it raining in Paris?"


def test_failures_and_refusals():
    fault = saying_of(RuleAnswer(error="rate_limit", retry_after_secs=3), facts(), 1).fault
    assert (fault.kind, fault.retry_after, fault.hang_up) == (FaultKind.RATE_LIMIT, 3, False)
    fault = saying_of(RuleAnswer(error="timeout", after_ms=1_500), facts(), 1).fault
    assert (fault.after, fault.hang_up) == (1.5, True)
    refused = saying_of(RuleAnswer(refusal="I can't help with {{ model }}."), facts(), 1)
    assert (refused.text, refused.refusal) == ("I can't help with gpt-4o.", True)
    assert saying_of(RuleAnswer(text="x", finish="content_filter"), facts(), 1).finish is Finish.CONTENT_FILTER
    assert saying_of(RuleAnswer(), facts(), 1) is None


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_any_template_is_filled(template, values):
    assert len(filled(template, values)) <= len(template) + LONGEST
    assert filled_within({"a": [template, 1, None]}, {})["a"][1:] == [1, None]


def test_a_template_does_not_grow_without_end():
    assert len(filled("{{x}}" * 100, {"x": "y" * 100_000})) == LONGEST


def test_a_text_is_filled_once():
    assert filled("{{ last_message }}", {"last_message": "{{ model }}", "model": "m"}) == "{{ model }}"


def test_only_the_end_of_a_long_text_is_searched():
    long = facts((Message("user", "Paris" + "x" * 200_000),))
    assert Book([Rule(when=Match(last_message=TextMatch(contains="Paris")))]).find(long) is None
    assert msgspec.structs.asdict(Rule())["then"] == "last"
