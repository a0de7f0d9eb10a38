"""Scenarios: their text, their parameters, their timeline, and those that ship."""

import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.activation import FOREVER, Activation, Timeline, state_at
from simulator.config.expand import fill, names, plain_fault, same_kind
from simulator.config.faults import ConfigError
from simulator.config.library import UnknownScenario, activated, find, known, layers, shipped_scenarios
from simulator.config.load import load
from simulator.config.runtime import overlay
from simulator.config.scenarios import Phase, Scenario
from simulator.config.schema import Config

EXPECTED = {"outage", "degraded", "rate_limit_storm", "slow_start", "flapping", "regional_failover"}


def activation(*durations, repeat=False, started=1_000_000.0, ends=None):
    phases = tuple(Phase(name=f"p{place}", duration_secs=each) for place, each in enumerate(durations))
    return Activation("s", Scenario(phases=phases, repeat=repeat), {}, started, ends)


def file_of(tmp_path, scenarios, **more):
    path = tmp_path / "user.json"
    path.write_text(json.dumps({"scenarios": scenarios, **more}, indent=1))
    return path


def faults_of(tmp_path, scenario, name="mine", **more):
    with pytest.raises(ConfigError) as caught:
        load(file_of(tmp_path, {name: scenario}, **more), environ={})
    return caught.value.faults


# Text


def test_a_whole_text_keeps_its_parameter_s_kind_and_a_part_takes_its_text():
    parameters = {"rate": 0.5, "models": "gpt-4*", "on": True, "n": 3}
    value = {"errors": {"p": "${rate}", "on": "${on}", "l": ["${n}", 7, None]}, "${models}-x": "<${rate}|${on}|${n}>"}
    assert fill(value, parameters) == {"errors": {"p": 0.5, "on": True, "l": [3, 7, None]}, "gpt-4*-x": "<0.5|true|3>"}
    assert sorted({name for name, _ in names(value)}) == ["models", "n", "on", "rate"]
    with pytest.raises(KeyError):
        fill("${other}", parameters)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text("abc $}", max_size=5), st.lists))
def test_a_value_without_names_is_itself(value):
    assert list(names(value)) == []
    assert repr(fill(value, {})) == repr(value)


def test_what_no_document_can_carry_is_found():
    assert plain_fault({"a": [1, {"b": math.inf}]}) == (("a", "[1]", "b"), "found inf")
    assert plain_fault({"a": 2**63})[0] == ("a",)
    assert plain_fault({"a": [1.5, None, True, "x", -(2**63 - 1)]}) is None


@pytest.mark.parametrize(
    ("value", "default", "fits"),
    [
        (1, 0.5, True),
        (0.5, 1, True),
        (True, 1, False),
        (1, True, False),
        (True, False, True),
        ("x", "y", True),
        ("1", 1, False),
        (None, 1, False),
        (math.nan, 1.0, False),
        (2**63, 1, False),
        ([], "x", False),
    ],
)
def test_parameters_are_of_their_default_s_kind(value, default, fits):
    assert same_kind(value, default) is fits


# Timeline


@given(
    durations=st.lists(st.floats(0.01, 1e5), min_size=1, max_size=5),
    repeat=st.booleans(),
    started=st.floats(0, 4e9),
    lasts=st.none() | st.floats(0.01, 1e6),
    endless=st.booleans(),
)
def test_the_timeline_has_no_gap_and_no_overlap(durations, repeat, started, lasts, endless):
    if endless and not repeat:
        durations = [*durations[:-1], None]
    ends = None if lasts is None else started + lasts
    one = activation(*durations, repeat=repeat, started=started, ends=ends)
    timeline = Timeline(one)
    now, seen = started, []
    for _ in range(4 * len(durations)):
        phase, until = timeline.state_at(now)
        if phase is None:
            assert until == FOREVER
            break
        seen.append(phase)
        assert now < until
        assert until <= timeline.ends
        # It is the same phase up to the last moment before the next.
        assert timeline.state_at(math.nextafter(until, 0) if until < FOREVER else 1e10)[0] == phase
        assert timeline.state_at(min((now + until) / 2, 1e10)) == (phase, until)
        if until == FOREVER:
            break
        now = until
    # One phase after the other, from the first one on, and round again where it repeats.
    assert seen[0] == 0
    assert seen == [place % len(durations) for place in range(len(seen))]
    assert repeat or len(seen) <= len(durations)
    assert timeline.state_at(math.nextafter(started, -1)) == (None, min(started, ends or FOREVER))
    if ends is not None:
        assert timeline.state_at(ends) == (None, FOREVER)


@given(durations=st.lists(st.floats(0.01, 100), min_size=1, max_size=4), at=st.floats(0, 1e8))
def test_a_phase_is_as_long_as_it_says_however_late(durations, at):
    one = activation(*durations, repeat=True, started=0.0)
    phase, until = state_at(one, at)
    begun = until - durations[phase]
    assert begun - 1e-6 <= at < until


def test_phases_by_value():
    one = activation(10, 20, started=100.0, ends=125.0)
    at = [state_at(one, now) for now in (99.9, 100.0, 109.9, 110.0, 124.9, 125.0)]
    assert at == [(None, 100.0), (0, 110.0), (0, 110.0), (1, 125.0), (1, 125.0), (None, FOREVER)]
    assert Timeline(activation(10, 20, started=100.0)).ends == 130.0
    assert Timeline(activation(10, None, started=100.0)).ends == FOREVER
    assert Timeline(activation(10, 20, repeat=True)).ends == FOREVER


# Configured scenarios


