"""Chat and fill-in-the-middle through the official Mistral client, plain and streamed, sync and async.

The client's base of types ignores fields that they do not have; those that its usage keeps are the service's own.
"""

import asyncio
import json
import re

import pytest
from client_checks import WEATHER, turn
from mistralai.client import Mistral, errors
from mistralai.client.models import AssistantMessage, ChatCompletionResponse, CompletionChunk
from pydantic import BaseModel

SMALL = "mistral-small-latest"
MAGISTRAL = "magistral-medium-latest"
ASK = {"model": SMALL, "messages": [turn("You are terse.", "system"), turn("Tell me of tides and the moon.")]}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": WEATHER}}]
UNTYPED = {"prompt_tokens_details"}
"""Fields of the usage that recorded answers have and that the client's type keeps without a name."""


@pytest.fixture
def mistral(fleet):
    with Mistral(api_key="key", server_url=fleet.url) as client:
        yield client


def unknown(value, shape):
    """The places of fields that the client's types drop."""
    found = []
    if isinstance(value, dict) and isinstance(shape, BaseModel):
        fields = {field.alias or name: name for name, field in type(shape).model_fields.items()}
        found += [name for name in value if name not in fields and name not in UNTYPED]
        for name, inner in value.items():
            found += unknown(inner, getattr(shape, fields.get(name, ""), None))
    elif isinstance(value, list) and isinstance(shape, list):
        for inner, kept in zip(value, shape, strict=True):
            found += unknown(inner, kept)
    return found


def gathered(events):
    """(thought, text, calls, ends, usage) of a stream."""
    thought, text, calls, ends, usage = "", "", [], [], None
    for event in events:
        chunk = event.data
        assert usage is None
        usage = chunk.usage
        for choice in chunk.choices:
            content = choice.delta.content or ""
            if isinstance(content, str):
                text += content
            else:
                thought += "".join(piece.text for part in content for piece in part.thinking)
            calls += choice.delta.tool_calls or []
            ends += [choice.finish_reason] if choice.finish_reason else []
    return thought, text, calls, ends, usage


def test_a_plain_answer(mistral, fleet):
    answer = mistral.chat.complete(**ASK)
    assert re.fullmatch("[0-9a-f]{32}", answer.id)
    assert (answer.object, answer.model) == ("chat.completion", SMALL)
    (choice,) = answer.choices
    assert choice.message.content.strip()
    assert choice.finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    raw = fleet.ask("/mistral/v1/chat/completions", ASK)
    assert ChatCompletionResponse.model_validate_json(raw.body) == answer
    assert re.fullmatch("[0-9a-f-]{36}", raw.headers["mistral-correlation-id"])


@pytest.mark.parametrize(
    "more", [{}, {"n": 2}, {"model": MAGISTRAL}, {"tools": TOOLS, "tool_choice": "any"}, {"max_tokens": 3}], ids=str
)
def test_no_field_is_unknown_to_the_client(fleet, more):
    body = {**ASK, **more}
    raw = fleet.ask("/v1/chat/completions", body).json()
    assert unknown(raw, ChatCompletionResponse.model_validate(raw)) == []
    lines = fleet.ask("/v1/chat/completions", {**body, "stream": True}).body.decode().split("\n\n")
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    assert [unknown(chunk, CompletionChunk.model_validate(chunk)) for chunk in chunks] == [[]] * len(chunks)


def test_a_stream_is_the_plain_answer_in_pieces(mistral):
    plain = mistral.chat.complete(**ASK)
    with mistral.chat.stream(**ASK) as stream:
        events = list(stream)
    thought, text, calls, ends, usage = gathered(events)
    assert (thought, text, calls, ends) == ("", plain.choices[0].message.content, [], ["stop"])
    assert usage == plain.usage
    assert {(event.data.id, event.data.created, event.data.model) for event in events} == {
        (plain.id, plain.created, plain.model)
    }
    assert len(events) > 5


def test_the_async_client_hears_the_same(mistral, fleet):
    plain = mistral.chat.complete(**ASK)

    async def ask():
        async with Mistral(api_key="key", server_url=fleet.url) as there:
            answer = await there.chat.complete_async(**ASK)
            events = [event async for event in await there.chat.stream_async(**ASK)]
        return answer, events

    answer, events = asyncio.run(ask())
    assert answer == plain
    assert gathered(events)[1] == plain.choices[0].message.content


def test_below_the_providers_own_name(mistral, fleet):
    with Mistral(api_key="key", server_url=f"{fleet.url}/mistral") as there:
        assert there.chat.complete(**ASK) == mistral.chat.complete(**ASK)
        assert there.models.list().data == mistral.models.list().data


def test_several_choices_and_the_longest_answer(mistral):
    answer = mistral.chat.complete(**ASK, n=3, max_tokens=4)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert {choice.finish_reason for choice in answer.choices} == {"length"}
    assert answer.usage.completion_tokens == 12


def test_the_seed_is_part_of_the_request(mistral):
    one, same, other = [mistral.chat.complete(**ASK, random_seed=seed) for seed in (1, 1, 2)]
    assert one == same
    assert one.choices != other.choices


