import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai_plans import BITS, CHAT, answer_of, chat_call, events_of, no_extras, plan_of

from simulator.engine.plan import Choice, Fault, FaultKind, Finish, Usage

PIECES = st.lists(st.text(max_size=6), max_size=12)
CHOICES = st.lists(PIECES, min_size=1, max_size=4)


def completion(plan, **fields):
    return ChatCompletion.model_validate_json(CHAT.reply(chat_call(**fields), plan).body, strict=True)


def chunks(plan, **fields):
    *events, done = events_of(CHAT.stream(chat_call(stream=True, **fields), plan))
    assert done == "[DONE]"
    return [ChatCompletionChunk.model_validate_json(event, strict=True) for event in events]


def test_an_answer_is_what_the_official_client_expects():
    answer = completion(plan_of(answer_of([" Hello", ', "world"\n'])))
    assert no_extras(answer)
    assert answer.id == "chatcmpl-0123456789ABCDEFGHIJKLMNOPQRS"
    assert answer.object == "chat.completion"
    assert answer.created == 1_700_000_000
    assert answer.model == "gpt-4o-2024-08-06"
    assert answer.service_tier == "default"
    choice = answer.choices[0]
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert choice.message.content == ' Hello, "world"\n'
    assert (choice.message.role, choice.message.refusal, choice.message.annotations) == ("assistant", None, [])
    usage = answer.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (11, 2, 13)
    assert (usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens_details.audio_tokens) == (3, 0)
    details = usage.completion_tokens_details
    assert (details.reasoning_tokens, details.audio_tokens) == (2, 0)
    assert (details.accepted_prediction_tokens, details.rejected_prediction_tokens) == (0, 0)


def test_the_body_has_the_layout_of_recorded_answers():
    body = CHAT.reply(chat_call(), plan_of(answer_of(["Hi"]))).body
    assert body == json.dumps(json.loads(body), indent=2).encode() + b"\n"
    assert list(json.loads(body)) == [
        "id",
        "object",
        "created",
        "model",
        "choices",
        "usage",
        "service_tier",
        "system_fingerprint",
    ]


def test_the_fingerprint_belongs_to_the_model():
    one = completion(plan_of(answer_of(["a"]))).system_fingerprint
    assert one == completion(plan_of(answer_of(["b"]))).system_fingerprint
    assert one != completion(plan_of(answer_of(["a"]), model="gpt-4o-mini")).system_fingerprint
    assert one.startswith("fp_")
    assert len(one) == 13


def test_a_configured_prefix_replaces_ours_even_with_quotes_in_it():
    plan = plan_of(answer_of(["a"]), id_prefix='sim"-')
    assert completion(plan).id == 'sim"-0123456789ABCDEFGHIJKLMNOPQRS'
    assert {chunk.id for chunk in chunks(plan)} == {'sim"-0123456789ABCDEFGHIJKLMNOPQRS'}


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (Finish.STOP, "stop"),
        (Finish.STOP_SEQUENCE, "stop"),
        (Finish.LENGTH, "length"),
        (Finish.CONTENT_FILTER, "content_filter"),
        (Finish.TOOL_CALLS, "tool_calls"),
    ],
)
def test_finish_reasons(finish, word):
    plan = plan_of(answer_of(Choice(("a",), finish)))
    assert completion(plan).choices[0].finish_reason == word
    assert chunks(plan)[-1].choices[0].finish_reason == word


def test_headers_of_an_answer():
    reply = CHAT.reply(chat_call(), plan_of(answer_of(["a", "b"]), offsets=(0.25, 1.5)))
    assert reply.status == 200
    assert dict(reply.headers) == {
        b"content-type": b"application/json",
        b"openai-organization": b"llm-simulator",
        b"openai-version": b"2020-10-01",
        b"openai-processing-ms": b"1500",
        b"x-request-id": b"req_" + bytes(range(16)).hex().encode(),
    }


def test_headers_of_a_stream():
    headers = dict(CHAT.stream(chat_call(stream=True), plan_of(answer_of(["a", "b"]), offsets=(0.25, 1.5))).headers)
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert headers[b"cache-control"] == b"no-cache, no-transform"
    assert headers[b"x-accel-buffering"] == b"no"
    assert headers[b"openai-processing-ms"] == b"250"
    assert len(headers[b"x-request-id"]) == 36


