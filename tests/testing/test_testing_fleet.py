"""Several tests at one simulator at the same time, and every provider's own client in one test."""

import json
import os
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from simulator.testing import NotStartedError, RefusedError
from simulator.testing.admin import Admin
from simulator.testing.fleet import Fleet
from simulator.testing.process import Process
from simulator.testing.simulator import Simulator

MESSAGES = [{"role": "user", "content": "Hello"}]
QUIET = {"errors": {"server_error": {"probability": 0}}}


@pytest.fixture(scope="module")
def process():
    with Process(workers=2) as process:
        yield process


@pytest.fixture
def fleet(process):
    fleet = Fleet(process)
    yield fleet
    fleet.close()


@pytest.fixture
def one(fleet):
    test = fleet.begin()
    yield Simulator(fleet, test)
    fleet.end(test)


@pytest.fixture
def two(fleet):
    test = fleet.begin()
    yield Simulator(fleet, test)
    fleet.end(test)


def ask(simulator, key=None, headers=None, model="gpt-4o", messages=MESSAGES):
    """(status, what is said) of one request."""
    given = {"authorization": f"Bearer {key or simulator.api_key}", **(headers or {})}
    with closing(HTTPConnection(urlsplit(simulator.url).netloc, timeout=30)) as connection:
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": model, "messages": messages}), given)
        response = connection.getresponse()
        answer = json.loads(response.read())
    return response.status, answer["choices"][0]["message"]["content"] if response.status == 200 else ""


def test_tests_that_run_at_the_same_time_do_not_see_each_other(one, two):
    one.answer("For one")
    two.fail("overloaded", times=1)
    assert ask(one) == (200, "For one")
    assert ask(two)[0] == 503
    assert ask(two)[1] not in ("", "For one")
    assert ask(two, key="sk-own", headers=one.headers) == (200, "For one")
    assert ask(two, key="sk-own")[1] != "For one"
    assert one.requests.statuses == [200, 200]
    assert two.requests.statuses == [503, 200]
    with pytest.raises(AssertionError, match="3 requests of other tests came meanwhile"):
        one.assert_called(5)


def test_what_a_late_request_of_an_ended_test_gets(fleet, one):
    test = fleet.begin()
    ended = Simulator(fleet, test)
    fleet.end(test)
    fleet.end(test)
    one.fail(times=1)
    assert ask(ended)[0] == 200
    assert ask(one)[0] == 500
    assert one.requests.statuses == [500]


def test_a_request_without_a_test_is_the_only_ones(one):
    one.answer("Mine")
    assert ask(one, key="sk-own") == (200, "Mine")
    assert one.assert_called_once().test is None
    assert one.usage.requests == 1
    assert one.last_request.status == 200


def test_what_is_refused_changes_nothing(one):
    one.answer("Kept")
    for wrong in (
        lambda: one.rules([{"answers": []}]),
        lambda: one.answer("x", json={}),
        lambda: one.answer(when={"last_message": {"regex": "("}}),
        lambda: one.fail("no_such_error"),
        lambda: one.configure({"server": {"port": 1}}),
        lambda: one.seed(-1),
        lambda: one.scenario("no_such_scenario"),
        lambda: one.latency({"distribution": "none"}),
    ):
        with pytest.raises(RefusedError) as caught:
            wrong()
        assert caught.value.status in (400, 404)
    with pytest.raises(ValueError, match="times"):
        one.fail(times=0)
    assert ask(one) == (200, "Kept")
    one.configure(QUIET)
    assert ask(one) == (200, "Kept")


def test_everything_is_as_it_was_when_a_test_ends(fleet):
    test = fleet.begin()
    simulator = Simulator(fleet, test)
    simulator.answer("Mine", tool_calls=None, echo=False, finish="length", reasoning="Well")
    simulator.configure({"errors": {"server_error": {"probability": 1}}, "simulation": {"seed": 3}})
    simulator.configure({"simulation": {"latency_scale": 2}})
    simulator.scenario("degraded", error_rate=0)
    ask(simulator, key="sk-own", headers={"x-session-id": "talk"})
    assert fleet.admin.ask("GET", "/admin/sessions")["total"] == 1
    fleet.end(test)
    held = fleet.admin.ask("GET", "/admin/config")
    assert (held["patch"], held["scenarios"]) == ({}, {})
    assert fleet.admin.ask("GET", "/admin/requests")["requests"] == []
    assert fleet.admin.ask("GET", "/admin/sessions")["total"] == 0


def test_the_connection_to_the_admin_plane_is_made_anew(process):
    admin = Admin(process.url)
    assert admin.ask("GET", "/admin/requests")["recording"] is True
    admin._connection.sock.close()
    assert admin.ask("GET", "/admin/requests")["recording"] is True
    admin.close()
    with pytest.raises(NotStartedError, match="does not answer"):
        Admin("http://127.0.0.1:1").ask("GET", "/admin/requests")


def test_the_other_providers_clients_find_their_way(one, monkeypatch):
    cohere, genai, mistral, ollama = map(pytest.importorskip, ("cohere", "google.genai", "mistralai.client", "ollama"))
    for name, value in one.environment(os.environ).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    one.answer("Hello from here")
    with genai.Client() as client:
        assert client.models.generate_content(model="gemini-2.5-flash", contents="Hi").text == "Hello from here"
    with cohere.ClientV2(base_url=one.cohere_base_url) as client:
        answer = client.chat(model="command-a-03-2025", messages=MESSAGES)
        assert answer.message.content[0].text == "Hello from here"
    with mistral.Mistral(server_url=one.mistral_base_url, api_key=one.api_key) as client:
        answer = client.chat.complete(model="mistral-large-latest", messages=MESSAGES)
        assert answer.choices[0].message.content == "Hello from here"
    with ollama.Client() as client:
        assert client.chat(model="llama3.2", messages=MESSAGES).message.content == "Hello from here"
    assert [each.provider for each in one.requests] == ["gemini", "cohere", "mistral", "ollama"]
    assert {each.key for each in one.requests} == {one._test.digest}
    assert one.requests.first.model == "gemini-2.5-flash"
    assert one.azure_endpoint == one.gemini_base_url == one.anthropic_base_url == one.url
    assert one.ollama_base_url == f"{one.url}/ollama"
