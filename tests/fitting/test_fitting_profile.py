"""From a trace to a configuration and back: the loader takes what is written, and it draws what was measured."""

import json

import pytest
from fitting_samples import SPECIMENS, drawn

from simulator.config import latency as config
from simulator.config.faults import ConfigError
from simulator.config.load import load
from simulator.engine.latency import build
from simulator.fitting.fit import Wishes, fit
from simulator.fitting.goodness import ks
from simulator.fitting.profile import check, written
from simulator.fitting.read import parsed
from simulator.fitting.report import as_data, as_text


def trace(ttft, gaps, source="trace.jsonl", **more):
    """A trace of as many requests as there are times to the first token; gaps are dealt to them in turn."""
    share = len(gaps) // len(ttft)
    rows = [
        {"ttft_s": float(t), "gaps_s": gaps[i * share : (i + 1) * share].tolist(), **{k: v[i] for k, v in more.items()}}
        for i, t in enumerate(ttft)
    ]
    return parsed("\n".join(map(json.dumps, rows)).encode(), source)


def loaded(tmp_path, text):
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    return load(path, environ={}).config.providers


@pytest.mark.parametrize("family", SPECIMENS)
def test_round_trip(tmp_path, family):
    """Fit, write, load with the product's own loader, build: what is drawn then is what was measured."""
    ttft, gaps = drawn(SPECIMENS["log_normal"], 500), drawn(SPECIMENS[family], 5000)
    fitted, _ = fit(trace(ttft, gaps))
    latency = loaded(tmp_path, written(fitted))["*"].latency
    assert latency == fitted.profiles[0].latency
    assert ks(gaps, build(latency.itl).quantile).d < 0.02
    assert ks(ttft, build(latency.ttft).quantile).d < 0.06


@pytest.mark.parametrize("family", ["constant", "empirical", "mixture"])
def test_every_kind_of_distribution_can_be_written(tmp_path, family):
    gaps = drawn(SPECIMENS["mixture"], 2000)
    gaps[:200] = 0.0
    fitted, _ = fit(trace(drawn(SPECIMENS["gamma"], 100), gaps), Wishes(families={"itl": family}))
    assert loaded(tmp_path, written(fitted))["*"].latency.itl == fitted.profiles[0].itl.spec


@pytest.mark.parametrize("scale", [1e-5, 1e-3, 1e4, 1e6])
def test_numbers_of_any_size_survive(tmp_path, scale):
    """YAML 1.1 reads 1e-05 as text."""
    fitted, _ = fit(trace(drawn(SPECIMENS["gamma"], 200) * scale, drawn(SPECIMENS["uniform"], 200) * scale))
    assert loaded(tmp_path, written(fitted))["*"].latency == fitted.profiles[0].latency


def test_the_text_tells_how_it_was_made_and_not_when():
    fitted, _ = fit(trace(drawn(SPECIMENS["gamma"], 200), drawn(SPECIMENS["uniform"], 200), source="my run.jsonl"))
    text = written(fitted)
    assert text.startswith("# Made by `llm-simulator fit` from my run.jsonl: 200 requests.\n")
    assert "# 200 values; best BIC; KS distance 0.0" in text
    assert text == written(fitted)
    assert max(map(len, text.splitlines())) <= 120


def test_a_name_cannot_break_out_of_its_comment():
    fitted, _ = fit(
        trace(drawn(SPECIMENS["gamma"], 50), drawn(SPECIMENS["uniform"], 50), source="a\nserver: {port: 1}")
    )
    assert written(fitted).splitlines()[1].startswith("# ")


def test_one_profile_a_model(tmp_path):
    fast, slow = drawn(config.Gamma(shape=3, scale_ms=50), 300), drawn(config.Gamma(shape=3, scale_ms=200), 300)
    names = ["fast: one", 'slow "two"', ""] * 100
    ttft = [(fast, slow, fast)[i % 3][i] for i in range(300)]
    every = trace(ttft, drawn(SPECIMENS["uniform"], 600), model=names)
    fitted, samples = fit(every, Wishes(by_model=True))
    providers = loaded(tmp_path, written(fitted))
    assert list(providers) == list(samples) == ["fast: one", 'slow "two"', "*"]
    means = {key: build(each.latency.ttft).mean() for key, each in providers.items()}
    assert means["fast: one"] == pytest.approx(0.15, rel=0.2)
    assert means['slow "two"'] == pytest.approx(0.6, rel=0.2)
    together, _ = fit(every)
    assert [profile.key for profile in together.profiles] == ["*"]
    assert any("--by model" in note for note in together.notes)


def test_prefill_is_written_and_ttft_is_what_remains(tmp_path):
    tokens = list(range(0, 40_000, 100))
    ttft = [float(t) + 0.0001 * n for t, n in zip(drawn(SPECIMENS["gamma"], 400), tokens, strict=True)]
    every = trace(ttft, drawn(SPECIMENS["uniform"], 800), prompt_tokens=tokens, cached_tokens=[0] * 400)
    fitted, _ = fit(every)
    latency = loaded(tmp_path, written(fitted))["*"].latency
    assert latency.prefill_ms_per_token == pytest.approx(0.1, rel=0.02)
    assert build(latency.ttft).mean() == pytest.approx(0.021, rel=0.2)
    plain, _ = fit(every, Wishes(prefill=False))
    assert loaded(tmp_path, written(plain))["*"].latency.prefill_ms_per_token is None
    assert build(plain.profiles[0].ttft.spec).mean() == pytest.approx(2.0, rel=0.1)


def test_a_part_that_is_not_measured_is_left_out(tmp_path):
    fitted, _ = fit(parsed(b"ttft_ms\n" + b"".join(b"%d\n" % n for n in range(100, 200)), "t"))
    latency = loaded(tmp_path, written(fitted))["*"].latency
    assert latency.itl is None
    assert latency.ttft is not None
    assert any("itl is left out" in note for note in fitted.profiles[0].notes)
    gaps, _ = fit(parsed(b"itl_ms\n" + b"".join(b"%d\n" % n for n in range(100, 200)), "t"))
    assert any("ttft is left out" in note for note in gaps.profiles[0].notes)
    assert any("mean gap" in note for note in gaps.profiles[0].notes)
    assert loaded(tmp_path, written(gaps))["*"].latency.ttft is None


def test_what_the_loader_refuses_is_not_written():
    with pytest.raises(ConfigError, match="p50_ms"):
        check('providers:\n  "*":\n    latency:\n      ttft: {distribution: log_normal, p50_ms: -1, p95_ms: 5}\n')


def test_the_report_in_words_and_as_data():
    fitted, _ = fit(trace(drawn(SPECIMENS["gamma"], 500), drawn(SPECIMENS["exponential"], 1000)))
    text = as_text(fitted)
    assert "trace.jsonl: 500 requests\n" in text
    assert "TTFT: 500 values" in text
    assert "  exponential *" in text
    assert "pareto: not fitted" in text
    measured = next(line for line in text.splitlines() if line.startswith("  measured")).split()
    assert len(measured) == 4
    assert max(map(len, text.splitlines())) < 120
    data = json.loads(json.dumps(as_data(fitted, written(fitted))))
    profile = data["profiles"][0]
    assert profile["itl"]["chosen"] == "exponential"
    assert list(profile["latency"]["itl"]) == ["distribution", "mean_ms"]
    assert profile["itl"]["candidates"][0]["spec"] == profile["latency"]["itl"]
    assert data["yaml"] == written(fitted)
