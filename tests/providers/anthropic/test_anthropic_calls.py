"""Answers that call tools or are JSON, in one body and as events, judged by the official SDK's own types."""

import itertools
import json
import re

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from simulator.engine.plan import Address, Answer, Call, Choice, Finish, Plan, Usage
from simulator.providers.anthropic import Anthropic

MESSAGES = Anthropic().endpoints[0]
EVENT = TypeAdapter(RawMessageStreamEvent)
HEADERS = {b"anthropic-version": b"2026-10-21"}
BODY = {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello"}]}
SCHEMA = {"type": "object", "additionalProperties": False}
ROME = Call(bytes(range(16)), "get_weather", ('{"', "city", '":"', "Rome", '",', '"days', '":2', "}"))
EMPTY = Call(bytes(range(1, 17)), "now", ("{}",))
ASIA = Call(bytes(range(2, 18)), "get_time", ('{"city":"', "\u6771\u4eac", '","a,b":[1,', "2]}"))

keys = st.text('ab,:"\\ \u00e9', max_size=3)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(st.text("city_", min_size=1, max_size=4), values, max_size=4)


@st.composite
def made_calls(draw):
    """A call of a tool with any arguments, in any pieces."""
    text = json.dumps(draw(arguments), ensure_ascii=False, separators=(",", ":"))
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(1, len(text)), max_size=6))})
    pieces = tuple([text[start:end] for start, end in itertools.pairwise(cuts)])
    return Call(
        draw(st.binary(min_size=16, max_size=16)), draw(st.from_regex(r"[a-zA-Z0-9_-]{1,9}", fullmatch=True)), pieces
    )


def call(**more):
    return MESSAGES.decode(json.dumps(BODY | more).encode(), HEADERS)


def plan(*calls, pieces=(), finish=Finish.TOOL_CALLS, usage=None):
    choice = Choice(tuple(pieces), finish, None, tuple(calls))
    answer = Answer((choice,), usage or Usage(9, choice.steps + 3 * len(calls)), bytes(range(32)), 1_700_000_000)
    return Plan(Address(1, 0, 0, 0), b"d" * 16, "claude-haiku-4-5", answer, (), bytes(16))


def reply(planned, **more):
    body = MESSAGES.reply(call(**more), planned).body
    return Message.model_validate_json(body, strict=True), json.loads(body)


def events(planned, **more):
    """The events, each as the SDK takes it strictly, but for pings."""
    stream = MESSAGES.stream(call(**more), planned)
    found = []
    for frame in stream.frames(0, stream.steps).decode().split("\n\n")[:-1]:
        name, data = re.fullmatch(r"event: (\w+)\ndata: (.*)", frame).groups()
        event = json.loads(data)
        assert event["type"] == name
        if name != "ping":
            assert not EVENT.validate_json(data, strict=True).model_extra
        found.append(event)
    return found


def accumulated(planned):
    """The message that the SDK's helper puts together."""
    snapshot, buffers = None, {}
    for event in events(planned):
        if event["type"] != "ping":
            event = EVENT.validate_python(event)  # noqa: PLW2901 - the same event, typed
            snapshot = accumulate_event(event=event, current_snapshot=snapshot, json_bufs=buffers)
    return snapshot


def test_a_call_in_one_body() -> None:
    message, body = reply(plan(ROME))
    assert body["content"] == [
        {
            "type": "tool_use",
            "id": body["content"][0]["id"],
            "name": "get_weather",
            "input": {"city": "Rome", "days": 2},
            "caller": {"type": "direct"},
        }
    ]
    assert list(body["content"][0]) == ["type", "id", "name", "input", "caller"]
    assert re.fullmatch(r"toolu_01[1-9A-HJ-NP-Za-km-z]{22}", body["content"][0]["id"])
    assert (message.stop_reason, message.stop_sequence, message.stop_details) == ("tool_use", None, None)
    assert message.usage.output_tokens == 11
    assert b'"input":{"city":"Rome","days":2}' in MESSAGES.reply(call(), plan(ROME)).body


def test_calls_are_told_apart_by_their_ids() -> None:
    _, body = reply(plan(ROME, EMPTY, ASIA))
    assert [block["name"] for block in body["content"]] == ["get_weather", "now", "get_time"]
    assert [block["input"] for block in body["content"]] == [
        {"city": "Rome", "days": 2},
        {},
        {"city": "\u6771\u4eac", "a,b": [1, 2]},
    ]
    assert len({block["id"] for block in body["content"]}) == 3


def test_the_events_of_a_call() -> None:
    start, opened, ping, *deltas, closed, end, stop = events(plan(ROME))
    assert (start["type"], ping, stop) == ("message_start", {"type": "ping"}, {"type": "message_stop"})
    assert start["message"]["content"] == []
    assert opened == {
        "type": "content_block_start",
        "index": 0,
        "content_block": {
            "type": "tool_use",
            "id": reply(plan(ROME))[1]["content"][0]["id"],
            "name": "get_weather",
            "input": {},
            "caller": {"type": "direct"},
        },
    }
    assert [delta["delta"]["type"] for delta in deltas] == ["input_json_delta"] * 9
    assert [delta["delta"]["partial_json"] for delta in deltas] == [
        "",
        '{"',
        "city",
        '": "',
        "Rome",
        '", ',
        '"days',
        '": 2',
        "}",
    ]
    assert closed == {"type": "content_block_stop", "index": 0}
    assert end["type"] == "message_delta"
    assert end["delta"] == {"stop_reason": "tool_use", "stop_sequence": None, "stop_details": None}
    assert end["usage"]["output_tokens"] == 11


