import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ollama_plans import CHAT, GENERATE, answer_of, call_of, chat_call, generate_call, lines_of, plan_of

from simulator.engine.plan import Choice, Embedded, Finish, Usage

METRICS = {
    "total_duration": 3,
    "load_duration": 1,
    "prompt_eval_count": 11,
    "prompt_eval_duration": 1,
    "eval_count": 2,
    "eval_duration": 1,
}


def test_a_chat_as_the_server_gives_it():
    reply = CHAT.reply(chat_call(stream=False), plan_of(answer_of(["Po", "ng"])))
    assert reply.status == 200
    assert dict(reply.headers) == {b"content-type": b"application/json; charset=utf-8"}
    assert json.loads(reply.body) == {
        "model": "llama3.2",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": "Pong"},
        "done": True,
        "done_reason": "stop",
        **METRICS,
    }


def test_a_chat_is_streamed_unless_it_is_asked_otherwise():
    call = chat_call()
    assert call.stream
    assert not chat_call(stream=False).stream
    stream = CHAT.stream(call, plan_of(answer_of(["Po", "ng"])))
    assert dict(stream.headers)[b"content-type"] == b"application/x-ndjson"
    head = {"model": "llama3.2", "created_at": "2026-01-01T00:00:00Z"}
    assert lines_of(stream) == [
        {**head, "message": {"role": "assistant", "content": "Po"}, "done": False},
        {**head, "message": {"role": "assistant", "content": "ng"}, "done": False},
        {**head, "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop", **METRICS},
    ]


def test_generate():
    plan = plan_of(answer_of(["Po", "ng"]))
    whole = json.loads(GENERATE.reply(generate_call(stream=False), plan).body)
    assert whole["response"] == "Pong"
    assert len(whole["context"]) == 2
    first, second, last = lines_of(GENERATE.stream(generate_call(), plan))
    assert (first["response"], second["response"], last["response"]) == ("Po", "ng", "")
    assert "message" not in first
    assert last["context"] == whole["context"]
    onward = json.loads(GENERATE.reply(generate_call(context=[1, 2]), plan).body)
    assert onward["context"] == [1, 2, *whole["context"]]
    assert "context" not in json.loads(GENERATE.reply(generate_call(raw=True), plan).body)


def test_times_are_the_plans():
    plan = plan_of(answer_of(["a", "b", "c"]), offsets=(0.8, 1.0, 1.25))
    lines = lines_of(CHAT.stream(chat_call(), plan))
    assert [line["created_at"][17:] for line in lines] == ["00.8Z", "01Z", "01.25Z", "01.25Z"]
    last = lines[-1]
    assert last["total_duration"] == 1_250_000_000
    assert last["load_duration"] + last["prompt_eval_duration"] == 800_000_000
    assert last["eval_duration"] == 450_000_000
    assert json.loads(CHAT.reply(chat_call(), plan).body)["total_duration"] == last["total_duration"]


def test_thoughts_come_first():
    plan = plan_of(answer_of(Choice(("4",), Finish.STOP, reasoning=("Six ", "times"))))
    told = [line["message"] for line in lines_of(CHAT.stream(chat_call(), plan))]
    assert told[:2] == [
        {"role": "assistant", "content": "", "thinking": "Six "},
        {"role": "assistant", "content": "", "thinking": "times"},
    ]
    assert json.loads(CHAT.reply(chat_call(), plan).body)["message"]["thinking"] == "Six times"
    lines = lines_of(GENERATE.stream(generate_call(), plan))
    assert [line.get("thinking") for line in lines] == ["Six ", "times", None, None]
    assert json.loads(GENERATE.reply(generate_call(), plan).body)["thinking"] == "Six times"


def test_calls_come_whole():
    calls = (call_of("f", '{"a"', ":1}"), call_of("g", "{}"))
    plan = plan_of(answer_of(Choice((), Finish.TOOL_CALLS, calls=calls)))
    whole = json.loads(CHAT.reply(chat_call(), plan).body)
    assert whole["done_reason"] == "stop"
    assert [call["function"] for call in whole["message"]["tool_calls"]] == [
        {"index": 0, "name": "f", "arguments": {"a": 1}},
        {"index": 1, "name": "g", "arguments": {}},
    ]
    one, two, last = lines_of(CHAT.stream(chat_call(), plan))
    assert one["message"]["tool_calls"] + two["message"]["tool_calls"] == whole["message"]["tool_calls"]
    assert "tool_calls" not in last["message"]


