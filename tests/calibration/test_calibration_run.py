"""Calibration of real fleets: of its own, of one that runs, of one that is not what it says."""

import asyncio
import json
import time

import pytest
from click.testing import CliRunner
from serving import Simulator

from simulator.calibration.client import follow, run
from simulator.calibration.fleet import Plane, Unreachable, place_of
from simulator.calibration.profiles import chosen
from simulator.calibration.report import as_data, text
from simulator.calibration.run import Calibration, Wish
from simulator.cli.calibrate import command
from simulator.config.load import load
from simulator.config.resolve import aliases, known_models

PACE = {
    "ttft": {"distribution": "log_normal", "p50_ms": 90, "p95_ms": 140},
    "itl": {"distribution": "gamma", "mean_ms": 20, "std_dev_ms": 6},
    "prefill_ms_per_token": 1,
}
LOADED = "gpt-4.1-nano"
CONFIG = {"providers": {"*": {"latency": PACE}, LOADED: {"latency": {"load": {"knee": 1}}}}}
COARSE = "40%"
"""Here it is the command that is tried: how true the pace is has a test of its own, in tests/acceptance."""


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    """A fleet with keyed conditions and a failure now and then."""
    config = {
        **CONFIG,
        "simulation": {"conditions": "request", "seed": 7},
        "response": {"length": {"p50": 14, "p95": 18, "min": 8, "max": 20}},
        "faults": {
            "some": {"kind": "server_error", "every": 8, "when": {"model": "gpt-4o"}},
            "all": {"kind": "overloaded", "when": {"model": "gpt-4o-mini"}},
        },
    }
    with Simulator(tmp_path_factory.mktemp("fleet"), config=config, workers=1) as fleet:
        yield fleet


def invoke(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments])


