"""Chat completions through the official OpenAI client, plain and streamed, sync and async."""

import asyncio
import re

import openai
import pytest
from client_checks import TINY_PNG, WEATHER, strangers, turn

ASK = {"model": "gpt-4o", "messages": [turn("You are terse.", "system"), turn("Tell me of tides and the moon.")]}
USAGE = {"stream_options": {"include_usage": True}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": WEATHER}}]


def gathered(chunks):
    """The text of each choice by index, and why each ended."""
    texts, ends = {}, {}
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
            if choice.finish_reason is not None:
                assert choice.index not in ends
                ends[choice.index] = choice.finish_reason
    return texts, ends


def test_a_plain_answer(client):
    answer = client.chat.completions.create(**ASK)
    assert strangers(answer) == []
    assert answer.object == "chat.completion"
    assert re.fullmatch(r"chatcmpl-[0-9A-Za-z]{29}", answer.id)
    assert answer.model == "gpt-4o-2024-08-06"
    (choice,) = answer.choices
    assert choice.message.role == "assistant"
    assert choice.message.content.strip()
    assert choice.finish_reason == "stop"
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens > 10
    assert usage.completion_tokens >= 1


def test_the_answer_depends_on_the_request_alone(client, make_openai):
    """Eight connections held at the same time meet several workers, and all hear the same."""
    answers, shards = [], set()
    for each in [make_openai() for _ in range(8)]:
        raw = each.chat.completions.with_raw_response.create(**ASK, user="someone else")
        answers.append(raw.parse().model_dump())
        shards.add(raw.headers["x-llm-sim-shard"])
    assert len(shards) >= 2
    assert all(each == answers[0] for each in answers)
    other = client.chat.completions.create(model="gpt-4o", messages=[turn("Something else.")])
    assert other.choices[0].message.content != answers[0]["choices"][0]["message"]["content"]


def test_several_choices(client):
    answer = client.chat.completions.create(**ASK, n=4)
    assert strangers(answer) == []
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert len({choice.message.content for choice in answer.choices}) > 1
    alone = client.chat.completions.create(**ASK)
    assert answer.usage.prompt_tokens == alone.usage.prompt_tokens
    texts, ends = gathered(client.chat.completions.create(**ASK, n=4, stream=True))
    assert texts == {choice.index: choice.message.content for choice in answer.choices}
    assert ends == {choice.index: choice.finish_reason for choice in answer.choices}


@pytest.mark.parametrize("stop", [" the ", ["no such text", "e"]])
def test_stop_sequences(client, stop):
    answer = client.chat.completions.create(**ASK, stop=stop)
    (choice,) = answer.choices
    assert choice.finish_reason == "stop"
    for sequence in [stop] if isinstance(stop, str) else stop:
        assert sequence not in choice.message.content
    texts, ends = gathered(client.chat.completions.create(**ASK, stop=stop, stream=True))
    assert texts == {0: choice.message.content}
    assert ends == {0: "stop"}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_longest_answer(client, name):
    answer = client.chat.completions.create(**ASK, **{name: 5})
    assert answer.usage.completion_tokens == 5
    assert answer.choices[0].finish_reason == "length"
    chunks = list(client.chat.completions.create(**ASK, **{name: 5}, stream=True))
    assert gathered(chunks) == ({0: answer.choices[0].message.content}, {0: "length"})


def test_a_stream_is_the_plain_answer_in_pieces(client):
    plain = client.chat.completions.create(**ASK)
    chunks = list(client.chat.completions.create(**ASK, stream=True, **USAGE))
    assert [strangers(chunk) for chunk in chunks] == [[]] * len(chunks)
    assert {(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks} == {
        (plain.id, plain.created, plain.model, "chat.completion.chunk")
    }
    assert gathered(chunks) == ({0: plain.choices[0].message.content}, {0: "stop"})
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[0].choices[0].delta.content == ""
    *others, last = chunks
    assert last.choices == []
    assert last.usage == plain.usage
    assert all(chunk.usage is None for chunk in others)
    pieces = [chunk for chunk in others if chunk.choices[0].delta.content]
    assert len(pieces) == plain.usage.completion_tokens


def test_a_stream_tells_its_usage_only_when_asked(client):
    chunks = list(client.chat.completions.create(**ASK, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_the_stream_helper_accumulates_the_plain_answer(client):
    plain = client.chat.completions.create(**ASK, n=2)
    heard = {0: "", 1: ""}
    with client.chat.completions.stream(**ASK, n=2, **USAGE) as stream:
        for event in stream:
            if event.type == "content.delta":
                assert event.snapshot.endswith(event.delta)
            if event.type == "chunk":
                for choice in event.chunk.choices:
                    heard[choice.index] += choice.delta.content or ""
        final = stream.get_final_completion()
    assert heard == {choice.index: choice.message.content for choice in plain.choices}
    assert [choice.message.content for choice in final.choices] == list(heard.values())
    assert [choice.finish_reason for choice in final.choices] == [choice.finish_reason for choice in plain.choices]
    assert (final.id, final.model, final.created, final.usage) == (plain.id, plain.model, plain.created, plain.usage)


def test_the_async_client_hears_the_same(client, fleet):
    plain = client.chat.completions.create(**ASK)

    async def ask():
        given = {"base_url": f"{fleet.url}/v1", "api_key": "sk-test", "max_retries": 0}
        async with openai.AsyncOpenAI(**given, _strict_response_validation=True) as there:
            answer = await there.chat.completions.create(**ASK)
            chunks = [chunk async for chunk in await there.chat.completions.create(**ASK, stream=True, **USAGE)]
            async with there.chat.completions.stream(**ASK) as stream:
                final = await stream.get_final_completion()
            many = await asyncio.gather(*[there.chat.completions.create(**ASK) for _ in range(20)])
        return answer, chunks, final, many

    answer, chunks, final, many = asyncio.run(ask())
    assert answer == plain
    assert gathered(chunks)[0] == {0: plain.choices[0].message.content}
    assert chunks[-1].usage == plain.usage
    assert final.choices[0].message.content == plain.choices[0].message.content
    assert all(each == plain for each in many)


def test_the_seed_is_part_of_the_request(client):
    one, same, other = [client.chat.completions.create(**ASK, seed=seed) for seed in (1, 1, 2)]
    assert one == same
    assert other.choices != one.choices
    assert other.system_fingerprint == one.system_fingerprint


@pytest.mark.parametrize("more", [{}, {"tool_choice": "auto"}, {"tool_choice": "none"}])
def test_tools_may_be_offered(client, more):
    answer = client.chat.completions.create(**ASK, tools=TOOLS, **more)
    assert strangers(answer) == []
    assert answer.choices[0].message.content
    assert answer.usage.prompt_tokens > client.chat.completions.create(**ASK).usage.prompt_tokens
    texts, _ = gathered(client.chat.completions.create(**ASK, tools=TOOLS, stream=True, **more))
    assert texts == {0: answer.choices[0].message.content}


def test_a_tools_result_brings_an_answer_in_text(client):
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'}}
    messages = [
        turn("Weather in Rome?"),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
    ]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)
    assert answer.choices[0].message.content
    again = [*messages, answer.choices[0].message, turn("And tomorrow?")]
    assert client.chat.completions.create(model="gpt-4o", messages=again).choices[0].message.content


@pytest.mark.parametrize("url", [TINY_PNG, "https://example.com/cat.png"], ids=["data", "link"])
def test_images_are_counted(client, url):
    text = client.chat.completions.create(model="gpt-4o", messages=[turn("What is this?")])
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    seen = client.chat.completions.create(model="gpt-4o", messages=[turn(parts)])
    assert strangers(seen) == []
    assert seen.usage.prompt_tokens >= text.usage.prompt_tokens + 85


def test_every_response_tells_its_address(client, fleet):
    raw = client.chat.completions.with_raw_response.create(**ASK)
    headers = raw.headers
    assert re.fullmatch(r"0\.[0-3]", headers["x-llm-sim-shard"])
    assert headers["x-llm-sim-seed"] == "42"
    assert headers["openai-version"] == "2020-10-01"
    assert raw.parse()._request_id == headers["x-request-id"]
    again = client.chat.completions.with_raw_response.create(**ASK)
    assert int(again.headers["x-llm-sim-sequence"]) == int(headers["x-llm-sim-sequence"]) + 1
    assert again.headers["x-request-id"] != headers["x-request-id"]
    address = f"{headers['x-llm-sim-shard']}/{headers['x-llm-sim-sequence']}"
    replayed = client.chat.completions.with_raw_response.create(**ASK, extra_headers={"x-llm-sim-replay": address})
    assert replayed.headers["x-request-id"] == headers["x-request-id"]
    assert replayed.headers["x-llm-sim-sequence"] == headers["x-llm-sim-sequence"]


def test_a_stream_tells_its_address(client):
    with client.chat.completions.with_streaming_response.create(**ASK, stream=True) as response:
        assert re.fullmatch(r"0\.[0-3]", response.headers["x-llm-sim-shard"])
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-request-id"].startswith("req_")
        assert list(response.iter_lines())[-2:] == ["data: [DONE]", ""]
