"""Paths that several providers or methods share, paths with parameters, and operations without a plan."""

import asyncio
import json

import pytest
from asgi_client import ask, make

from simulator.engine.request import Message, Operation, Request
from simulator.providers import registry as room
from simulator.providers.base import Call, Problem, Refusal, Reply
from simulator.providers.openai import OpenAI
from simulator.providers.openai.chat import Chat

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
TEXT = ((b"content-type", b"text/plain"),)
OTHERS = ((b"user-agent", b"other/1"),)


class OtherChat(Chat):
    """Takes what OpenAI refuses: a body without messages."""

    def decode(self, body, headers, target=None):
        given = json.loads(body)
        request = Request(Operation.CHAT, "openai", given["model"], (Message("user", "Hello"),))
        return Call(request, False, None)

    def reply(self, call, plan):
        return Reply(200, TEXT, b"other " + plan.model.encode())


class Placed(OtherChat):
    """Its model and its answer's word stand in the URL."""

    path = "/other/{model}:say"

    def decode(self, body, headers, target=None):
        request = Request(Operation.CHAT, "openai", target.parameters["model"], (Message("user", "Hello"),))
        return Call(request, False, target.first("word"))

    def reply(self, call, plan):
        return Reply(200, TEXT, f"{plan.model} {call.echo}".encode())


class Keeps(OtherChat):
    """Leaves a mark before it answers, and is answered at once."""

    path = "/other/keep"

    def decode(self, body, headers, target=None):
        request = Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "Hello"),))
        return Call(request, False, [], kept=True, detached=True)

    async def recall(self, call, desk):
        call.echo.append(f"recalled at {desk.now > 1e9}")
        return call

    async def remember(self, call, plan, desk):
        call.echo.append(f"remembered {len(desk.request_bits)}")

    def reply(self, call, plan):
        return Reply(200, TEXT, ", ".join(call.echo).encode())


class Note:
    """An action."""

    def __init__(self, method, path="/other/notes/{note}"):
        self.method = method
        self.path = path
        self.label = "notes"

    async def answer(self, asked, desk):
        note = asked.target.parameters.get("note", "")
        if note == "broken":
            raise RuntimeError("on purpose")
        if note == "none":
            raise Refusal(Problem.NOT_FOUND, "no such note")
        if note == "run":
            return desk.run("/v1/chat/completions", asked.body)
        await asyncio.sleep(0)
        return Reply(201, TEXT, f"{asked.method} {note} {asked.body.decode()}".encode())


class Other(OpenAI):
    name = "other"
    models_paths = ("/other/models",)

    def __init__(self):
        super().__init__()
        self.endpoints = (OtherChat(), Placed(), Keeps())
        self.actions = (Note("GET"), Note("POST"), Note("GET", "/v1/completions"), Note("PUT", "/v1/embeddings"))

    def claims(self, headers):
        return headers.get(b"user-agent") == b"other/1"


@pytest.fixture
def app(monkeypatch):
    monkeypatch.setattr(room, "BUILT_IN", {"openai": "simulator.providers.openai:OpenAI", "other": f"{__name__}:Other"})
    monkeypatch.setattr(room, "_installed", set)
    return make(simulation__latency="none")


def test_the_first_answers_what_it_does_not_refuse(app):
    shared = ask(app, "POST", "/v1/chat/completions", CHAT, OTHERS)
    assert shared.json()["object"] == "chat.completion"


def test_what_it_refuses_is_the_others_if_its_client_asks(app):
    refused = ask(app, "POST", "/v1/chat/completions", {"model": "gpt-4o"})
    assert refused.json()["error"]["param"] == "messages"
    other = ask(app, "POST", "/v1/chat/completions", {"model": "gpt-4o"}, OTHERS)
    assert other.body == b"other gpt-4o-2024-08-06"
    broken = ask(app, "POST", "/v1/chat/completions", b"{", OTHERS)
    assert broken.status == 500


def test_where_every_model_is_taken_the_client_decides(monkeypatch, app):
    anyone = make(simulation__latency="none", models__allow_unknown=True)
    assert ask(anyone, "POST", "/v1/chat/completions", {**CHAT, "model": "x"}, OTHERS).body == b"other x"
    assert ask(anyone, "POST", "/v1/chat/completions", {**CHAT, "model": "x"}).json()["model"] == "x"


def test_every_provider_is_below_its_own_name(app):
    assert ask(app, "POST", "/other/v1/chat/completions", {"model": "gpt-4o"}).body == b"other gpt-4o-2024-08-06"
    assert ask(app, "POST", "/openai/v1/chat/completions", CHAT).json()["object"] == "chat.completion"
    assert ask(app, "GET", "/openai/v1/models/gpt-4o").json()["id"] == "gpt-4o"


def test_parameters_of_the_path_and_the_query_reach_the_endpoint(app):
    for _ in range(2):
        assert ask(app, "POST", "/other/gpt-4o:say?word=yes&word=no", {}).body == b"gpt-4o-2024-08-06 yes"
    refused = ask(app, "POST", "/other/no-such:say", {})
    assert (refused.status, refused.json()["error"]["code"]) == (404, "model_not_found")


def test_an_endpoint_that_keeps_is_asked_before_and_after_the_plan(app):
    assert ask(app, "POST", "/other/keep", {}).body == b"recalled at True, remembered 16"


def test_actions_by_method(app):
    found = ask(app, "GET", "/other/notes/7")
    assert (found.status, found.body) == (201, b"GET 7 ")
    assert found.headers["x-llm-sim-shard"] == "0.0"
    assert ask(app, "POST", "/other/notes/7", b"text").body == b"POST 7 text"
    assert ask(app, "GET", "/v1/completions").status == 201
    refused = ask(app, "DELETE", "/other/notes/7")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, POST, HEAD")
    assert ask(app, "POST", "/v1/chat/completions", CHAT).status == 200
    refused = ask(app, "DELETE", "/v1/completions", headers=OTHERS)
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


def test_a_refusal_and_a_fault_of_an_action(app):
    gone = ask(app, "GET", "/other/notes/none")
    assert (gone.status, gone.json()["error"]["message"]) == (404, "no such note")
    broken = ask(app, "GET", "/other/notes/broken")
    assert (broken.status, broken.json()["error"]["type"]) == (500, "server_error")


def test_a_desk_runs_planned_requests(app):
    ran = ask(app, "POST", "/other/notes/run", json.dumps({"model": "gpt-4o"}).encode())
    assert ran.body == b"other gpt-4o-2024-08-06"
    unknown = ask(app, "POST", "/other/notes/run", json.dumps({"model": "none"}).encode())
    assert unknown.status == 404