def test_a_call_that_was_cut_is_not_told():
    plan = plan_of(answer_of(Choice((), Finish.LENGTH, calls=(call_of("f", '{"a"'),))))
    whole = json.loads(CHAT.reply(chat_call(), plan).body)
    assert "tool_calls" not in whole["message"]
    assert whole["done_reason"] == "length"
    (last,) = lines_of(CHAT.stream(chat_call(), plan))
    assert last["done"]


@pytest.mark.parametrize(
    ("keep_alive", "reason"), [(None, "load"), ("5m", "load"), (0, "unload"), ("0", "unload"), ("0s", "unload")]
)
def test_a_request_without_words_loads_the_model_or_unloads_it(keep_alive, reason):
    plan = plan_of(answer_of(["x"]))
    call = chat_call(messages=[], keep_alive=keep_alive)
    assert not call.stream
    assert json.loads(CHAT.reply(call, plan).body) == {
        "model": "llama3.2",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": reason,
    }
    call = generate_call(prompt="", keep_alive=keep_alive)
    assert not call.stream
    told = json.loads(GENERATE.reply(call, plan).body)
    assert (told["response"], told["done_reason"]) == ("", reason)


@pytest.mark.parametrize("text", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_only_a_newline_ends_a_line(text):
    """The official client reads lines with `str.splitlines`, which knows more ends of a line than JSON escapes."""
    plan = plan_of(answer_of(Choice((text,), Finish.STOP, reasoning=(text,))))
    thought, said, _ = lines_of(CHAT.stream(chat_call(), plan))
    assert thought["message"]["thinking"] == said["message"]["content"] == text
    (only, _) = lines_of(GENERATE.stream(generate_call(), plan_of(answer_of([text]))))
    assert only["response"] == text


def test_only_answers_are_encoded():
    with pytest.raises(TypeError, match="Embedded"):
        CHAT.reply(chat_call(), plan_of(Embedded((), 1, Usage(0, 0))))


PIECES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), max_size=5).map(tuple)
CALLS = st.lists(st.sampled_from([("{}",), ('{"k', '":', ' "v"}'), ('{"k',)]), max_size=2).map(
    lambda found: tuple(call_of("f", *pieces) for pieces in found)
)
CHOICES = st.builds(Choice, PIECES, st.sampled_from(Finish), st.none(), CALLS, PIECES)


@settings(max_examples=80)
@given(CHOICES, st.booleans(), st.booleans(), st.data())
def test_a_stream_is_the_plain_answer_however_it_is_cut(choice, paced, chats, data):
    offsets = tuple(0.1 * step for step in range(choice.steps)) if paced else ()
    plan = plan_of(answer_of(choice), offsets=offsets)
    endpoint, call = (CHAT, chat_call()) if chats else (GENERATE, generate_call())
    stream = endpoint.stream(call, plan)
    assert stream.steps == plan.outcome.steps
    *lines, last = lines_of(stream)
    plain = json.loads(endpoint.reply(call, plan).body)
    found = {"content": "", "thinking": "", "tool_calls": []}
    for line in lines:
        assert not line["done"]
        message = line["message"] if chats else {**line, "content": line["response"]}
        for name, value in found.items():
            found[name] = value + message.get(name, type(value)())
    told = plain["message"] if chats else {**plain, "content": plain["response"]}
    assert found == {name: told.get(name, type(value)()) for name, value in found.items()}
    shown = ("message", "response", "thinking", "tool_calls")
    assert {name: value for name, value in last.items() if name not in shown} == {
        name: value for name, value in plain.items() if name not in shown
    }
    whole = stream.frames(0, stream.steps)
    edges = [0, *sorted(data.draw(st.lists(st.integers(0, stream.steps), max_size=3))), stream.steps]
    assert b"".join(stream.frames(*edge) for edge in pairwise(edges)) == whole
