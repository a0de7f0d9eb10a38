"""Messages, token counts and models through the official Anthropic client, under both API versions."""

import asyncio
import re

import anthropic
import pytest
from client_checks import TINY_PNG, WEATHER, strangers, turn

ASK = {
    "model": "claude-haiku-4-5",
    "max_tokens": 400,
    "system": "You are terse.",
    "messages": [turn("Tell me of tides and the moon.")],
}
OLD = {"anthropic-version": "2023-06-01"}
TOOL = {"name": "get_weather", "description": "d", "input_schema": WEATHER}


def without(ask, *names):
    return {name: value for name, value in ask.items() if name not in names}


def text_of(message):
    (block,) = message.content
    assert block.type == "text"
    return block.text


def test_a_plain_message(claude):
    message = claude.messages.create(**ASK)
    assert strangers(message) == []
    assert re.fullmatch(r"msg_01[1-9A-HJ-NP-Za-km-z]{22}", message.id)
    assert message.model == "claude-haiku-4-5-20251001"
    assert (message.role, message.type, message.stop_reason) == ("assistant", "message", "end_turn")
    assert message.stop_sequence is None
    assert text_of(message).strip()
    assert message.usage.output_tokens >= 1
    assert message._request_id.startswith("req_")


def test_the_stream_helper_gives_the_plain_message(claude):
    plain = claude.messages.create(**ASK)
    with claude.messages.stream(**ASK) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
        assert stream.request_id.startswith("req_")
    assert "".join(pieces) == text_of(plain)
    assert len(pieces) == plain.usage.output_tokens
    assert final.model_dump() == plain.model_dump()


def test_the_events_of_a_stream(claude):
    plain = claude.messages.create(**ASK)
    events = list(claude.messages.create(**ASK, stream=True))
    assert [strangers(event) for event in events] == [[]] * len(events)
    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert events[0].message.id == plain.id
    assert events[0].message.usage.input_tokens == plain.usage.input_tokens
    assert events[-2].usage.output_tokens == plain.usage.output_tokens
    assert "".join(event.delta.text for event in events if event.type == "content_block_delta") == text_of(plain)


def test_the_async_client_hears_the_same(claude, fleet):
    plain = claude.messages.create(**ASK)

    async def ask():
        given = {"base_url": fleet.url, "api_key": "sk-ant-test", "max_retries": 0}
        async with anthropic.AsyncAnthropic(**given, _strict_response_validation=True) as there:
            message = await there.messages.create(**ASK)
            async with there.messages.stream(**ASK) as stream:
                pieces = [piece async for piece in stream.text_stream]
                final = await stream.get_final_message()
            names = [model.id async for model in there.models.list(limit=9)]
            count = await there.messages.count_tokens(**without(ASK, "max_tokens"))
        return message, pieces, final, names, count

    message, pieces, final, names, count = asyncio.run(ask())
    assert message == plain
    assert "".join(pieces) == text_of(plain)
    assert final.model_dump() == plain.model_dump()
    assert len(names) == len(set(names)) > 20
    assert count.input_tokens == plain.usage.input_tokens


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"system": [{"type": "text", "text": "You are terse."}, {"type": "text", "text": "And kind."}]},
        {"tools": [TOOL]},
        {"messages": [turn("One"), turn("Two", "assistant"), turn("Three")]},
        {
            "messages": [
                turn(
                    [
                        {"type": "text", "text": "What is this?"},
                        {
                            "type": "image",
                            "source": {
                                "type": "base64",
                                "media_type": "image/png",
                                "data": TINY_PNG.partition(",")[2],
                            },
                        },
                    ]
                )
            ]
        },
    ],
    ids=["plain", "system blocks", "tools", "turns", "image"],
)
def test_a_count_agrees_with_the_bill(claude, more):
    ask = {**ASK, **more}
    message = claude.messages.create(**ask)
    assert strangers(message) == []
    counted = claude.messages.count_tokens(**without(ask, "max_tokens"))
    assert strangers(counted) == []
    assert counted.input_tokens == message.usage.input_tokens > 0