def test_several_blocks_follow_each_other() -> None:
    found = events(plan(ROME, EMPTY, pieces=("Let", " me", " see")))
    kinds = [(event["type"], event.get("index")) for event in found]
    assert kinds == [
        ("message_start", None),
        ("content_block_start", 0),
        ("ping", None),
        *[("content_block_delta", 0)] * 3,
        ("content_block_stop", 0),
        ("content_block_start", 1),
        *[("content_block_delta", 1)] * 9,
        ("content_block_stop", 1),
        ("content_block_start", 2),
        *[("content_block_delta", 2)] * 2,
        ("content_block_stop", 2),
        ("message_delta", None),
        ("message_stop", None),
    ]
    _, body = reply(plan(ROME, EMPTY, pieces=("Let", " me", " see")))
    assert [block["type"] for block in body["content"]] == ["text", "tool_use", "tool_use"]
    assert body["content"][0]["text"] == "Let me see"


def test_a_block_opens_and_closes_with_its_own_pieces() -> None:
    stream = MESSAGES.stream(call(), plan(ROME, EMPTY))
    assert stream.steps == plan(ROME, EMPTY).outcome.steps == 9
    opening, last, second = stream.frames(0, 1), stream.frames(7, 8), stream.frames(8, 9)
    assert opening.count(b"event: content_block_start") == 1
    assert opening.startswith(b"event: message_start")
    assert opening.count(b"event: content_block_delta") == 2
    assert last.endswith(b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n')
    assert second.startswith(b"event: content_block_start")
    assert b"event: ping" not in second
    assert second.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert stream.frames(3, 3) == stream.frames(5, 2) == b""


@pytest.mark.parametrize(
    ("pieces", "left"),
    [(ROME.pieces[:5], {}), (ROME.pieces[:1], {}), (ROME.pieces, {"city": "Rome", "days": 2})],
)
def test_arguments_that_were_cut_off_are_empty_in_one_body(pieces, left) -> None:
    cut = plan(EMPTY, Call(ROME.id_bits, ROME.name, pieces), finish=Finish.LENGTH)
    message, _ = reply(cut)
    assert message.stop_reason == "max_tokens"
    assert [block.input for block in message.content] == [{}, left]
    found = events(cut)
    said = [event["delta"]["partial_json"] for event in found if event["type"] == "content_block_delta"]
    assert "".join(said[2:]).replace(", ", ",").replace(": ", ":") == "".join(pieces)
    assert found[-3] == {"type": "content_block_stop", "index": 1}
    assert found[-2]["delta"]["stop_reason"] == "max_tokens"


def test_no_call_fits_at_all() -> None:
    nothing = plan(finish=Finish.LENGTH, usage=Usage(9, 0))
    assert reply(nothing)[0].content == []
    assert [event["type"] for event in events(nothing)] == ["message_start", "ping", "message_delta", "message_stop"]


@given(st.lists(made_calls(), min_size=1, max_size=3), st.lists(st.sampled_from(["a", ", b", '"']), max_size=3))
def test_the_sdk_accumulates_the_reply(calls, pieces) -> None:
    planned = plan(*calls, pieces=pieces)
    whole, _ = reply(planned)
    gathered = accumulated(planned)
    assert gathered.model_dump(exclude={"usage"}) == whole.model_dump(exclude={"usage"})
    assert gathered.usage.output_tokens == whole.usage.output_tokens
    given_out = [json.loads("".join(made.pieces)) for made in calls]
    assert [block.input for block in whole.content if block.type == "tool_use"] == given_out


@given(st.lists(made_calls(), min_size=1, max_size=3), st.lists(st.integers(0, 40), max_size=5))
def test_frames_may_be_split_anywhere(calls, cuts) -> None:
    stream = MESSAGES.stream(call(), plan(*calls, pieces=("One",)))
    whole = stream.frames(0, stream.steps)
    edges = sorted({0, stream.steps, *[cut % (stream.steps + 1) for cut in cuts]})
    assert b"".join([stream.frames(start, end) for start, end in itertools.pairwise(edges)]) == whole
    assert stream.steps == 1 + sum([len(made.pieces) for made in calls])


def test_an_answer_in_json_is_written_with_spaces() -> None:
    pieces = ('{"a":', '"x,y",', '"b":2}')
    form = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
    message, _ = reply(plan(pieces=pieces, finish=Finish.STOP), **form)
    assert message.content[0].text == '{"a": "x,y", "b": 2}'
    assert message.stop_reason == "end_turn"
    found = events(plan(pieces=pieces, finish=Finish.STOP), **form)
    deltas = [event["delta"]["text"] for event in found if event["type"] == "content_block_delta"]
    assert deltas == ['{"a": ', '"x,y", ', '"b": 2}']
    prose, _ = reply(plan(pieces=("a,b:c",), finish=Finish.STOP))
    assert prose.content[0].text == "a,b:c"


def test_json_that_was_cut_off_stays_incomplete() -> None:
    form = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
    message, _ = reply(plan(pieces=('{"a":', '"x'), finish=Finish.LENGTH), **form, max_tokens=2)
    assert (message.content[0].text, message.stop_reason) == ('{"a": "x', "max_tokens")
