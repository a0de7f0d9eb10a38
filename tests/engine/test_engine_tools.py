"""Tool calls and structured output as plans: repeatable, valid, within every limit, and an end to every loop."""

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from simulator.config.load import load
from simulator.engine.composer import MOST_PARTS
from simulator.engine.engine import Engine
from simulator.engine.errors import BadSchema, ContextExceeded
from simulator.engine.plan import Address, Answer, Call, Choice, Finish, Usage
from simulator.engine.request import Format, Message, Operation, Request, Tool, ToolCall
from simulator.engine.seeds import digest_of

HERE = Address(42, 0, 0, 0)
S = {"type": "string"}


def takes(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


WEATHER = Tool("get_weather", "Get the current weather for a city", takes(city=S))
CALCULATOR = Tool("calculator", "Evaluate an arithmetic expression", takes(expression=S))
TABLE = Tool("book_table", "Book a table at a restaurant", takes(restaurant=S, party_size={"type": "integer"}, time=S))
UNITS = Tool(
    "get_temperature",
    "Get the temperature in a city",
    takes(city=S, unit={"type": "string", "enum": ["celsius", "fahrenheit"]}),
)
ANYTHING = Tool("note", "Keep a note", takes(title=S, tags={"type": "array", "items": S, "minItems": 2}))
TOOLS = (WEATHER, CALCULATOR, TABLE)
PERSON = takes(name=S, age={"type": "integer", "minimum": 0, "maximum": 120}, email={"type": "string"})
IMPOSSIBLE = takes(x={"type": "integer", "minimum": 2, "maximum": 1})


def make(**flags):
    loaded = load(None, environ={}, flags={key.replace("__", "."): value for key, value in flags.items()})
    return Engine(loaded.config, loaded.catalogue)


ENGINE = make()


def asks(said, tools=TOOLS, **more):
    messages = (Message("user", said),) if isinstance(said, str) else tuple(said)
    return Request(Operation.CHAT, "openai", "gpt-4o", messages, tools=tools, **more)


def changed(request, **fields):
    return msgspec.structs.replace(request, **fields)


def checked(request, plan):
    """The plan, after everything that must hold for any plan of a request with tools or a format."""
    answer = plan.outcome
    limit = request.max_tokens
    tokenizer = ENGINE.models[request.model].tokenizer
    assert len(answer.choices) == request.choices
    assert len(plan.offsets) == answer.steps == max(choice.steps for choice in answer.choices)
    assert list(plan.offsets) == sorted(plan.offsets)
    written = 0
    for choice in answer.choices:
        called = sum(tokenizer.count(call.name) + len(call.pieces) for call in choice.calls)
        size = limit if choice.finish is Finish.LENGTH else len(choice.pieces) + called
        assert len(choice.pieces) + called <= size
        written += size
        for call in choice.calls:
            assert call.name == request.tools[call.tool].name
            assert len(call.id_bits) == 16
            assert call.pieces
            assert all(call.pieces)
        if choice.finish is Finish.TOOL_CALLS:
            assert choice.calls
            assert choice.text == ""
            assert len(choice.calls) == 1 or request.parallel
            for call in choice.calls:
                arguments = json.loads("".join(call.pieces))
                assert isinstance(arguments, dict)
                Draft202012Validator(request.tools[call.tool].schema or {}).validate(arguments)
    assert answer.usage.output_tokens == written
    ids = [call.id_bits for choice in answer.choices for call in choice.calls]
    assert len(set(ids)) == len(ids)
    return plan


def plan_of(request, engine=ENGINE):
    return checked(request, engine.plan(request, HERE))


def called(request, engine=ENGINE, choice=0):
    """Name and arguments of each call."""
    calls = plan_of(request, engine).outcome.choices[choice].calls
    return [(call.name, json.loads("".join(call.pieces))) for call in calls]


@pytest.mark.parametrize(
    ("said", "tool", "arguments"),
    [
        ("What's the weather in Paris?", WEATHER, {"city": "Paris"}),
        ("東京の天気は?", WEATHER, {"city": "東京"}),
        ("Wie ist das Wetter in Köln?", WEATHER, {"city": "Köln"}),
        ("What is 12*7?", CALCULATOR, {"expression": "12*7"}),
        (
            "Book a table for 4 at 'Chez Nous' at 19:30",
            TABLE,
            {"restaurant": "Chez Nous", "party_size": 4, "time": "19:30"},
        ),
        ("Temperature in Oslo in fahrenheit, please", UNITS, {"city": "Oslo", "unit": "fahrenheit"}),
    ],
)
def test_arguments_take_values_from_the_conversation(said, tool, arguments):
    request = asks(said, (tool,))
    (choice,) = plan_of(request).outcome.choices
    assert choice.finish is Finish.TOOL_CALLS
    assert called(request) == [(tool.name, arguments)]
    assert "".join(choice.calls[0].pieces) == json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


def test_one_call_unless_more_is_asked_for():
    assert len(called(asks("What's the weather in Paris?"))) == 1
    both = asks("What's the weather in Paris and London?")
    assert called(both) == [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "London"})]
    assert called(changed(both, parallel=False)) == [("get_weather", {"city": "Paris"})]
    assert digest_of(both) != digest_of(changed(both, parallel=False))