def test_system_blocks_and_system_text_are_billed(claude):
    alone = claude.messages.count_tokens(**without(ASK, "max_tokens", "system")).input_tokens
    given = claude.messages.count_tokens(**without(ASK, "max_tokens")).input_tokens
    assert given > alone


def test_stop_sequences(claude):
    message = claude.messages.create(**ASK, stop_sequences=["no such text", " the"])
    assert message.stop_reason == "stop_sequence"
    assert message.stop_sequence == " the"
    assert " the" not in text_of(message)
    with claude.messages.stream(**ASK, stop_sequences=["no such text", " the"]) as stream:
        assert stream.get_final_message().model_dump() == message.model_dump()


def test_max_tokens_cuts(claude):
    message = claude.messages.create(**{**ASK, "max_tokens": 5})
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 5)
    with claude.messages.stream(**{**ASK, "max_tokens": 5}) as stream:
        assert stream.get_final_message().model_dump() == message.model_dump()


def test_tools_and_their_results(claude):
    messages = [
        turn("Weather in Rome?"),
        turn([{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome"}}], "assistant"),
        turn([{"type": "tool_result", "tool_use_id": "toolu_1", "content": "21 degrees"}]),
    ]
    message = claude.messages.create(**{**ASK, "messages": messages, "tools": [TOOL]})
    assert strangers(message) == []
    assert text_of(message)


def test_the_old_api_version_with_its_key(make_anthropic, claude):
    """`x-api-key` and 2023-06-01, as older clients send them, with what only that version takes."""
    old = make_anthropic(
        api_key=None, auth_token=None, default_headers={**OLD, "x-api-key": "k", "Authorization": anthropic.Omit()}
    )
    sent = []
    old._client.event_hooks = {"request": [lambda request: sent.append(request.headers)]}
    message = old.messages.create(**ASK, extra_body={"temperature": 0.5})
    assert strangers(message) == []
    assert sent[0]["anthropic-version"] == "2023-06-01"
    assert sent[0]["x-api-key"] == "k"
    assert "authorization" not in sent[0]
    assert text_of(message)
    assert old.messages.create(**ASK).model_dump() == claude.messages.create(**ASK).model_dump()
    assert [model.id for model in old.models.list(limit=3).data] == [
        model.id for model in claude.models.list(limit=3).data
    ]
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        claude.messages.create(**ASK, extra_body={"temperature": 0.5})


def test_every_response_tells_its_address(claude):
    raw = claude.messages.with_raw_response.create(**ASK)
    assert re.fullmatch(r"0\.[0-3]", raw.headers["x-llm-sim-shard"])
    assert raw.headers["x-llm-sim-seed"] == "42"
    assert raw.headers["x-llm-sim-sequence"].isdigit()
    assert raw.headers["request-id"] == raw.parse()._request_id


def test_models_are_paged(claude):
    page = claude.models.list(limit=7)
    assert len(page.data) == 7
    assert page.has_next_page()
    names = [model.id for model in page]
    assert len(names) == len(set(names)) > 20
    assert names == [model.id for model in claude.models.list(limit=1000)]
    for model in page.data:
        assert strangers(model) == []
        assert model.lifecycle == "active"
    before = claude.models.list(before_id=names[5], limit=3)
    assert [model.id for model in before.data] == names[2:5]


@pytest.mark.parametrize("name", ["claude-haiku-4-5-20251001", "claude-haiku-4-5"], ids=["id", "alias"])
def test_one_model(claude, name):
    model = claude.models.retrieve(name)
    assert strangers(model) == []
    assert model.display_name == "Claude Haiku 4.5"
    assert model.max_input_tokens == 200_000
    assert model.type == "model"


def test_models_have_request_ids(claude):
    """The real service sends `request-id` with every response."""
    assert claude.models.list()._request_id
    assert claude.models.retrieve("claude-haiku-4-5")._request_id
