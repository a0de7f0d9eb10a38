"""Layers over a configuration that is loaded, and configurations that are read again."""

import json

import msgspec
import pytest

from simulator.config.faults import ConfigError
from simulator.config.layers import NEEDS_FILE, NEEDS_HUP, NEEDS_RESTART
from simulator.config.library import activated, find
from simulator.config.load import DRAWN, load, reload, stamp_of
from simulator.config.resolve import resolve
from simulator.config.runtime import overlay, restored, taken_up
from simulator.config.tree import dotted


def patch(key, value):
    *above, last = key
    tree = {last: value}
    for name in reversed(above):
        tree = {name: tree}
    return tree


def errors(**kinds):
    return {"errors": {kind: {"probability": value} for kind, value in kinds.items()}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "user.json"


def loaded_from(path, **sections):
    path.write_text(json.dumps(sections))
    return load(path, environ={})


def test_layers_lie_over_the_configuration_in_their_order(path):
    base = loaded_from(path, **errors(timeout=0.5))
    over = overlay(
        base, [("runtime", errors(server_error=0.1, rate_limit=0.2)), ("scenario x", errors(rate_limit=0.9))]
    )
    found = over.config.errors
    assert (found.timeout.probability, found.server_error.probability, found.rate_limit.probability) == (0.5, 0.1, 0.9)
    assert over.origins["errors.rate_limit.probability"] == "scenario x"
    assert over.origins["errors.server_error.probability"] == "runtime"
    assert over.origins["errors.timeout.probability"] == f"{path}:1"
    assert base.config.errors.rate_limit.probability == 0
    assert overlay(base, []).config == base.config


def test_a_named_distribution_takes_the_place_of_the_one_beneath(path):
    base = loaded_from(
        path, providers={"*": {"latency": {"ttft": {"distribution": "normal", "mean_ms": 5, "std_dev_ms": 1}}}}
    )
    ttft = {"distribution": "constant", "value_ms": 7}
    over = overlay(base, [("runtime", {"providers": {"*": {"latency": {"ttft": ttft}}}})])
    assert over.config.providers["*"].latency.ttft.value_ms == 7


def test_all_faults_of_all_layers_are_told(path):
    base = loaded_from(path)
    with pytest.raises(ConfigError) as caught:
        overlay(base, [("runtime", {"errrors": {}, "server": {"port": 1}}), ("scenario x", errors(timeout=7))])
    told = sorted(str(fault) for fault in caught.value.faults)
    assert len(told) == 3
    assert told[0].startswith('runtime: errrors: unknown key; did you mean "errors"?')
    assert told[1].startswith("runtime: server.port: a running fleet cannot change it")
    assert told[2].startswith("scenario x: errors.timeout.probability: found 7; allowed: a number from 0 to 1")


@pytest.mark.parametrize("key", [*NEEDS_FILE, *NEEDS_HUP, *NEEDS_RESTART], ids=dotted)
@pytest.mark.parametrize("source", ["runtime", "scenario x"])
def test_keys_that_do_nothing_in_a_running_fleet_are_refused(path, key, source):
    base = loaded_from(path)
    with pytest.raises(ConfigError, match="a running fleet cannot change it"):
        overlay(base, [(source, patch(key, 1))])


def test_a_seed_that_was_drawn_stays_under_layers():
    base = load(None, environ={}, flags={"simulation.seed": None})
    assert base.origins["simulation.seed"] == DRAWN
    over = overlay(base, [("runtime", errors(timeout=1))])
    assert over.config.simulation.seed == base.config.simulation.seed
    assert overlay(base, [("runtime", {"simulation": {"seed": 7}})]).config.simulation.seed == 7
    freed = overlay(load(None, environ={}), [("runtime", {"simulation": {"deterministic": False}})])
    assert freed.config.simulation.seed == 42


# A scenario spares nobody


def effects(base, source, layer, *models):
    config = overlay(base, [(source, layer)]).config
    return [resolve(config, base.catalogue, model).errors.overloaded.probability for model in models]


def test_a_scenario_strikes_models_with_errors_of_their_own(path):
    base = loaded_from(path, providers={"gpt-4o": errors(timeout=0.5), "claude-*": errors(timeout=0.1)})
    models = ("gpt-4o", "claude-sonnet-4-5", "gpt-4o-mini")
    layer = errors(overloaded=1)
    assert effects(base, "scenario x", layer, *models) == [1, 1, 1]
    assert effects(base, "runtime", layer, *models) == [0, 0, 1]
    struck = overlay(base, [("scenario x", layer)]).config
    assert resolve(struck, base.catalogue, "gpt-4o").errors.timeout.probability == 0.5


def test_a_scenario_s_pattern_strikes_what_it_matches(path):
    base = loaded_from(path, providers={"gpt-4o": errors(timeout=0.5), "claude-*": errors(timeout=0.1)})
    models = ("gpt-4o", "claude-sonnet-4-5", "gpt-4o-mini")
    assert effects(base, "scenario x", {"providers": {"gpt-4*": errors(overloaded=1)}}, *models) == [1, 0, 1]
    assert effects(base, "scenario x", {"providers": {"*": errors(overloaded=1)}}, *models) == [1, 1, 1]


# Read again


def test_a_file_that_is_read_again_tells_what_changed(path):
    running = loaded_from(path, **errors(timeout=0.5), limits={"keys": {"sk.a": {"requests_per_minute": 3}}})
    path.write_text(json.dumps({**errors(timeout=0.25), "simulation": {"latency_scale": 2}}))
    taken = taken_up(running, reload(running, environ={}))
    assert set(taken.changed) == {"errors.timeout.probability", "simulation.latency_scale", 'limits.keys."sk.a"'}
    assert (taken.needs_hup, taken.needs_restart) == ((), ())
    assert taken.loaded.stamp == stamp_of(path)
    assert taken.loaded.read_ns > running.read_ns
    assert taken_up(taken.loaded, reload(taken.loaded, environ={})).changed == ()


def test_what_a_running_fleet_cannot_take_up_keeps_its_value_and_is_told(path):
    running = loaded_from(path, server={"port": 0, "workers": 2, "keep_alive_secs": 9}, state={"size_mb": 9})
    given = {"port": 99, "workers": 3, "max_body_bytes": 77}
    path.write_text(json.dumps({"server": given, "models": {"tokenizer": "estimate"}, **errors(timeout=1)}))
    fresh = reload(running, environ={})
    for changed in (True, False):  # what waits is told the next time too
        taken = taken_up(running, fresh)
        assert set(taken.needs_hup) == {"server.workers", "server.keep_alive_secs", "models.tokenizer"}
        assert set(taken.needs_restart) == {"server.port", "state.size_mb"}
        assert ("errors.timeout.probability" in taken.changed) is changed
        config = taken.loaded.config
        assert (config.server.port, config.server.workers, config.server.keep_alive_secs) == (0, 2, 9)
        assert (config.state.size_mb, config.models.tokenizer) == (9, "exact")
        assert (config.server.max_body_bytes, config.errors.timeout.probability) == (77, 1)
        assert config.server.max_connections == running.config.server.max_connections
        running = taken.loaded


def test_another_worker_makes_the_same_of_the_tree(path):
    path.write_text("{}")
    running = load(path, environ={}, flags={"simulation.seed": None})
    path.write_text(json.dumps(errors(timeout=0.25)))
    fresh = reload(running, environ={})
    found = restored(running, fresh.tree, fresh.read_ns, fresh.stamp, fresh.config.simulation.seed)
    assert found == fresh


def test_activations_outlive_a_reload(path):
    base = loaded_from(path)
    one = activated(find(base.config, "outage", "test"), {}, started=1.0, source="test")
    base = msgspec.structs.replace(base, activations=(one,))
    assert reload(base, environ={}).activations == (one,)


def test_only_a_regular_file_has_a_stamp(tmp_path):
    assert stamp_of(None) is None
    assert stamp_of(tmp_path) is None
    assert stamp_of(tmp_path / "missing") is None
    (tmp_path / "a").write_text("x")
    assert stamp_of(tmp_path / "a")[2] == 1
