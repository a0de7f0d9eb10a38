"""`scenario list`, `show` and `lint`, in this process: what is printed, and the exit codes."""

import json
import sys

import pytest
from click.testing import CliRunner

from simulator import cli
from simulator.config.library import shipped_scenarios

MINE = """
scenarios:
  mine:
    description: Mine.
    parameters: {rate: 0.5}
    phases:
      - name: down
        duration_secs: 30
        set:
          errors: {server_error: {probability: "${rate}"}}
"""
ODD = """\
description: Odd.
parameters: {unused: 1, rate: 0.7}
phases:
  - name: a
    duration_secs: 10
    set:
      errors: {server_error: {probability: 0.5}}
      faults:
        one: {probability: "${rate}", ramp: {over_secs: 20}}
        two: {first: 3, when: {model: "gtp-4*", provider: opanai}}
        three: {kind: stall, window: {after_secs: 12}}
        four: {kind: reset, window: {after_secs: 8, for_secs: 5}, first: 2, forget_secs: 5}
      providers: {"clade*": {enabled: true}, gpt-4oo: {enabled: true}}
  - name: b
    duration_secs: 10
    set: {simulation: {latency_scale: 1.0}}
  - name: c
"""
ODDITIES = [
    (2, "parameters.unused", "the parameter is not used; write ${unused} where it is to stand"),
    (6, "phases[0].set", "the probabilities of errors add up to 1.2; a request meets one error"),
    (9, "phases[0].set.faults.one.ramp.over_secs", "the ramp takes 20s; the phase lasts 10s"),
    (11, "phases[0].set.faults.three.window.after_secs", "the window opens after 12s; the phase lasts 10s"),
    (12, "phases[0].set.faults.four.window.for_secs", "the window closes after 13s; the phase lasts 10s"),
    (10, "phases[0].set.faults.two.first", "the requests are counted for a day, then the first ones fail anew"),
    (12, "phases[0].set.faults.four.forget_secs", "after 5s the first ones fail anew; the phase lasts 10s"),
    (10, "phases[0].set.faults.two.when.model", '"gtp-4*" matches no model; did you mean "gpt-4"?'),
    (10, "phases[0].set.faults.two.when.provider", 'there is no provider "opanai"; did you mean "openai"?'),
    (13, "phases[0].set.providers.clade*", '"clade*" matches no model'),
    (
        13,
        "phases[0].set.providers.gpt-4oo",
        'there is no model "gpt-4oo"; the phase brings one; did you mean "gpt-4o"?',
    ),
    (16, "phases[1].set", "what the phase sets holds without it"),
    (17, "phases[2]", "the phase sets nothing and nothing comes after it; leave it out"),
]


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setitem(cli.COMMANDS, "scenario", "simulator.cli.scenario")
    monkeypatch.chdir(tmp_path)

    def invoke(*words):
        result = CliRunner().invoke(cli.cli, ["scenario", *words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


@pytest.fixture
def files(tmp_path):
    (tmp_path / "user.yaml").write_text(MINE)
    (tmp_path / "odd.yaml").write_text(ODD)
    return tmp_path


def test_all_are_listed(run, files):
    listed = run("list", "--config", "user.yaml").stdout.splitlines()
    assert [line.split()[0] for line in listed] == sorted([*shipped_scenarios(), "mine"])
    assert next(line for line in listed if line.startswith("mine")).endswith("  Mine.")
    rows = json.loads(run("list", "--config", "user.yaml", "--json").stdout)
    mine = next(row for row in rows if row["name"] == "mine")
    assert mine == {"name": "mine", "source": "configured", "description": "Mine.", "parameters": {"rate": 0.5}}
    assert len(rows) == len(listed)


def test_one_is_shown_with_its_parameters(run, files):
    shown = run("show", "mine", "--config", "user.yaml", "--parameter", "rate=0.25", "--width", "60").stdout
    assert shown.splitlines()[:2] == ["mine: Mine.", "parameters: rate=0.25"]
    assert "down: 0s to 30s (30s)\n  errors.server_error.probability: 0.25\n" in shown
    assert max(map(len, shown.splitlines())) <= 60
    assert run("show", "retry-storm").stdout.startswith("retry_storm: ")
    for name in shipped_scenarios():
        assert run("show", name).exit_code == 0


def test_it_is_shown_as_data(run, files):
    data = json.loads(run("show", "brownout", "--json", "-p", "error_rate=0.5").stdout)
    assert (data["name"], data["repeat"], data["parameters"]["error_rate"]) == ("brownout", False, 0.5)
    assert [(one["name"], one["begins"], one["ends"]) for one in data["stretches"]] == [
        ("rising", 0, 60), ("plateau", 60, 180), ("falling", 180, 240)]  # fmt: skip
    curves = {curve["name"]: curve["points"] for curve in data["curves"]}
    assert set(curves) == {"latency_scale", "faults.brownout"}
    assert max(value for _, value in curves["faults.brownout"]) == 0.5


def test_a_file_of_its_own_is_shown(run, files):
    assert run("show", "odd.yaml").stdout.startswith("odd: Odd.\n")
    assert run("show", "./user.yaml").stdout.startswith("mine: Mine.\n")
    (files / "none.yaml").write_text("server: {port: 1}\n")
    result = run("show", "none.yaml")
    assert (result.exit_code, "none.yaml has not one scenario but: none" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("show", "outtage"), 1, 'did you mean "outage"?'),
        (("show", "outage", "-p", "error_rat=1"), 1, 'did you mean "error_rate"?'),
        (("show", "outage", "-p", "error_rate=often"), 1, "allowed: a number"),
        (("show", "outage", "-p", "error_rate=7"), 1, "a number from 0 to 1"),
        (("show", "outage", "-p", "error_rate"), 2, "is not KEY=VALUE"),
        (("show", "outage", "--plot", "x.gif"), 2, "neither in .png nor in .svg"),
        (("show", "outage", "--plot", "no/folder/x.svg"), 1, "No such file"),
        (("show", "absent.yaml"), 1, "there is no such file"),
    ],
)
def test_what_cannot_be_shown_is_told(run, words, code, told):
    if "no/folder/x.svg" in words:
        pytest.importorskip("matplotlib")
    result = run(*words)
    assert (result.exit_code, told in result.stderr) == (code, True), result.output


