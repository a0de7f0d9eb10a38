"""Asks the dialect and the shipped engine in this process, and reads what comes as the official SDK does."""

import json
import re

import msgspec
import orjson
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from desk import engine
from pydantic import BaseModel, TypeAdapter

from simulator.engine.errors import EngineRefusal
from simulator.engine.plan import Address
from simulator.providers.anthropic import Anthropic
from simulator.providers.base import Refusal

PROVIDER = Anthropic()
MESSAGES, COUNT = PROVIDER.endpoints
LATEST = {b"anthropic-version": b"2026-10-21"}
OLD, NEW = "claude-haiku-4-5", "claude-opus-5-5"
EVENT = TypeAdapter(RawMessageStreamEvent)


def body_of(**fields):
    given = {"model": OLD, "max_tokens": 4096, "messages": [{"role": "user", "content": "Hello"}], **fields}
    return json.dumps(given).encode()


def call_of(headers=LATEST, **fields):
    return MESSAGES.decode(body_of(**fields), headers)


def planned(call):
    return engine().plan(call.request, Address(1, 0, 0, 0))


def strangers_in(value):
    """Fields that the SDK does not know, at any level."""
    found = []
    if isinstance(value, BaseModel):
        found += value.model_extra or ()
        for name in type(value).model_fields:
            found += strangers_in(getattr(value, name))
    elif isinstance(value, list):
        for inner in value:
            found += strangers_in(inner)
    return found


def message_of(reply):
    """The message of a reply, as strict as the SDK can be."""
    assert reply.status == 200, reply.body
    message = Message.model_validate_json(reply.body, strict=True)
    assert strangers_in(message) == []
    assert orjson.dumps(orjson.loads(reply.body)) == reply.body
    return message


def events_in(wire):
    """The events of a stream, each checked."""
    assert wire.endswith(b"\n\n")
    events = []
    for frame in wire.decode().split("\n\n")[:-1]:
        name, data = re.fullmatch(r"event: (\w+)\ndata: (.*)", frame).groups()
        event = json.loads(data)
        assert event["type"] == name
        if name != "ping":
            assert strangers_in(EVENT.validate_json(data, strict=True)) == []
        events.append(event)
    return events


def accumulated(wire):
    """The message that the SDK makes of a stream."""
    snapshot, buffers = None, {}
    for event in events_in(wire):
        if event["type"] == "ping":
            continue
        typed = EVENT.validate_python(event)
        snapshot = accumulate_event(event=typed, current_snapshot=snapshot, json_bufs=buffers)
    return snapshot


def answered(call, plan=None):
    """The message, after its stream has told the same, whatever range of steps it is asked for."""
    plan = plan or planned(call)
    message = message_of(MESSAGES.reply(call, plan))
    stream = MESSAGES.stream(call, plan)
    assert stream.steps == plan.outcome.choices[0].steps
    whole = stream.frames(0, stream.steps)
    assert b"".join(stream.frames(step, step + 1) for step in range(stream.steps)) == whole
    third = stream.steps // 3
    assert stream.frames(0, third) + stream.frames(third, stream.steps) == whole
    told = accumulated(whole)
    assert json.loads(told.model_dump_json()) == json.loads(message.model_dump_json())
    return message


def refusal_of(headers=LATEST, endpoint=MESSAGES, **fields):
    """The API's words for a request that is refused with a 400."""
    try:
        call = endpoint.decode(body_of(**fields), headers)
        planned(call)
    except Refusal as refusal:
        reply = PROVIDER.refuse(refusal, bytes(16))
        assert reply.status == 400
        return json.loads(reply.body)["error"]["message"]
    except EngineRefusal as refusal:
        return str(refusal)
    raise AssertionError("the request is taken")


def ask(**fields):
    """The answer to a request."""
    return answered(call_of(**fields))


def plain(value):
    return msgspec.to_builtins(value)