PARIS = "What's the weather in Paris?"
CHOICES = [
    (PARIS, "", ["get_weather"]),
    (PARIS, "auto", ["get_weather"]),
    (PARIS, "none", []),
    (PARIS, "required", ["get_weather"]),
    (PARIS, "tool:book_table", ["book_table"]),
    (PARIS, "auto:calculator,book_table", []),
    (PARIS, "auto:get_weather", ["get_weather"]),
    ("Hello", "", []),
    ("Hello", "auto", []),
    ("Hello", "tool:calculator", ["calculator"]),
    ("Hello", "required:book_table", ["book_table"]),
]


@pytest.mark.parametrize(("said", "choice", "names"), CHOICES)
def test_the_choice_of_the_client_is_kept(said, choice, names):
    request = asks(said, tool_choice=choice)
    assert [name for name, _ in called(request)] == names
    (made,) = plan_of(request).outcome.choices
    assert bool(made.text) is not bool(names)
    assert made.finish is (Finish.TOOL_CALLS if names else Finish.STOP)


def test_required_is_kept_where_nothing_fits():
    assert len(called(asks("Hello", tool_choice="required"))) == 1


def test_text_beside_tools_is_the_text_of_the_request():
    """Tools that are not called leave everything else of an answer as it is: length, stops, choices."""
    request = asks("Tell me a joke", choices=3, stop=("e",))
    choices = plan_of(changed(request, tool_choice="none")).outcome.choices
    assert len({choice.text for choice in choices}) == 3
    assert all(choice.finish is Finish.STOP_SEQUENCE and "e" not in choice.text for choice in choices)


def test_each_choice_has_its_own_draws_and_ids():
    request = asks("Hello", (ANYTHING,), tool_choice="required", choices=5)
    plan = plan_of(request)
    texts = ["".join(choice.calls[0].pieces) for choice in plan.outcome.choices]
    assert len(set(texts)) == 5
    assert ENGINE.plan(changed(request, choices=1), HERE).outcome.choices[0].finish is Finish.TOOL_CALLS
    formed = plan_of(asks("Make somebody up", (), format=Format("json_schema", PERSON), choices=5))
    assert len({choice.text for choice in formed.outcome.choices}) == 5


def test_several_calls_have_several_ids_that_repeat_with_the_request():
    request = asks("weather in Paris, London and Rome", choices=2)
    plan = plan_of(request)
    assert [len(choice.calls) for choice in plan.outcome.choices] == [3, 3]
    assert make().plan(request, HERE) == plan
    other = plan_of(changed(request, messages=(Message("user", "weather in Paris, London and Oslo"),)))
    one, two = ({call.id_bits for call in each.outcome.choices[0].calls} for each in (plan, other))
    assert one.isdisjoint(two)


def loop(request, engine):
    """The names called in each round, by a client that does what the plans say, until one answers in text."""
    rounds = []
    for _ in range(10):
        (choice,) = plan_of(request, engine).outcome.choices
        if choice.finish is not Finish.TOOL_CALLS:
            assert choice.text
            return rounds
        rounds.append([call.name for call in choice.calls])
        calls = tuple([ToolCall(call.id_bits.hex(), call.name, "".join(call.pieces)) for call in choice.calls])
        results = [Message("tool", '{"ok": true}', answers=call.id) for call in calls]
        request = changed(request, messages=(*request.messages, Message("assistant", calls=calls), *results))
    raise AssertionError("the loop does not end")


