"""Answers of `POST /v2/chat`: whole, and as the events of a stream that put together the same."""

import json

import pytest
from cohere_plans import (
    BITS,
    CHAT,
    HELLO,
    answer_of,
    body_of,
    chat_call,
    engine,
    events_of,
    json_of,
    made_call,
    message_of,
    plain_of,
    plan_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Address, Finish, Usage
from simulator.providers.base import Problem, Refusal
from simulator.providers.cohere.vocabulary import text_of

UUID = "00010203-0405-4607-8809-0a0b0c0d0e0f"
ENGINE = engine()
DOCUMENTS = [{"id": "one", "data": {"title": "First", "snippet": "It is one."}}, "two"]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def test_a_text_in_the_recorded_layout():
    answer = answer_of(["Hel", "lo"], usage=Usage(7, 2, cached_tokens=4))
    reply = CHAT.reply(chat_call(), plan_of(answer))
    assert reply.body == (
        b'{"id":"%b","message":{"role":"assistant","content":[{"type":"text","text":"Hello"}]},'
        b'"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":7,"output_tokens":2},'
        b'"tokens":{"input_tokens":7,"output_tokens":2},"cached_tokens":4}}' % UUID.encode()
    )
    assert dict(reply.headers)[b"x-debug-trace-id"] == bytes(range(16)).hex().encode()


def test_a_stream_in_the_recorded_layout():
    stream = CHAT.stream(chat_call(stream=True), plan_of(answer_of(["Hel", "lo"], usage=Usage(7, 2))))
    assert stream.steps == 2
    usage = '{"billed_units":{"input_tokens":7,"output_tokens":2},"tokens":{"input_tokens":7,"output_tokens":2}'
    start = '{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}'
    assert stream.frames(0, 2).decode().split("\n\n") == [
        f'event: message-start\ndata: {{"id":"{UUID}","type":"message-start","delta":{start}}}',
        event("content-start", '"index":0,"delta":{"message":{"content":{"type":"text","text":""}}}'),
        event("content-delta", '"index":0,"delta":{"message":{"content":{"text":"Hel"}}}'),
        event("content-delta", '"index":0,"delta":{"message":{"content":{"text":"lo"}}}'),
        event("content-end", '"index":0'),
        event("message-end", f'"delta":{{"finish_reason":"COMPLETE","usage":{usage},"cached_tokens":0}}}}'),
        "data: [DONE]",
        "",
    ]


def event(kind, members):
    return f'event: {kind}\ndata: {{"type":"{kind}",{members}}}'


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (Finish.STOP, "COMPLETE"),
        (Finish.LENGTH, "MAX_TOKENS"),
        (Finish.STOP_SEQUENCE, "STOP_SEQUENCE"),
        (Finish.CONTENT_FILTER, "ERROR"),
        (Finish.REFUSAL, "COMPLETE"),
    ],
)
@pytest.mark.parametrize("pieces", [(), ("a",), ("a", " b")])
def test_finish_reasons_and_texts_of_any_length(finish, word, pieces):
    answer = answer_of(pieces, finish)
    body = json_of(CHAT, chat_call(), answer)
    assert body["finish_reason"] == word
    assert body["message"]["content"] == [{"type": "text", "text": "".join(pieces)}]
    assert message_of(events_of(CHAT, chat_call(stream=True), answer)) == plain_of(body)


def test_calls_come_behind_a_plan():
    answer = answer_of((), Finish.TOOL_CALLS, calls=[made_call("a", '{"x":', "1}"), made_call("b", "{}")])
    body = json_of(CHAT, chat_call(), answer)
    message = body["message"]
    assert list(message) == ["role", "tool_plan", "tool_calls"]
    assert message["tool_plan"] == "I will use the a and b tools to answer the request."
    assert [call["function"] for call in message["tool_calls"]] == [
        {"name": "a", "arguments": '{"x":1}'},
        {"name": "b", "arguments": "{}"},
    ]
    first = message["tool_calls"][0]["id"]
    assert first.startswith("a_")
    assert len(first) == 14
    assert body["finish_reason"] == "TOOL_CALL"
    events = events_of(CHAT, chat_call(stream=True), answer)
    assert message_of(events) == plain_of(body)
    assert [event["type"] for event in events if event["type"] != "tool-plan-delta"] == [
        *("message-start", "tool-call-start", "tool-call-delta", "tool-call-delta", "tool-call-end"),
        *("tool-call-start", "tool-call-delta", "tool-call-end", "message-end"),
    ]


