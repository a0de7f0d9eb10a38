"""Layers, precedence, origins, seeds and warnings of a loaded configuration."""

import json
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.faults import ConfigError
from simulator.config.latency import LogNormal, Normal
from simulator.config.load import DEFAULT, DRAWN, load, reload
from simulator.config.overlay import Flag
from simulator.config.schema import Config, RateLimitFault, TimeoutFault

COMPLETE = Path(__file__).parent / "complete.yaml"

# A key with a value for each layer, all different from its default.
SCALARS = {
    "server.port": [9001, 9002, 9003],
    "server.host": ["a.example", "b.example", "c.example"],
    "simulation.latency_scale": [2.0, 3.0, 4.0],
    "simulation.deterministic": [False, False, False],
    "telemetry.logging.level": ["warn", "error", "debug"],
    "response.length.p95": [201, 202, 203],
}
DEFAULTS = {
    "server.port": 8080,
    "server.host": "0.0.0.0",  # noqa: S104 - the default under test
    "simulation.latency_scale": 1.0,
    "simulation.deterministic": True,
    "telemetry.logging.level": "info",
    "response.length.p95": 180,
}


def at(config, key):
    value = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def nested(values):
    tree = {}
    for key, value in values.items():
        *sections, last = key.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[last] = value
    return tree


@given(
    layers=st.lists(st.sets(st.sampled_from(sorted(SCALARS))), min_size=3, max_size=3),
)
def test_the_highest_layer_that_gives_a_key_decides(tmp_path_factory, layers):
    path = tmp_path_factory.mktemp("layers") / "user.json"
    in_file, in_environ, in_flags = layers
    path.write_text(json.dumps(nested({key: SCALARS[key][0] for key in in_file})))
    environ = {
        "LLM_SIM__" + key.upper().replace(".", "__"): json.dumps(SCALARS[key][1]).strip('"') for key in in_environ
    }
    loaded = load(path, environ=environ, flags={key: SCALARS[key][2] for key in in_flags})
    for key, values in SCALARS.items():
        given_by = [keys for keys in (in_flags, in_environ, in_file) if key in keys]
        expected = values[2 - [in_flags, in_environ, in_file].index(given_by[0])] if given_by else DEFAULTS[key]
        assert at(loaded.config, key) == expected
        origin = loaded.origins[key]
        if key in in_flags:
            assert origin == "flag --" + key.rpartition(".")[2]
        elif key in in_environ:
            assert origin == "environment LLM_SIM__" + key.upper().replace(".", "__")
        elif key in in_file:
            assert origin.startswith(f"{path}:")
        else:
            assert origin == DEFAULT


def test_without_anything_the_defaults_are_those_of_the_schema():
    loaded = load(environ={})
    assert loaded.config == Config()
    assert loaded.warnings == ()
    assert set(loaded.origins.values()) == {DEFAULT}
    assert loaded.catalogue


def test_the_complete_example_loads_and_says_what_waits():
    loaded = load(COMPLETE, environ={})
    turbo = loaded.config.providers["gpt-4-turbo"]
    assert turbo.latency.ttft == LogNormal(p50_ms=800, p95_ms=1500, p99_ms=2500)
    assert turbo.latency.itl == Normal(mean_ms=20, std_dev_ms=5)
    assert turbo.errors is not None
    assert turbo.errors.rate_limit == RateLimitFault(probability=0.02, retry_after_secs=60)
    assert turbo.errors.timeout == TimeoutFault(probability=0.01, timeout_ms=30_000)
    assert turbo.errors.server_error.probability == 0.005
    assert loaded.config.providers["claude-3-opus"].errors is None
    assert loaded.config.simulation.seed == 12345
    assert loaded.config.telemetry.metrics.prometheus_port == 9090
    assert loaded.config.admin.api_key is None
    waiting = [warning.split(": ")[1].split(" ")[0] for warning in loaded.warnings]
    assert waiting == ["telemetry.tracing", "telemetry.metrics.prometheus_port"]
    assert all(warning.startswith(f"{COMPLETE}:") for warning in loaded.warnings)


@pytest.mark.parametrize(
    "text",
    [
        "telemetry: {tracing: {enabled: false}}",
        "simulation: {sessions: {enabled: false}}",
        "telemetry: {metrics: {prometheus_port: null}}",
        "admin: {enabled: true}",
        "",
    ],
)
def test_a_section_that_asks_for_nothing_warns_of_nothing(tmp_path, text):
    path = tmp_path / "quiet.yaml"
    path.write_text(text)
    assert load(path, environ={}).warnings == ()


