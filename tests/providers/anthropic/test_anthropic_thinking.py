"""What is thought, what is shown of it, and which settings go together."""

import json

import pytest
from anthropic_wire import (
    COUNT,
    LATEST,
    NEW,
    OLD,
    answered,
    ask,
    call_of,
    events_in,
    message_of,
    planned,
    refusal_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Address, Answer, Call, Choice, Finish, Plan, Usage
from simulator.providers.anthropic import messages
from simulator.providers.anthropic.signatures import genuine
from simulator.providers.anthropic.triggers import REDACTED, REFUSAL
from simulator.providers.base import Refusal

MESSAGES = messages.Messages()
FIRST = {b"anthropic-version": b"2023-06-01"}
INTERLEAVED = LATEST | {b"anthropic-beta": b"other, interleaved-thinking-2025-05-14"}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
ADAPTIVE = {"type": "adaptive"}
SHOWN = {"type": "adaptive", "display": "summarized"}
TOOL = {
    "name": "get_weather",
    "description": "Get the weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
ASK = [{"role": "user", "content": "What's the weather in Paris?"}]


def kinds(message):
    return [block.type for block in message.content]


def test_a_thought_comes_first_and_is_signed() -> None:
    message = ask(thinking=BUDGET)
    assert kinds(message) == ["thinking", "text"]
    thought, said = message.content
    assert thought.thinking
    assert said.text
    assert genuine(thought.signature, thought.thinking)
    assert not genuine(thought.signature, thought.thinking + ".")
    usage = message.usage
    assert 0 < usage.output_tokens_details.thinking_tokens < min(1024, usage.output_tokens)
    assert ask(thinking=BUDGET) == message


def test_the_events_of_a_thought() -> None:
    call = call_of(thinking=BUDGET)
    stream = MESSAGES.stream(call, planned(call))
    events = events_in(stream.frames(0, stream.steps))
    assert [event["type"] for event in events[:4]] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
    ]
    assert events[1]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}
    stop = next(place for place, event in enumerate(events) if event["type"] == "content_block_stop")
    assert events[stop - 1]["delta"]["type"] == "signature_delta"
    assert {event["delta"]["type"] for event in events[3 : stop - 1]} == {"thinking_delta"}
    assert events[stop + 1]["index"] == 1


def test_an_omitted_thought_has_only_its_signature() -> None:
    call = call_of(thinking={**BUDGET, "display": "omitted"})
    shown = answered(call_of(thinking=BUDGET))
    message = answered(call)
    assert message.content[0].thinking == ""
    assert genuine(message.content[0].signature, "")
    assert message.content[1] == shown.content[1]
    assert message.usage == shown.usage
    stream = MESSAGES.stream(call, planned(call))
    thinking = message.usage.output_tokens_details.thinking_tokens
    assert stream.frames(1, thinking - 1) == b""


@pytest.mark.parametrize(
    ("model", "setting", "thinks", "shows"),
    [
        ("claude-haiku-4-5", None, False, False),
        ("claude-opus-4-6", None, False, False),
        ("claude-opus-4-6", ADAPTIVE, True, True),
        ("claude-opus-4-6", BUDGET, True, True),
        ("claude-opus-4-8", None, False, False),
        ("claude-opus-4-8", ADAPTIVE, True, False),
        ("claude-opus-4-8", SHOWN, True, True),
        ("claude-mythos-preview", None, True, False),
        ("claude-opus-5", None, True, False),
        ("claude-opus-5", {"type": "disabled"}, False, False),
        ("claude-sonnet-5", None, True, False),
        ("claude-sonnet-5-5", {"type": "between_tools"}, False, False),
        ("claude-haiku-5-5", {"type": "disabled"}, False, False),
        ("claude-fable-5-1", SHOWN, True, True),
    ],
)
def test_each_model_has_its_own_ways(model, setting, thinks, shows) -> None:
    message = ask(model=model, **({} if setting is None else {"thinking": setting}))
    assert (kinds(message)[0] == "thinking") is thinks
    if thinks:
        assert bool(message.content[0].thinking) is shows
        assert message.content[0].signature


