"""A streamed response comes to the plain one, whatever it is made of and however it is cut."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from responses_plans import CREATE, FUNCTION, accumulated, call_of, choice_of, events_of, plan_of, tool_call

from simulator.engine.plan import Finish
from simulator.providers.base import Problem, Refusal
from simulator.providers.openai.responses.response import made_of
from simulator.providers.openai.responses.stream import TextStream, WrittenStream

EVENT = TypeAdapter(ResponseStreamEvent)
PIECES = st.lists(st.text(min_size=1, max_size=6), max_size=12)
TOOLS = [FUNCTION, {"type": "custom", "name": "run"}, {"type": "shell"}]
ARGUMENTS = st.sampled_from([('{"city":', '"Rome"}'), ('{"inp', 'ut":"a\\n', 'b"}'), ('{"commands":["ls"]}',), ("{",)])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "reasoning": st.sampled_from([{"summary": "auto"}, {"summary": "concise"}, {"context": "auto"}]),
        "include": st.lists(
            st.sampled_from(["message.output_text.logprobs", "reasoning.encrypted_content"]), unique=True
        ),
        "background": st.booleans(),
        "stream_options": st.sampled_from([{"include_obfuscation": True}, {"include_obfuscation": False}]),
        "context_management": st.just([{"type": "compaction", "compact_threshold": 1000}]),
    },
)


@st.composite
def choices(draw):
    calls = [
        tool_call(("get_weather", "run", "shell")[tool], *draw(ARGUMENTS), tool=tool, number=number)
        for number, tool in enumerate(draw(st.lists(st.integers(0, 2), max_size=3)))
    ]
    ends = [Finish.LENGTH, *([Finish.TOOL_CALLS] if calls else [Finish.STOP, Finish.REFUSAL, Finish.CONTENT_FILTER])]
    thought = draw(st.lists(st.text(min_size=1, max_size=6), max_size=150))
    return choice_of(*draw(PIECES), finish=draw(st.sampled_from(ends)), calls=calls, reasoning=tuple(thought))


def asked(**fields):
    hosted = fields.pop("hosted", False)
    tools = {"tools": TOOLS}
    if hosted:
        tools = {"tools": [{"type": "web_search"}], "tool_choice": "required"}
    return call_of(model="my-own-model", stream=True, **tools, **fields)


@settings(max_examples=80)
@given(choices(), FIELDS, st.booleans(), st.data())
def test_the_stream_comes_to_the_plain_response(choice, fields, hosted, data):
    plan = plan_of(choice)
    call = asked(hosted=hosted, **fields)
    stream = CREATE.stream(call, plan)
    assert stream.steps == choice.steps
    whole = stream.frames(0, stream.steps)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == whole
    events = events_of(whole)
    final = accumulated(events)
    assert final["output"] == [made.item for made in made_of(call.echo, plan, call.request.messages)]
    for event in events:
        known = EVENT.validate_python(event)
        assert set(known.model_extra or ()) <= {"obfuscation"}
    reply = CREATE.reply(asked(hosted=hosted, **fields), plan)
    if not fields.get("background"):
        assert json.loads(reply.body) == final
        Response.model_validate(final, strict=True)
    padded = [event for event in events if "obfuscation" in event]
    assert bool(padded) <= fields.get("stream_options", {}).get("include_obfuscation", False)
    assert all(len(event["delta"]) + len(event["obfuscation"]) >= 16 for event in padded)


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=20), st.sampled_from(["stop", "length"]))
def test_the_short_way_writes_what_the_long_way_writes(pieces, finish):
    plan = plan_of(choice_of(*pieces, finish=Finish(finish)))
    call, same = call_of(stream=True), call_of(stream=True)
    short = TextStream(call.echo, plan, made_of(call.echo, plan, ()))
    long = WrittenStream(same.echo, plan, made_of(same.echo, plan, ()))
    assert isinstance(CREATE.stream(call_of(stream=True), plan), TextStream)
    for start in range(short.steps):
        for stop in range(start, short.steps + 2):
            assert short.frames(start, stop) == long.frames(start, stop)


def test_numbers_beyond_those_that_are_ready():
    plan = plan_of(choice_of(*["x"] * 5_000))
    stream = CREATE.stream(call_of(stream=True), plan)
    events = events_of(stream.frames(0, 4_200) + stream.frames(4_200, stream.steps))
    assert accumulated(events)["output"][0]["content"][0]["text"] == "x" * 5_000


def test_the_order_of_a_thought_and_a_text():
    plan = plan_of(choice_of("Hi", "!", reasoning=tuple("abcd")))
    call = call_of(model="my-own", stream=True, reasoning={"summary": "detailed"})
    stream = CREATE.stream(call, plan)
    kinds = [
        [line.removeprefix(b"event: response.").decode() for line in stream.frames(step, step + 1).split(b"\n")[::3]]
        for step in range(stream.steps)
    ]
    assert [[kind for kind in step if kind] for step in kinds] == [
        ["created", "in_progress", "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"],
        ["reasoning_summary_text.delta", "reasoning_summary_text.done", "reasoning_summary_part.done"],
        [],
        ["output_item.done"],
        ["output_item.added", "content_part.added", "output_text.delta"],
        ["output_text.delta", "output_text.done", "content_part.done", "output_item.done", "completed"],
    ]


@pytest.mark.parametrize("fields", [{}, {"reasoning": {"summary": "auto"}, "model": "my-own"}])
@pytest.mark.parametrize("sent", [0, 1, 2])
def test_a_stream_that_cannot_go_on_says_so(fields, sent):
    plan = plan_of(choice_of("a", "b", "c", reasoning=("t",) if fields else ()))
    stream = CREATE.stream(call_of(stream=True, **fields), plan)
    told = stream.frames(0, sent) + stream.fail(Refusal(Problem.SERVER_ERROR, "It stops."), sent)
    *_, error, failed = events_of(told)
    assert {name: error[name] for name in ("type", "code", "message", "param")} == {
        "type": "error", "code": "server_error", "message": "It stops.", "param": None,
    }  # fmt: skip
    assert (failed["type"], failed["response"]["status"]) == ("response.failed", "failed")
    assert failed["response"]["error"] == {"code": "server_error", "message": "It stops."}
    assert [EVENT.validate_python(event).model_extra for event in (error, failed)] == [{}, {}]


def test_the_bytes_of_a_delta():
    frames = CREATE.stream(call_of(stream=True), plan_of(choice_of("a", " b", "c"))).frames(1, 2)
    name = made_of(call_of().echo, plan_of(choice_of("a", " b", "c")), ())[0].item["id"]
    assert frames == (
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","content_index":0,'
        b'"delta":" b","item_id":"%b","logprobs":[],"output_index":0,"sequence_number":5}\n\n' % name.encode()
    )
    assert orjson.loads(frames.split(b"data: ")[1])["delta"] == " b"
