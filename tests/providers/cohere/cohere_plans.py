"""Plans and bodies that the tests of the Cohere dialect share."""

import json

import pytest

from simulator.config.load import load
from simulator.engine.engine import Engine
from simulator.engine.plan import Address, Answer, Call, Choice, Embedded, Finish, Plan, Usage
from simulator.providers.base import Refusal
from simulator.providers.cohere import Cohere

PROVIDER = Cohere()
BY_PATH = {endpoint.path: endpoint for endpoint in PROVIDER.endpoints}
CHAT, LEGACY = BY_PATH["/v2/chat"], BY_PATH["/v1/chat"]
BITS = bytes(range(32))
REQUEST_BITS = bytes(range(16))
MODEL = "command-a-03-2025"
HELLO = [{"role": "user", "content": "Hi"}]


def engine():
    """The engine of the shipped configuration."""
    loaded = load(None, environ={})
    return Engine(loaded.config, loaded.catalogue)


def plan_of(outcome, *, offsets=(), model=MODEL, id_prefix=None):
    return Plan(Address(42, 0, 1, 7), b"d" * 16, model, outcome, offsets, REQUEST_BITS, id_prefix)


def answer_of(pieces=(), finish=Finish.STOP, *, calls=(), reasoning=(), usage=None):
    choice = Choice(tuple(pieces), finish, calls=tuple(calls), reasoning=tuple(reasoning))
    return Answer((choice,), usage or Usage(11, len(pieces), cached_tokens=3), BITS, 1_700_000_000)


def made_call(name, *pieces):
    return Call(bytes(16), name, pieces)


def embedded_of(*vectors, tokens=5):
    return Embedded(tuple(vectors), len(vectors[0]) // 4, Usage(tokens, 0))


def body_of(fields):
    return json.dumps(fields).encode()


def chat_call(**fields):
    return CHAT.decode(body_of({"model": MODEL, "messages": HELLO, **fields}), {})


def legacy_call(**fields):
    return LEGACY.decode(body_of({"message": "Hi", **fields}), {})


def call_of(path, **fields):
    return BY_PATH[path].decode(body_of(fields), {})


def refusal_of(path, body):
    """The refusal of a body given as bytes or as a JSON value."""
    with pytest.raises(Refusal) as caught:
        BY_PATH[path].decode(body if isinstance(body, bytes) else body_of(body), {})
    return caught.value


def chat_refusal(**fields):
    return refusal_of("/v2/chat", {"model": MODEL, "messages": HELLO, **fields})


def legacy_refusal(**fields):
    return refusal_of("/v1/chat", {"message": "Hi", **fields})


def json_of(endpoint, call, outcome, **more):
    """The body of a whole reply."""
    reply = endpoint.reply(call, plan_of(outcome, **more))
    assert reply.status == 200
    assert dict(reply.headers)[b"content-type"] == b"application/json"
    return json.loads(reply.body)


def events_of(endpoint, call, outcome):
    """The events of a whole stream of version 2, which ends as it must."""
    stream = endpoint.stream(call, plan_of(outcome))
    assert dict(stream.headers)[b"content-type"] == b"text/event-stream"
    frames = stream.frames(0, stream.steps).decode().split("\n\n")
    assert frames[-2:] == ["data: [DONE]", ""]
    found = []
    for frame in frames[:-2]:
        name, data = frame.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def lines_of(call, outcome):
    """The objects of a whole stream of version 1."""
    stream = LEGACY.stream(call, plan_of(outcome))
    assert dict(stream.headers)[b"content-type"] == b"application/stream+json"
    text = stream.frames(0, stream.steps)
    assert text.endswith(b"\n")
    return [json.loads(line) for line in text.splitlines()]


def message_of(events):
    """The message that a client puts together from the events of a stream, and what else the stream told."""
    told = {"content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    open_places = []
    for event in events:
        subject, _, what = event["type"].rpartition("-")
        index, delta = event.get("index"), event.get("delta", {}).get("message", {})
        if subject == "message":
            told |= {"id": event["id"]} if what == "start" else event["delta"]
        elif what == "start":
            key = {"content": "content", "tool-call": "tool_calls", "citation": "citations"}[subject]
            assert index == len(told[key])
            told[key].append(dict(delta[key]))
            open_places.append((subject, index))
        elif what == "end":
            open_places.remove((subject, index))
        elif subject == "tool-plan":
            told["tool_plan"] += delta["tool_plan"]
        else:
            assert (subject, index) in open_places
            _extend(told, subject, index, event)
    assert open_places == []
    return told


def _extend(told, subject, index, event):
    delta = event["delta"]["message"]
    if subject == "tool-call":
        told["tool_calls"][index]["function"]["arguments"] += delta["tool_calls"]["function"]["arguments"]
        return
    ((name, text),) = delta["content"].items()
    told["content"][index][name] += text
    if "logprobs" in event:
        told.setdefault("logprobs", []).append(event["logprobs"])


def plain_of(body):
    """A whole answer in the form of `message_of`."""
    message = {name: value for name, value in body["message"].items() if name != "role"}
    told = {"content": [], "tool_plan": "", "tool_calls": [], "citations": [], **message}
    more = {"logprobs": body["logprobs"]} if body.get("logprobs") else {}
    return {**told, "id": body["id"], "finish_reason": body["finish_reason"], "usage": body["usage"], **more}