@pytest.mark.parametrize("parallel", [True, False])
def test_an_agent_with_three_tools_ends(parallel):
    said = "Check the weather in Oslo, calculate 3+4 and book a table for 2 at Lantern House at 20:00"
    rounds = loop(asks(said, parallel=parallel), ENGINE)
    names = ["get_weather", "calculator", "book_table"]
    assert rounds == ([names] if parallel else [[name] for name in names])


def test_a_result_is_answered_in_text_and_a_promise_is_kept():
    messages = [
        Message("user", PARIS),
        Message("assistant", calls=(ToolCall("c", "get_weather", '{"city":"Paris"}'),)),
        Message("tool", "sunny, 21 °C", answers="c"),
    ]
    assert called(asks(messages)) == []
    assert len(called(asks(messages, tool_choice="required"))) == 1


@pytest.mark.parametrize(
    "request_",
    [
        asks("weather in Paris and London", choices=3),
        asks("Hello", (ANYTHING,), tool_choice="tool:note"),
        asks("Somebody", (), format=Format("json_schema", PERSON), choices=2),
        asks("Return JSON with keys name and age", (), format=Format("json_object")),
        asks("Tell me a joke"),
    ],
    ids=["calls", "forced", "schema", "object", "text"],
)
def test_two_engines_plan_alike_whatever_they_planned_before(request_):
    other = make()
    for said in ("Hello", "weather in Rome"):
        other.plan(asks(said), HERE)
    assert other.plan(request_, HERE) == ENGINE.plan(request_, HERE) == ENGINE.plan(request_, HERE)
    assert make(simulation__seed=7).plan(request_, HERE).outcome != ENGINE.plan(request_, HERE).outcome


def test_members_are_written_in_the_order_of_their_schema():
    """Two schemas that differ in nothing but the order of members have one digest; each keeps its own order."""
    turned = takes(**dict(reversed(PERSON["properties"].items())))
    turned["required"] = PERSON["required"]
    requests = [asks("Somebody", (), format=Format("json_schema", schema)) for schema in (PERSON, turned)]
    assert digest_of(requests[0]) == digest_of(requests[1])
    orders = [list(PERSON["properties"]), list(turned["properties"])]
    for first in (0, 1):
        engine = make()
        for place in (first, 1 - first, first):
            assert list(json.loads(plan_of(requests[place], engine).outcome.choices[0].text)) == orders[place]


def test_where_answers_are_free_so_are_calls():
    free = make(simulation__deterministic=False, simulation__seed=42)
    request = asks("Hello", (ANYTHING,), tool_choice="required")
    one, two = (free.plan(request, Address(42, 0, 0, n), now=n) for n in (5, 6))
    assert one.outcome.created == 5
    assert one.outcome.choices[0].calls[0].id_bits != two.outcome.choices[0].calls[0].id_bits
    assert one.outcome.choices[0].calls[0].pieces != two.outcome.choices[0].calls[0].pieces
    assert free.plan(request, Address(42, 0, 0, 5), now=5) == one


@pytest.mark.parametrize("said", ["Somebody called Ada Lovelace, 36 years old", "", "名前はボブ"])
def test_a_schema_is_fitted(said):
    request = asks(said, (), format=Format("json_schema", PERSON))
    (choice,) = plan_of(request).outcome.choices
    assert choice.finish is Finish.STOP
    assert "".join(choice.pieces) == choice.text
    value = json.loads(choice.text)
    Draft202012Validator(PERSON).validate(value)
    if "Ada" in said:
        assert (value["name"], value["age"]) == ("Ada Lovelace", 36)


def test_json_without_a_schema_is_an_object_with_the_keys_asked_for():
    request = asks("Return JSON with keys name and age", (), format=Format("json_object"))
    assert list(json.loads(plan_of(request).outcome.choices[0].text)) == ["name", "age"]
    loose = changed(request, format=Format("json_schema"))
    assert list(json.loads(plan_of(loose).outcome.choices[0].text)) == ["name", "age"]


def test_a_format_is_for_text_and_calls_come_first():
    request = asks(PARIS, format=Format("json_schema", PERSON))
    assert called(request) == [("get_weather", {"city": "Paris"})]
    silent = plan_of(changed(request, tool_choice="none")).outcome.choices[0]
    Draft202012Validator(PERSON).validate(json.loads(silent.text))


