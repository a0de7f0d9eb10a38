"""Answers and streams of `POST /v1/messages`, judged by the official SDK's own types."""

import json
import re

import orjson
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.beta import BetaMessage, BetaRawMessageDeltaEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from simulator.engine.plan import Address, Answer, Choice, Fault, FaultKind, Finish, Plan, Usage
from simulator.providers.anthropic import Anthropic
from simulator.providers.base import Call

MESSAGES = Anthropic().endpoints[0]
EVENT = TypeAdapter(RawMessageStreamEvent)
HEADERS = {b"anthropic-version": b"2026-10-21"}
BODY = b'{"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]}'
PIECES = ("Hello", " there", ", how", " are", " you", "?")

texts = st.text(st.characters(codec="utf-8"), max_size=12)
pieces_of_text = st.lists(texts, max_size=12)


def call(body=BODY) -> Call:
    return MESSAGES.decode(body, HEADERS)


def plan(pieces=PIECES, finish=Finish.STOP, stop_sequence=None, usage=None, **more) -> Plan:
    answer = Answer(
        choices=(Choice(tuple(pieces), finish, stop_sequence),),
        usage=usage or Usage(9, len(pieces)),
        id_bits=bytes(range(32)),
        created=1_700_000_000,
    )
    fields = {"model": "claude-haiku-4-5", "request_bits": bytes(range(16)), **more}
    return Plan(Address(1, 0, 0, 0), b"d" * 16, outcome=answer, offsets=(), **fields)


def unknown_fields(model: BaseModel) -> list[str]:
    """Fields that the SDK does not know: it keeps them silently, so they are looked for at every level."""
    found = list(model.model_extra or ())
    for name in type(model).model_fields:
        value = getattr(model, name)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, BaseModel):
                found += unknown_fields(inner)
    return found


def events_of(wire: bytes) -> list[dict]:
    """The events of a stream, each checked: `event:` equals the type, and the SDK takes the data strictly."""
    events = []
    for frame in wire.decode().split("\n\n")[:-1]:
        name, data = re.fullmatch(r"event: (\w+)\ndata: (.*)", frame).groups()
        event = json.loads(data)
        assert event["type"] == name
        if name != "ping":
            assert unknown_fields(EVENT.validate_json(data, strict=True)) == []
        events.append(event)
    assert wire.endswith(b"\n\n")
    return events


def text_of(events: list[dict]) -> str:
    return "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")


def test_the_sdk_takes_a_reply_strictly() -> None:
    reply = MESSAGES.reply(call(), plan(usage=Usage(12, 6, cached_tokens=4)))
    message = Message.model_validate_json(reply.body, strict=True)
    assert unknown_fields(message) == []
    assert reply.status == 200
    assert message.content[0].text == "Hello there, how are you?"
    assert message.content[0].type == "text"
    assert (message.role, message.type, message.model) == ("assistant", "message", "claude-haiku-4-5")
    assert (message.stop_reason, message.stop_sequence, message.stop_details) == ("end_turn", None, None)
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (8, 4, 6)
    assert usage.cache_creation_input_tokens == 0
    assert (usage.cache_creation.ephemeral_5m_input_tokens, usage.cache_creation.ephemeral_1h_input_tokens) == (0, 0)
    assert usage.service_tier == "standard"


def test_ids_have_the_recorded_form() -> None:
    reply = MESSAGES.reply(call(), plan())
    base58 = "[1-9A-HJ-NP-Za-km-z]{22}"
    assert re.fullmatch(f"msg_01{base58}", json.loads(reply.body)["id"])
    assert re.fullmatch(f"req_01{base58}", dict(reply.headers)[b"request-id"].decode())


def test_ids_follow_their_own_bits() -> None:
    first, second = plan(), plan(request_bits=bytes(16))
    one, two = MESSAGES.reply(call(), first), MESSAGES.reply(call(), second)
    assert one.body == two.body
    assert dict(one.headers)[b"request-id"] != dict(two.headers)[b"request-id"]