def test_the_three_formats_say_the_same(tmp_path):
    values = {"server": {"port": 9000}, "providers": {"gpt-4.1": {"latency": {"prefill_ms_per_token": 0.5}}}}
    texts = {
        "a.yaml": 'server: {port: 9000}\nproviders:\n  "gpt-4.1":\n    latency: {prefill_ms_per_token: 0.5}\n',
        "a.json": json.dumps(values, indent=1),
        "a.toml": '[server]\nport = 9000\n[providers."gpt-4.1".latency]\nprefill_ms_per_token = 0.5\n',
    }
    assert tomllib.loads(texts["a.toml"]) == values
    configs = []
    for name, text in texts.items():
        path = tmp_path / name
        path.write_text(text)
        loaded = load(path, environ={})
        configs.append(loaded.config)
        assert loaded.origins["server.port"].startswith(f"{path}:")
        assert loaded.origins['providers."gpt-4.1".latency.prefill_ms_per_token'].startswith(f"{path}:")
    assert configs[0] == configs[1] == configs[2]


def test_an_empty_section_in_a_file_changes_nothing(tmp_path):
    path = tmp_path / "empty_sections.yaml"
    path.write_text("server:\nsimulation:\n  concurrency:\nproviders:\n  gpt-4o:\n    latency:\n")
    loaded = load(path, environ={})
    assert loaded.config.server == Config().server
    assert loaded.config.simulation == Config().simulation
    assert set(loaded.config.providers) == {"gpt-4o"}


def test_a_named_distribution_replaces_the_one_beneath_and_a_parameter_changes_it(tmp_path):
    path = tmp_path / "user.yaml"
    path.write_text("providers: {'*': {latency: {ttft: {distribution: log_normal, p50_ms: 5, p95_ms: 9}}}}")
    shifted = load(path, environ={}, flags={"providers.*.latency.ttft.p50_ms": 6})
    assert shifted.config.providers["*"].latency.ttft == LogNormal(p50_ms=6, p95_ms=9)
    environ = {"LLM_SIM__PROVIDERS": "{'*': {latency: {ttft: {distribution: constant, value_ms: 3}}}}"}
    named = load(path, environ=environ)
    assert msgspec.to_builtins(named.config.providers["*"].latency.ttft)["value_ms"] == 3
    flags = {"providers.*.latency.ttft.distribution": "constant", "providers.*.latency.ttft.value_ms": 4}
    assert load(path, environ=environ, flags=flags).config.providers["*"].latency.ttft.value_ms == 4


def test_a_null_seed_is_drawn_and_told():
    first, second = (load(environ={"LLM_SIM__SIMULATION__SEED": "null"}) for _ in range(2))
    assert first.origins["simulation.seed"] == DRAWN
    seeds = first.config.simulation.seed, second.config.simulation.seed
    assert seeds[0] != seeds[1]
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_freedom_draws_a_seed_only_where_none_was_chosen():
    free = load(environ={}, flags={"simulation.deterministic": False})
    assert free.origins["simulation.seed"] == DRAWN
    assert free.config.simulation.seed != 42
    chosen = load(environ={}, flags={"simulation.deterministic": False, "simulation.seed": 7})
    assert chosen.config.simulation.seed == 7
    assert chosen.origins["simulation.seed"] == "flag --seed"


def test_reload_reads_the_file_again_and_keeps_flags_and_a_drawn_seed(tmp_path):
    path = tmp_path / "user.yaml"
    path.write_text("simulation: {seed: null}\nserver: {port: 9000, workers: 2}")
    before = load(path, environ={}, flags={"server.port": 9999})
    path.write_text("simulation: {seed: null}\nserver: {port: 9001, workers: 3}")
    after = reload(before, environ={})
    assert after.config.simulation.seed == before.config.simulation.seed
    assert (after.config.server.port, after.config.server.workers) == (9999, 3)
    path.write_text("server: {prot: 1}")
    with pytest.raises(ConfigError):
        reload(after, environ={})


def test_the_process_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("LLM_SIM__SERVER__PORT", "9123")
    assert load().config.server.port == 9123


def test_a_flag_may_say_its_own_name():
    loaded = load(environ={}, flags={"server.port": Flag("--set", "9_000", yaml=True)})
    assert loaded.config.server.port == 9000
    assert loaded.origins["server.port"] == "flag --set"