def test_it_is_drawn(run, tmp_path):
    pytest.importorskip("matplotlib")
    assert run("show", "brownout", "--plot", "brownout.svg").exit_code == 0
    assert (tmp_path / "brownout.svg").read_text("utf-8").count("<svg ") == 1


def test_without_matplotlib_the_extra_is_named(run, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("show", "outage", "--plot", "x.png")
    assert (result.exit_code, result.stderr.splitlines()) == (
        1, ["Error: --plot needs matplotlib: pip install 'llm-simulator[plot]'"])  # fmt: skip


def test_all_that_ship_are_without_oddities(run):
    result = run("lint", "--strict")
    assert (result.exit_code, result.stdout) == (0, f"{len(shipped_scenarios())} scenarios: nothing is wrong\n")


def test_oddities_are_told_with_their_line(run, files):
    result = run("lint", "odd.yaml")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[-1] == f"1 scenario: {len(ODDITIES)} warnings"
    for line, (number, key, words) in zip(lines, ODDITIES, strict=False):
        assert line.startswith(f"Warning: odd.yaml:{number}: scenarios.odd.{key}: {words}"), line
    assert run("lint", "odd.yaml", "--strict").exit_code == 2
    assert run("lint", "user.yaml", "--strict").exit_code == 0


@pytest.mark.parametrize("endless", ["repeat: true", "repeat: 3"])
def test_a_pause_is_not_odd_where_something_comes_after_it(run, tmp_path, endless):
    phases = "phases: [{duration_secs: 5}, {duration_secs: 5, set: {response: {kind: echo}}}, {duration_secs: 5}]\n"
    (tmp_path / "pause.yaml").write_text(f"{phases}{endless}\n")
    assert run("lint", "pause.yaml", "--strict").exit_code == 0
    (tmp_path / "pause.yaml").write_text(phases)
    assert "phases[2]: the phase sets nothing" in run("lint", "pause.yaml").stdout


def test_any_model_matches_where_any_is_taken(run, tmp_path):
    (tmp_path / "any.yaml").write_text('phases: [{set: {faults: {x: {when: {model: "zz*"}}}}}]\n')
    assert run("lint", "any.yaml", "--strict").exit_code == 2
    assert run("lint", "any.yaml", "--strict", "--set", "models.allow_unknown=true").exit_code == 0


def test_errors_are_told_with_their_line_and_the_rest_is_looked_at(run, files):
    text = (
        "phases:\n  - set:\n      faults:\n        x: {kind: reset, status: 500}\n      simulation: {latency_scal: 3}\n"
    )
    (files / "wrong.yaml").write_text(text)
    result = run("lint", "wrong.yaml", "odd.yaml", "outtage")
    assert result.exit_code == 1
    told = [line for line in result.stdout.splitlines() if line.startswith("Error: ")]
    for start in (
        "Error: wrong.yaml:4: scenarios.wrong.phases[0].set.faults.x.status: found 500",
        "Error: wrong.yaml:5: scenarios.wrong.phases[0].set.simulation.latency_scal: unknown key",
        'Error: the command line: there is no scenario "outtage"',
    ):
        assert [line for line in told if line.startswith(start)] != [], start
    assert len(told) == 3
    assert result.stdout.count("Warning: odd.yaml:") == len(ODDITIES)