def test_a_fleet_of_its_own_is_measured_in_every_dialect(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    names = ["gpt-4o", "azure/gpt-4o", "claude-haiku-4-5", "gemini-2.5-flash-lite", "command-a-03-2025"]
    more = ["mistral-large-latest", "llama3.2"]
    given = [each for name in [*names, *more] for each in ("--profile", name)]
    result = invoke(
        *("--config", path, "--requests", 12, "--streams", 42, "--tokens", 14, "--workers", 1, "--scale", 0.5),
        *("--tolerance", COARSE, "--json", *given),
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["within"]
    assert told["complete"]
    assert [one["profile"].partition(" ")[0] for one in told["profiles"]] == [
        name.removeprefix("azure/") for name in [*names, *more]
    ]
    for one in told["profiles"]:
        assert one["streams"] == 12
        assert one["failed"] == {}
        assert one["ttft"]["n"] == 12
        assert one["itl"]["n"] > 12 * 6
        assert one["itl"]["p50"]["configured_ms"] == pytest.approx(0.5 * 19.4, abs=0.1)
        assert one["ttft"]["p50"]["configured_ms"] > 0.5 * (90 + 5), "the prompt is prefilled"
        assert one["ttft"]["p50"]["planned_ms"] is not None
        assert one["lateness"]["p50_ms"] < 20
    assert told["schedule_lag"]["turns"] > 100
    assert "measuring 7 profiles, 12 streams each" in result.stderr


def test_a_fleet_that_runs_is_measured_by_what_it_says_of_itself(simulator, tmp_path):
    """Its conditions are keyed and every eighth request fails: those are counted apart."""
    plot = tmp_path / "plot.png"
    result = invoke("--url", simulator.url, "--profile", "gpt-4o", "--requests", 60, "--streams", 30, "--tokens", 20,
                    "--tolerance", COARSE, "--plot", plot)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert plot.read_bytes().startswith(b"\x89PNG\r\n")
    assert "gpt-4o (openai)" in result.stdout
    assert "failed as configured" in result.stdout
    assert "ok: every profile is within 40 %" in result.stdout
    assert "by chance" in result.stdout
    assert "schedule lag of the server: p99 at most" in result.stdout


def test_a_fleet_that_is_not_as_configured_misses(simulator):
    """The fleet is measured against another configuration, of gaps that are half as long again."""
    slower = {**PACE, "itl": {**PACE["itl"], "mean_ms": 30}}
    loaded = load(None, environ={}, flags={"providers.*.latency": slower, "simulation.conditions": "request"})
    calibration = Calibration(loaded.config, loaded.catalogue, Wish(requests=20, streams=20, tokens=20, tolerance=0.1))
    known = known_models(loaded.config, loaded.catalogue)
    profiles = chosen(("gpt-4o",), known, aliases(loaded.config, loaded.catalogue))
    course = calibration.prepare(profiles, 1)
    report = calibration.measure(Plane(*place_of(simulator.url)), course)
    assert not report.within
    outcome = report.outcomes[0]
    assert [judged.within for judged in outcome.judged] == [True, False]
    assert outcome.lateness is None, "the seeds differ, so no plan is known"
    assert "MISSED: not within 10 %" in text(report)
    assert as_data(report)["profiles"][0]["itl"]["p50"]["planned_ms"] is None


def test_a_miss_ends_with_1(simulator):
    """Of a model that always fails nothing can be measured, and what was not measured is no truth."""
    result = invoke("--url", simulator.url, "--profile", "gpt-4o-mini", "--requests", 4, "--tokens", 20)
    assert result.exit_code == 1, result.output
    assert "gpt-4o-mini (openai): 0 streams, 4 failed as configured" in result.stdout
    assert "MISSED: not within 2 %" in result.stdout


def test_a_fleet_that_slows_down_under_load_is_compared_with_its_plans(simulator):
    result = invoke("--url", simulator.url, "--profile", LOADED, "--requests", 6, "--streams", 6, "--tokens", 14,
                    "--tolerance", COARSE, "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    (profile,) = json.loads(result.stdout)["profiles"]
    assert profile["under_load"]
    median = profile["itl"]["p50"]
    assert median["configured_ms"] == pytest.approx(median["planned_ms"], rel=0.05)
    assert median["measured_ms"] > 25, "beyond the knee a gap of 20 ms is longer"


def test_a_picture_has_its_pages(simulator, tmp_path, monkeypatch):
    """A picture takes 12 panels, which are six profiles."""
    pages = []
    monkeypatch.setattr("simulator.fitting.plot.compared", lambda path, panels: pages.append((path, len(panels))))
    names = ("gpt-4o", "gpt-4.1", "azure/gpt-4o", "gpt-4.1-mini", "claude-haiku-4-5", "command-a-03-2025", "llama3.2")
    given = [each for name in names for each in ("--profile", name)]
    invoke("--url", simulator.url, "--requests", 2, "--tokens", 5, "--plot", tmp_path / "a.png", *given)
    assert pages == [(tmp_path / "a.png", 12), (tmp_path / "a-2.png", 2)]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--profile", "gpt-4x"], 2, 'did you mean "gpt-4"'),
        (["--tolerance", "0"], 2, "is no share"),
        (["--tolerance", "x%"], 2, "is no share"),
        (["--requests", "100000", "--tokens", "4096"], 2, "more than 5,000,000"),
        (["--set", "simulation.latency=none"], 2, "no pace to measure"),
        (["--url", "http://10.1.2.3:80"], 1, "only a fleet on this machine"),
        (["--url", "http://127.0.0.1:1"], 1, "does not answer"),
        (["--url", "http://127.0.0.1:1", "--workers", "3"], 2, "--workers is for a fleet of calibrate's own"),
        (["--url", "http://127.0.0.1:1", "--set", "a=b"], 2, "--set is for"),
    ],
)
def test_what_cannot_be_done_is_told(arguments, code, words):
    result = invoke(*arguments)
    assert (result.exit_code, words in result.output) == (code, True), result.output
    assert "Traceback" not in result.output


class Order:
    """What a client is asked to do, against a server of the test's own."""

    def __init__(self, requests, streams):
        self.requests, self.streams = requests, streams
        self.answers = []

    def request(self, number):
        return b"%d\n" % number

    def count(self, lines):
        return lines.count(b"token")

    def take(self, arrived):
        self.answers.append(arrived)


def served(answer, requests, seconds):
    """What a client gets of a server that gives `answer(number)` to each line and hangs up where that is None."""
    order = Order(requests, 2)

    async def serve(reader, writer):
        while line := await reader.readline():
            data = answer(int(line))
            if data is None:
                break
            writer.write(data)
        writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await follow("127.0.0.1", port, [order], time.monotonic() + seconds)
        finally:
            server.close()

    return run(main()), order.answers


GOOD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\ntoken\n\r\n0\r\n\r\n"


def test_a_connection_that_is_lost_costs_one_answer():
    complete, answers = served(lambda number: None if number == 1 else GOOD, 6, 10)
    assert complete
    assert sorted(one.whole for one in answers) == [False] + [True] * 5


def test_what_is_no_http_costs_one_answer():
    complete, answers = served(lambda number: b"oh no\r\n\r\n" if number == 2 else GOOD, 5, 10)
    assert complete
    assert sum(one.whole for one in answers) == 4


def test_a_run_ends_at_its_deadline():
    began = time.monotonic()
    complete, answers = served(lambda number: GOOD if number == 0 else b"", 4, 0.3)
    assert not complete
    assert [one.whole for one in answers] == [True]
    assert time.monotonic() - began < 5


def test_a_fleet_of_another_kind_is_told(simulator):
    with pytest.raises(Unreachable, match="answers 404"):
        Plane(*place_of(simulator.url))._get("/nowhere")
