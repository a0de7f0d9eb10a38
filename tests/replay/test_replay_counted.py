"""What the fleet counts and remembers is told with a response, so that it is had again from its headers alone."""

import json
import re

import pytest
from click.testing import CliRunner
from replay_asking import ask_all, chat, replaying, seen
from serving import Simulator

from simulator.cli import cli

CONFIG = {
    "simulation": {"latency": "none", "recording": {"enabled": True}},
    "rules": [
        {
            "name": "turns",
            "when": {"model": "gpt-4o"},
            "answers": [{"error": "overloaded"}, {"text": "Second"}, {"text": "Number {{ count }}"}],
        }
    ],
    "faults": {"first": {"kind": "rate_limit", "first": 2, "when": {"model": "gpt-4.1"}}},
}
LONG = " ".join(f"word{number}" for number in range(1_500))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("counted"), config=CONFIG, workers=2) as running:
        yield running


@pytest.fixture
def explained(fleet, tmp_path):
    def explain(request, got):
        path, body = request
        (tmp_path / "r.json").write_text(json.dumps(body))
        (tmp_path / "h.txt").write_text("".join(f"{name}: {value}\n" for name, value in got.headers.items()))
        given = ["explain", "--json", "-c", str(fleet.config_path), "-r", str(tmp_path / "r.json"), "--path", path]
        result = CliRunner().invoke(cli, [*given, "--headers", str(tmp_path / "h.txt")])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return explain


def test_a_rule_says_again_what_it_said_to_this_request(fleet, explained):
    requests = [chat(number) for number in range(4)]
    before = [ask_all(fleet.url, [request])[0] for request in requests]
    assert [got.headers["x-llm-sim-circumstances"] for got in before] == [f"r.turns={n}" for n in (1, 2, 3, 4)]
    assert [got.status for got in before] == [503, 200, 200, 200]
    order = [2, 0, 3, 1, 1]
    again = ask_all(fleet.url, [(*requests[place], replaying(before[place])) for place in order])
    assert [seen(got) for got in again] == [seen(before[place]) for place in order]
    assert ask_all(fleet.url, [requests[0]])[0].headers["x-llm-sim-circumstances"] == "r.turns=5", "none was counted"
    assert explained(requests[2], before[2])["choices"][0]["text"] == "Number 3"
    assert explained(requests[0], before[0])["fault"]["kind"] == "overloaded"


def test_the_prompt_cache_knew_then_what_it_knew(fleet, explained):
    path, body = chat(1, model="gpt-4o-mini")
    request = (path, {**body, "messages": [{"role": "user", "content": LONG}]})
    cold, warm = (ask_all(fleet.url, [request])[0] for _ in range(2))
    assert cold.headers["x-llm-sim-circumstances"] == "cached=0"
    assert cold.digest != warm.digest
    again = ask_all(fleet.url, [(*request, replaying(got)) for got in (warm, cold)])
    assert [seen(got) for got in again] == [seen(warm), seen(cold)]
    assert explained(request, cold)["usage"]["cached_tokens"] == 0
    assert explained(request, warm)["usage"]["cached_tokens"] >= 1_024


def test_circumstances_of_several_sorts_stand_on_one_line(fleet):
    path, body = chat(1, model="gpt-4.1")
    request = (path, {**body, "messages": [{"role": "user", "content": LONG}]})
    first, second, third = (ask_all(fleet.url, [request])[0] for _ in range(3))
    assert [got.status for got in (first, second, third)] == [429, 429, 200]
    assert re.fullmatch(r"n\.first=3, cached=[1-9]\d*", third.headers["x-llm-sim-circumstances"])
    again = ask_all(fleet.url, [(*request, replaying(got)) for got in (third, second)])
    assert [seen(got) for got in again] == [seen(third), seen(second)]


def test_more_circumstances_than_there_can_be_are_refused(fleet):
    told = {"x-llm-sim-circumstances": ", ".join(f"t.fault{number}=1.000" for number in range(2_000))}
    (got,) = ask_all(fleet.url, [(*chat(1), told)])
    assert got.status in (400, 431)
