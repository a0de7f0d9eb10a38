"""Reasoning models and everything beside plain text, through the official OpenAI client."""

import base64
import io
import wave

import openai
import pytest
from client_checks import strangers, turn
from openai.types.shared.reasoning_effort import ReasoningEffort

ASK = {"messages": [turn("Why do tides follow the moon?")]}
USAGE = {"stream_options": {"include_usage": True}}
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
AUDIO = {"model": "gpt-audio-mini", "modalities": ["text", "audio"]}


def thought(answer):
    assert strangers(answer) == []
    details = answer.usage.completion_tokens_details
    assert answer.usage.completion_tokens >= details.reasoning_tokens
    return details.reasoning_tokens


def test_the_efforts_are_those_of_the_client():
    assert ReasoningEffort.__args__[0].__args__ == EFFORTS


@pytest.mark.parametrize("model", ["o3", "o4-mini", "gpt-5", "gpt-5.5", "gpt-6-astra"])
def test_these_models_think_unless_told_not_to(client, model):
    answer = client.chat.completions.create(model=model, **ASK)
    assert thought(answer) > 0
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5.1", "gpt-5.4", "gpt-5-chat-latest"])
def test_these_models_think_only_when_asked_to(client, model):
    assert thought(client.chat.completions.create(model=model, **ASK)) == 0


@pytest.mark.parametrize("model", ["o3-mini", "gpt-5.2"])
def test_more_effort_is_more_thought(client, model):
    found = [
        thought(client.chat.completions.create(model=model, reasoning_effort=effort, **ASK))
        for effort in ("low", "medium", "high")
    ]
    assert 0 < found[0] < found[1] < found[2]


def test_an_effort_can_be_none(client):
    ask = {"model": "gpt-5.6-sol", **ASK}
    assert thought(client.chat.completions.create(**ask, reasoning_effort="none")) == 0
    assert thought(client.chat.completions.create(**ask)) > 0


def test_a_thought_is_not_streamed(client):
    plain = client.chat.completions.create(model="o3", **ASK)
    with client.chat.completions.stream(model="o3", **ASK, **USAGE) as stream:
        chunks = [event.chunk for event in stream if event.type == "chunk"]
        final = stream.get_final_completion()
    assert all(strangers(chunk) == [] for chunk in chunks)
    assert final.choices[0].message.content == plain.choices[0].message.content
    assert final.usage == plain.usage
    told = [chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(told) == plain.usage.completion_tokens - thought(plain)


def test_a_thought_may_leave_no_room_for_an_answer(client):
    answer = client.chat.completions.create(model="o3-mini", max_completion_tokens=20, **ASK)
    assert thought(answer) == answer.usage.completion_tokens == 20
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == ("length", "")
    chunks = list(
        client.chat.completions.create(model="o3-mini", max_completion_tokens=20, stream=True, **ASK, **USAGE)
    )
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None, "length"]
    assert chunks[-1].usage == answer.usage


def test_several_choices_think_each_for_itself(client):
    plain = client.chat.completions.create(model="o4-mini", n=3, **ASK)
    assert thought(plain) > 0
    texts = ["", "", ""]
    for chunk in client.chat.completions.create(model="o4-mini", n=3, stream=True, **ASK):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [choice.message.content for choice in plain.choices]


