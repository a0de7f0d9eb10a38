"""Rules of answers through the application: counted over workers, in every dialect's shape."""

import json

import pytest
from asgi_client import ask
from serving import Simulator

from simulator.config.load import load
from simulator.server.app import create_app, preload

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Is it raining in Paris?"}]}
FLAKY = {
    "name": "flaky",
    "when": {"headers": {"x-test": "flaky"}},
    "answers": [{"error": "overloaded", "retry_after_secs": 1, "times": 2}, {"text": "Back again."}],
}
RULES = [
    {"when": {"last_message": {"regex": r"in (\w+)"}, "model": "gpt*"}, "answers": [{"text": "{{ match.1 }}: rain"}]},
    {"when": {"provider": "anthropic"}, "answers": [{"json": {"model": "{{ model }}"}}]},
]


def app_of(tmp_path, **config):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"simulation": {"latency": "none"}, **config}))
    return create_app(preload(load(path)))


def test_a_rule_speaks_in_both_dialects(tmp_path):
    app = app_of(tmp_path, rules=RULES)
    plain = ask(app, "POST", "/v1/chat/completions", CHAT).json()
    assert plain["choices"][0]["message"]["content"] == "Paris: rain"
    streamed = ask(app, "POST", "/v1/chat/completions", {**CHAT, "stream": True})
    frames = [json.loads(line[6:]) for line in streamed.body.decode().split("\n\n") if line.startswith("data: {")]
    assert "".join(frame["choices"][0]["delta"].get("content", "") for frame in frames) == "Paris: rain"
    message = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": CHAT["messages"]}
    told = ask(app, "POST", "/v1/messages", message, ((b"anthropic-version", b"2023-06-01"),)).json()
    assert json.loads(told["content"][0]["text"]) == {"model": "claude-sonnet-4-5"}
    other = {**CHAT, "messages": [{"role": "user", "content": "Hello"}]}
    assert "rain" not in ask(app, "POST", "/v1/chat/completions", other).json()["choices"][0]["message"]["content"]


def test_a_model_repeats_or_speaks_a_template(tmp_path):
    providers = {"gpt-4o*": {"response": {"kind": "echo"}}, "o3*": {"response": {"kind": "template"}}}
    providers["o3*"]["response"]["template"] = "I am {{ model }}."
    app = app_of(tmp_path, providers=providers)
    said = ask(app, "POST", "/v1/chat/completions", CHAT).json()["choices"][0]["message"]["content"]
    assert said == "Is it raining in Paris?"
    said = ask(app, "POST", "/v1/chat/completions", {**CHAT, "model": "o3"}).json()["choices"][0]["message"]["content"]
    assert said == "I am o3."
    said = ask(app, "POST", "/v1/chat/completions", {**CHAT, "model": "gpt-4-0613"}).json()
    assert said["choices"][0]["message"]["content"] != "Is it raining in Paris?"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    config = {"rules": [FLAKY], "admin": {"enabled": True}}
    with Simulator(tmp_path_factory.mktemp("rules"), "--latency", "none", config=config, workers=3) as it:
        yield it


def test_answers_are_counted_over_the_whole_fleet(fleet):
    found = []
    for _ in range(6):
        answer = fleet.ask("/v1/chat/completions", CHAT, {"x-test": "flaky"})  # each on a connection of its own
        found.append((answer.status, answer.headers.get("retry-after")))
    assert found == [(503, "1")] * 2 + [(200, None)] * 4


def test_rules_change_while_the_fleet_runs(fleet):
    patch = {"rules": [{"answers": [{"text": "Changed."}]}]}
    assert fleet.ask("/admin/config", patch).status == 200
    said = fleet.ask("/v1/chat/completions", CHAT).json()["choices"][0]["message"]["content"]
    assert said == "Changed."