def test_a_reasoning_model_thinks_first(mistral):
    ask = {"model": MAGISTRAL, "messages": [turn("What is 6 times 7?")]}
    answer = mistral.chat.complete(**ask)
    thought, text = answer.choices[0].message.content
    assert (thought.type, text.type) == ("thinking", "text")
    assert thought.thinking[0].text.strip()
    heard = gathered(mistral.chat.stream(**ask))
    assert heard[:2] == (thought.thinking[0].text, text.text)
    assert heard[4] == answer.usage
    again = [*ask["messages"], AssistantMessage(content=answer.choices[0].message.content), turn("And 7 times 8?")]
    assert mistral.chat.complete(model=MAGISTRAL, messages=again).choices[0].message.content
    assert isinstance(mistral.chat.complete(**ask, reasoning_effort="none").choices[0].message.content, str)
    asked = mistral.chat.complete(model=SMALL, messages=ask["messages"], reasoning_effort="high")
    assert asked.choices[0].message.content[0].type == "thinking"
    assert asked.usage.completion_tokens > 100


@pytest.mark.parametrize(
    "choice", ["auto", "any", "required", {"type": "function", "function": {"name": "get_weather"}}]
)
def test_tools_are_called(mistral, choice):
    ask = {"model": SMALL, "messages": [turn("What is the weather in Paris?")], "tools": TOOLS, "tool_choice": choice}
    answer = mistral.chat.complete(**ask)
    (call,) = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert re.fullmatch("[0-9A-Za-z]{9}", call.id)
    assert (call.function.name, json.loads(call.function.arguments)["city"]) == ("get_weather", "Paris")
    assert gathered(mistral.chat.stream(**ask))[2] == [call]
    result = {"role": "tool", "tool_call_id": call.id, "name": "get_weather", "content": "21 degrees"}
    after = mistral.chat.complete(
        model=SMALL, messages=[*ask["messages"], answer.choices[0].message, result], tools=TOOLS
    )
    assert after.choices[0].message.content
    assert not after.choices[0].message.tool_calls


def test_no_tool_is_called_where_none_may_be(mistral):
    ask = {"model": SMALL, "messages": [turn("What is the weather in Paris?")], "tools": TOOLS}
    assert not mistral.chat.complete(**ask, tool_choice="none").choices[0].message.tool_calls


def test_structured_answers(mistral):
    schema = {"name": "weather", "schema": {**WEATHER, "additionalProperties": False}, "strict": True}
    ask = {"model": SMALL, "messages": [turn("Give the weather in Rome as JSON.")]}
    answer = mistral.chat.complete(**ask, response_format={"type": "json_schema", "json_schema": schema})
    assert set(json.loads(answer.choices[0].message.content)) <= {"city", "unit"}
    loose = mistral.chat.complete(**ask, response_format={"type": "json_object"})
    assert isinstance(json.loads(loose.choices[0].message.content), dict)

    class Weather(BaseModel):
        city: str

    parsed = mistral.chat.parse(Weather, **ask)
    assert isinstance(parsed.choices[0].message.parsed, Weather)


def test_an_answer_goes_on_from_its_prefix(mistral):
    messages = [turn("Hi"), {"role": "assistant", "content": "Certainly: ", "prefix": True}]
    answer = mistral.chat.complete(model=SMALL, messages=messages)
    assert answer.choices[0].message.content.startswith("Certainly: ")
    assert gathered(mistral.chat.stream(model=SMALL, messages=messages))[1] == answer.choices[0].message.content


def test_fill_in_the_middle(mistral):
    ask = {"model": "codestral-latest", "prompt": "def add(a, b):", "suffix": "return c"}
    answer = mistral.fim.complete(**ask)
    assert answer.choices[0].message.content
    assert gathered(mistral.fim.stream(**ask))[1] == answer.choices[0].message.content

    async def ask_async(fleet_url):
        async with Mistral(api_key="key", server_url=fleet_url) as there:
            return await there.fim.complete_async(**ask)

    assert asyncio.run(ask_async(mistral.sdk_configuration.server_url)) == answer


def test_what_is_refused(mistral):
    with pytest.raises(errors.HTTPValidationError) as wrong:
        mistral.chat.complete(**ASK, temperature=7)
    assert wrong.value.data.detail[0].loc == ["body", "temperature"]
    with pytest.raises(errors.SDKError, match="Invalid model: mistral-huge") as unknown_model:
        mistral.chat.complete(model="mistral-huge", messages=ASK["messages"])
    assert unknown_model.value.status_code == 400
    with pytest.raises(errors.SDKError, match="3230"):
        mistral.chat.complete(model=SMALL, messages=[turn("x"), turn("y", "assistant")])
    with pytest.raises(errors.HTTPValidationError):
        list(mistral.chat.stream(**ASK, max_tokens=-1))
    with pytest.raises(errors.SDKError, match="max_tokens of 999999 is too large"):
        mistral.chat.complete(**ASK, max_tokens=999_999)
