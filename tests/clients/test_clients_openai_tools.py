"""Tools and structured output through the official OpenAI client: every choice, streams, parsed models, an agent."""

import json

import openai
import pytest
from client_checks import WEATHER, strangers, turn
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

MODEL = "gpt-4o"
PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "party": {"type": "integer", "minimum": 1}},
    "required": ["city", "party"],
}
MAIL = {
    "type": "object",
    "properties": {"to": {"type": "string", "format": "email"}, "subject": {"type": "string"}},
    "required": ["to", "subject"],
}
SCHEMAS = {"get_weather": WEATHER, "book_table": PLACE, "send_email": MAIL}


def function(name, description, **fields):
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": SCHEMAS[name], **fields},
    }


TOOLS = [
    function("get_weather", "The current weather in a city"),
    function("book_table", "Book a table at a restaurant"),
    function("send_email", "Send an email to somebody"),
]
ASK = {"model": MODEL, "messages": [turn("What is the weather in Paris?")], "tools": TOOLS}
CHAT = {"model": MODEL, "messages": [turn("Tell me of tides and the moon.")], "tools": TOOLS}


def named(name):
    return {"type": "function", "function": {"name": name}}


def allowed(mode, *names):
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named(name) for name in names]}}


def calls_of(message):
    """Name and arguments of each call, once the arguments are seen to fit their schema."""
    found = []
    for call in message.tool_calls or ():
        arguments = json.loads(call.function.arguments)
        Draft202012Validator(SCHEMAS[call.function.name]).validate(arguments)
        found.append((call.function.name, arguments))
    return found


def streamed(client, **given):
    """The completion that the client's own helper puts together."""
    with client.chat.completions.stream(**given, stream_options={"include_usage": True}) as stream:
        return stream.get_final_completion()