def test_a_stop_sequence_ends_json_but_no_call():
    stop = ('"',)
    assert called(asks(PARIS, stop=stop)) == [("get_weather", {"city": "Paris"})]
    (choice,) = plan_of(asks("x", (), format=Format("json_schema", PERSON), stop=stop)).outcome.choices
    assert (choice.text, choice.finish, choice.stop_sequence) == ("{", Finish.STOP_SEQUENCE, '"')


def test_max_tokens_cuts_calls_in_order():
    request = asks("weather in Paris and London")
    whole = plan_of(request).outcome
    total = whole.usage.output_tokens
    texts = ["".join(call.pieces) for call in whole.choices[0].calls]
    seen = set()
    for limit in range(total + 2):
        plan = plan_of(changed(request, max_tokens=limit))
        (choice,) = plan.outcome.choices
        if limit >= total:
            assert (choice.finish, plan.outcome.usage.output_tokens) == (Finish.TOOL_CALLS, total)
            continue
        assert (choice.finish, plan.outcome.usage.output_tokens) == (Finish.LENGTH, limit)
        cut = ["".join(call.pieces) for call in choice.calls]
        assert all(text.startswith(part) for text, part in zip(texts, cut, strict=False))
        assert cut[:-1] == texts[: len(cut[:-1])]
        seen.add(len(cut))
    assert seen == {0, 1, 2}


def test_max_tokens_cuts_json():
    request = asks("Somebody", (), format=Format("json_schema", PERSON))
    plan = plan_of(changed(request, max_tokens=5))
    (choice,) = plan.outcome.choices
    assert (len(choice.pieces), choice.finish) == (5, Finish.LENGTH)
    assert plan.outcome.usage.output_tokens == 5
    nothing = plan_of(changed(request, max_tokens=0))
    assert (nothing.outcome.choices[0].text, len(nothing.offsets)) == ("", 1)


BAD = [
    ("tools", 1, {"tools": (WEATHER, Tool("f", "", {"type": "object", "properties": {"x": {"type": "strin"}}}))}),
    ("tools", 0, {"tools": (Tool("f", "", takes(x={"$ref": "#/$defs/none"})), WEATHER)}),
    ("format", 0, {"tools": (), "format": Format("json_schema", takes(x={"type": "strin"}))}),
    ("format", 0, {"tools": (), "format": Format("json_schema", IMPOSSIBLE)}),
    ("format", 0, {"format": Format("json_schema", takes(x={"pattern": "("}))}),
]


@pytest.mark.parametrize(("where", "index", "fields"), BAD)
@pytest.mark.parametrize("choice", ["", "none"])
def test_a_bad_schema_is_told_whatever_is_answered(where, index, fields, choice):
    for operation in (Operation.CHAT, Operation.COUNT):
        request = changed(asks("Hello"), operation=operation, tool_choice=choice, **fields)
        if operation is Operation.COUNT and fields.get("format", Format()).schema is IMPOSSIBLE:
            continue  # that nothing fits is only found when a value is made
        for _ in range(2):
            with pytest.raises(BadSchema) as refused:
                ENGINE.plan(request, HERE)
            assert (refused.value.where, refused.value.index) == (where, index)
            assert refused.value.path.startswith("#")
            assert refused.value.why
            assert refused.value.place in str(refused.value)


def test_the_tool_that_nothing_fits_is_named():
    request = asks("Hello", (WEATHER, CALCULATOR, Tool("f", "", IMPOSSIBLE)), tool_choice="tool:f")
    with pytest.raises(BadSchema) as refused:
        ENGINE.plan(request, HERE)
    assert (refused.value.index, refused.value.path) == (2, "#/properties/x")


def test_schemas_have_a_size():
    """Parts that count no tokens are bounded too, before any of them is read."""
    filler = {"type": "object", "not": {"enum": list(range(15_000))}}
    tools = tuple([Tool(f"f{n}", "", filler) for n in range(9)])
    most = MOST_PARTS // 15_000
    assert plan_of(asks("Hello", tools[:most])).outcome.choices[0].text
    with pytest.raises(BadSchema) as refused:
        ENGINE.plan(asks("Hello", tools), HERE)
    assert refused.value.index == most
    with pytest.raises(ContextExceeded):
        ENGINE.plan(asks("word " * 200_000, tools), HERE)


