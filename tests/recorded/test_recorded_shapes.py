"""The comparison itself: it sees what differs, and nothing where nothing does. And what it is made of."""

import json
import tarfile

import pytest
import recorded_cassettes
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_bodies import BEGIN, END, frames, ids, label, look, named, order_differences
from recorded_cassettes import CHAT, MESSAGES, RESPONSES, Exchange, Unavailable
from recorded_outcomes import hosted, rule
from recorded_page import matches
from recorded_replay import WORDS, compare
from recorded_shapes import differences, joined, shape

KNOWN = {"finish_reason": {"stop", "length"}}
ANSWER = {
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"content": "Hi", "tool_calls": None}, "finish_reason": "stop"}],
    "usage": {"total_tokens": 3, "details": {"cached": 0}},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "a", "b"]), inner, max_size=3),
    max_leaves=12,
)


def between(there, here):
    return differences(shape(there, KNOWN, "body"), shape(here, KNOWN, "body"))


def changed(**members):
    return {**json.loads(json.dumps(ANSWER)), **members}


@given(JSON)
@settings(max_examples=50)
def test_nothing_differs_from_itself(value):
    assert between(value, json.loads(json.dumps(value))) == []


def test_contents_do_not_count():
    other = changed(choices=[{"index": 7, "message": {"content": "Yo", "tool_calls": None}, "finish_reason": "stop"}])
    assert between(ANSWER, other) == []


@pytest.mark.parametrize(
    ("here", "told"),
    [
        ({"usage": None}, ["lacks usage.details", "lacks usage.total_tokens", "usage is object, here null"]),
        ({"usage": {"total_tokens": 3}}, ["lacks usage.details"]),
        ({"usage": {"total_tokens": "3", "details": {"cached": 0}}}, ["usage.total_tokens is number, here string"]),
        ({"system": None}, ["adds system"]),
        ({"choices": []}, ["lacks choices[]"]),
        (
            {"choices": [*ANSWER["choices"], {**ANSWER["choices"][0], "finish_reason": "length"}]},
            ['choices[].finish_reason is also "length"'],
        ),
        ({"choices": [{**ANSWER["choices"][0], "finish_reason": "later"}]}, ['"stop", here string']),
        ({"choices": [{**ANSWER["choices"][0], "index": True}]}, ["choices[].index is number, here boolean"]),
    ],
)
def test_what_differs_is_told(here, told):
    found = between(ANSWER, changed(**here))
    assert len(found) == len(told)
    assert all(sentence.endswith(end) for sentence, end in zip(found, told, strict=True)), found


def test_parts_are_compared_with_their_like_alone():
    there = {"output": [{"type": "message", "status": "completed", "text": "x"}, {"type": "thought", "id": "r"}]}
    here = {"output": [{"type": "message", "status": "completed", "text": None}]}
    assert between(there, here) == ["body: output[] is never a thought", "message/completed: text is string, here null"]


def test_a_part_under_another_key_is_another_part():
    there = {"content": [{"type": "text", "text": "x", "source": {"type": "text", "data": "y"}}]}
    here = {"content": [{"type": "text", "text": "x", "source": {"type": "text"}}]}
    assert between(there, here) == ["source text: lacks data"]


def test_schemas_and_arguments_are_the_clients_own():
    there = {"tools": [{"type": "function", "parameters": {"type": "object", "properties": {"city": {}}}}]}
    here = {"tools": [{"type": "function", "parameters": {"type": "object"}}]}
    assert between(there, here) == []
    there = {"content": [{"type": "tool_use", "input": {"city": "Lima"}}]}
    assert between(there, {"content": [{"type": "tool_use", "input": {}}]}) == []


def test_joining_keeps_the_kinds_of_both():
    whole = joined([shape({"type": "t", "a": 1}, {}, ""), shape({"type": "t", "a": None, "b": []}, {}, "")])
    assert whole["t"]["a"] == {"number", "null"}
    assert whole["t"]["b"] == {"list"}


