"""Tools and structured output through the official Anthropic client: plain, streamed, by its helpers, to the end."""

import json

import anthropic
import pytest
from anthropic import beta_tool
from client_checks import strangers, turn
from jsonschema import Draft202012Validator
from pydantic import BaseModel

MODEL = "claude-haiku-4-5"
STRING = {"type": "string"}


def tool(name, description, **properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": name, "description": description, "input_schema": schema}


WEATHER = tool("get_weather", "Get the current weather for a city", city=STRING)
TIME = tool("get_time", "Get the local time in a city", city=STRING)
CALCULATOR = tool("calculator", "Evaluate an arithmetic expression", expression=STRING)
TOOLS = [WEATHER, TIME, CALCULATOR]
SCHEMAS = {each["name"]: each["input_schema"] for each in TOOLS}
ASK = {"model": MODEL, "max_tokens": 500, "messages": [turn("What's the weather in Paris?")], "tools": TOOLS}
BOTH = {**ASK, "messages": [turn("What's the weather in Paris and what time is it in Tokyo?")]}
CHAT = {**ASK, "messages": [turn("Tell me of tides and the moon.")]}


class Person(BaseModel):
    name: str
    age: int
    city: str | None


PERSON = {**ASK, "messages": [turn("Alice Cooper is 34 years old and lives in Rome.")]}
del PERSON["tools"]


def calls_of(message):
    """Name and input of each call; checks all that holds for any call."""
    assert strangers(message) == []
    made = [block for block in message.content if block.type == "tool_use"]
    for block in made:
        assert block.id.startswith("toolu_01")
        assert block.caller.type == "direct"
        Draft202012Validator(SCHEMAS[block.name]).validate(block.input)
    assert len({block.id for block in made}) == len(made)
    assert (message.stop_reason == "tool_use") == bool(made)
    return [(block.name, block.input) for block in made]


def test_a_call(claude):
    message = claude.messages.create(**ASK)
    assert calls_of(message) == [("get_weather", {"city": "Paris"})]
    assert message.usage.output_tokens > 1
    assert claude.messages.create(**ASK).model_dump() == message.model_dump()


@pytest.mark.parametrize("ask", [ASK, BOTH, CHAT], ids=["one call", "two calls", "text"])
def test_the_stream_helper_gives_the_plain_message(claude, ask):
    plain = claude.messages.create(**ask)
    with claude.messages.stream(**ask) as stream:
        events = list(stream)
        final = stream.get_final_message()
    assert final.model_dump() == plain.model_dump()
    heard = [event for event in events if event.type == "input_json"]
    assert bool(heard) == (plain.stop_reason == "tool_use")
    if heard:
        assert heard[0].partial_json == ""
        stopped = [event.content_block for event in events if event.type == "content_block_stop"]
        assert [block.input for block in stopped] == [given for _, given in calls_of(plain)]


def test_raw_events(claude):
    events = list(claude.messages.create(**ASK, stream=True))
    assert [strangers(event) for event in events] == [[]] * len(events)
    opened = events[1].content_block
    assert (opened.type, opened.name, opened.input, opened.caller.type) == ("tool_use", "get_weather", {}, "direct")
    pieces = [event.delta.partial_json for event in events if event.type == "content_block_delta"]
    assert pieces[0] == ""
    assert "".join(pieces) == '{"city": "Paris"}'
    assert events[-2].delta.stop_reason == "tool_use"


def test_several_calls_at_once_and_one_at_a_time(claude):
    both = claude.messages.create(**BOTH)
    assert calls_of(both) == [("get_weather", {"city": "Paris"}), ("get_time", {"city": "Tokyo"})]
    single = claude.messages.create(**BOTH, tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert calls_of(single) == [("get_weather", {"city": "Paris"})]


@pytest.mark.parametrize(
    ("ask", "choice", "called"),
    [
        (CHAT, {"type": "auto"}, []),
        (ASK, {"type": "auto"}, ["get_weather"]),
        (ASK, {"type": "none"}, []),
        (ASK, {"type": "any"}, ["get_weather"]),
        (ASK, {"type": "tool", "name": "get_time"}, ["get_time"]),
        (CHAT, {"type": "tool", "name": "calculator"}, ["calculator"]),
        (BOTH, {"type": "any", "disable_parallel_tool_use": True}, ["get_weather"]),
    ],
)
def test_choices(claude, ask, choice, called):
    message = claude.messages.create(**ask, tool_choice=choice)
    assert [name for name, _ in calls_of(message)] == called
    with claude.messages.stream(**ask, tool_choice=choice) as stream:
        assert stream.get_final_message().model_dump() == message.model_dump()


def test_any_calls_some_tool_whatever_is_said(claude):
    assert calls_of(claude.messages.create(**CHAT, tool_choice={"type": "any"}))


def test_tools_that_run_at_the_provider_are_never_called(claude):
    search = {"type": "web_search_20250305", "name": "web_search"}
    message = claude.messages.create(**{**ASK, "tools": [search]}, tool_choice={"type": "any"})
    assert calls_of(message) == []
    assert message.stop_reason == "end_turn"


def test_an_agent_comes_to_an_end(claude):
    """A loop with three tools, streamed: each is called, then there is text."""
    said = "What's the weather in Paris, what time is it in Tokyo, and what is 12*7?"
    messages, called = [turn(said)], []
    for _ in range(8):
        with claude.messages.stream(**{**ASK, "messages": messages}) as stream:
            message = stream.get_final_message()
        made = calls_of(message)
        called += made
        messages.append({"role": "assistant", "content": message.content})
        if not made:
            break
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": f"{block.name}: fine"}
            for block in message.content
            if block.type == "tool_use"
        ]
        messages.append({"role": "user", "content": results})
    assert message.stop_reason == "end_turn"
    assert message.content[0].text
    assert sorted(called) == [
        ("calculator", {"expression": "12*7"}),
        ("get_time", {"city": "Tokyo"}),
        ("get_weather", {"city": "Paris"}),
    ]


@pytest.mark.parametrize("streamed", [False, True])
def test_the_tool_runner_of_the_sdk(claude, streamed):
    heard = []

    @beta_tool
    def get_weather(city: str) -> str:
        """Get the current weather for a city.

        Args:
            city: The name of the city.
        """
        heard.append(city)
        return f"It is sunny in {city}."

    runner = claude.beta.messages.tool_runner(
        model=MODEL,
        max_tokens=500,
        messages=[turn("What's the weather in Oslo?")],
        tools=[get_weather],
        stream=streamed,
    )
    last = runner.until_done()
    assert heard == ["Oslo"]
    assert last.stop_reason == "end_turn"
    assert last.content[0].type == "text"


@pytest.mark.parametrize("limit", [3, 5, 8, 12])
def test_max_tokens_cuts_a_call(claude, limit):
    whole = claude.messages.create(**ASK)
    ask = {**ASK, "max_tokens": limit}
    message = claude.messages.create(**ask)
    assert message.usage.output_tokens <= limit
    cut = whole.usage.output_tokens > limit
    assert message.stop_reason == ("max_tokens" if cut else "tool_use")
    for block in message.content:
        assert block.input == ({} if cut else {"city": "Paris"})
    with claude.messages.stream(**ask) as stream:
        final = stream.get_final_message()
    assert (final.stop_reason, final.usage) == (message.stop_reason, message.usage)
    assert [block.id for block in final.content] == [block.id for block in message.content]


# --- structured output


def test_an_answer_that_keeps_to_a_schema(claude):
    parsed = claude.messages.parse(**PERSON, output_format=Person)
    assert strangers(parsed.content[0].parsed_output) == []
    person = parsed.parsed_output
    assert (person.name, person.age) == ("Alice Cooper", 34)
    assert parsed.stop_reason == "end_turn"
    assert parsed.content[0].text == json.dumps(json.loads(parsed.content[0].text), ensure_ascii=False)
    with claude.messages.stream(**PERSON, output_format=Person) as stream:
        final = stream.get_final_message()
    assert final.parsed_output == person
    assert final.content[0].text == parsed.content[0].text


def test_the_older_beta_parameter(claude):
    new = claude.messages.parse(**PERSON, output_format=Person)
    form = {"type": "json_schema", "schema": anthropic.transform_schema(Person)}
    old = claude.beta.messages.create(
        **PERSON, betas=["structured-outputs-2025-11-13"], extra_body={"output_format": form}
    )
    assert old.content[0].text == new.content[0].text
    assert old.id == new.id


def test_tools_come_before_the_answer_in_json(claude):
    form = {"format": {"type": "json_schema", "schema": anthropic.transform_schema(Person)}}
    first = claude.messages.create(**ASK, output_config=form)
    (block,) = first.content
    assert block.name == "get_weather"
    messages = [
        *ASK["messages"],
        {"role": "assistant", "content": first.content},
        turn([{"type": "tool_result", "tool_use_id": block.id, "content": "21 degrees"}]),
    ]
    second = claude.messages.create(**{**ASK, "messages": messages}, output_config=form)
    assert second.stop_reason == "end_turn"
    Person.model_validate_json(second.content[0].text)


def test_json_that_max_tokens_cuts(claude):
    form = {"format": {"type": "json_schema", "schema": anthropic.transform_schema(Person)}}
    whole = claude.messages.create(**PERSON, output_config=form)
    message = claude.messages.create(**{**PERSON, "max_tokens": 4}, output_config=form)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 4)
    assert whole.content[0].text.startswith(message.content[0].text)
    assert len(message.content[0].text) < len(whole.content[0].text)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "text"}}}}]},
            "tools.0.custom.input_schema: JSON schema is invalid",
        ),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
        ({"tool_choice": {"type": "tool", "name": "g"}}, "tool_choice: Tool 'g' not found in provided tools"),
    ],
)
def test_refusals(claude, more, message):
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.create(**{**ASK, **more})
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    assert message in caught.value.body["error"]["message"]


def test_a_count_with_tools_agrees_with_the_bill(claude):
    form = {"format": {"type": "json_schema", "schema": anthropic.transform_schema(Person)}}
    for more in ({}, {"output_config": form}):
        message = claude.messages.create(**ASK, **more)
        asked = {key: value for key, value in {**ASK, **more}.items() if key != "max_tokens"}
        assert claude.messages.count_tokens(**asked).input_tokens == message.usage.input_tokens
