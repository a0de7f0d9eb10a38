"""Chat through OpenAI's Azure client: deployments, streams, tools, structured output, sync and async."""

import asyncio
import json

import openai
import pytest
from azure_clients import MODEL, VERSION, azure_of, known, v1_of
from client_checks import WEATHER, turn
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

ASK = {"model": MODEL, "messages": [turn("You are terse.", "system"), turn("Tell me of tides and the moon.")]}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": WEATHER}}]
WEATHER_ASK = {"model": MODEL, "messages": [turn("What is the weather in Lima?")], "tools": TOOLS}
MARK = "AZURE_CONTENT_FILTER:"


@pytest.fixture
def azure(fleet):
    with azure_of(fleet) as client:
        yield client


@pytest.fixture
def lenient(fleet):
    """For streams: their first frame, the prompt's results, is no chunk by OpenAI's types."""
    with azure_of(fleet, strict=False) as client:
        yield client


@pytest.fixture
def undated(fleet):
    with v1_of(fleet) as client:
        yield client


def checked(chunks):
    """The chunks behind the prompt's results, each valid by the client's own type."""
    first, *others = chunks
    assert (first.choices, first.id, first.object) == ([], "", "")
    (result,) = first.prompt_filter_results
    assert result["content_filter_results"]["jailbreak"] == {"filtered": False, "detected": False}
    for chunk in others:
        ChatCompletionChunk.model_validate(chunk.to_dict())
        known(chunk)
    return others


def text_of(chunks):
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def test_a_plain_answer(azure):
    answer = known(azure.chat.completions.create(**ASK))
    (choice,) = answer.choices
    assert choice.message.content.strip()
    assert answer.model == "gpt-4o-2024-08-06"
    assert choice.content_filter_results["violence"] == {"filtered": False, "severity": "safe"}
    assert answer.prompt_filter_results[0]["prompt_index"] == 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


@pytest.mark.parametrize("settings", [{}, {"azure_deployment": MODEL}], ids=["by model", "by deployment"])
def test_the_deployment_is_named_either_way(fleet, settings):
    with azure_of(fleet, **settings) as client:
        raw = client.chat.completions.with_raw_response.create(**{**ASK, "model": MODEL if not settings else "any"})
        assert raw.parse().model == "gpt-4o-2024-08-06"
        assert raw.headers["x-ms-deployment-name"] == MODEL
        assert raw.headers["x-ms-region"]
        assert raw.headers["apim-request-id"]
        assert raw.parse()._request_id == raw.headers["x-request-id"]


def test_a_stream_says_what_the_plain_answer_says(azure, lenient):
    told = azure.chat.completions.create(**ASK).choices[0]
    with lenient.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = checked(list(stream))
    assert text_of(chunks) == told.message.content
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == told.finish_reason
    assert chunks[-1].usage.total_tokens > 10
    assert chunks[-1].choices == []


def test_both_ways_and_openai_itself_say_the_same(azure, undated, client):
    said = {each.chat.completions.create(**ASK).choices[0].message.content for each in (azure, undated, client)}
    assert len(said) == 1


def test_streamed_and_plain_asynchronously(fleet):
    async def ask():
        given = {"azure_endpoint": fleet.url, "api_version": VERSION, "azure_ad_token": "token", "max_retries": 0}
        async with openai.AsyncAzureOpenAI(**given) as client:
            plain, stream = await asyncio.gather(
                client.chat.completions.create(**ASK), client.chat.completions.create(**ASK, stream=True)
            )
            return known(plain), [chunk async for chunk in stream]

    plain, chunks = asyncio.run(ask())
    assert text_of(checked(chunks)) == plain.choices[0].message.content


@pytest.mark.parametrize("which", ["azure", "undated"])
def test_tools_to_the_end(request, which):
    client = request.getfixturevalue(which)
    answer = known(client.chat.completions.create(**WEATHER_ASK))
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert json.loads(call.function.arguments)["city"] == "Lima"
    messages = [
        *WEATHER_ASK["messages"],
        choice.message.to_dict(),
        {"role": "tool", "tool_call_id": call.id, "content": "18 degrees"},
    ]
    done = known(client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS))
    assert done.choices[0].finish_reason == "stop"
    assert done.choices[0].message.content


def test_a_streamed_call(azure, lenient):
    told = azure.chat.completions.create(**WEATHER_ASK).choices[0].message.tool_calls[0]
    chunks = checked(list(lenient.chat.completions.create(**WEATHER_ASK, stream=True)))
    calls = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    assert "".join(call.function.arguments or "" for call in calls) == told.function.arguments
    assert (calls[0].id, calls[0].function.name) == (told.id, "get_weather")


class City(BaseModel):
    name: str
    people: int


def test_structured_output(azure, lenient):
    asked = {"model": MODEL, "messages": [turn("Describe Lima.")], "response_format": City}
    parsed = azure.chat.completions.parse(**asked).choices[0].message.parsed
    assert isinstance(parsed, City)
    with lenient.chat.completions.stream(**asked) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == parsed


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_prompt_that_is_blocked(azure, stream):
    with pytest.raises(openai.BadRequestError) as raised:
        azure.chat.completions.create(model=MODEL, messages=[turn(f"{MARK}prompt:jailbreak")], stream=stream)
    error = raised.value
    assert (error.code, error.param) == ("content_filter", "prompt")
    assert error.body["innererror"]["content_filter_result"]["jailbreak"] == {"filtered": True, "detected": True}


def test_an_answer_that_is_cut(azure, lenient):
    asked = {"model": MODEL, "messages": [turn(f"{MARK}completion:protected_material_text")]}
    (choice,) = known(azure.chat.completions.create(**asked)).choices
    assert choice.finish_reason == "content_filter"
    assert choice.content_filter_results["protected_material_text"] == {"filtered": True, "detected": True}
    last = checked(list(lenient.chat.completions.create(**asked, stream=True)))[-1].choices[0]
    assert (last.finish_reason, last.content_filter_results) == ("content_filter", choice.content_filter_results)


def test_the_asynchronous_filter(lenient):
    """Its last frame has a choice without a delta: clients that do not expect that stumble, as they do at Azure."""
    headers = {"x-llm-sim-content-filter": "asynchronous"}
    *_, last = list(lenient.chat.completions.create(**ASK, stream=True, extra_headers=headers))
    (choice,) = last.choices
    assert choice.delta is None
    offsets = choice.content_filter_offsets
    assert 0 < offsets["start_offset"] < offsets["end_offset"]