def test_an_answer_at_once_took_no_time():
    assert (b"openai-processing-ms", b"0") in CHAT.reply(chat_call(), plan_of(answer_of(["a"]))).headers


def test_a_stream_opens_with_the_role_and_ends_with_the_reason():
    first, *middle, last = chunks(plan_of(answer_of(["Hi", " there"])))
    assert first.choices[0].delta.model_dump(exclude_unset=True) == {
        "role": "assistant",
        "content": "",
        "refusal": None,
    }
    assert [chunk.choices[0].delta.model_dump(exclude_unset=True) for chunk in middle] == [
        {"content": "Hi"},
        {"content": " there"},
    ]
    assert last.choices[0].delta.model_dump(exclude_unset=True) == {}
    assert [chunk.choices[0].finish_reason for chunk in (first, *middle, last)] == [None, None, None, "stop"]
    for chunk in (first, *middle, last):
        assert no_extras(chunk)
        assert chunk.choices[0].logprobs is None
        assert "usage" not in chunk.model_fields_set
        assert (chunk.object, chunk.created, chunk.service_tier) == (
            "chat.completion.chunk",
            1_700_000_000,
            "default",
        )


def test_usage_comes_in_one_more_chunk_when_asked_for():
    plan = plan_of(answer_of(["Hi"]))
    *before, last = chunks(plan, stream_options={"include_usage": True})
    assert all(chunk.usage is None and "usage" in chunk.model_fields_set for chunk in before)
    assert last.choices == []
    assert last.usage == completion(plan).usage
    assert len(before) == 3


def test_usage_does_not_come_when_declined():
    assert all("usage" not in chunk.model_fields_set for chunk in chunks(plan_of(answer_of(["Hi"])), stream_options={}))


def test_an_answer_without_tokens_is_a_valid_stream_of_one_step():
    plan = plan_of(answer_of([]))
    stream = CHAT.stream(chat_call(stream=True), plan)
    assert stream.steps == 1
    assert [chunk.choices[0].finish_reason for chunk in chunks(plan)] == [None, "stop"]
    assert completion(plan).choices[0].message.content == ""


def test_several_choices_are_interleaved_by_index():
    plan = plan_of(answer_of(["a", "b", "c"], ["x"], []))
    seen = [(chunk.choices[0].index, chunk.choices[0].delta.content) for chunk in chunks(plan, n=3)]
    opening, rest = seen[:3], seen[3:]
    assert opening == [(0, ""), (1, ""), (2, "")]
    assert rest == [(0, "a"), (1, "x"), (1, None), (2, None), (0, "b"), (0, "c"), (0, None)]


@given(CHOICES)
def test_a_stream_concatenates_to_the_plain_answer(choices):
    plan = plan_of(answer_of(*choices))
    streamed = [""] * len(choices)
    finished = [None] * len(choices)
    for chunk in chunks(plan):
        (choice,) = chunk.choices
        assert finished[choice.index] is None
        streamed[choice.index] += choice.delta.content or ""
        finished[choice.index] = choice.finish_reason
    plain = completion(plan).choices
    assert streamed == [choice.message.content for choice in plain] == ["".join(pieces) for pieces in choices]
    assert finished == [choice.finish_reason for choice in plain]


@given(CHOICES, st.data())
def test_frames_may_be_asked_for_in_any_split(choices, data):
    stream = CHAT.stream(chat_call(stream=True, stream_options={"include_usage": True}), plan_of(answer_of(*choices)))
    assert stream.steps == max(1, *map(len, choices), 0)
    whole = stream.frames(0, stream.steps)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == whole
    assert b"".join(stream.frames(step, step + 1) for step in range(stream.steps)) == whole
    assert stream.frames(cut, cut) == b""
    assert stream.frames(-3, stream.steps + 3) == whole


def test_ids_follow_the_bits():
    other = answer_of(["a"])
    plan = plan_of(type(other)(other.choices, Usage(1, 1), BITS[::-1], 1))
    assert completion(plan).id != completion(plan_of(answer_of(["a"]))).id


def test_a_fault_is_not_encoded():
    with pytest.raises(TypeError, match="encodes an Answer, not Fault"):
        CHAT.reply(chat_call(), plan_of(Fault(FaultKind.TIMEOUT)))
