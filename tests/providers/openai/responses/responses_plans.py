"""Calls, plans and events that the tests of the Responses dialect share."""

import json

import msgspec
import pytest
from desk import MemoryDesk

from simulator.engine.plan import Address, Answer, Call, Choice, Finish, Plan, Usage
from simulator.providers.base import Refusal
from simulator.providers.openai import OpenAI

PROVIDER = OpenAI()
BY_PATH = {endpoint.path: endpoint for endpoint in PROVIDER.endpoints}
CREATE = BY_PATH["/v1/responses"]
COUNT = BY_PATH["/v1/responses/input_tokens"]
COMPACT = BY_PATH["/v1/responses/compact"]
BITS = bytes(range(32))
FUNCTION = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def plan_of(choice, *, offsets=(), usage=None, request_bits=bytes(range(16))):
    thought = len(choice.reasoning)
    tokens = usage or Usage(11, choice.steps, reasoning_tokens=thought)
    return Plan(
        Address(42, 0, 1, 7), b"d" * 16, "gpt-4o-2024-08-06", Answer((choice,), tokens, BITS, 1_700_000_000),
        offsets, request_bits,
    )  # fmt: skip


def choice_of(*pieces, finish=Finish.STOP, calls=(), reasoning=()):
    return Choice(pieces, finish, None, tuple(calls), reasoning)


def tool_call(name, *pieces, tool=0, number=0):
    return Call(bytes([number]) * 16, name, pieces, tool)


def call_of(**fields):
    given = {"model": "gpt-4o", "input": "Hi", **fields}
    return CREATE.decode(json.dumps(given).encode(), {})


def refusal_of(endpoint=CREATE, **fields):
    body = {"model": "gpt-4o", "input": "Hi", **fields}
    with pytest.raises(Refusal) as caught:
        endpoint.decode(json.dumps(body).encode(), {})
    return caught.value


def events_of(frames):
    """The events of a whole stream; each is named as its type says, and they are numbered from 0."""
    assert frames.endswith(b"\n\n")
    found = []
    for frame in frames.decode().removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        assert event["sequence_number"] == len(found)
        found.append(event)
    return found


WRITTEN = ("content", "summary", "arguments", "input")
PLACES = {
    "output_text": lambda item, event: (item["content"][event["content_index"]], "text"),
    "refusal": lambda item, event: (item["content"][event["content_index"]], "refusal"),
    "reasoning_summary_text": lambda item, event: (item["summary"][event["summary_index"]], "text"),
    "function_call_arguments": lambda item, event: (item, "arguments"),
    "custom_tool_call_input": lambda item, event: (item, "input"),
}
"""Where a delta of a kind is added, and the field of its `done` event that has all of it."""


def accumulated(events):
    """The response that a client makes of a stream's deltas, which is to be the one that the last event has."""
    items = {}
    for event in events:
        subject, _, what = event["type"].removeprefix("response.").rpartition(".")
        index = event.get("output_index")
        if subject == "output_item":
            if what == "done":
                assert written(items[index]) == written(event["item"])
                assert items[index]["id"] == event["item"]["id"]
            items[index] = json.loads(json.dumps(event["item"]))
        elif subject in {"content_part", "reasoning_summary_part"}:
            parts = items[index]["content" if subject == "content_part" else "summary"]
            number = event["content_index" if subject == "content_part" else "summary_index"]
            if what == "added":
                assert len(parts) == number
                parts.append(event["part"])
            else:
                assert parts[number] | {"logprobs": []} == event["part"] | {"logprobs": []}
                parts[number] = event["part"]
        elif subject in PLACES:
            place, name = PLACES[subject](items[index], event)
            if what == "delta":
                place[name] += event["delta"]
            else:
                assert place[name] == event[name]
    last = events[-1]["response"]
    assert [items[index] for index in range(len(items))] == last["output"]
    return last


def written(item):
    """What of an item comes in pieces."""
    return {name: item[name] for name in WRITTEN if name in item}


class Desk(MemoryDesk):
    """A desk that answers in JSON."""

    def __init__(self, **fields):
        super().__init__(OpenAI(), **fields)
        self.offsets = ()

    def plan(self, call):
        """The plan of a call, at the desk's own pace."""
        plan = super().plan(call)
        if not self.offsets:
            return plan
        first, step = self.offsets
        steps = plan.outcome.steps
        return msgspec.structs.replace(plan, offsets=[first + step * index for index in range(steps)])

    def tell(self, method, path, body=None, *, status=200, query=None, **parameters):
        reply = self.ask(
            method, path, b"" if body is None else json.dumps(body).encode(), parameters=parameters, query=query
        )
        assert reply.status == status, reply.body
        return json.loads(reply.body)

    def create(self, status=200, **fields):
        return self.tell("POST", "/v1/responses", {"model": "gpt-4o", "input": "Hi", **fields}, status=status)

    def response(self, name, status=200, query=None):
        return self.tell("GET", "/v1/responses/{response_id}", status=status, query=query, response_id=name)

    def stream(self, **query):
        """The events of a stored response from now on, raw."""
        name = query.pop("response_id")
        asked = {"stream": ["true"], **{key: [str(value)] for key, value in query.items()}}
        reply = self.ask("GET", "/v1/responses/{response_id}", parameters={"response_id": name}, query=asked)
        assert reply.status == 200, reply.body
        return reply.body


CALLS_OF_ACTIONS = {
    (action.method, action.path)
    for action in PROVIDER.actions
    if action.path.startswith(("/v1/responses", "/v1/conversations/"))
}