def test_thoughts_stand_before_the_text_and_in_place_of_a_plan():
    thinking = {"type": "thinking", "thinking": "hm so"}
    answer = answer_of(["Yes"], reasoning=["hm", " so"])
    body = json_of(CHAT, chat_call(), answer)
    assert body["message"]["content"] == [thinking, {"type": "text", "text": "Yes"}]
    assert message_of(events_of(CHAT, chat_call(stream=True), answer)) == plain_of(body)

    cut_off = answer_of((), Finish.LENGTH, reasoning=["hm", " so"])
    assert json_of(CHAT, chat_call(), cut_off)["message"]["content"] == [thinking]
    assert message_of(events_of(CHAT, chat_call(stream=True), cut_off))["content"] == [thinking]

    calling = answer_of((), Finish.TOOL_CALLS, calls=[made_call("a", "{}")], reasoning=["hm", " so"])
    message = json_of(CHAT, chat_call(), calling)["message"]
    assert list(message) == ["role", "content", "tool_calls"]
    assert message["content"] == [thinking]


def test_citations_point_into_the_text_and_to_their_sources():
    text = ["The sky", " is green.", " Or is", " it not? Nobody"]
    call = chat_call(documents=DOCUMENTS)
    body = json_of(CHAT, call, answer_of(text))
    said = "".join(text)
    citations = body["message"]["citations"]
    assert [citation["text"] for citation in citations] == ["sky is green.", "is it not?", "Nobody"]
    for citation in citations:
        assert said[citation["start"] : citation["end"]] == citation["text"]
        assert (citation["type"], citation["content_index"]) == ("TEXT_CONTENT", 0)
    assert citations[0]["sources"] == [
        {"type": "document", "id": "one", "document": {"id": "one", "title": "First", "snippet": "It is one."}}
    ]
    assert citations[1]["sources"] == [{"type": "document", "id": "doc:1", "document": {"id": "doc:1", "text": "two"}}]
    assert citations[2]["sources"] == citations[0]["sources"]


LINES = {b"accept": b"application/json"}


@pytest.mark.parametrize("accept", [b"text/event-stream", b"*/*", b"text/event-stream, application/json", None])
def test_events_unless_json_alone_is_accepted(accept):
    body = body_of({"model": "command-a-03-2025", "messages": [{"role": "user", "content": "Hi"}], "stream": True})
    plan = plan_of(answer_of(["Hel", "lo"]))
    events = CHAT.stream(CHAT.decode(body, {} if accept is None else {b"accept": accept}), plan)
    lines = CHAT.stream(CHAT.decode(body, LINES), plan)
    assert events.frames(0, 2).startswith(b"event: message-start\n")
    assert dict(lines.headers)[b"content-type"].startswith(b"application/")
    told = [json.loads(event.split("data: ")[1]) for event in events.frames(0, 2).decode().split("\n\n")[:-2]]
    assert [json.loads(line) for line in lines.frames(0, 2).splitlines()] == told
    assert lines.frames(0, 1) + lines.frames(1, 2) == lines.frames(0, 2)
    assert json.loads(lines.fail(Refusal(Problem.OVERLOADED), 1))["type"] == "message-end"


@pytest.mark.parametrize("mode", ["fast", "ACCURATE", "ENABLED", None])
def test_citations_are_streamed_when_their_mode_says(mode):
    fields = {"documents": DOCUMENTS, "citation_options": {"mode": mode} if mode else None}
    answer = answer_of(["It is", " so.", " And", " so."])
    events = events_of(CHAT, chat_call(stream=True, **fields), answer)
    assert message_of(events) == plain_of(json_of(CHAT, chat_call(**fields), answer))
    order = "".join([{"content-delta": "d", "citation-start": "c"}.get(event["type"], "") for event in events])
    assert order == ("ddcddc" if mode == "fast" else "ddddcc")


def test_no_citations_without_sources_or_where_they_are_switched_off():
    answer = answer_of(["It is so."])
    assert "citations" not in json_of(CHAT, chat_call(), answer)["message"]
    for mode in ("OFF", "disabled"):
        call = chat_call(documents=DOCUMENTS, citation_options={"mode": mode})
        assert "citations" not in json_of(CHAT, call, answer)["message"]


