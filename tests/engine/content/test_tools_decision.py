"""When tools are called, which ones, and that an agent's loop comes to an end."""

# ruff: noqa: RUF001 - letters of other scripts are meant

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from simulator.engine.content.structured import Draws, SchemaProblem, Shapes, words
from simulator.engine.content.tools import decide, json_text, pieces_of, read_choice
from simulator.engine.request import Message, Operation, Request, Tool, ToolCall
from simulator.engine.tokens import load

S = {"type": "string"}


def takes(required=None, **properties):
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


WEATHER = Tool("get_weather", "Get the current weather for a city", takes(city=S))
TIME = Tool("get_time", "Get the local time in a city", takes(city=S))
CALCULATOR = Tool("calculator", "Evaluate an arithmetic expression", takes(expression=S))
EMAIL = Tool("send_email", "Send an email", takes(to=S, subject=S, body=S))
ORDER = Tool("get_order", "Look up an order by id", takes(order_id=S))
INVOICE = Tool("get_invoice", "Fetch the invoice of an order", takes(invoice_id=S))
FLIGHTS = Tool("search_flights", "Search flights between two cities", takes(origin=S, destination=S))
TABLE = Tool("book_table", "Book a table at a restaurant", takes(restaurant=S, party_size={"type": "integer"}, time=S))
NOW = Tool("current_date")
ALL = (WEATHER, TIME, CALCULATOR, EMAIL, ORDER, FLIGHTS, TABLE)
SHAPES = Shapes()


def draws(index=0):
    return Draws(words(b"k" * 16, b"digest", "tools", index))


def request(messages, tools=ALL, choice=""):
    messages = (Message("user", messages),) if isinstance(messages, str) else tuple(messages)
    return Request(Operation.CHAT, "openai", "m", messages=messages, tools=tuple(tools), tool_choice=choice)


def ask(messages, tools=ALL, choice="", *, parallel=True, index=0):
    asked = request(messages, tools, choice)
    decision = decide(asked, draws(index), parallel=parallel, compiled=SHAPES.of)
    made = [(tools[call.tool].name, json.loads(call.arguments)) for call in decision.calls]
    for (name, arguments), call in zip(made, decision.calls, strict=True):
        schema = tools[call.tool].schema
        assert tools[call.tool].name == name
        assert isinstance(arguments, dict)
        Draft202012Validator(schema or {}).validate(arguments)
    return made


def loop(said, tools=ALL, *, parallel=True, result='{"ok": true}'):
    """Every round of calls until the assistant answers in text."""
    messages = [Message("user", said)]
    rounds = []
    for _ in range(20):
        made = ask(messages, tools, parallel=parallel)
        if not made:
            return rounds
        rounds.append(made)
        calls = [ToolCall(f"c{len(rounds)}{n}", name, json_text(arguments)) for n, (name, arguments) in enumerate(made)]
        messages.append(Message("assistant", calls=tuple(calls)))
        messages += [Message("tool", result, answers=call.id) for call in calls]
    raise AssertionError("the loop does not end")


@pytest.mark.parametrize(
    ("said", "called"),
    [
        ("What's the weather in Paris?", ("get_weather", {"city": "Paris"})),
        ("Will it rain in Oslo tomorrow?", ("get_weather", {"city": "Oslo"})),
        ("東京の天気は?", ("get_weather", {"city": "東京"})),
        ("Wie ist das Wetter in Berlin?", ("get_weather", {"city": "Berlin"})),
        ("Quelle heure est-il à Tokyo ?", ("get_time", {"city": "Tokyo"})),
        ("What is 12*7?", ("calculator", {"expression": "12*7"})),
        ("Find flights from Oslo to Rome", ("search_flights", {"origin": "Oslo", "destination": "Rome"})),
        ("Where is my order ORD-123?", ("get_order", {"order_id": "ORD-123"})),
        (
            "Book a table for 4 at Chez Nous. The place is in Paris and I'd like the table at 19:30.",
            ("book_table", {"restaurant": "Chez Nous", "party_size": 4, "time": "19:30"}),
        ),
    ],
)
def test_a_tool_that_fits_is_called(said, called):
    assert ask(said) == [called]