def test_a_configured_prefix_takes_the_place_of_the_providers() -> None:
    marked = plan(id_prefix="sim-")
    name = json.loads(MESSAGES.reply(call(), marked).body)["id"]
    assert name.startswith("sim-01")
    start = events_of(MESSAGES.stream(call(), marked).frames(0, 1))[0]
    assert start["message"]["id"] == name


def test_headers() -> None:
    plain = dict(MESSAGES.reply(call(), plan()).headers)
    assert plain[b"content-type"] == b"application/json"
    streamed = dict(MESSAGES.stream(call(), plan()).headers)
    assert streamed[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert streamed[b"cache-control"] == b"no-cache, no-transform"
    assert streamed[b"x-accel-buffering"] == b"no"
    for headers in (plain, streamed):
        assert re.fullmatch(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers[b"anthropic-organization-id"])
        assert headers[b"request-id"] == plain[b"request-id"]


def test_the_events_come_in_the_recorded_order() -> None:
    stream = MESSAGES.stream(call(), plan())
    types = [event["type"] for event in events_of(stream.frames(0, stream.steps))]
    assert types == [
        "message_start",
        "content_block_start",
        "ping",
        *["content_block_delta"] * len(PIECES),
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_a_stream_tells_what_the_reply_tells() -> None:
    planned = plan(finish=Finish.STOP_SEQUENCE, stop_sequence='"END"', usage=Usage(20, 6, cached_tokens=5))
    stream = MESSAGES.stream(call(), planned)
    events = events_of(stream.frames(0, stream.steps))
    whole = json.loads(MESSAGES.reply(call(), planned).body)
    start, end = events[0]["message"], events[-2]
    assert [start[key] for key in ("id", "model", "role", "type")] == [
        whole[key] for key in ("id", "model", "role", "type")
    ]
    assert start["content"] == []
    assert start["stop_reason"] is None
    assert start["usage"]["output_tokens"] == 1
    assert text_of(events) == whole["content"][0]["text"]
    assert end["delta"] == {key: whole[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    for key, value in end["usage"].items():
        assert value == whole["usage"][key]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        (Finish.STOP, "end_turn"),
        (Finish.LENGTH, "max_tokens"),
        (Finish.STOP_SEQUENCE, "stop_sequence"),
        (Finish.CONTENT_FILTER, "refusal"),
        (Finish.REFUSAL, "refusal"),
    ],
)
def test_stop_reasons(finish, reason) -> None:
    planned = plan(finish=finish)
    asked = call(BODY.replace(b'"max_tokens":64', b'"max_tokens":%d' % len(PIECES)))
    message = Message.model_validate_json(MESSAGES.reply(asked, planned).body, strict=True)
    assert message.stop_reason == reason
    assert (message.stop_details is not None) == (reason == "refusal")
    stream = MESSAGES.stream(asked, planned)
    assert events_of(stream.frames(0, stream.steps))[-2]["delta"]["stop_reason"] == reason


def test_less_than_was_allowed_means_that_the_context_is_full() -> None:
    short = Message.model_validate_json(MESSAGES.reply(call(), plan(finish=Finish.LENGTH)).body, strict=True)
    assert short.stop_reason == "max_tokens"
    planned = plan(finish=Finish.LENGTH, usage=Usage(200_000 - 6, 6))
    message = Message.model_validate_json(MESSAGES.reply(call(), planned).body, strict=True)
    assert message.stop_reason == "model_context_window_exceeded"
    stream = MESSAGES.stream(call(), planned)
    assert events_of(stream.frames(0, stream.steps))[-2]["delta"]["stop_reason"] == message.stop_reason


def test_what_the_prompt_cache_did_is_told() -> None:
    marked = {"type": "text", "text": "long " * 90, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    short = {"type": "text", "text": "long " * 90, "cache_control": {"type": "ephemeral"}}
    for content, hour in (([marked], 60), ([short], 0), ([marked, short], 30)):
        body = json.loads(BODY) | {"messages": [{"role": "user", "content": content}], "speed": "fast"}
        asked = call(json.dumps(body).encode())
        planned = plan(usage=Usage(100, 6, cached_tokens=30, written_tokens=60))
        usage = Message.model_validate_json(MESSAGES.reply(asked, planned).body, strict=True).usage
        assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (10, 30, 60)
        assert usage.cache_creation.ephemeral_1h_input_tokens == pytest.approx(hour, abs=1)
        assert usage.cache_creation.ephemeral_5m_input_tokens == 60 - usage.cache_creation.ephemeral_1h_input_tokens
        assert usage.speed == "fast"
        stream = MESSAGES.stream(asked, planned)
        events = events_of(stream.frames(0, stream.steps))
        started = events[0]["message"]["usage"]
        assert started["cache_creation_input_tokens"] == 60
        assert events[-2]["usage"].items() <= json.loads(usage.model_dump_json()).items()


def test_an_answer_without_tokens_is_valid() -> None:
    empty = plan(pieces=(), finish=Finish.LENGTH)
    message = Message.model_validate_json(MESSAGES.reply(call(), empty).body, strict=True)
    assert message.content == []
    assert message.usage.output_tokens == 0
    stream = MESSAGES.stream(call(), empty)
    assert stream.steps == 1
    types = [event["type"] for event in events_of(stream.frames(0, 1))]
    assert types == ["message_start", "ping", "message_delta", "message_stop"]


@given(pieces_of_text, texts)
def test_the_stream_is_the_reply(pieces, sequence) -> None:
    planned = plan(pieces=pieces, stop_sequence=sequence, finish=Finish.STOP_SEQUENCE)
    content = json.loads(MESSAGES.reply(call(), planned).body)["content"]
    stream = MESSAGES.stream(call(), planned)
    events = events_of(stream.frames(0, stream.steps))
    assert text_of(events) == "".join(pieces)
    assert "".join(block["text"] for block in content) == "".join(pieces)
    assert events[-2]["delta"]["stop_sequence"] == sequence


@given(pieces_of_text, st.data())
def test_frames_may_be_split_anywhere(pieces, data) -> None:
    stream = MESSAGES.stream(call(), plan(pieces=pieces))
    whole = stream.frames(0, stream.steps)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.frames(cut, stream.steps) + b"" == whole[len(stream.frames(0, cut)) :]
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == whole
    assert b"".join(stream.frames(step, step + 1) for step in range(stream.steps)) == whole


def test_text_that_looks_like_a_frame_stays_text() -> None:
    hostile = ('"}}\n\nevent: message_stop\ndata: {}\n\n', "\r\n", "\u2028", "\x00")
    stream = MESSAGES.stream(call(), plan(pieces=hostile))
    events = events_of(stream.frames(0, stream.steps))
    assert text_of(events) == "".join(hostile)


def test_the_body_is_the_shortest_json() -> None:
    body = MESSAGES.reply(call(), plan()).body
    assert orjson.dumps(orjson.loads(body)) == body


def test_a_fault_is_no_message() -> None:
    fault = Plan(Address(1, 0, 0, 0), b"", "m", Fault(FaultKind.TIMEOUT), (), bytes(16))
    with pytest.raises(TypeError, match="Fault"):
        MESSAGES.reply(call(), fault)


@pytest.mark.parametrize("asked", [True, False, None])
def test_streaming_is_asked_for(asked) -> None:
    body = json.loads(BODY) | {"stream": asked}
    assert call(json.dumps(body).encode()).stream is (asked is True)


def test_context_management_is_answered_where_it_is_asked_for() -> None:
    body = json.loads(BODY) | {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}
    asked = MESSAGES.decode(json.dumps(body).encode(), HEADERS | {b"anthropic-beta": b"context-management-2025-06-27"})
    message = BetaMessage.model_validate_json(MESSAGES.reply(asked, plan()).body, strict=True)
    assert unknown_fields(message) == []
    assert message.context_management.applied_edits == []
    stream = MESSAGES.stream(asked, plan())
    last = [json.loads(line[6:]) for line in stream.frames(0, stream.steps).splitlines() if line.startswith(b"data: ")]
    assert last[-2]["context_management"] == {"applied_edits": []}
    event = BetaRawMessageDeltaEvent.model_validate(last[-2])
    assert unknown_fields(event) == []
