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

EXPECTED = {
    *("outage", "degraded", "rate_limit_storm", "slow_start", "flapping", "regional_failover", "brownout"),
    *("multi_provider_incident", "flaky_network", "retry_storm", "bursty_errors", "quota_exhausted", "bad_upstream"),
}

SCALE = {"simulation": {"latency_scale": 1}}
GOING = {"duration_secs": 10, "set": {"simulation": {"latency_scale": 1, "latency": "profile"}}, "to": SCALE}
TO = "scenarios.mine.phases[0].to"


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
        middle = min((now + until) / 2, 1e10)
        assert middle == until or timeline.state_at(middle) == (phase, until)
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


@given(
    durations=st.lists(st.floats(0.01, 1e4), min_size=1, max_size=4),
    steps=st.integers(2, 100),
    rounds=st.integers(1, 4),
    started=st.floats(0, 4e9),
)
def test_steps_divide_their_phase_without_gap_or_overlap(durations, steps, rounds, started):
    phases = tuple(
        Phase(duration_secs=each, set={"simulation": {"latency_scale": 1}}, to={"simulation": {"latency_scale": 2}},
              steps=steps)
        for each in durations
    )  # fmt: skip
    timeline = Timeline(Activation("s", Scenario(phases=phases, repeat=rounds), {}, started))
    counts = [part.steps for part in timeline.parts]
    assert counts == [max(1, min(steps, int(each / 0.01))) for each in durations]
    now, seen = started, []
    while True:
        scene, until = timeline.scene_at(now)
        if scene is None:
            break
        seen.append((scene.phase, scene.step))
        assert scene.begins <= now < until == scene.until <= scene.ends
        assert timeline.scene_at(math.nextafter(until, 0))[0] == scene
        assert timeline.state_at(now) == (scene.phase, scene.ends)
        if scene.step == 0:
            assert scene.begins == now
        now = until
    assert now == timeline.ends
    # Where a step is shorter than the clock can tell at so late a time, it is passed over.
    whole = [(phase, step) for phase, count in enumerate(counts) for step in range(count)] * rounds
    if min(each / steps for each in durations) > 1e-5:
        assert seen == whole
    else:
        assert set(seen) <= set(whole)


def test_numbers_go_evenly_from_set_to_what_they_become():
    phase = Phase(
        duration_secs=8,
        set={
            "simulation": {"latency_scale": 1, "latency": "profile", "concurrency": {"queue_size": 10}},
            "x": "${low}",
        },
        to={"simulation": {"latency_scale": 2, "concurrency": {"queue_size": 3}}, "x": "${high}"},
        steps=5,
    )
    one = Activation("s", Scenario(phases=(phase, Phase())), {"low": 0.5, "high": 0}, 0.0)
    (part, rest) = Timeline(one).parts
    assert (part.steps, rest.steps) == (5, 1)
    found = [part.layer(step) for step in range(5)]
    assert [layer["simulation"]["latency_scale"] for layer in found] == [1, 1.25, 1.5, 1.75, 2]
    # A number that the schema wants in whole stays whole.
    sizes = [layer["simulation"]["concurrency"]["queue_size"] for layer in found]
    assert sizes == [10, 8, 6, 5, 3]
    assert all(isinstance(size, int) for size in sizes)
    assert [layer["x"] for layer in found] == [0.5, 0.375, 0.25, 0.125, 0]
    assert {layer["simulation"]["latency"] for layer in found} == {"profile"}
    steps = [Timeline(one).scene_at(now)[0].step for now in (0, 1.59, 1.6, 4.81, 7.9)]
    assert steps == [0, 0, 1, 3, 4]


def test_a_scenario_may_be_played_a_number_of_times():
    thrice = activation(10, 20, repeat=3, started=100.0)
    assert Timeline(thrice).ends == 190.0
    assert [state_at(thrice, now)[0] for now in (100, 110, 130, 160, 189.9, 190)] == [0, 1, 0, 0, 1, None]
    assert Timeline(activation(10, 20, repeat=1, started=100.0)).ends == 130.0
    assert Timeline(activation(10, 20, repeat=3, started=100.0, ends=145.0)).ends == 145.0
    assert msgspec.json.decode(msgspec.json.encode(thrice), type=Activation) == thrice
    assert msgspec.json.decode(b'{"repeat": true}', type=Scenario).repeat is True


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
        ({"phases": [{"duration_secs": 1}], "repeat": 0}, "scenarios.mine.repeat", "of at least 1"),
        ({"phases": [{"set": SCALE, "to": SCALE}]}, "scenarios.mine.phases[0].duration_secs", "until its end"),
        (GOING | {"to": {"simulation": {"latency_scal": 2}}}, f"{TO}.simulation.latency_scal", "no such key"),
        (GOING | {"to": {"simulation": {"latency_scale": "2"}}}, f"{TO}.simulation.latency_scale", "a number"),
        (GOING | {"to": {"simulation": {"latency": 2}}}, f"{TO}.simulation.latency", "set has no number"),
        (GOING | {"to": {"simulation": {"latency": {"x": 2}}}}, f"{TO}.simulation.latency", "no mapping"),
        (GOING | {"to": {"simulation": {"latency_scale": "${sale}"}}}, f"{TO}.simulation.latency_scale", '"sale"'),
        (GOING | {"to": {"simulation": {"latency_scale": 2**70}}}, f"{TO}.simulation.latency_scale", "64 bits"),
        (GOING | {"to": {"simulation": {"latency_scale": 5000}}}, f"{TO}.simulation.latency_scale", "to 1000"),
        (GOING | {"steps": 1}, "scenarios.mine.phases[0].steps", "from 2 to 100"),
    ],
)
def test_faults_are_told_at_load_with_their_line_and_key(tmp_path, scenario, key, words):
    if "set" in scenario:
        scenario = {"phases": [scenario]}
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
            found
            for phase in scenario.phases
            for part in (phase.set, phase.to, phase.duration_secs)
            for found, _ in names(part)
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
