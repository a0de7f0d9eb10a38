import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mistral_plans import CHAT, answer_of, call_of, chat_call, chunks_of, gathered, plan_of, told

from simulator.engine.plan import Call, Choice, Embedded, Finish, Usage

ID = bytes(range(16)).hex()
USAGE = {
    "prompt_tokens": 11,
    "total_tokens": 13,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 0},
    "service_tier": "standard",
}


def test_an_answer_as_the_service_was_seen_to_give_it():
    reply = CHAT.reply(chat_call(), plan_of(answer_of(["Po", "ng"])))
    assert reply.status == 200
    assert dict(reply.headers) == {
        b"content-type": b"application/json",
        b"mistral-correlation-id": b"00010203-0405-0607-0809-0a0b0c0d0e0f",
    }
    assert json.loads(reply.body) == {
        "id": ID,
        "created": 1_700_000_000,
        "model": "mistral-small-latest",
        "usage": USAGE,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "tool_calls": None, "content": "Pong"},
            }
        ],
    }


def test_a_stream_as_the_service_was_seen_to_give_it():
    stream = CHAT.stream(chat_call(stream=True), plan_of(answer_of(["Po", "ng"])))
    assert (b"content-type", b"text/event-stream; charset=utf-8") in stream.headers
    head = {
        "id": ID,
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "mistral-small-latest",
    }

    def chunk(delta, finish=None):
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    assert chunks_of(stream) == [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Po"}),
        chunk({"content": "ng"}),
        {**chunk({"content": ""}, "stop"), "usage": USAGE},
    ]


def test_thoughts_are_chunks_before_the_text():
    plan = plan_of(answer_of(Choice(("4", "2"), Finish.STOP, reasoning=("Six ", "times"))))
    message = json.loads(CHAT.reply(chat_call(), plan).body)["choices"][0]["message"]
    assert message["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Six times"}], "closed": True},
        {"type": "text", "text": "42"},
    ]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks_of(CHAT.stream(chat_call(stream=True), plan))]
    assert deltas[1] == {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Six "}]}]}
    assert deltas[3:] == [{"content": "4"}, {"content": "2"}, {"content": ""}]


def test_a_thought_that_was_cut_leaves_no_text():
    plan = plan_of(answer_of(Choice((), Finish.LENGTH, reasoning=("Hm",))))
    choice = json.loads(CHAT.reply(chat_call(), plan).body)["choices"][0]
    assert [chunk["type"] for chunk in choice["message"]["content"]] == ["thinking"]
    assert choice["finish_reason"] == "length"


def test_calls_come_whole_in_the_last_chunk():
    calls = (call_of("f", '{"a"', ":1}"), call_of("g", "{}"))
    plan = plan_of(answer_of(Choice((), Finish.TOOL_CALLS, calls=calls)))
    first, last = chunks_of(CHAT.stream(chat_call(stream=True), plan))
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    told_calls = last["choices"][0]["delta"]["tool_calls"]
    assert [(call["function"], call["index"], call["type"]) for call in told_calls] == [
        ({"name": "f", "arguments": '{"a":1}'}, 0, "function"),
        ({"name": "g", "arguments": "{}"}, 1, "function"),
    ]
    assert all(len(call["id"]) == 9 and call["id"].isalnum() for call in told_calls)
    assert last["choices"][0]["finish_reason"] == "tool_calls"
    assert "usage" in last


def test_the_usage_is_in_the_last_chunk_of_several_choices():
    plan = plan_of(answer_of(["a", "b", "c"], ["d"], ["e", "f", "g"], usage=Usage(1, 7)))
    chunks = chunks_of(CHAT.stream(chat_call(stream=True, n=3), plan))
    assert ["usage" in chunk for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1]["choices"][0]["index"] == 2


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_begins_with_the_prefix_that_it_was_given(stream):
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Well, ", "prefix": True}]
    call = chat_call(messages=messages, stream=stream)
    plan = plan_of(answer_of(["so", " it is"]))
    found = gathered(chunks_of(CHAT.stream(call, plan))) if stream else told(CHAT.reply(call, plan))
    assert found[0][1] == "Well, so it is"
    several = plan_of(answer_of(["a"], ["b"]))
    assert {text for _, text, _, _ in gathered(chunks_of(CHAT.stream(call, several))).values()} == {
        "Well, a",
        "Well, b",
    }


def test_a_configured_prefix_of_ids():
    plan = plan_of(answer_of(["x"]), id_prefix="sim-")
    assert json.loads(CHAT.reply(chat_call(), plan).body)["id"] == f"sim-{ID}"


def test_only_answers_are_encoded():
    with pytest.raises(TypeError, match="Embedded"):
        CHAT.reply(chat_call(), plan_of(Embedded((), 1, Usage(0, 0))))


PIECES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), max_size=5).map(tuple)
CALLS = st.lists(
    st.builds(
        Call,
        st.binary(min_size=16, max_size=16),
        st.text("abc_", min_size=1, max_size=5),
        st.just(('{"k', '":', ' "v"}')) | st.just(("{}",)),
    ),
    max_size=2,
).map(tuple)
CHOICES = st.lists(st.builds(Choice, PIECES, st.sampled_from(Finish), st.none(), CALLS, PIECES), min_size=1, max_size=3)


@settings(max_examples=60)
@given(CHOICES, st.data())
def test_a_stream_is_the_plain_answer_however_it_is_cut(choices, data):
    plan = plan_of(answer_of(*choices))
    stream = CHAT.stream(chat_call(stream=True), plan)
    assert gathered(chunks_of(stream)) == told(CHAT.reply(chat_call(), plan))
    assert stream.steps == plan.outcome.steps
    whole = stream.frames(0, stream.steps)
    cuts = sorted(data.draw(st.lists(st.integers(0, stream.steps), max_size=3)))
    edges = [0, *cuts, stream.steps]
    assert b"".join(stream.frames(*edge) for edge in pairwise(edges)) == whole
    assert b"".join(stream.frames(step, step + 1) for step in range(stream.steps)) == whole