def test_a_reasoning_model_calls_tools(client):
    tools = [{"type": "function", "function": {"name": "get_tide", "parameters": {
        "type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}}}]  # fmt: skip
    ask = {"model": "o3", "messages": [turn("The tide in Brest?")], "tools": tools, "tool_choice": "required"}
    answer = client.chat.completions.create(**ask)
    assert thought(answer) > 0
    (call,) = answer.choices[0].message.tool_calls
    with client.chat.completions.stream(**ask) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls[0].function.arguments == call.function.arguments


def test_refusals_name_the_parameter(client):
    for fields, param in (
        ({"model": "gpt-4o", "reasoning_effort": "low"}, None),
        ({"model": "o3", "reasoning_effort": "xhigh"}, "reasoning_effort"),
        ({"model": "o3", "max_tokens": 5}, "max_tokens"),
        ({"model": "gpt-5", "temperature": 0.2}, "temperature"),
        ({"model": "gpt-5", "logprobs": True}, "logprobs"),
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(**fields, **ASK)
        assert caught.value.param == param


@pytest.mark.parametrize("form", ["wav", "mp3", "flac", "opus", "aac", "pcm16"])
def test_an_answer_in_sound(client, form):
    answer = client.chat.completions.create(audio={"voice": "alloy", "format": form}, **AUDIO, **ASK)
    assert strangers(answer) == []
    message = answer.choices[0].message
    assert message.content is None
    assert message.audio.transcript
    data = base64.b64decode(message.audio.data, validate=True)
    assert data
    if form == "wav":
        with wave.open(io.BytesIO(data)) as heard:
            assert heard.getnframes() > 0
    assert answer.usage.completion_tokens_details.audio_tokens > 0
    again = client.chat.completions.create(
        audio={"voice": "alloy", "format": form},
        messages=[*ASK["messages"], {"role": "assistant", "audio": {"id": message.audio.id}}, turn("And then?")],
        **AUDIO,
    )
    assert again.choices[0].message.audio.id != message.audio.id


def test_a_sound_is_streamed(client):
    ask = {"audio": {"voice": "alloy", "format": "pcm16"}, **AUDIO, **ASK}
    plain = client.chat.completions.create(**ask)
    with client.chat.completions.stream(**ask, **USAGE) as stream:
        chunks = [event.chunk for event in stream if event.type == "chunk"]
        final = stream.get_final_completion()
    assert all(strangers(chunk) == [] for chunk in chunks)
    assert final.choices[0].message.audio == plain.choices[0].message.audio
    assert final.usage == plain.usage


def test_a_question_in_sound(client):
    heard = {"type": "input_audio", "input_audio": {"data": "AAAA" * 2_000, "format": "wav"}}
    answer = client.chat.completions.create(model="gpt-audio-mini", messages=[turn([heard])])
    assert strangers(answer) == []
    assert answer.choices[0].message.content
    assert answer.usage.prompt_tokens_details.audio_tokens > 0


def test_predictions_tiers_searches_and_moderation(client):
    plain = client.chat.completions.create(model="gpt-4o", **ASK)
    said = plain.choices[0].message.content
    told = client.chat.completions.create(model="gpt-4o", prediction={"type": "content", "content": said}, **ASK)
    assert strangers(told) == []
    details = told.usage.completion_tokens_details
    assert details.accepted_prediction_tokens == plain.usage.completion_tokens
    assert details.rejected_prediction_tokens == 0
    assert client.chat.completions.create(model="gpt-4o", service_tier="flex", **ASK).service_tier == "flex"
    found = client.chat.completions.create(model="gpt-4o-search-preview", web_search_options={}, **ASK)
    assert found.choices[0].message.annotations == []
    judged = client.chat.completions.create(model="gpt-4o", moderation={"model": "omni-moderation-latest"}, **ASK)
    assert strangers(judged) == []
    assert judged.moderation.input.results[0].model == "omni-moderation-latest"


def test_deprecated_functions_and_several_choices_with_tools(client):
    function = {"name": "get_tide", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}
    ask = {"model": "gpt-4o", "messages": [turn("The tide in Brest?")]}
    answer = client.chat.completions.create(**ask, functions=[function], function_call={"name": "get_tide"})
    assert strangers(answer) == []
    assert answer.choices[0].message.function_call.name == "get_tide"
    tools = [{"type": "function", "function": function}]
    several = client.chat.completions.create(**ask, tools=tools, tool_choice="required", n=2)
    assert strangers(several) == []
    assert [choice.message.tool_calls[0].function.name for choice in several.choices] == ["get_tide", "get_tide"]


def test_obfuscation_is_there_when_it_is_asked_for(client):
    for asked, expected in ((None, False), (True, True), (False, False)):
        options = {"stream_options": {"include_obfuscation": asked}} if asked is not None else {}
        chunks = list(client.chat.completions.create(model="gpt-4o", stream=True, **ASK, **options))
        assert [bool(chunk.obfuscation) for chunk in chunks] == [expected] * len(chunks)