def test_a_configured_scenario_is_listed_and_goes_before_a_shipped_one(tmp_path):
    loaded = load(file_of(tmp_path, {"Outage": {"phases": [{}]}, "my-own": {"phases": [{}]}}), environ={})
    found = known(loaded.config)
    assert found["Outage"].source == found["my-own"].source == "configured"
    assert "outage" not in found
    for asked in ("my_own", "MY-OWN", "my-own"):
        assert find(loaded.config, asked, "test").name == "my-own"


@pytest.mark.parametrize(
    ("scenario", "key", "words"),
    [
        ({}, "scenarios.mine.phases", "there is none"),
        ({"phases": [{}, {}]}, "scenarios.mine.phases[0].duration_secs", "no end"),
        ({"phases": [{}], "repeat": True}, "scenarios.mine.phases[0].duration_secs", "no end"),
        ({"phases": [{"duration_secs": 0}]}, "scenarios.mine.phases[0].duration_secs", "found 0"),
        ({"phases": [{"duration_secs": "${x}"}]}, "scenarios.mine.phases[0].duration_secs", 'no parameter "x"'),
        (
            {"parameters": {"x": "soon"}, "phases": [{"duration_secs": "${x}"}]},
            "scenarios.mine.phases[0].duration_secs",
            "a number of seconds from 0.01",
        ),
        ({"parameters": {"a b": 1}, "phases": [{}]}, 'scenarios.mine.parameters."a b"', "letters"),
        ({"parameters": {"x": [1]}, "phases": [{}]}, "scenarios.mine.parameters.x", "a number, text, true or false"),
        (
            {"parameters": {"rate": 1}, "phases": [{"set": {"errors": {"server_error": {"probability": "${rat}"}}}}]},
            "scenarios.mine.phases[0].set.errors.server_error.probability",
            'did you mean "rate"?',
        ),
        (
            {"phases": [{"set": {"errors": {"server_error": {"probability": 2}}}}]},
            "scenarios.mine.phases[0].set.errors.server_error.probability",
            "a number from 0 to 1",
        ),
        ({"phases": [{"set": {"erors": {}}}]}, "scenarios.mine.phases[0].set.erors", 'did you mean "errors"?'),
        ({"phases": [{"set": {"server": {"port": 1}}}]}, "scenarios.mine.phases[0].set.server.port", "running fleet"),
        ({"phases": [{"set": {"admin": {"enabled": True}}}]}, "scenarios.mine.phases[0].set.admin", "running fleet"),
        ({"phases": [{"set": {"scenarios": {}}}]}, "scenarios.mine.phases[0].set.scenarios", "cannot hold"),
        ({"phases": [{"set": {"response": {"x": 2**70}}}]}, "scenarios.mine.phases[0].set.response.x", "64 bits"),
    ],
)
def test_faults_are_told_at_load_with_their_line_and_key(tmp_path, scenario, key, words):
    faults = faults_of(tmp_path, scenario)
    fault = next(one for one in faults if one.path == key)
    assert words in str(fault)
    assert fault.place.source.endswith("user.json")
    assert fault.place.line is not None


def test_names_of_scenarios_are_checked(tmp_path):
    (fault,) = faults_of(tmp_path, {"phases": [{}]}, name="a/b")
    assert "letters, digits" in str(fault)
    with pytest.raises(ConfigError, match="is the same name"):
        load(file_of(tmp_path, {"a-b": {"phases": [{}]}, "a_b": {"phases": [{}]}}), environ={})


# Shipped scenarios


def test_the_promised_scenarios_ship():
    assert set(shipped_scenarios()) >= EXPECTED
    for name, scenario in shipped_scenarios().items():
        assert scenario.description.endswith("."), name
        used = {
            found for phase in scenario.phases for part in (phase.set, phase.duration_secs) for found, _ in names(part)
        }
        assert used == set(scenario.parameters), f"{name} has parameters that do nothing"


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_every_phase_of_a_shipped_scenario_can_be_laid_over_the_defaults(name):
    loaded = load(environ={})
    one = activated(find(loaded.config, name, "test"), {}, started=0.0, source="test")
    effects = [overlay(loaded, [(f"scenario {name}", layer)]).config for layer in layers(one)]
    assert any(effect != loaded.config for effect in effects)
    again = msgspec.json.decode(msgspec.json.encode(one), type=Activation)
    assert again == one


# Switching on


def test_an_activation_carries_all_parameters_and_its_end():
    one = activated(known(Config())["outage"], {"error_rate": 0.25}, started=50.0, seconds=10, source="test")
    assert one.parameters == {"error_rate": 0.25, "retry_after_secs": 5}
    assert (one.started, one.ends) == (50.0, 60.0)
    assert layers(one)[0]["errors"]["overloaded"] == {"probability": 0.25, "retry_after_secs": 5}


def test_what_does_not_fit_is_told_together():
    with pytest.raises(ConfigError) as caught:
        activated(known(Config())["outage"], {"error_rat": 1, "error_rate": "x"}, started=0, seconds=-1, source="test")
    told = [str(fault) for fault in caught.value.faults]
    assert [fault.path for fault in caught.value.faults] == [
        "parameters.error_rat",
        "parameters.error_rate",
        "duration_seconds",
    ]
    assert 'did you mean "error_rate"?' in told[0]
    with pytest.raises(ConfigError, match=r"parameters.down_secs: found 0; allowed: a number of seconds"):
        activated(known(Config())["flapping"], {"down_secs": 0}, started=0, source="test")


def test_an_unknown_scenario_names_the_nearest():
    with pytest.raises(UnknownScenario, match='did you mean "outage"'):
        find(Config(), "outtage", "test")
