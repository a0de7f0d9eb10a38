"""`explain` with failures and rules: what strikes in which circumstances, for people and machines."""

import json

import pytest
from click.testing import CliRunner

from simulator.cli import cli
from simulator.engine.plan import Disturbance, Fault, FaultKind, Trouble
from simulator.explain import disturbance_words

CONFIG = {
    "simulation": {"latency_scale": 0.1},
    "rules": [
        {
            "name": "weather",
            "when": {"last_message": {"contains": "weather"}},
            "answers": [{"error": "overloaded"}, {"text": "Sunny, {{ count }}"}],
        }
    ],
    "faults": {
        "slow": {"kind": "stall", "duration_ms": 2000, "after_tokens": 16, "when": {"stream": True}},
        "torn": {"kind": "reset", "after_tokens": 29, "priority": 60, "when": {"stream": True}},
        "storm": {"kind": "rate_limit", "retry_after_secs": 2, "first": 5, "window": {"after_secs": 3, "for_secs": 2}},
        "red": {"kind": "overloaded", "when": {"headers": {"x-team": "red"}}},
        "mine": {"kind": "permission", "when": {"key": "sk-mine"}},
        "manual": {"kind": "bad_gateway", "probability": 0},
    },
}


@pytest.fixture
def explain(tmp_path):
    """Runs the command on a request; its output by lines, or as a value."""
    (tmp_path / "c.json").write_text(json.dumps(CONFIG))

    def run(*arguments, content="Hi", stream=True, code=0):
        body = {"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": content}]}
        (tmp_path / "r.json").write_text(json.dumps(body))
        given = ("explain", "-c", str(tmp_path / "c.json"), "-r", str(tmp_path / "r.json"), *arguments)
        result = CliRunner().invoke(cli, given)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if "--json" in arguments else result.output

    return run


def test_what_disturbs_the_way_is_told_in_words_and_values(explain):
    lines = explain().splitlines()
    assert "failures   slow, torn" in lines
    assert "on its way stall 2 s before token 17, then reset before token 30" in lines
    data = explain("--json")
    assert data["struck"] == ["slow", "torn"]
    assert [(one["kind"], one["step"], one["seconds"]) for one in data["disturbances"]] == [
        ("stall", 16, 2.0),
        ("reset", 29, 0.0),
    ]
    assert explain("--json", stream=False)["disturbances"] == []


@pytest.mark.parametrize(
    ("told", "strikes"),
    [("t.storm=2.999, n.storm=1", False), ("t.storm=3, n.storm=5", True), ("t.storm=3, n.storm=6", False)],
)
def test_circumstances_decide(explain, told, strikes):
    data = explain("--json", "--circumstances", told, stream=False)
    assert ("fault" in data) == strikes
    assert data["struck"] == (["storm"] if strikes else [])
    if strikes:
        assert data["circumstances"] == "t.storm=3.000, n.storm=5"
        assert "outcome    fault: rate_limit, Retry-After 2 s" in explain("--circumstances", told, stream=False)


def test_headers_of_the_request_decide(explain):
    assert explain("--json", "-H", "X-Team: red")["fault"]["kind"] == "overloaded"
    assert explain("--json", "--header", "authorization: Bearer sk-mine")["fault"]["kind"] == "permission"
    asked = explain("--json", "-H", "x-llm-sim-fault: manual")
    assert (asked["fault"]["kind"], asked["struck"][0]) == ("bad_gateway", "manual")
    asked = explain("-H", "x-llm-sim-fault: error_event;after_tokens=2;error=overloaded", stream=False)
    assert "outcome    fault: overloaded" in asked
    tried = ("--circumstances", "t.storm=4", "-H", "x-llm-sim-key: k", "-H")
    first = explain("--json", *tried, "x-stainless-retry-count: 4", stream=False)
    later = explain("--json", *tried, "x-stainless-retry-count: 5", stream=False)
    assert (first["address"]["key"], first["address"]["retry"]) == ("k", 4)
    assert ("fault" in first, "fault" in later) == (True, False), "where it is keyed the tries count"


def test_rules_say_what_is_said(explain):
    assert explain("--json", content="the weather?")["fault"]["kind"] == "overloaded"
    data = explain("--json", "--circumstances", "r.weather=2", content="the weather?", stream=False)
    assert (data["rule"], data["choices"][0]["text"]) == ("weather", "Sunny, 2")
    assert "rule       weather" in explain("--circumstances", "r.weather=2", content="the weather?")


def test_models_that_repeat_what_they_hear(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps({"providers": {"gpt-4o": {"response": {"kind": "echo"}}}}))
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say this"}]}
    (tmp_path / "r.json").write_text(json.dumps(body))
    given = ("explain", "--json", "-c", str(tmp_path / "c.json"), "-r", str(tmp_path / "r.json"))
    assert json.loads(CliRunner().invoke(cli, given).stdout)["choices"][0]["text"] == "Say this"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--circumstances", "nonsense"), "must be sent back as it was received"),
        (("-H", "x-llm-sim-fault: nonsense"), "'nonsense' is no failure"),
        (("-H", "nonsense"), "'nonsense' is not 'NAME: VALUE'"),
    ],
)
def test_what_cannot_be_read_is_told(explain, arguments, words):
    assert words in explain(*arguments, code=2 if arguments[1] == "nonsense" and arguments[0] == "-H" else 1)


@pytest.mark.parametrize(
    ("disturbance", "words"),
    [
        (Disturbance(Trouble.CUT, 4, mid_frame=True), "cut amid token 5"),
        (Disturbance(Trouble.TRICKLE, 2, rate=100), "trickle 100 bytes a second from token 3"),
        (Disturbance(Trouble.WRONG_LENGTH, amount=-7), "a length of -7 bytes"),
        (Disturbance(Trouble.MISSING_TERMINATOR, 9), "no terminator"),
        (Disturbance(Trouble.TRUNCATED_JSON, 1), "truncated json at token 2"),
        (
            Disturbance(Trouble.ERROR_EVENT, 3, error=Fault(FaultKind.OVERLOADED)),
            "error event overloaded before token 4",
        ),
    ],
)
def test_each_disturbance_has_its_words(disturbance, words):
    assert disturbance_words(disturbance) == words
