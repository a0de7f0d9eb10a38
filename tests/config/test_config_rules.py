"""What makes a rule of answers impossible, and how that is told."""

import json

import pytest

from simulator.config.faults import ConfigError
from simulator.config.load import load


def loaded(tmp_path, **config):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    return load(path).config


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"answers": []}, "at least one answer"),
        ({"answers": [{"text": "a", "error": "timeout"}]}, "there is error as well"),
        ({"answers": [{"json": {}, "refusal": "b"}]}, "there is json as well"),
        ({"answers": [{"text": "{{ modle }}"}]}, "{{ modle }}"),
        ({"answers": [{"json": {"a": ["{{ x }}"]}}]}, "{{ x }}"),
        ({"answers": [{"tool_calls": [{"name": "f", "arguments": {"a": "{{ y }}"}}]}]}, "{{ y }}"),
        ({"when": {"last_message": {"regex": "("}}, "answers": [{"text": "a"}]}, "a regular expression"),
        ({"when": {"turn": 0}, "answers": [{"text": "a"}]}, "turn"),
        ({"name": "not a name", "answers": [{"text": "a"}]}, "text that matches"),
        ({"answers": [{"error": "nothing"}]}, "rate_limit"),
    ],
)
def test_an_impossible_rule_is_refused(tmp_path, rule, words):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, rules=[rule])
    assert words in str(caught.value)


def test_rules_are_loaded(tmp_path):
    answer = {"text": "Hi {{ header.x-a }}", "tool_calls": [{"name": "f", "arguments": {"a": [1]}}]}
    (rule,) = loaded(tmp_path, rules=[{"name": "a", "answers": [answer]}]).rules
    assert rule.answers[0].tool_calls[0].arguments == {"a": [1]}
    assert rule.then == "last"


def test_a_template_of_a_model_is_checked(tmp_path):
    with pytest.raises(ConfigError, match="modle"):
        loaded(tmp_path, response={"kind": "template", "template": "{{ modle }}"})