def test_choices_beyond_what_may_be_spent_repeat_others_under_their_own_ids():
    many = takes(rows={"type": "array", "items": {"type": "integer"}, "minItems": 3_000, "maxItems": 3_000})
    request = asks("Hello", (Tool("fill", "", many),), tool_choice="required", choices=128)
    choices = ENGINE.plan(request, HERE).outcome.choices
    texts = ["".join(choice.calls[0].pieces) for choice in choices]
    own = len(set(texts))
    assert len({choice.calls[0].id_bits for choice in choices}) == 128
    assert 16 < own < 128
    assert texts == [texts[index % own] for index in range(128)]


def test_tools_without_a_type_or_a_schema_take_objects():
    tools = (Tool("now", "Tell the time"), Tool("ping", "", {}), Tool("f", "", {"properties": {"x": S}}))
    for tool in tools:
        ((name, arguments),) = called(asks("Hi", tools, tool_choice=f"tool:{tool.name}"))
        assert (name, isinstance(arguments, dict)) == (tool.name, True)


def test_steps_are_the_text_and_then_the_calls():
    calls = (Call(b"", "a", ("{", "}")), Call(b"", "b", ("{}",), 1))
    assert Choice(("x", "y"), Finish.TOOL_CALLS, calls=calls).steps == 5
    assert Choice((), Finish.STOP).steps == 1
    choices = (Choice(("x",), Finish.STOP), Choice((), Finish.TOOL_CALLS, calls=calls))
    assert Answer(choices, Usage(1, 1), bytes(32), 0).steps == 3


def test_a_call_takes_the_time_of_its_tokens():
    slow = {"providers.gpt-4o.latency.itl": {"distribution": "constant", "value_ms": 10}}
    loaded = load(None, environ={}, flags=slow)
    offsets = checked(asks(PARIS), Engine(loaded.config, loaded.catalogue).plan(asks(PARIS), HERE)).offsets
    assert [late - early for early, late in pairwise(offsets)] == pytest.approx([0.01] * (len(offsets) - 1))
    assert offsets[0] > 0
    assert len(offsets) > 2


NAMES = st.sampled_from(["city", "user_id", "amount", "start_date", "都市", "note", "is_active"])
KINDS = st.one_of(
    st.sampled_from([S, {"type": "boolean"}, {"type": "string", "format": "date"}, {"type": ["number", "null"]}]),
    st.builds(lambda low, room: {"type": "integer", "minimum": low, "maximum": low + room}, *[st.integers(0, 99)] * 2),
    st.lists(st.text(max_size=5), min_size=1, max_size=4, unique=True).map(lambda values: {"enum": values}),
    st.integers(0, 3).map(lambda least: {"type": "array", "items": S, "minItems": least}),
)
SCHEMAS = st.dictionaries(NAMES, KINDS, max_size=5).map(lambda members: takes(**members))
OFFERED = st.lists(
    st.tuples(st.sampled_from(["get_weather", "send_note", "f", "翻訳"]), st.text(max_size=30), SCHEMAS),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each[0],
).map(lambda each: tuple([Tool(*parts) for parts in each]))


@settings(max_examples=120, deadline=None)
@given(
    said=st.one_of(st.text(max_size=80), st.just("weather in Paris and London, then send a note to bob@example.org")),
    tools=OFFERED,
    choice=st.sampled_from(["", "auto", "required", "none"]),
    parallel=st.booleans(),
    choices=st.integers(1, 3),
    limit=st.one_of(st.none(), st.integers(0, 60)),
    form=st.one_of(
        st.just(Format()), st.just(Format("json_object")), SCHEMAS.map(lambda each: Format("json_schema", each))
    ),
)
def test_every_plan_keeps_to_its_schemas_and_limits(said, tools, choice, parallel, choices, limit, form):
    request = asks(said, tools, tool_choice=choice, parallel=parallel, choices=choices, max_tokens=limit, format=form)
    for made in plan_of(request).outcome.choices:
        if choice == "required":
            assert made.finish in {Finish.TOOL_CALLS, Finish.LENGTH}
        if made.finish is Finish.STOP and form.kind != "text":
            Draft202012Validator(form.schema or {"type": "object"}).validate(json.loads(made.text))