@pytest.mark.parametrize(
    "said",
    [
        "Hello, who are you?",
        "Tell me a joke",
        "My name is Bob from Paris. Tell me a joke.",
        "Can you write a poem about the sea?",
        "How do I cook rice?",
        "",
        "谢谢！",
    ],
)
def test_nothing_fits(said):
    assert ask(said) == []


def test_the_choice_is_kept():
    said = "What's the weather in Paris?"
    assert ask(said, choice="none") == []
    assert ask(said, choice="auto") == [("get_weather", {"city": "Paris"})]
    assert ask(said, choice="tool:get_time") == [("get_time", {"city": "Paris"})]
    assert ask(said, choice="required") == [("get_weather", {"city": "Paris"})]
    assert len(ask("Hello", choice="required")) == 1
    assert ask("Hello", choice="tool:get_time")[0][0] == "get_time"
    assert ask(said, choice="required:get_time,calculator") == [("get_time", {"city": "Paris"})]
    assert ask(said, choice="auto:calculator") == []
    assert ask(said, tools=()) == []


def test_a_promise_is_kept_after_a_result_too():
    messages = [
        Message("user", "weather in Paris"),
        Message("assistant", calls=(ToolCall("c", "get_weather", '{"city":"Paris"}'),)),
        Message("tool", "sunny", answers="c"),
    ]
    assert ask(messages) == []
    assert len(ask(messages, choice="required")) == 1
    assert ask(messages, choice="tool:get_weather") == [("get_weather", {"city": "Paris"})]


def test_words_that_are_no_choice():
    with pytest.raises(ValueError, match="neutral"):
        read_choice("function:get_weather", ALL)
    assert read_choice("tool:nobody", ALL).among == ()


def test_text_after_the_assistant_has_spoken():
    assert ask([Message("user", "weather in Paris"), Message("assistant", "It is")]) == []
    assert ask([Message("system", "weather in Paris")]) == []


CITIES = [
    ("weather in Paris and London", ["Paris", "London"]),
    ("weather in Paris, London and 東京", ["Paris", "London", "東京"]),
    ("weather in Paris and weather in London", ["Paris", "London"]),
    ("What's the weather in Paris and in Tokyo?", ["Paris", "Tokyo"]),
    ("weather in Paris, in Oslo and in Rome please", ["Paris", "Oslo", "Rome"]),
    ("weather in Paris in the morning and in the evening", ["Paris"]),
    ("巴黎和伦敦的天气", ["巴黎", "伦敦"]),
    ("Wetter in Wien und Graz?", ["Wien", "Graz"]),
]


@pytest.mark.parametrize(("said", "cities"), CITIES)
def test_several_of_a_kind(said, cities):
    wanted = [("get_weather", {"city": city}) for city in cities]
    assert loop(said) == [wanted]
    # One at a time where the client wants it so; each once, and then text.
    assert loop(said, parallel=False) == [[call] for call in wanted]


def test_several_things():
    said = "What's the weather in Paris and the time in Tokyo?"
    wanted = [("get_weather", {"city": "Paris"}), ("get_time", {"city": "Tokyo"})]
    assert loop(said) == [wanted]
    assert loop(said, parallel=False) == [[call] for call in wanted]


def test_three_tools_end_after_each_was_called_once():
    said = "Check the weather in Oslo, calculate 3+4 and book a table for 2 at Lantern House at 20:00"
    wanted = [
        ("get_weather", {"city": "Oslo"}),
        ("calculator", {"expression": "3+4"}),
        ("book_table", {"restaurant": "Lantern House", "party_size": 2, "time": "20:00"}),
    ]
    assert loop(said) == [wanted]
    assert loop(said, parallel=False) == [[call] for call in wanted]


def test_what_is_to_follow_waits():
    rounds = loop("Find flights from Oslo to Rome and then email bob@example.org the result")
    assert [[name for name, _ in made] for made in rounds] == [["search_flights"], ["send_email"]]
    assert rounds[1][0][1]["to"] == "bob@example.org"


def test_what_needs_a_result_waits_for_it():
    rounds = loop("Look up order ORD-5 and fetch its invoice", (ORDER, INVOICE), result='{"invoice_id": "inv_77"}')
    assert rounds == [[("get_order", {"order_id": "ORD-5"})], [("get_invoice", {"invoice_id": "inv_77"})]]