@pytest.mark.parametrize(
    ("model", "fields", "sentence"),
    [
        ("claude-3-5-haiku-20241022", {"thinking": BUDGET}, "'claude-3-5-haiku-20241022' does not support thinking."),
        (OLD, {"thinking": ADAPTIVE}, "adaptive thinking is not supported on this model"),
        (OLD, {"thinking": {"type": "between_tools"}}, '"thinking.type.between_tools" is not supported for this'),
        ("claude-opus-4-7", {"thinking": BUDGET}, '"thinking.type.enabled" is not supported for this model. Use "th'),
        (NEW, {"thinking": BUDGET}, '"thinking.type.enabled" is not supported for this model. Use "thinking.type.ad'),
        (NEW, {"thinking": {"type": "disabled"}}, '"thinking.type.disabled" is not supported for this model. Use "t'),
        ("claude-sonnet-5-5", {"thinking": {"type": "disabled"}}, 'Use "thinking.type.between_tools" to turn off'),
        ("claude-fable-5", {"thinking": {"type": "disabled"}}, '"thinking.type.disabled" is not supported'),
        (
            "claude-opus-5",
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
            'not supported at effort "max"',
        ),
        (OLD, {"thinking": {**BUDGET, "budget_tokens": 4096}}, "`max_tokens` must be greater than `thinking.budget_t"),
        (OLD, {"thinking": {**BUDGET, "budget_tokens": 1023}}, "thinking.enabled.budget_tokens: Input should be grea"),
        (OLD, {"thinking": BUDGET, "max_tokens": 0}, "`max_tokens` must be greater"),
        (
            OLD,
            {"thinking": BUDGET, "tools": [TOOL], "tool_choice": {"type": "any"}},
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (
            "claude-opus-4-8",
            {"thinking": ADAPTIVE, "tools": [TOOL], "tool_choice": {"type": "tool", "name": "get_weather"}},
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (NEW, {"tools": [TOOL], "tool_choice": {"type": "any"}}, "`tool_choice` must not force tool use on this"),
        (OLD, {"output_config": {"effort": "low"}}, "This model does not support the effort parameter."),
        ("claude-opus-4-6", {"output_config": {"effort": "xhigh"}}, "output_config.effort: 'xhigh' is not supported"),
    ],
)
def test_what_a_model_refuses(model, fields, sentence) -> None:
    assert sentence in refusal_of(model=model, **fields)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"temperature": 0.5}, "`temperature` may only be set to 1 when thinking is enabled."),
        ({"top_p": 0.9}, "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."),
        ({"top_k": 4}, "`top_k` must be unset when thinking is enabled."),
    ],
)
def test_sampling_parameters_beside_a_thought(fields, sentence) -> None:
    assert refusal_of(FIRST, thinking=BUDGET, **fields).startswith(sentence)
    assert kinds(answered(call_of(FIRST, thinking=BUDGET, temperature=1, top_k=None)))[0] == "thinking"
    assert call_of(FIRST, thinking={"type": "disabled"}, **fields).request.reasoning == 0


def test_a_forced_tool_goes_without_the_thought_that_a_model_has_by_default() -> None:
    forced = ask(model="claude-opus-5", tools=[TOOL], tool_choice={"type": "any"}, messages=ASK)
    assert kinds(forced) == ["tool_use"]
    assert kinds(ask(model="claude-opus-5", tools=[TOOL], messages=ASK)) == ["thinking", "tool_use"]


def test_effort_says_how_much() -> None:
    def wanted(effort, **fields):
        given = {"output_config": {"effort": effort}} if effort else {}
        return call_of(model="claude-opus-5", **given, **fields).request.reasoning

    sizes = [wanted(effort, max_tokens=64_000) for effort in ("low", "medium", "high", "xhigh", "max")]
    assert sizes == sorted(set(sizes))
    assert wanted(None, max_tokens=64_000) == sizes[2]
    assert call_of(model=NEW, max_tokens=64_000).request.reasoning == sizes[1]


@pytest.mark.parametrize("limit", [1, 63, 64, 100, 400, 2000])
def test_an_adaptive_thought_leaves_room_for_the_answer(limit) -> None:
    message = ask(model="claude-opus-5", max_tokens=limit, output_config={"effort": "max"})
    assert kinds(message) == (["thinking", "text"] if limit >= 64 else ["text"])
    assert message.usage.output_tokens <= limit
    assert message.usage.output_tokens_details.thinking_tokens < limit / 2


# --- several turns


def history(first, *results):
    content = [block.model_dump(exclude_none=True) for block in first.content]
    return [*ASK, {"role": "assistant", "content": content}, *results]


def result_of(message):
    call = next(block for block in message.content if block.type == "tool_use")
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "21 degrees"}]}


