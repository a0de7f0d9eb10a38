"""Answers that call tools, whole and streamed."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai_plans import CHAT, answer_of, chat_call, events_of, no_extras, plan_of

from simulator.engine.plan import Call, Choice, Finish
from simulator.providers.openai.calls import call_id, input_of

BITS = bytes(range(16))
FUNCTIONS = [{"name": "f"}, {"name": "g"}]
TOOLS = [
    {"type": "function", "function": FUNCTIONS[0]},
    {"type": "function", "function": FUNCTIONS[1]},
    {"type": "custom", "custom": {"name": "c"}},
]
CITY = ('{"', "city", '":"', "Paris", '"}')
ID = re.compile(r"call_[0-9A-Za-z]{24}")


def calling(*calls, pieces=(), finish=Finish.TOOL_CALLS):
    """A choice with a call for each (place of the tool, pieces of its arguments)."""
    names = "fgc"
    return Choice(
        pieces,
        finish,
        calls=tuple(
            [Call(BITS[number:] + BITS[:number], names[tool], told, tool) for number, (tool, told) in enumerate(calls)]
        ),
    )


def whole(*choices, **fields):
    call = chat_call(**({"tools": TOOLS} | fields))
    body = CHAT.reply(call, plan_of(answer_of(*choices))).body
    answer = ChatCompletion.model_validate_json(body, strict=True)
    assert no_extras(answer)
    assert body == json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode() + b"\n"
    return answer


def stream_of(*choices, **fields):
    call = chat_call(stream=True, **({"tools": TOOLS} | fields))
    return CHAT.stream(call, plan_of(answer_of(*choices)))


def chunks(*choices, **fields):
    *events, done = events_of(stream_of(*choices, **fields))
    assert done == "[DONE]"
    return [json.loads(event) for event in events]


def deltas(*choices, **fields):
    return [chunk["choices"][0]["delta"] for chunk in chunks(*choices, **fields)]


def test_a_call_in_a_message():
    answer = whole(calling((0, CITY)))
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert (choice.message.refusal, choice.message.annotations, choice.message.function_call) == (None, [], None)
    (call,) = choice.message.tool_calls
    assert (call.type, call.function.name, call.function.arguments) == ("function", "f", '{"city":"Paris"}')
    assert ID.fullmatch(call.id)


def test_the_layout_of_recorded_answers():
    body = CHAT.reply(chat_call(tools=TOOLS), plan_of(answer_of(calling((0, ("{}",)))))).body
    message = json.loads(body)["choices"][0]["message"]
    assert list(message) == ["role", "content", "tool_calls", "refusal", "annotations"]
    assert list(message["tool_calls"][0]) == ["id", "type", "function"]
    assert list(message["tool_calls"][0]["function"]) == ["name", "arguments"]


def test_several_calls_keep_their_order_and_have_ids_of_their_own():
    answer = whole(calling((0, CITY), (1, ("{}",)), (0, ("{", "}"))))
    calls = answer.choices[0].message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("f", '{"city":"Paris"}'),
        ("g", "{}"),
        ("f", "{}"),
    ]
    assert len({call.id for call in calls}) == 3
    assert [call.id for call in calls] == [
        call.id for call in whole(calling((1, CITY), (1, CITY), (1, CITY))).choices[0].message.tool_calls
    ]


def test_a_free_text_tool_is_called_with_text():
    told = ('{"', "input", '":"', 'say \\"', "hi", '\\"', "\\n", '"}')
    (call,) = whole(calling((2, told))).choices[0].message.tool_calls
    assert (call.type, call.custom.name, call.custom.input) == ("custom", "c", 'say "hi"\n')
    assert ID.fullmatch(call.id)


def test_a_deprecated_function_is_called_without_an_id():
    answer = whole(calling((1, CITY)), tools=None, functions=FUNCTIONS)
    (choice,) = answer.choices
    assert choice.finish_reason == "function_call"
    assert (choice.message.content, choice.message.tool_calls) == (None, None)
    assert (choice.message.function_call.name, choice.message.function_call.arguments) == ("g", '{"city":"Paris"}')


NAMED = {"tool_choice": {"type": "function", "function": {"name": "f"}}}
FEW = {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": TOOLS[:1]}}}
OLD = {"tools": None, "functions": FUNCTIONS}


@pytest.mark.parametrize(
    ("finish", "fields", "word"),
    [
        (Finish.TOOL_CALLS, {}, "tool_calls"),
        (Finish.TOOL_CALLS, {"tool_choice": "auto"}, "tool_calls"),
        (Finish.TOOL_CALLS, {"tool_choice": "required"}, "tool_calls"),
        (Finish.TOOL_CALLS, FEW, "tool_calls"),
        (Finish.TOOL_CALLS, NAMED, "stop"),
        (Finish.TOOL_CALLS, OLD, "function_call"),
        (Finish.TOOL_CALLS, {**OLD, "function_call": {"name": "f"}}, "stop"),
        (Finish.LENGTH, {}, "length"),
        (Finish.LENGTH, NAMED, "length"),
        (Finish.LENGTH, OLD, "length"),
    ],
)
def test_why_an_answer_with_calls_ends(finish, fields, word):
    choice = calling((0, CITY), finish=finish)
    assert whole(choice, **fields).choices[0].finish_reason == word
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks(choice, **fields)][-2:] == [None, word]


def test_text_may_come_before_a_call():
    choice = calling((0, ("{}",)), pieces=("Let", " me"))
    assert whole(choice).choices[0].message.content == "Let me"
    first, *rest = deltas(choice)
    assert first == {"role": "assistant", "content": "", "refusal": None}
    assert rest[:2] == [{"content": "Let"}, {"content": " me"}]
    assert rest[2]["tool_calls"][0]["function"] == {"name": "f", "arguments": ""}
    assert stream_of(choice).steps == 3


def test_a_single_call_opens_with_the_role():
    made = [call_id(call) for call in calling((0, CITY)).calls]
    opening = {"index": 0, "id": made[0], "type": "function", "function": {"name": "f", "arguments": ""}}
    first, *told, last = deltas(calling((0, CITY)))
    assert first == {"role": "assistant", "content": None, "tool_calls": [opening], "refusal": None}
    assert list(first) == ["role", "content", "tool_calls", "refusal"]
    assert told == [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in CITY]
    assert last == {}


def test_several_calls_follow_the_role():
    first, *told, last = deltas(calling((0, CITY), (2, ('{"', "input", '":"', "x", '"}'))))
    assert (first, last) == ({"role": "assistant", "content": None}, {})
    whose = [delta["tool_calls"][0]["index"] for delta in told]
    assert whose == [0] * 6 + [1] * 6
    assert [set(delta["tool_calls"][0]) for delta in (told[0], told[1])] == [
        {"index", "id", "type", "function"},
        {"index", "function"},
    ]
    assert {name: told[6]["tool_calls"][0][name] for name in ("type", "custom")} == {
        "type": "custom",
        "custom": {"name": "c", "input": ""},
    }
    assert [delta["tool_calls"][0]["custom"] for delta in told[7:]] == [
        {"input": ""},
        {"input": ""},
        {"input": ""},
        {"input": "x"},
        {"input": ""},
    ]


def test_a_deprecated_call_in_a_stream():
    first, *told, last = deltas(calling((0, CITY)), **OLD)
    assert first == {
        "role": "assistant",
        "content": None,
        "function_call": {"name": "f", "arguments": ""},
        "refusal": None,
    }
    assert told == [{"function_call": {"arguments": piece}} for piece in CITY]
    assert last == {}


def test_the_opening_of_a_call_leaves_with_its_first_token():
    stream = stream_of(calling((0, ("{", "}")), (1, ("{}",))))
    assert stream.steps == 3
    steps = [stream.frames(step, step + 1).count(b"data: ") for step in range(3)]
    assert steps == [3, 1, 4], "role, opening, token; token; opening, token, reason, [DONE]"


def test_usage_comes_in_one_more_chunk_when_asked_for():
    choice = calling((0, CITY))
    *before, last = chunks(choice, stream_options={"include_usage": True})
    assert all(chunk["usage"] is None for chunk in before)
    assert last["choices"] == []
    assert last["usage"] == whole(choice).usage.model_dump(exclude_none=True)
    assert all("usage" not in chunk for chunk in chunks(choice))


def test_choices_with_and_without_calls_are_interleaved():
    seen = [
        (choice["index"], "".join(choice["delta"]))
        for chunk in chunks(calling((0, ("{", "}"))), Choice(("a", "b", "d"), Finish.STOP), n=2)
        for choice in chunk["choices"]
    ]
    assert seen == [
        (0, "rolecontenttool_callsrefusal"),
        (1, "rolecontentrefusal"),
        (0, "tool_calls"),
        (1, "content"),
        (0, "tool_calls"),
        (0, ""),
        (1, "content"),
        (1, "content"),
        (1, ""),
    ]


WORDS = st.lists(st.text(max_size=5), min_size=1, max_size=6).map(tuple)
FREE = st.text(max_size=12).map(lambda text: json.dumps({"input": text}, ensure_ascii=False, separators=(",", ":")))


@st.composite
def cut_up(draw, texts):
    """A text in pieces, perhaps only the beginning of it."""
    text = draw(texts)
    text = text[: draw(st.integers(1, len(text)))] if draw(st.booleans()) else text
    cuts = sorted(draw(st.sets(st.integers(1, len(text) - 1), max_size=5))) if len(text) > 1 else []
    return tuple([text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)])


CALLS = st.lists(st.tuples(st.integers(0, 1), WORDS) | st.tuples(st.just(2), cut_up(FREE)), min_size=1, max_size=3)
CHOICES = st.lists(
    st.builds(lambda calls, pieces: calling(*calls, pieces=pieces), CALLS, st.just(()) | WORDS)
    | st.builds(lambda pieces: Choice(pieces, Finish.STOP), WORDS),
    min_size=1,
    max_size=3,
).filter(lambda choices: any(choice.calls for choice in choices))


def accumulated(found):
    """The messages that a client puts together, and why each choice ended."""
    messages, ends = {}, {}
    for chunk in found:
        for choice in chunk["choices"]:
            message = messages.setdefault(choice["index"], {"content": None, "calls": {}})
            delta = choice["delta"]
            if delta.get("content") is not None:
                message["content"] = (message["content"] or "") + delta["content"]
            for part in delta.get("tool_calls", ()):
                call = message["calls"].setdefault(part["index"], {})
                kind = call.setdefault("type", part.get("type"))
                call.setdefault("id", part.get("id"))
                for name, text in part[kind].items():
                    call[name] = call.get(name, "") + text
            if choice["finish_reason"] is not None:
                assert choice["index"] not in ends
                ends[choice["index"]] = choice["finish_reason"]
    return messages, ends


@given(CHOICES)
def test_a_stream_accumulates_to_the_plain_answer(choices):
    messages, ends = accumulated(chunks(*choices))
    plain = whole(*choices).choices
    assert ends == {choice.index: choice.finish_reason for choice in plain}
    for choice in plain:
        message = messages[choice.index]
        assert message["content"] == choice.message.content
        told = [message["calls"][place] for place in sorted(message["calls"])]
        assert told == [
            {"type": call.type, "id": call.id, **getattr(call, call.type).model_dump()}
            for call in choice.message.tool_calls or ()
        ]


@given(CHOICES, st.data())
def test_frames_may_be_asked_for_in_any_split(choices, data):
    plan = plan_of(answer_of(*choices))
    stream = CHAT.stream(chat_call(tools=TOOLS, stream=True, stream_options={"include_usage": True}), plan)
    assert stream.steps == plan.outcome.steps
    every = stream.frames(0, stream.steps)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == every
    apart = [stream.frames(step, step + 1) for step in range(stream.steps)]
    assert b"".join(apart) == every
    assert all(apart), "an empty chunk would end the response"
    assert stream.frames(cut, cut) == b""
    assert stream.frames(-3, stream.steps + 3) == every


@given(st.lists(st.tuples(st.integers(0, 1), WORDS), min_size=1, max_size=3))
def test_the_official_client_takes_every_chunk(calls):
    *events, _ = events_of(stream_of(calling(*calls)))
    assert all(no_extras(ChatCompletionChunk.model_validate_json(event, strict=True)) for event in events)


@given(cut_up(FREE))
def test_free_text_is_what_the_arguments_say(pieces):
    added = input_of(pieces)
    assert len(added) == len(pieces)
    told = "".join(pieces)
    if told.endswith('"}') and not told.endswith('\\"}'):
        assert "".join(added) == json.loads(told)["input"]
    else:
        assert json.dumps("".join(added), ensure_ascii=False)[1:-1] in told


def test_arguments_of_another_form_are_no_free_text():
    assert input_of(("{", "}")) == ["", ""]
