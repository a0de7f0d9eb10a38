"""Message batches through the official Anthropic client, polled until they have ended."""

import asyncio

import anthropic
import pytest
from client_checks import WEATHER, strangers, turn
from serving import wait_for

PARAMS = {"model": "claude-haiku-4-5", "max_tokens": 60, "messages": [turn("Hello")]}
TOOL = {"name": "get_weather", "description": "Get the weather of a city", "input_schema": WEATHER}


def request(name, **more):
    return {"custom_id": name, "params": {**PARAMS, **more}}


def ended(client, name):
    def look():
        batch = client.messages.batches.retrieve(name)
        assert strangers(batch) == []
        return batch if batch.processing_status == "ended" else None

    return wait_for(look, "the end of the batch")


def test_a_batch_from_creation_to_deletion(claude):
    requests = [
        request("plain"),
        request("tool", messages=[turn("What's the weather in Oslo?")], tools=[TOOL]),
        request("thought", max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 1024}),
        request("unknown", model="claude-99"),
        request("wrong", temperature=5),
    ]
    batch = claude.messages.batches.create(requests=requests)
    assert strangers(batch) == []
    assert (batch.processing_status, batch.results_url, batch.ended_at) == ("in_progress", None, None)
    assert batch.request_counts.processing == len(requests)
    assert (batch.expires_at - batch.created_at).total_seconds() == 86_400
    done = ended(claude, batch.id)
    counts = done.request_counts
    assert (counts.processing, counts.succeeded, counts.errored, counts.canceled, counts.expired) == (0, 3, 2, 0, 0)
    results = {line.custom_id: line.result for line in claude.messages.batches.results(batch.id)}
    assert [strangers(result) for result in results.values()] == [[]] * len(requests)
    assert list(results) == [each["custom_id"] for each in requests]
    plain = claude.messages.create(**PARAMS)
    assert results["plain"].message.content == plain.content
    assert (results["plain"].message.usage.service_tier, plain.usage.service_tier) == ("batch", "standard")
    assert results["tool"].message.stop_reason == "tool_use"
    assert results["thought"].message.content[0].type == "thinking"
    assert results["unknown"].error.error.type == "not_found_error"
    assert results["wrong"].error.error.type == "invalid_request_error"
    assert claude.messages.batches.delete(batch.id).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.batches.retrieve(batch.id)


def test_cancelling(claude):
    batch = claude.messages.batches.create(requests=[request(f"{number}") for number in range(2_000)])
    cancelled = claude.messages.batches.cancel(batch.id)
    assert cancelled.processing_status == "canceling"
    assert cancelled.cancel_initiated_at is not None
    counts = ended(claude, batch.id).request_counts
    assert counts.canceled > 0
    assert counts.succeeded + counts.canceled == 2_000
    kinds = [line.result.type for line in claude.messages.batches.results(batch.id)]
    assert kinds == ["succeeded"] * counts.succeeded + ["canceled"] * counts.canceled
    claude.messages.batches.delete(batch.id)


def test_listing(make_anthropic):
    client = make_anthropic(api_key="sk-ant-batches")
    names = [client.messages.batches.create(requests=[request("a")]).id for _ in range(5)][::-1]
    assert [batch.id for batch in client.messages.batches.list(limit=2)] == names
    assert [batch.id for batch in client.messages.batches.list(limit=2, before_id=names[-1])] == [
        *names[2:4],
        *names[0:2],
    ]
    assert [batch.id for batch in client.beta.messages.batches.list()] == names


@pytest.mark.parametrize(
    ("requests", "sentence"),
    [
        ([], "requests: "),
        ([request("a"), request("a")], "requests.1.custom_id: 'a' is not unique"),
        ([request("a b")], "requests.0.custom_id: String should match pattern"),
    ],
)
def test_refusals(claude, requests, sentence):
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.batches.create(requests=requests)
    assert caught.value.body["error"]["message"].startswith(sentence)


def test_results_before_the_end(claude):
    batch = claude.messages.batches.create(requests=[request(f"{number}") for number in range(2_000)])
    with pytest.raises(anthropic.AnthropicError, match="No `results_url`"):
        claude.messages.batches.results(batch.id)
    claude.messages.batches.cancel(batch.id)


def test_the_async_client(fleet):
    async def run():
        async with anthropic.AsyncAnthropic(
            base_url=fleet.url, api_key="sk-ant-test", max_retries=0, _strict_response_validation=True
        ) as client:
            batch = await client.messages.batches.create(requests=[request("a"), request("b")])
            async with asyncio.timeout(30):
                while (await client.messages.batches.retrieve(batch.id)).processing_status != "ended":
                    await asyncio.sleep(0.01)
            return [line.custom_id async for line in await client.messages.batches.results(batch.id)]

    assert asyncio.run(run()) == ["a", "b"]
