"""Plans and bodies that the tests of the Ollama dialect share."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from simulator.engine.plan import Address, Answer, Call, Choice, Finish, Plan, Usage
from simulator.providers.base import Asked, ModelEntry, Refusal, Target
from simulator.providers.ollama import Ollama

PROVIDER = Ollama()
ENDPOINTS = {endpoint.label: endpoint for endpoint in PROVIDER.endpoints}
ACTIONS = {(action.method, action.path): action for action in PROVIDER.actions}
CHAT, GENERATE = ENDPOINTS["chat"], ENDPOINTS["generate"]
REQUEST_BITS = bytes(range(16))
CREATED = 1_767_225_600
"""2026-01-01T00:00:00Z."""


def plan_of(outcome, *, offsets=(), model="llama3.2"):
    return Plan(Address(42, 0, 1, 7), b"d" * 16, model, outcome, offsets, REQUEST_BITS)


def answer_of(choice, usage=None):
    made = choice if isinstance(choice, Choice) else Choice(tuple(choice), Finish.STOP)
    return Answer((made,), usage or Usage(11, made.steps), bytes(range(32)), CREATED)


def call_of(name, *pieces):
    return Call(bytes(range(16)), name, pieces)


def chat_call(**fields):
    return CHAT.decode(
        json.dumps({"model": "llama3.2", "messages": [{"role": "user", "content": "Hi"}], **fields}).encode(), {}
    )


def generate_call(**fields):
    return GENERATE.decode(json.dumps({"model": "llama3.2", "prompt": "Hi", **fields}).encode(), {})


def refused(endpoint, body):
    """The status and the sentence of the refusal of a body given as bytes or as a JSON value."""
    with pytest.raises(Refusal) as caught:
        endpoint.decode(body if isinstance(body, bytes) else json.dumps(body).encode(), {})
    reply = PROVIDER.refuse(caught.value, REQUEST_BITS)
    return reply.status, json.loads(reply.body)["error"]


def lines_of(stream):
    return [json.loads(line) for line in stream.frames(0, stream.steps).decode().splitlines()]


def entry(name, kind="chat"):
    return ModelEntry(name, "ollama", name.title(), CREATED, 131_072, 0, kind)


DESK = SimpleNamespace(models=[entry("llama3.2"), entry("llama3.2:latest"), entry("mine:v1"), entry("e", "embedding")])


def acted(method, path, body=None, parameters=None):
    """The reply of an action; of a refusal, in the provider's words."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    asked = Asked(method, data, {}, Target(parameters or {}))
    try:
        return asyncio.run(ACTIONS[method, path].answer(asked, DESK))
    except Refusal as refusal:
        return PROVIDER.refuse(refusal, REQUEST_BITS)
