"""Profile files and the shipped folder."""

import shutil

import pytest

from simulator.config import shipped as shipped_module
from simulator.config.catalogue import load_catalogue
from simulator.config.faults import ConfigError
from simulator.config.latency import Constant, LogNormal
from simulator.config.shipped import shipped

FILE = """
provider: house
source: measured at home
defaults:
  tokenizer: o200k
  context_window: 1000
  latency:
    ttft: {distribution: constant, value_ms: 5}
    itl: {distribution: log_normal, p50_ms: 5, p95_ms: 9}
models:
  small:
    display_name: 4
    aliases: [tiny]
  large:
    context_window: 9000
    source: a guess
    latency:
      itl: {distribution: constant, value_ms: 2}
  bare:
"""


def write(folder, text, name="house.yaml"):
    (folder / name).write_text(text)
    return folder


def lines(folder):
    with pytest.raises(ConfigError) as raised:
        load_catalogue(folder)
    return [str(fault).replace(f"{folder}/", "") for fault in raised.value.faults]


def test_cards_lie_over_the_defaults_of_their_file(tmp_path):
    cards = load_catalogue(write(tmp_path, FILE))
    assert list(cards) == ["small", "large", "bare"]
    small, large, bare = cards.values()
    assert (small.provider, small.display_name, small.aliases) == ("house", "4", ("tiny",))
    assert (small.context_window, small.tokenizer, small.source) == (1000, "o200k", "measured at home")
    assert (large.context_window, large.source) == (9000, "a guess")
    assert (large.latency.ttft, large.latency.itl) == (Constant(value_ms=5), Constant(value_ms=2))
    assert bare.latency.itl == LogNormal(p50_ms=5, p95_ms=9)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("models: {}", 'house.yaml:1: no "provider"'),
        ("provider: x\nmodles: {}", 'house.yaml:2: modles: unknown key; did you mean "models"?'),
        ("provider: x\nmodels: {m: 3}", "house.yaml:2: models.m: not a mapping"),
        ("provider: x\nmodels: {m: {id: n}}", "house.yaml:2: models.m.id: the key is not for a model here"),
        ("provider: x\nmodels:\n  m:\n    knd: chat", 'house.yaml:4: models.m.knd: unknown key; did you mean "kind"?'),
        ("provider: x\nmodels:\n  m.1:\n    kind: chta", 'house.yaml:4: models."m.1".kind: found "chta"'),
        (
            "provider: x\nmodels:\n  m:\n    latency: {ttft: {distribution: log_normal, p50_ms: 9, p95_ms: 3}}",
            "house.yaml:4: models.m.latency.ttft.p95_ms: found 3",
        ),
        (
            "provider: x\nmodels:\n  m: {aliases: [n]}\n  n: {}",
            'house.yaml:4: models.n: "n" is also the name of the model at',
        ),
        ("provider: x\nmodels: {m: {}, m: {}}", "house.yaml:2: models.m: the key is there twice"),
    ],
)
def test_faults_of_a_profile_file(tmp_path, text, line):
    assert any(found.startswith(line) for found in lines(write(tmp_path, text)))


def test_faults_of_all_files_come_at_once(tmp_path):
    write(tmp_path, "provider: a\nmodels: {m: {kind: x}, n: {kind: y}}", "a.yaml")
    write(tmp_path, "provider: b\nmodels: {m: {kind: z}}", "b.yaml")
    assert [line.partition(":")[0] for line in lines(tmp_path)] == ["a.yaml", "a.yaml", "b.yaml"]


def test_the_shipped_catalogue_is_read_once():
    assert load_catalogue() is load_catalogue()
    assert all(card.source for card in load_catalogue().values())
    assert all(card.id == name for name, card in load_catalogue().items())


def test_an_installed_package_finds_its_own_folder_first(tmp_path, monkeypatch):
    package = tmp_path / "simulator"
    checkout = tmp_path / "config"
    checkout.mkdir()
    shutil.copy(shipped() / "default.yaml", checkout)
    monkeypatch.setattr(shipped_module, "_PACKAGE", package)
    find = shipped_module.shipped.__wrapped__
    assert find() == checkout
    shutil.copytree(checkout, package / "shipped")
    assert find() == package / "shipped"
    shutil.rmtree(tmp_path)
    with pytest.raises(FileNotFoundError, match="install the package again"):
        find()