def stream(*events, names=True):
    told = [f"event: {event['type']}\n" * names + f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join(told).encode()


def test_the_order_of_events_is_seen_and_repetitions_are_not():
    once = stream({"type": "start"}, {"type": "ping"}, {"type": "delta", "delta": {"type": "text"}}, {"type": "stop"})
    many = stream({"type": "start"}, *[{"type": "delta", "delta": {"type": "text"}}] * 3, {"type": "stop"})
    _, pairs = look(MESSAGES, once, True, {})
    assert pairs == {(BEGIN, "start"), ("start", "delta(text)"), ("delta(text)", "stop"), ("stop", END)}
    assert order_differences(pairs, look(MESSAGES, many, True, {})[1]) == []
    cut = look(MESSAGES, stream({"type": "start"}, {"type": "stop"}), True, {})[1]
    assert order_differences(pairs, cut) == [
        "order: never delta(text) → stop",
        "order: never start → delta(text)",
        "order: also start → stop",
    ]


def test_chunks_of_a_chat_are_told_apart():
    def chunk(delta, finish=None):
        return {"choices": [{"delta": delta, "finish_reason": finish}]}

    call = {"index": 0, "function": {"arguments": "{"}}
    assert [
        label(each)
        for each in (
            chunk({"role": "assistant", "content": ""}),
            chunk({"role": "assistant", "tool_calls": [{**call, "id": "call_1"}]}),
            chunk({"tool_calls": [call]}),
            chunk({"content": "x"}),
            chunk({}, "stop"),
            {"choices": [], "usage": {}},
            "[DONE]",
        )
    ] == ["role", "role+call(name)", "call", "content", "finish", "usage", "[DONE]"]


def test_frames_and_names_of_events():
    assert frames(b'data: {"a": 1}\r\n\r\ndata:[DONE]\n\n') == [{"a": 1}, "[DONE]"]
    assert named(stream({"type": "a"}, {"type": "b"})) == (True, True)
    assert named(stream({"type": "a"}, names=False)) == (False, False)


def test_ids_that_later_requests_may_name():
    item = {"id": "msg_1", "type": "message"}
    plain = json.dumps({"id": "resp_1", "object": "response", "output": [item]}).encode()
    assert ids(plain, False) == {"resp": ["resp_1"], "msg": ["msg_1"]}
    streamed = stream(
        {"type": "c", "response": {"id": "resp_1", "output": []}}, {"type": "a", "item": item}, {"type": "d"}
    )
    assert ids(streamed, True) == {"resp": ["resp_1"], "msg": ["msg_1"]}


def test_words_come_from_the_official_types():
    assert {"stop", "length", "tool_calls"} <= WORDS["openai"]["finish_reason"]
    assert {"in_memory", "24h"} <= WORDS["openai"]["prompt_cache_retention"]
    assert {"end_turn", "tool_use"} <= WORDS["anthropic"]["stop_reason"]
    assert "model" not in WORDS["openai"]


def exchange(kind, body, asked=None, status=200):
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = frozenset({"content-type", "x-request-id"})
    return Exchange("set/one.0", kind, asked or {"model": "m"}, status, headers, frozenset(), sent)


class Served:
    def __init__(self, body, status=200, **headers):
        self.body = json.dumps(body).encode()
        self.status = status
        self.headers = {"content-type": "application/json", "x-request-id": "r", **headers}


def test_status_and_headers_are_compared():
    asked = exchange(CHAT, ANSWER)
    assert compare(asked, Served(ANSWER)) == []
    assert compare(asked, Served({"error": {"message": "no `x`"}}, 400)) == ["status: 400 in place of 200: no 'x'"]
    assert compare(asked, Served(ANSWER, server="s")) == ["headers: adds server"]
    assert compare(asked, Served(ANSWER, **{"content-type": "text/html"})) == ["headers: content type text/html"]
    bare = Served(ANSWER)
    del bare.headers["x-request-id"]
    assert compare(asked, bare) == ["headers: lacks x-request-id"]


def test_a_recorded_outcome_becomes_a_rule():
    call = {"type": "function_call", "name": "add", "arguments": '{"a": 1}'}
    output = [{"type": "reasoning", "summary": []}, call]
    made = rule(exchange(RESPONSES, {"output": output, "status": "incomplete"}))
    assert made["when"] == {"headers": {"x-recorded": "set/one.0"}}
    (answer,) = made["answers"]
    assert answer["tool_calls"] == [{"name": "add", "arguments": {"a": 1}}]
    assert answer["finish"] == "length"
    assert answer["reasoning"]
    blocks = [{"type": "text", "text": "{{ a }}"}, {"type": "tool_use", "name": "add", "input": {}}]
    (answer,) = rule(exchange(MESSAGES, {"content": blocks, "stop_reason": "tool_use"}))["answers"]
    assert answer == {"text": "{ { a }}", "tool_calls": [{"name": "add", "arguments": {}}]}
    parts = [
        {"choices": [{"delta": {"content": text}, "finish_reason": finish}]}
        for text, finish in (("a", None), ("b", "length"))
    ]
    body = b"".join(b"data: %b\n\n" % json.dumps(part).encode() for part in parts)
    assert rule(exchange(CHAT, body))["answers"] == [{"text": "ab", "finish": "length"}]


def test_a_tool_that_the_service_ran_is_asked_for():
    ran = {"output": [{"type": "mcp_call"}], "status": "completed"}
    asked = {
        "model": "m",
        "tools": [{"type": "web_search"}, {"type": "mcp", "server_label": "wiki", "server_url": "u"}],
    }
    assert hosted(exchange(RESPONSES, ran, asked)) == {"type": "mcp", "server_label": "wiki"}
    assert hosted(exchange(RESPONSES, ran, {**asked, "tool_choice": "auto"})) is None
    assert hosted(exchange(RESPONSES, {**ran, "output": []}, asked)) is None


def test_a_star_stands_for_anything():
    assert matches("message: lacks usage.*", "message: lacks usage.iterations")
    assert not matches("message: lacks usage.*", "message: adds usage.iterations")
    assert matches("order: never * → b[]", "order: never a → b[]")
    assert not matches("order: never a", "order: never ab")


def test_archives_that_cannot_be_had_are_told(tmp_path, monkeypatch):
    """pip is asked a few times, then the reason is told; an archive in its place is not asked for again."""
    monkeypatch.setattr(recorded_cassettes, "FOLDER", tmp_path)
    asked = []

    class Ended:
        returncode, stderr = 1, "no such release"

    monkeypatch.setattr(recorded_cassettes.subprocess, "run", lambda command, **_: asked.append(command) or Ended)
    with pytest.raises(Unavailable, match="no such release"):
        recorded_cassettes.cassettes()
    assert len(asked) == recorded_cassettes.ATTEMPTS
    for package, version in recorded_cassettes.SDISTS:
        with tarfile.open(tmp_path / f"{package}-{version}.tar.gz", "w:gz"):
            pass
    assert recorded_cassettes.cassettes() == []
    assert len(asked) == recorded_cassettes.ATTEMPTS
