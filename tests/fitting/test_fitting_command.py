"""`llm-simulator fit`, in this process and as a user's shell sees it."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from fitting_samples import SPECIMENS, drawn

from simulator.cli.fit import command
from simulator.config.load import load


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "trace.csv"
    rows = zip(drawn(SPECIMENS["log_normal"], 300), drawn(SPECIMENS["gamma"], 300), strict=True)
    path.write_text("model,ttft_s,itl_ms\n" + "".join(f"m,{t:.6f},{g * 1e3:.4f}\n" for t, g in rows))
    return path


def run(*arguments, **more):
    return CliRunner().invoke(command, list(map(str, arguments)), **more)


def test_the_profile_goes_to_the_output_and_the_report_beside_it(trace, tmp_path):
    result = run(trace)
    assert result.exit_code == 0
    assert "chosen: log_normal" in result.stderr
    path = tmp_path / "profile.yaml"
    path.write_text(result.stdout)
    assert load(path, environ={}).config.providers["*"].latency.itl is not None


def test_with_an_output_the_report_is_printed(trace, tmp_path):
    path = tmp_path / "profile.yaml"
    result = run(trace, "--output", path, "--by", "model")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "chosen: log_normal" in result.stdout
    assert list(load(path, environ={}).config.providers) == ["m"]
    assert "cannot be written" in run(trace, "--output", tmp_path / "no" / "p.yaml").stderr


def test_json_is_the_whole_result(trace, tmp_path):
    path = tmp_path / "profile.yaml"
    result = run(trace, "--json", "--output", path)
    data = json.loads(result.stdout)
    assert (data["source"], data["requests"]) == ("trace.csv", 300)
    assert data["yaml"] == path.read_text()
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("families", "ttft", "itl"),
    [
        (["gamma"], "gamma", "gamma"),
        (["ttft=weibull"], "weibull", "gamma"),
        (["empirical", "itl=normal"], "empirical", "normal"),
    ],
)
def test_families_are_forced(trace, families, ttft, itl):
    flags = [word for family in families for word in ("--family", family)]
    profile = json.loads(run(trace, "--json", *flags).stdout)["profiles"][0]
    assert (profile["ttft"]["chosen"], profile["itl"]["chosen"]) == (ttft, itl)


def test_the_criterion_and_the_tolerance(trace):
    assert "(best AIC)" in run(trace, "--criterion", "aic").stderr
    assert run(trace, "--tolerance", "2").exit_code == 2


@pytest.mark.parametrize("family", ["gama", "tft=gamma", "=gamma", "itl="])
def test_wrong_families_are_wrong_usage(trace, family):
    result = run(trace, "--family", family)
    assert result.exit_code == 2
    assert "allowed" not in result.stdout
    assert "log_normal" in result.stderr


def test_failures_are_lines(trace, tmp_path):
    assert run(tmp_path / "none.csv").stderr == f"Error: {tmp_path / 'none.csv'}: there is no such file\n"
    result = run(trace, "--family", "pareto")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ttft of *: pareto cannot be fitted")
    bad = tmp_path / "bad.csv"
    bad.write_text("ttft_ms\n100\nsoon\n120\n")
    result = run(bad)
    assert result.exit_code == 1
    assert result.stderr.startswith('Error: bad.csv:3: ttft_ms: found "soon"; allowed: a number\n')
    left_out = run(bad, "--skip-bad")
    assert left_out.exit_code == 0
    assert "bad.csv: 2 requests; left out: 1 bad rows" in left_out.stderr


def test_a_picture(trace, tmp_path):
    path = tmp_path / "f.png"
    assert run(trace, "--plot", path).exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "cannot be written" in run(trace, "--plot", tmp_path / "no" / "f.png").stderr


def test_a_picture_without_matplotlib_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = run(tmp_path / "none.csv", "--plot", tmp_path / "f.png")
    assert result.exit_code == 1
    assert result.stderr == "Error: a picture needs matplotlib: pip install 'llm-simulator[plot]'\n"


def test_more_parts_than_a_picture_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.fitting.plot.MOST", 1)
    rows = "".join(f"m{n},{100 + n + i},{10 + i}\n" for n in range(2) for i in range(5))
    path = tmp_path / "trace.csv"
    path.write_text("model,ttft_ms,itl_ms\n" + rows)
    result = run(path, "--by", "model", "--plot", tmp_path / "f.png")
    assert result.exit_code == 0
    assert "shows the first 1 of 4 parts" in result.stderr


def shell(*arguments, given=b""):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LLM_SIM__")}
    return subprocess.run(
        [sys.executable, "-m", "simulator", *map(str, arguments)],
        input=given,
        env=clean,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_as_a_process_from_standard_input_twice_the_same(trace, tmp_path):
    first, second = (shell("fit", "-", given=trace.read_bytes()) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert b"from standard input: 300 requests" in first.stdout
    assert b"\x1b" not in first.stderr
    path = tmp_path / "profile.yaml"
    path.write_bytes(first.stdout)
    assert shell("validate", "--config", path).returncode == 0
    refused = shell("fit", tmp_path)
    assert refused.returncode == 1
    assert b"Traceback" not in refused.stderr
