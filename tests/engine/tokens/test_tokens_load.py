import subprocess
import sys

import pytest

from simulator.engine.tokens import load, loading


def test_the_same_object_every_time() -> None:
    assert load("estimate") is load("estimate")
    assert load("o200k") is load("o200k")


def test_inexact_is_the_estimate_whatever_the_name() -> None:
    assert load("o200k", exact=False) is load("estimate")
    assert load("cl100k", exact=False).name == "estimate"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown tokenizer 'p50k'; there are o200k, cl100k and estimate"):
        load("p50k")  # type: ignore[arg-type]


def test_without_rs_bpe_the_estimate_counts_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setitem(sys.modules, "rs_bpe", None)
    monkeypatch.setitem(sys.modules, "rs_bpe.bpe", None)
    assert load("o200k").name == "estimate"
    assert load("cl100k") is load("o200k") is load("estimate")


def test_a_vocabulary_is_loaded_only_when_asked_for() -> None:
    pytest.importorskip("rs_bpe")
    script = (
        "import sys\n"
        "from simulator.engine.tokens import load\n"
        "assert 'rs_bpe' not in sys.modules\n"
        "load('o200k')\n"
        "from rs_bpe.bpe import openai\n"
        "print(openai.is_cached_o200k(), openai.is_cached_cl100k())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["True", "False"]
