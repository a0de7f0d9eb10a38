"""Extended thinking through the official Anthropic client: plain, streamed, over several turns with tools."""

import asyncio

import anthropic
import pytest
from client_checks import WEATHER, strangers, turn

OLD, NEW = "claude-haiku-4-5", "claude-opus-5-5"
BUDGET = {"type": "enabled", "budget_tokens": 1024}
ASK = {"model": OLD, "max_tokens": 2000, "messages": [turn("Why do tides follow the moon?")], "thinking": BUDGET}
TOOL = {"name": "get_weather", "description": "Get the current weather for a city", "input_schema": WEATHER}
TOOLED = {**ASK, "messages": [turn("What's the weather in Paris?")], "tools": [TOOL]}


def kinds(message):
    assert strangers(message) == []
    return [block.type for block in message.content]


@pytest.mark.parametrize(
    "ask",
    [
        ASK,
        TOOLED,
        {**ASK, "thinking": {**BUDGET, "display": "omitted"}},
        {**ASK, "model": NEW, "thinking": {"type": "adaptive", "display": "summarized"}},
        {**ASK, "model": NEW, "thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
    ],
    ids=["budget", "tool", "omitted", "adaptive", "effort"],
)
def test_the_stream_helper_gives_the_plain_message(claude, ask):
    plain = claude.messages.create(**ask)
    assert kinds(plain)[0] == "thinking"
    with claude.messages.stream(**ask) as stream:
        events = list(stream)
        final = stream.get_final_message()
    assert final.model_dump() == plain.model_dump()
    thought = plain.content[0]
    assert thought.signature
    heard = [event for event in events if event.type == "thinking"]
    assert "".join(event.thinking for event in heard) == thought.thinking
    assert [event.signature for event in events if event.type == "signature"] == [thought.signature]
    usage = plain.usage
    assert 0 < usage.output_tokens_details.thinking_tokens < usage.output_tokens


def test_a_new_model_thinks_without_being_asked(claude):
    message = claude.messages.create(model=NEW, max_tokens=2000, messages=ASK["messages"])
    assert kinds(message) == ["thinking", "text"]
    assert message.content[0].thinking == ""


def test_an_agent_that_hands_its_thoughts_back(claude):
    messages, seen = list(TOOLED["messages"]), []
    for _ in range(4):
        with claude.messages.stream(**{**TOOLED, "messages": messages}) as stream:
            message = stream.get_final_message()
        seen.append(kinds(message))
        messages.append(message.to_param())
        calls = [block for block in message.content if block.type == "tool_use"]
        if not calls:
            break
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "21 degrees"} for call in calls]
        messages.append(turn(results))
    assert seen == [["thinking", "tool_use"], ["text"]]
    messages.append(turn("Thanks"))
    assert kinds(claude.messages.create(**{**TOOLED, "messages": messages}))[0] == "thinking"


def test_thoughts_between_the_calls_of_a_tool(claude):
    ask = {**TOOLED, "betas": ["interleaved-thinking-2025-05-14"]}
    first = claude.beta.messages.create(**ask)
    call = first.content[-1]
    result = turn([{"type": "tool_result", "tool_use_id": call.id, "content": "21 degrees"}])
    second = claude.beta.messages.create(**{**ask, "messages": [*ask["messages"], first.to_param(), result]})
    assert kinds(second) == ["thinking", "text"]


def test_a_changed_thought_is_refused(claude):
    first = claude.messages.create(**TOOLED)
    content = [block.model_dump(exclude_none=True) for block in first.content]
    content[0]["thinking"] += "!"
    result = turn([{"type": "tool_result", "tool_use_id": content[1]["id"], "content": "21"}])
    messages = [*TOOLED["messages"], turn(content, "assistant"), result]
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking` block") as caught:
        claude.messages.create(**{**TOOLED, "messages": messages})
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    del content[0]
    with pytest.raises(anthropic.BadRequestError, match="Expected `thinking` or `redacted_thinking`, but found `tool_"):
        claude.messages.create(**{**TOOLED, "messages": messages})


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"model": NEW}, '"thinking.type.enabled" is not supported for this model'),
        ({"max_tokens": 1024}, "`max_tokens` must be greater than `thinking.budget_tokens`"),
        ({"thinking": {"type": "adaptive"}}, "adaptive thinking is not supported on this model"),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "Thinking may not be enabled when tool_choice forces"),
    ],
)
def test_refusals(claude, more, sentence):
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.create(**{**ASK, **more})
    assert sentence in caught.value.body["error"]["message"]


def test_a_count_takes_the_same_settings(claude):
    asked = {name: value for name, value in TOOLED.items() if name != "max_tokens"}
    assert claude.messages.count_tokens(**asked).input_tokens == claude.messages.create(**TOOLED).usage.input_tokens


def test_hidden_thoughts_and_refusals_on_demand(claude):
    mark = "ANTHROPIC_MAGIC_STRING_TRIGGER_"
    hidden = turn(mark + "REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB")
    ask = {**ASK, "messages": [hidden]}
    first = claude.messages.create(**ask)
    assert kinds(first) == ["redacted_thinking", "text"]
    with claude.messages.stream(**ask) as stream:
        assert stream.get_final_message().model_dump() == first.model_dump()
    again = {**ask, "messages": [hidden, first.to_param(), turn("Go on")]}
    assert kinds(claude.messages.create(**again))[0] == "thinking"
    refused = turn(mark + "REFUSAL_1FAEFB6177B4672DEE07F9D3AFC62588CCD2631EDCF22E8CCC1FB35B501C9C86")
    message = claude.messages.create(model=OLD, max_tokens=50, messages=[refused])
    assert (message.stop_reason, message.stop_details.type, kinds(message)) == ("refusal", "refusal", [])


def test_the_async_client(fleet):
    async def ask():
        async with anthropic.AsyncAnthropic(
            base_url=fleet.url, api_key="sk-ant-test", max_retries=0, _strict_response_validation=True
        ) as client:
            plain = await client.messages.create(**ASK)
            async with client.messages.stream(**ASK) as stream:
                final = await stream.get_final_message()
        return plain, final

    plain, final = asyncio.run(ask())
    assert kinds(plain) == ["thinking", "text"]
    assert final.model_dump() == plain.model_dump()