def alike(plain, final):
    """Whether a streamed completion is the plain one."""
    assert (final.id, final.usage) == (plain.id, plain.usage)
    assert [choice.finish_reason for choice in final.choices] == [choice.finish_reason for choice in plain.choices]
    for one, other in zip(plain.choices, final.choices, strict=True):
        assert one.message.content == other.message.content
        told = [
            [(call.id, call.type, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
            for message in (one.message, other.message)
        ]
        assert told[0] == told[1]
    return True


def test_a_tool_that_fits_is_called_with_what_was_said(client):
    answer = client.chat.completions.create(**ASK)
    assert strangers(answer) == []
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    ((name, arguments),) = calls_of(choice.message)
    assert (name, arguments["city"]) == ("get_weather", "Paris")
    assert answer.usage.completion_tokens > 0
    assert alike(answer, streamed(client, **ASK))


def test_a_tool_that_does_not_fit_is_not_called(client):
    answer = client.chat.completions.create(**CHAT)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content
    assert answer.choices[0].message.tool_calls is None


@pytest.mark.parametrize(
    ("choice", "ask", "names", "reason"),
    [
        ("auto", ASK, {"get_weather"}, "tool_calls"),
        ("auto", CHAT, set(), "stop"),
        ("none", ASK, set(), "stop"),
        ("required", ASK, {"get_weather"}, "tool_calls"),
        ("required", CHAT, set(SCHEMAS), "tool_calls"),
        (named("send_email"), ASK, {"send_email"}, "stop"),
        (named("book_table"), CHAT, {"book_table"}, "stop"),
        (allowed("auto", "book_table", "send_email"), CHAT, set(), "stop"),
        (allowed("auto", "get_weather"), ASK, {"get_weather"}, "tool_calls"),
        (allowed("required", "send_email"), ASK, {"send_email"}, "tool_calls"),
    ],
)
def test_every_choice(client, choice, ask, names, reason):
    answer = client.chat.completions.create(**ask, tool_choice=choice)
    assert strangers(answer) == []
    (got,) = answer.choices
    assert got.finish_reason == reason
    called = {name for name, _ in calls_of(got.message)}
    assert called <= names
    assert bool(called) == bool(names)
    assert (got.message.content is None) == bool(names)
    assert alike(answer, streamed(client, **ask, tool_choice=choice))


def test_several_calls_at_once(client):
    ask = {**ASK, "messages": [turn("What is the weather in Paris and London?")]}
    answer = client.chat.completions.create(**ask)
    called = calls_of(answer.choices[0].message)
    assert sorted(arguments["city"] for _, arguments in called) == ["London", "Paris"]
    assert len({call.id for call in answer.choices[0].message.tool_calls}) == 2
    assert alike(answer, streamed(client, **ask))
    one = client.chat.completions.create(**ask, parallel_tool_calls=False)
    assert len(calls_of(one.choices[0].message)) == 1


def test_several_choices_call_each_on_its_own(client):
    answer = client.chat.completions.create(**ASK, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    ids = [call.id for choice in answer.choices for call in choice.message.tool_calls]
    assert len(set(ids)) == len(ids) == 3
    assert alike(answer, streamed(client, **ASK, n=3))


def test_all_workers_make_the_same_calls(make_openai):
    answers, shards = [], set()
    for each in [make_openai() for _ in range(8)]:
        raw = each.chat.completions.with_raw_response.create(**ASK)
        answers.append(raw.parse().model_dump())
        shards.add(raw.headers["x-llm-sim-shard"])
    assert len(shards) >= 2
    assert all(answer == answers[0] for answer in answers)


def test_a_stream_tells_the_arguments_a_token_at_a_time(client):
    plain = client.chat.completions.create(**ASK)
    chunks = list(client.chat.completions.create(**ASK, stream=True))
    assert [strangers(chunk) for chunk in chunks] == [[]] * len(chunks)
    first = chunks[0].choices[0].delta
    assert (first.role, first.content) == ("assistant", None)
    (opening,) = first.tool_calls
    assert (opening.id, opening.type, opening.function.name, opening.function.arguments) == (
        plain.choices[0].message.tool_calls[0].id,
        "function",
        "get_weather",
        "",
    )
    told = [chunk.choices[0].delta.tool_calls[0].function.arguments for chunk in chunks[1:-1]]
    assert len(told) > 2
    assert "".join(told) == plain.choices[0].message.tool_calls[0].function.arguments
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_the_helper_tells_of_arguments_as_they_come(client):
    heard = ""
    with client.chat.completions.stream(**ASK) as stream:
        for event in stream:
            if event.type == "tool_calls.function.arguments.delta":
                heard += event.arguments_delta
                assert event.arguments == heard
    assert json.loads(heard)["city"] == "Paris"


def test_the_deprecated_functions(client):
    functions = [tool["function"] for tool in TOOLS]
    ask = {"model": MODEL, "messages": ASK["messages"], "functions": functions}
    answer = client.chat.completions.create(**ask)
    assert strangers(answer) == []
    (choice,) = answer.choices
    assert choice.finish_reason == "function_call"
    assert choice.message.tool_calls is None
    assert json.loads(choice.message.function_call.arguments)["city"] == "Paris"
    chunks = list(client.chat.completions.create(**ask, stream=True))
    told = [chunk.choices[0].delta.function_call for chunk in chunks[:-1]]
    assert told[0].name == "get_weather"
    assert "".join(part.arguments for part in told) == choice.message.function_call.arguments
    messages = [*ask["messages"], choice.message, {"role": "function", "name": "get_weather", "content": "18 degrees"}]
    end = client.chat.completions.create(**{**ask, "messages": messages})
    assert end.choices[0].finish_reason == "stop"
    assert end.choices[0].message.content


def test_a_free_text_tool(client, lenient):
    tool = {"type": "custom", "custom": {"name": "run_code", "description": "Run Python code"}}
    ask = {"model": MODEL, "messages": [turn("Run some code.")], "tools": [tool], "tool_choice": "required"}
    answer = client.chat.completions.create(**ask)
    assert strangers(answer) == []
    (call,) = answer.choices[0].message.tool_calls
    assert (call.type, call.custom.name) == ("custom", "run_code")
    assert call.custom.input
    # The client's types of a stream know functions only; the service streams free text all the same.
    deltas = [chunk.choices[0].delta for chunk in lenient.chat.completions.create(**ask, stream=True)]
    parts = [part.custom for delta in deltas for part in delta.tool_calls or ()]
    assert "".join(part["input"] for part in parts) == call.custom.input


class Guest(BaseModel):
    name: str
    age: int = Field(ge=0, le=120)


class Party(BaseModel):
    title: str
    kind: str | None
    guests: list[Guest] = Field(min_length=1, max_length=3)


PLAN = {"model": MODEL, "messages": [turn("Plan a party for me.")]}


def test_a_model_is_parsed(client):
    answer = client.chat.completions.parse(**PLAN, response_format=Party)
    assert strangers(answer) == []
    assert answer.choices[0].finish_reason == "stop"
    party = answer.choices[0].message.parsed
    assert isinstance(party, Party)
    assert party.guests
    final = streamed(client, **PLAN, response_format=Party)
    assert final.choices[0].message.parsed == party


def test_a_tool_of_a_model_is_parsed(client):
    tool = openai.pydantic_function_tool(Guest, name="invite_guest", description="Invite a guest to a party")
    answer = client.chat.completions.parse(**PLAN, tools=[tool], tool_choice=named("invite_guest"))
    (call,) = answer.choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, Guest)


def test_json_without_a_schema(client):
    ask = {"model": MODEL, "messages": [turn("Give me JSON with the keys name and age.")]}
    answer = client.chat.completions.create(**ask, response_format={"type": "json_object"})
    made = json.loads(answer.choices[0].message.content)
    assert set(made) == {"name", "age"}
    assert alike(answer, streamed(client, **ask, response_format={"type": "json_object"}))


def test_an_answer_cut_short_is_incomplete_json(client):
    answer = client.chat.completions.create(
        **PLAN,
        max_tokens=4,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "mail", "strict": True, "schema": {**MAIL, "additionalProperties": False}},
        },
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content.startswith("{")
    with pytest.raises(ValueError, match=r"delimiter|Expecting|Unterminated"):
        json.loads(answer.choices[0].message.content)


def test_a_call_cut_short(client):
    answer = client.chat.completions.create(**ASK, max_tokens=4)
    assert answer.choices[0].finish_reason == "length"
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(**PLAN, response_format=Party, max_tokens=4)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [function("get_weather", "w", strict=True)]}, "tools[0].function.parameters"),
        ({"tools": TOOLS, "tool_choice": named("fly")}, "tool_choice"),
        ({"response_format": {"type": "json_object"}}, "messages"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": PLACE, "strict": True}}},
            "response_format",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "n",
                        "schema": {
                            "type": "object",
                            "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}},
                            "required": ["a"],
                        },
                    },
                }
            },
            None,
        ),
    ],
)
def test_what_cannot_be_done_is_the_callers_fault(client, fields, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=[turn("Hi")], **fields)
    assert caught.value.type == "invalid_request_error"
    if param is not None:
        assert caught.value.param == param


def test_an_agent_comes_to_an_end(client):
    """A loop that hands back results: each tool that was asked for is called, and then there is an answer in text."""
    results = {"get_weather": "18 degrees and sunny", "book_table": "Booked for 7 pm", "send_email": "Sent"}
    messages = [
        turn("Check the weather in Paris, then book a table for 4 in Paris, then email bob@example.com about it.")
    ]
    called = []
    for _ in range(8):
        answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
        message = answer.choices[0].message
        if not message.tool_calls:
            break
        called += calls_of(message)
        messages.append(message)
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": results[call.function.name]}
            for call in message.tool_calls
        ]
    else:
        pytest.fail(f"still calling after eight turns: {called}")
    assert [name for name, _ in called] == ["get_weather", "book_table", "send_email"]
    assert called[0][1]["city"] == "Paris"
    assert called[2][1]["to"] == "bob@example.com"
    assert answer.choices[0].finish_reason == "stop"
    assert message.content