def test_an_enumeration_that_one_call_takes():
    tool = Tool("invite", "Invite people to a meeting", takes(people={"type": "array", "items": S}))
    assert ask("Invite Alice, Bob and Eve to the meeting", (tool,)) == [("invite", {"people": ["Alice", "Bob", "Eve"]})]
    add = Tool("add", "Add two numbers", takes(a={"type": "number"}, b={"type": "number"}))
    assert ask("add 3 and 4", (add,)) == [("add", {"a": 3, "b": 4})]


def test_a_new_question_starts_anew():
    messages = [
        Message("user", "weather in Paris"),
        Message("assistant", calls=(ToolCall("c", "get_weather", '{"city":"Paris"}'),)),
        Message("tool", "sunny", answers="c"),
        Message("assistant", "It is sunny."),
        Message("user", "And the weather in Oslo?"),
    ]
    assert ask(messages) == [("get_weather", {"city": "Oslo"})]


def test_tools_without_a_schema():
    assert ask("What is the current date?", (NOW,)) == [("current_date", {})]
    assert ask("Hi", (Tool("ping", "", {}),), choice="required") == [("ping", {})]
    assert set(
        ask("Hi", (Tool("ping", "", {"properties": {"x": S}, "required": ["x"]}),), choice="required")[0][1]
    ) == {"x"}


def test_a_schema_that_nothing_fits_is_told():
    tool = Tool("ping", "", takes(x={"type": "integer", "minimum": 2, "maximum": 1}))
    with pytest.raises(SchemaProblem):
        ask("Hi", (tool,), choice="required")


def test_the_same_request_is_decided_the_same():
    said = "Check the weather in Oslo and book a table for 2"
    assert ask(said) == ask(said)
    assert decide(request(said), draws()) == decide(request(said), draws(), compiled=Shapes().of)
    assert ask("Hi", choice="tool:get_weather", index=1) != ask("Hi", choice="tool:get_weather", index=2)


@settings(max_examples=150)
@given(
    texts=st.lists(
        st.tuples(st.sampled_from(["user", "assistant", "tool", "system"]), st.text(max_size=60)), max_size=5
    ),
    choice=st.sampled_from(["", "auto", "required", "tool:send_email", "none"]),
    parallel=st.booleans(),
)
def test_any_conversation_is_decided(texts, choice, parallel):
    made = ask([Message(role, text) for role, text in texts], choice=choice, parallel=parallel)
    assert len(made) <= (16 if parallel else 1)
    if choice in {"required", "tool:send_email"}:
        assert made


@pytest.mark.parametrize("name", ["o200k", "cl100k", "estimate"])
def test_arguments_are_cut_into_tokens(name):
    tokenizer = load(name)
    text = json_text({"city": "東京", "note": 'a "quoted"\nline', "n": [1, 2.5, None, True]})
    assert text == '{"city":"東京","note":"a \\"quoted\\"\\nline","n":[1,2.5,null,true]}'
    pieces = pieces_of(text, tokenizer)
    assert "".join(pieces) == text
    assert 1 < len(pieces) <= tokenizer.count(text)


PROGRAM = """
from simulator.engine.content.structured import Draws, words
from simulator.engine.content.tools import decide
from simulator.engine.request import Message, Operation, Request, Tool
several = {"type": ["string", "integer", "boolean", "null"]}
properties = dict.fromkeys(("sea_view_wanted", "has_pool_or_bar", "city", "tags"), several)
properties |= {"with_bar_or_pool": {"type": "boolean"}, "free": {}, "open": {"type": "object", "minProperties": 3}}
properties["map"] = {"additionalProperties": {"anyOf": [{"type": "number"}, {"not": {"type": "string"}}]}}
schema = {"type": "object", "properties": properties}
hotel = Tool("find_hotel", "Find a hotel", schema)
said = "a hotel in Rome with a bar, no pool, no sea but a view for 3 nights"
messages = (Message("user", said),)
asked = Request(Operation.CHAT, "openai", "m", messages=messages, tools=(hotel,), tool_choice="required")
print([decide(asked, Draws(words(b"k" * 16, b"d", "tool", n))).calls[0].arguments for n in range(30)])
"""


def test_the_order_of_sets_does_not_show():
    """Each interpreter hashes strings in its own way; values must not depend on it."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert runs[0] == runs[1] == runs[2]
    assert len(runs[0]) > 1_000
