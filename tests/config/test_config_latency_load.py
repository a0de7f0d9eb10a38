"""How load and degradation are written: per model or pattern, each contradiction named by its key."""

import pytest

from simulator.config.catalogue import load_catalogue
from simulator.config.faults import ConfigError
from simulator.config.latency import Latency
from simulator.config.load import load
from simulator.config.load_model import Degradation, Load
from simulator.config.resolve import resolve, unknown

WRONG = {
    "neither knee nor capacity": ("load: {}", "load.knee: not given", "or capacity with service_ms"),
    "a queue without a service time": ("load: {capacity: 4}", "load.service_ms: not given", "with capacity"),
    "a service time without a queue": ("load: {knee: 4, service_ms: 9}", "load.capacity: not given", "with service_ms"),
    "a capacity below the knee": (
        "load: {knee: 8, capacity: 4, service_ms: 9}",
        "load.capacity: found 4",
        "at least knee, 8",
    ),
    "a knee of nobody": ("load: {knee: 0}", "load.knee: found 0", "a whole number from 1"),
    "faster under load": ("load: {knee: 4, decode_slowdown: 0.5}", "load.decode_slowdown: found 0.5", "from 1 to 1000"),
    "no number": ("load: {knee: 4, prefill_slowdown: .nan}", "load.prefill_slowdown: found nan", "a number"),
    "misspelt": ("load: {knee: 4, capasity: 4}", 'load.capasity: unknown key; did you mean "capacity"?', "knee"),
    "shrinking": ("degradation: {per_hour: -1}", "degradation.per_hour: found -1", "from 0"),
    "a limit of nothing": ("degradation: {most: 2}", "degradation.per_hour: not given", "above 0, with most"),
    "a day of one hour": (
        "degradation: {daily: [[3, 2]]}",
        "degradation.daily: there is one pair",
        "at least two pairs",
    ),
    "a day that turns back": ("degradation: {daily: [[3, 2], [3, 1]]}", "degradation.daily[1]", "an hour above 3"),
    "an hour that is not": ("degradation: {daily: [[3, 2], [24, 1]]}", "degradation.daily[1][0]: found 24", "below 24"),
    "no factor": ("degradation: {daily: [[3, 2], [5, 0]]}", "degradation.daily[1][1]: found 0", "above 0"),
    "time that stands still": ("degradation: {per_hour: 1, speed: 0}", "degradation.speed: found 0", "above 0"),
}


def faults_of(read):
    with pytest.raises(ConfigError) as raised:
        read()
    return [str(fault) for fault in raised.value.faults]


@pytest.mark.parametrize(("text", "found", "allowed"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_its_place_and_what_is_allowed(tmp_path, text, found, allowed):
    path = tmp_path / "user.yaml"
    path.write_text(f'providers:\n  "gpt-*":\n    latency:\n      {text}\n')
    (fault,) = faults_of(lambda: load(path, environ={}))
    assert f"providers.gpt-*.latency.{found}" in fault
    assert fault.startswith(f"{path}:4: ")
    assert allowed in fault


def test_each_of_both_comes_from_the_first_key_that_gives_it(tmp_path):
    path = tmp_path / "user.yaml"
    path.write_text(
        """
providers:
  "*": {latency: {load: {knee: 4}, degradation: {per_hour: 0.1}}}
  "gpt-*": {latency: {load: {knee: 8, decode_slowdown: 3}}}
  gpt-4o: {latency: {load: {enabled: false}}}
"""
    )
    loaded = load(path, environ={})
    found = {
        name: resolve(loaded.config, loaded.catalogue, name).latency for name in ("gpt-4o", "gpt-4.1", "command-a")
    }
    assert found["gpt-4o"].load == Load(enabled=False)
    assert found["gpt-4.1"].load == Load(knee=8, decode_slowdown=3.0)
    assert found["command-a"].load == Load(knee=4)
    assert {latency.degradation for latency in found.values()} == {Degradation(per_hour=0.1)}
    assert found["command-a"].ttft == loaded.catalogue["command-a-03-2025"].latency.ttft
    assert unknown(loaded.config, "nobody-knows").latency.load == Load(knee=4)


def test_a_card_may_have_both(tmp_path):
    card = "  m:\n    latency: {load: {knee: 4}, degradation: {daily: [[0, 1], [12, 2]]}}\n"
    (tmp_path / "house.yaml").write_text(f"provider: openai\nmodels:\n{card}")
    latency = load_catalogue(tmp_path)["m"].latency
    assert (latency.load, latency.degradation) == (Load(knee=4), Degradation(daily=((0.0, 1.0), (12.0, 2.0))))
    (tmp_path / "house.yaml").write_text(f"provider: openai\nmodels:\n{card.replace('knee', 'capacity')}")
    (fault,) = faults_of(lambda: load_catalogue(tmp_path))
    assert "house.yaml:4: models.m.latency.load.service_ms: not given" in fault


def test_by_default_nothing_depends_on_the_moment():
    assert not Latency().varies
    assert [card.id for card in load_catalogue().values() if card.latency.varies] == []
    assert Latency(load=Load(knee=1)).varies
    assert Latency(degradation=Degradation(per_hour=1)).varies