def test_a_conversation_with_a_tool() -> None:
    first = ask(thinking=BUDGET, tools=[TOOL], messages=ASK)
    assert kinds(first) == ["thinking", "tool_use"]
    turns = history(first, result_of(first))
    assert kinds(ask(thinking=BUDGET, tools=[TOOL], messages=turns)) == ["text"]
    between = answered(call_of(INTERLEAVED, thinking=BUDGET, tools=[TOOL], messages=turns))
    assert kinds(between) == ["thinking", "text"]
    without = history(first, result_of(first))
    del without[1]["content"][0]
    said = refusal_of(thinking=BUDGET, tools=[TOOL], messages=without)
    assert said.startswith(
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`."
    )
    assert kinds(ask(tools=[TOOL], messages=without)) == ["text"]
    again = [*turns, {"role": "assistant", "content": "It is 21."}, {"role": "user", "content": "Thanks"}]
    assert kinds(ask(thinking=BUDGET, tools=[TOOL], messages=again))[0] == "thinking"


def test_a_budget_may_exceed_the_limit_where_thoughts_are_interleaved() -> None:
    assert call_of(INTERLEAVED, thinking=BUDGET, tools=[TOOL], max_tokens=1000).request.reasoning == 256
    assert "`max_tokens` must be greater" in refusal_of(INTERLEAVED, thinking=BUDGET, max_tokens=1000)


def test_a_prefilled_answer_must_begin_with_a_thought() -> None:
    turns = [*ASK, {"role": "assistant", "content": "It is"}]
    assert "but found `text`" in refusal_of(thinking=BUDGET, messages=turns)
    assert "but found `text`" in refusal_of(
        thinking=BUDGET, messages=[*turns[:1], {"role": "assistant", "content": []}]
    )


@pytest.mark.parametrize("change", ["thinking", "signature", "cut", "empty", "words"])
def test_a_changed_thought_is_refused(change) -> None:
    first = ask(thinking=BUDGET, tools=[TOOL], messages=ASK)
    turns = history(first, result_of(first))
    block = turns[1]["content"][0]
    signed = block["signature"]
    if change == "thinking":
        block["thinking"] = block["thinking"].upper()
    else:
        block["signature"] = {
            "signature": signed[:40] + ("A" if signed[40] != "A" else "B") + signed[41:],
            "cut": signed[:-8],
            "empty": "",
            "words": "sig_abc123",
        }[change]
    for fields in ({"thinking": BUDGET}, {}):
        said = refusal_of(tools=[TOOL], messages=turns, **fields)
        assert said == "messages.1.content.0: Invalid `signature` in `thinking` block"


def test_thoughts_do_not_end_a_turn_and_take_no_breakpoint() -> None:
    first = ask(thinking=BUDGET)
    thought = first.content[0].model_dump()
    turns = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [thought]},
        {"role": "user", "content": "b"},
    ]
    assert refusal_of(messages=turns) == "messages.1: The final block in an assistant message cannot be `thinking`."
    turns[1]["content"] = [{**thought, "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "x"}]
    assert refusal_of(messages=turns) == "messages.1.content.0.thinking.cache_control: Extra inputs are not permitted"


def test_a_count_takes_the_same_settings() -> None:
    given = {"model": OLD, "messages": ASK, "thinking": BUDGET}
    assert COUNT.decode(json.dumps(given).encode(), LATEST).request.operation == "count_tokens"
    with pytest.raises(Refusal, match="adaptive thinking"):
        COUNT.decode(json.dumps({**given, "thinking": ADAPTIVE}).encode(), LATEST)


# --- the documented trigger strings


def test_a_hidden_thought() -> None:
    messages = [{"role": "user", "content": REDACTED}]
    message = ask(thinking=BUDGET, messages=messages)
    assert kinds(message) == ["redacted_thinking", "text"]
    assert message.usage.output_tokens_details.thinking_tokens > 0
    block = message.content[0].model_dump()
    turns = [*messages, {"role": "assistant", "content": [block, {"type": "text", "text": "x"}]}, *ASK]
    assert kinds(ask(messages=turns)) == ["text"]
    block["data"] = block["data"][:-4]
    assert refusal_of(messages=turns) == "messages.1.content.0: Invalid `data` in `redacted_thinking` block"


def test_a_refusal_that_is_asked_for() -> None:
    for fields in ({}, {"thinking": BUDGET}, {"tools": [TOOL], "tool_choice": {"type": "any"}}, {"max_tokens": 1}):
        message = ask(messages=[{"role": "user", "content": f"Say {REFUSAL} please"}], **fields)
        assert (message.stop_reason, message.stop_details.type, message.content) == ("refusal", "refusal", [])
        assert message.usage.output_tokens <= 1
    assert ask(messages=[{"role": "user", "content": "ANTHROPIC_MAGIC_STRING_TRIGGER_"}]).stop_reason == "end_turn"


# --- properties

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
pieces = st.lists(texts, max_size=6)


@settings(max_examples=60)
@given(st.lists(texts, max_size=6), pieces, st.booleans(), st.booleans(), st.binary(min_size=32, max_size=32))
def test_any_answer_is_the_same_streamed_and_whole(thought, said, calls, omitted, bits) -> None:
    display = {"display": "omitted"} if omitted else {}
    call = call_of(thinking={**BUDGET, **display}, tools=[TOOL])
    made = (Call(bits[:16], "get_weather", ('{"city":', '"Paris"}')),) if calls else ()
    finish = Finish.TOOL_CALLS if calls else Finish.STOP
    choice = Choice(tuple(said), finish, None, made, tuple(thought))
    usage = Usage(9, choice.steps, reasoning_tokens=len(thought))
    plan = Plan(Address(1, 0, 0, 0), b"d" * 16, "m", Answer((choice,), usage, bits, 0), (), bytes(16))
    message = answered(call, plan)
    expected = ["thinking"] * bool(thought) + ["text"] * bool(said) + ["tool_use"] * calls
    assert kinds(message) == expected
    if thought:
        assert message.content[0].thinking == ("" if omitted else "".join(thought))


def test_a_message_is_checked_by_the_sdk() -> None:
    call = call_of(thinking=BUDGET)
    assert message_of(MESSAGES.reply(call, planned(call))).role == "assistant"
