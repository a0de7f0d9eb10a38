"""What a test says, as rules; what clients sent, and what is asserted of it; where clients look for their address."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.load import load
from simulator.engine.request import Message, Operation, Request
from simulator.rules.book import Book
from simulator.rules.matching import Facts
from simulator.testing.calls import Calls
from simulator.testing.environment import ELSEWHERE, KEYS, base_url, variables
from simulator.testing.rules import KEY_PREFIX, Sayings, composed, condition
from simulator.testing.sent import told

ONE, TWO = KEY_PREFIX + "one", KEY_PREFIX + "two"


class Playing:
    """Rules at work as the fleet would count them: what each request gets, None for the usual answer."""

    def __init__(self, rules):
        self.counts = {}
        self.load(rules)

    def load(self, rules):
        self.book = Book(load(None, environ={}, flags={"rules": rules or []}).config.rules)

    def ask(self, text="Hello", key=ONE, **headers):
        request = Request(
            provider="openai", model="gpt-4o", operation=Operation.CHAT, messages=(Message("user", text),)
        )
        given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        facts = Facts(request, given, key.encode(), "openai")
        rule = self.book.find(facts)
        if rule is None:
            return None
        name = rule.counter(facts)
        self.counts[name] = self.counts.get(name, 0) + 1
        answer = rule.answer(self.counts[name] if rule.counted else 1)
        return None if answer is None else answer.error or answer.text


def said(*sayings, test="one", seen=0):
    found = Sayings(test)
    for when, answer, times in sayings:
        found.say(condition(when), answer, times, seen)
    return found


FAIL = {"error": "rate_limit"}


def text(words):
    return {"text": words}


@pytest.mark.parametrize(
    ("sayings", "asked", "got"),
    [
        ([(None, text("a"), None)], ["x", "x"], ["a", "a"]),
        ([(None, text("a"), None), (None, text("b"), None)], ["x"], ["b"]),
        ([(None, text("a"), 2)], ["x"] * 3, ["a", "a", None]),
        ([(None, FAIL, 2), (None, text("a"), None)], ["x"] * 3, ["rate_limit"] * 2 + ["a"]),
        ([(None, text("a"), None), (None, FAIL, 2)], ["x"] * 3, ["rate_limit"] * 2 + ["a"]),
        ([(None, text("a"), 1), (None, text("b"), 1)], ["x"] * 3, ["a", "b", None]),
        ([("sky", text("a"), None)], ["the Sky", "x"], ["a", None]),
        ([("sky", text("a"), None), (None, text("b"), None)], ["sky", "x"], ["a", "b"]),
        ([(None, text("b"), None), ("sky", text("a"), 1)], ["sky", "sky"], ["a", "b"]),
        ([("sky", text("a"), None), (None, FAIL, 2)], ["x", "sky", "sky", "x"], ["rate_limit"] * 2 + ["a", None]),
        ([(None, FAIL, 1), ("sky", text("a"), 1)], ["sky", "sky", "sky"], ["rate_limit", "a", None]),
        ([("sky", text("a"), None), ("blue", text("b"), None)], ["blue sky", "sky"], ["b", "a"]),
    ],
)
def test_what_is_said_holds(sayings, asked, got):
    playing = Playing(composed({ONE: said(*sayings)}, []))
    assert [playing.ask(each) for each in asked] == got


def test_what_is_said_later_begins_with_the_next_request():
    saying = said((None, FAIL, 1))
    playing = Playing(saying.rules)
    assert [playing.ask(), playing.ask()] == ["rate_limit", None]
    saying.say(condition("sky"), text("a"), 1, 2)
    playing.load(saying.rules)
    assert [playing.ask("sky"), playing.ask("sky")] == ["a", None]
    saying.say({}, text("b"), 1, 4)
    playing.load(saying.rules)
    assert [playing.ask(), playing.ask()] == ["b", None]
    saying.clear()
    assert saying.rules == []


def test_rules_come_first_and_are_counted_anew():
    saying = said((None, text("a"), None))
    rules = [{"name": "mine", "answers": [{"text": "r", "times": 1}], "then": "pass"}]
    saying.replace(rules)
    playing = Playing(saying.rules)
    assert [playing.ask(), playing.ask()] == ["r", None]
    saying.replace(rules)
    playing.load(saying.rules)
    assert playing.ask() == "r"


def test_tests_do_not_see_each_other():
    base = [{"answers": [{"text": "base"}]}, {"when": {"key": "sk-own"}, "answers": [{"text": "never"}]}]
    playing = Playing(composed({ONE: said((None, text("1"), None)), TWO: Sayings("two")}, base))
    assert [playing.ask(key=ONE), playing.ask(key=TWO), playing.ask(key="sk-any")] == ["1", "base", "base"]
    assert playing.ask(key="sk-any", x_llm_sim_test="one") == "1"
    assert playing.ask(key="sk-any", x_llm_sim_test="two") == "base"


def test_the_only_test_has_also_what_names_no_test():
    playing = Playing(composed({ONE: said(("sky", text("1"), None))}, [{"answers": [{"text": "base"}]}]))
    assert [playing.ask("sky", key="sk-own"), playing.ask("sky", key="")] == ["1", "1"]
    assert [playing.ask(key="sk-own"), playing.ask(key=ONE)] == ["base", "base"]
    assert playing.ask("sky", key=TWO) is None
    assert playing.ask("sky", key="sk-own", x_llm_sim_test="two") is None


def test_where_nobody_says_anything_there_are_no_rules():
    assert composed({}, [{"answers": [{}]}]) is None
    assert composed({ONE: Sayings("one")}, []) is None


def test_the_rules_of_the_configuration_are_counted_anew_with_each_test():
    base = [{"name": "r", "answers": [{"text": "first"}, {"text": "then"}]}]
    playing = Playing(composed({ONE: Sayings("one")}, base))
    assert [playing.ask(), playing.ask(key="sk-own")] == ["first", "then"]
    playing.load(composed({TWO: Sayings("two")}, base))
    assert playing.ask(key=TWO) == "first"


def record(number=1, status=200, json=None, **more):
    return {
        "number": number,
        "time": 1.5 + number,
        "provider": "openai",
        "endpoint": "chat_completions",
        "model": "",
        "method": "POST",
        "path": "/v1/chat/completions",
        "query": "",
        "headers": {},
        "key": "k",
        "status": status,
        "reason": "",
        "streamed": False,
        "usage": {"input_tokens": 3, "output_tokens": 4},
        "address": "0.0/1",
        "size": 1,
        "cut": False,
        "json": {"model": "gpt-4o", "messages": [1]} if json is None else json,
        **more,
    }


def test_retries_are_told_by_the_client_or_by_what_they_repeat():
    found = told(
        [
            record(1, 429),
            record(2, None),
            record(3, 200),
            record(4, 200),
            record(5, 200, headers={"x-stainless-retry-count": "3"}),
            record(6, 200, headers={"x-stainless-retry-count": "٣"}),
            record(7, 200, json={"other": 1}),
        ]
    )
    assert [each.retry for each in found] == [0, 1, 2, 0, 3, 0, 0]
    calls = Calls(found)
    assert calls.retries.statuses == [None, 200, 200]
    assert calls.usage == (7, 21, 28)
    assert calls[1:3].statuses == [None, 200]


def test_what_a_request_tells():
    (chat, reply, contents, form, plain) = told(
        [
            record(headers={"x-llm-sim-test": "t"}),
            record(json={"input": "words", "tools": [1]}),
            record(json={"contents": [1, 2]}, model="gemini-2.5-flash"),
            {**record(base64="AP8="), "json": None} | {"json": [1]},
            {key: value for key, value in record(text="é").items() if key != "json"},
        ]
    )
    assert (chat.model, chat.messages, chat.test, chat.when.second) == ("gpt-4o", [1], "t", 2)
    assert (reply.messages, reply.tools) == (["words"], [1])
    assert (contents.messages, contents.model) == ([1, 2], "gemini-2.5-flash")
    assert (form.json, form.messages, form.tools) == ([1], (), ())
    assert (plain.json, plain.body, plain.text, plain.model) == (None, "é".encode(), "é", "")


def test_assertions_pass_and_return_what_they_found():
    calls = Calls(told([record(1, 429), record(2, json={"model": "gpt-4o-mini", "temperature": 0.2, "n": None})]))
    assert calls.assert_called(times=1, status=429)[0].number == 1
    assert calls.assert_called_once(temperature=0.2).number == 2
    assert calls.assert_last(model="gpt-4o-mini", n=None, top_p=None).number == 2
    calls.assert_not_called(model="gpt-5")
    calls.assert_not_called(temperature=lambda value: value > 0.5)
    calls.assert_not_called(temperature=None, n=1)
    assert calls.where(model=lambda name: name.startswith("gpt")).where(contains="temperature").last.number == 2
    assert len(calls.where(headers={"x-a": "b"})) == 0


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        (
            lambda calls: calls.assert_called(3),
            ["expected 3 requests, found 2", "2 requests came:", "  1. <POST /v1/chat/completions 429 model='gpt-4o'>"],
        ),
        (
            lambda calls: calls.assert_called(model="gpt-5", seed=1),
            [
                "expected a request with model='gpt-5', seed=1, found 0",
                "  1. <POST /v1/chat/completions 429 model='gpt-4o'>: model is 'gpt-4o'; seed is missing",
            ],
        ),
        (lambda calls: calls.assert_not_called(status=429), ["expected no request with status=429, found 1"]),
        (
            lambda calls: calls.assert_last(status=200, contains="word", headers={"a": "b"}),
            [
                "expected the last request with status=200, contains='word', headers={'a': 'b'}, but",
                ", but its body does not contain 'word'; header a is missing",
            ],
        ),
        (
            lambda calls: calls.where(status=200).assert_called(2),
            ["expected 2 requests among those with status=200, found 1", "1 request came:"],
        ),
        (lambda calls: calls.where(status=200).retries.assert_called(2), ["expected 2 requests among the retries"]),
        (lambda calls: calls[:0].last, ["expected a request, found 0", "no request came", "4 requests of other tests"]),
    ],
)
def test_assertions_explain_themselves(asked, lines):
    calls = Calls(told([record(1, 429), record(2, 200)]), strays=4)
    with pytest.raises(AssertionError) as caught:
        asked(calls)
    for line in lines:
        assert line in str(caught.value)


def test_only_the_last_of_very_many_are_listed():
    with pytest.raises(AssertionError) as caught:
        Calls(told([record(number) for number in range(100)])).assert_not_called()
    assert [int(each) for each in re.findall(r"^  (\d+)\.", str(caught.value), re.MULTILINE)] == list(range(81, 101))


@given(st.lists(st.sampled_from([None, "sky", "blue"]), max_size=6), st.data())
def test_any_sayings_are_rules_that_the_configuration_takes(whens, data):
    saying = Sayings("test")
    for when in whens:
        saying.say(condition(when), text("x"), data.draw(st.none() | st.integers(1, 3)), data.draw(st.integers(0, 9)))
    rules = composed({ONE: saying}, [{"answers": [{"text": "base"}]}])
    assert len(load(None, environ={}, flags={"rules": rules}).config.rules) == len(rules)


def test_the_environment_of_a_test():
    present = {"NO_PROXY": "example.org", "OPENAI_CUSTOM_HEADERS": "a: b"}
    found = variables("http://127.0.0.1:9", "sk", "name", present)
    assert {found[name] for name in KEYS if not name.startswith("AZURE")} == {"sk"}
    assert {found[name] for name in ELSEWHERE if not name.startswith("AZURE")} == {None}
    assert not [name for name in found if name.startswith("AZURE")]
    assert found["OPENAI_BASE_URL"] == "http://127.0.0.1:9/v1"
    assert found["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:9"
    assert found["NO_PROXY"] == "example.org,127.0.0.1"
    assert found["no_proxy"] == "127.0.0.1"
    assert found["OPENAI_CUSTOM_HEADERS"] == "a: b\nx-llm-sim-test: name"
    azure = variables("http://127.0.0.1:9", "sk", "name", {"AZURE_OPENAI_ENDPOINT": "https://elsewhere"})
    assert azure["AZURE_OPENAI_ENDPOINT"] == "http://127.0.0.1:9"
    assert (azure["AZURE_OPENAI_API_KEY"], azure["AZURE_OPENAI_AD_TOKEN"]) == ("sk", None)
    with pytest.raises(KeyError):
        base_url("http://127.0.0.1:9", "nobody")