@pytest.mark.parametrize(
    ("content", "output"),
    [
        ('{"sky":"clear"}', {"sky": "clear"}),
        ("clear", {"content": "clear"}),
        ("[1]", {"content": "[1]"}),
        ([{"type": "document", "document": {"data": {"sky": "clear"}}}], {"sky": "clear"}),
        ([{"type": "document", "document": {"data": "clear"}}], {"content": "clear"}),
    ],
)
def test_results_of_tools_are_cited(content, output):
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [*HELLO, {"role": "assistant", "tool_calls": [call]}]
    result = {"role": "tool", "tool_call_id": "c1", "content": content}
    body = json_of(CHAT, chat_call(messages=[*messages, result]), answer_of(["It is so."]))
    (citation,) = body["message"]["citations"]
    assert citation["sources"] == [{"type": "tool", "id": "c1:0", "tool_output": output}]
    later = [*messages, result, {"role": "assistant", "content": "So."}, *HELLO]
    assert "citations" not in json_of(CHAT, chat_call(messages=later), answer_of(["It is so."]))["message"]


def test_log_probabilities_of_each_token():
    pieces = ["Hel", "lo", " internationally"]
    body = json_of(CHAT, chat_call(logprobs=True), answer_of(pieces))
    assert [item["text"] for item in body["logprobs"]] == pieces
    for item in body["logprobs"]:
        assert "".join([text_of(number) for number in item["token_ids"]]) == item["text"]
        assert len(item["logprobs"]) == len(item["token_ids"])
        assert all(-4 <= each <= 0 for each in item["logprobs"])
    assert message_of(events_of(CHAT, chat_call(logprobs=True, stream=True), answer_of(pieces))) == plain_of(body)
    assert "logprobs" not in json_of(CHAT, chat_call(), answer_of(pieces))


def test_a_configured_prefix_stands_before_the_id():
    assert json_of(CHAT, chat_call(), answer_of(["a"]), id_prefix="sim-")["id"] == f"sim-{UUID}"


def test_what_is_no_answer_is_not_encoded():
    with pytest.raises(TypeError):
        CHAT.reply(chat_call(), plan_of(None))


texts = st.lists(st.text(min_size=1, max_size=6), max_size=12)


@settings(max_examples=60)
@given(
    texts,
    st.lists(st.text(min_size=1, max_size=4), max_size=4),
    st.lists(st.tuples(st.sampled_from("ab"), st.lists(st.text(max_size=5), min_size=1, max_size=5)), max_size=3),
    st.booleans(),
    st.sampled_from([None, "FAST", "OFF"]),
    st.data(),
)
def test_a_stream_puts_together_the_plain_answer(pieces, reasoning, calls, logprobs, mode, data):
    answer = answer_of(pieces, calls=[made_call(name, *own) for name, own in calls], reasoning=reasoning)
    fields = {"logprobs": logprobs, "documents": DOCUMENTS if mode else None}
    if mode:
        fields["citation_options"] = {"mode": mode}
    call = chat_call(stream=True, **fields)
    assert message_of(events_of(CHAT, call, answer)) == plain_of(json_of(CHAT, call, answer))
    stream = CHAT.stream(call, plan_of(answer))
    assert stream.steps == max(1, answer.choices[0].steps)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == stream.frames(0, stream.steps)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tools": [WEATHER], "messages": [{"role": "user", "content": "What's the weather in Paris?"}]},
        {"model": "command-a-plus-05-2026"},
        {"max_tokens": 0},
        {"model": "command-a-plus-05-2026", "max_tokens": 0},
        {"model": "command-a-plus-05-2026", "max_tokens": 7},
        {"documents": DOCUMENTS, "citation_options": {"mode": "FAST"}},
        {"response_format": {"type": "json_object"}},
    ],
    ids=str,
)
def test_the_engine_s_own_plans(fields):
    call = chat_call(stream=True, **fields)
    plan = ENGINE.plan(call.request, Address(1, 0, 0, 0))
    body = json.loads(CHAT.reply(call, plan).body)
    assert message_of(events_of(CHAT, call, plan.outcome))["usage"] == body["usage"]
    assert message_of(events_of(CHAT, call, plan.outcome)) == plain_of(body)
    assert len(plan.offsets) == CHAT.stream(call, plan).steps
    assert plan.outcome.id_bits != BITS
