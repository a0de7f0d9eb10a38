"""Row: what a client measures of five profiles while the fleet streams at 70 % of what it streams in time.

What it streams in time beside its client was measured by the row of streams (docs/performance.md). The load is a client
of its own (`python -m benchmarks.truth PORT STREAMS TOKENS`, that of `stream_client`); the measurement is that of
`llm-simulator calibrate`, over a hundred streams beside it. Together the profiles have every family of distributions.
"""

import contextlib
import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import stream_client, streaming
from benchmarks.bodies import MODEL, chat, whole
from benchmarks.processes import HOST, fleet, get_json, until
from benchmarks.setting import PROCESSES, Setting
from benchmarks.sockets import percentile, raise_descriptor_limit
from benchmarks.table import BenchmarkError, Seen
from simulator.calibration.fleet import Plane
from simulator.calibration.measured import Outcome
from simulator.calibration.profiles import Profile
from simulator.calibration.run import Calibration, Wish
from simulator.config.load import load

SHARE = 0.7
CAPACITY = 1_000
"""Streams of 20 ms a token that two workers keep to within 10 ms (p99) with the client on the same two cores."""
PROBES = 100
"""Streams at once that are measured."""
REQUESTS = 300
"""Of each profile."""
TOKENS = 40
TOLERANCE = 0.02
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "constant, uniform": {
        "ttft": {"distribution": "constant", "value_ms": 500},
        "itl": {"distribution": "uniform", "min_ms": 20, "max_ms": 60},
    },
    "normal, log-normal": {
        "ttft": {"distribution": "normal", "mean_ms": 500, "std_dev_ms": 60},
        "itl": {"distribution": "log_normal", "p50_ms": 36, "p95_ms": 60},
    },
    "exponential, gamma": {
        "ttft": {"distribution": "exponential", "mean_ms": 200, "min_ms": 300},
        "itl": {"distribution": "gamma", "mean_ms": 40, "std_dev_ms": 12},
    },
    "Weibull, Pareto": {
        "ttft": {"distribution": "weibull", "shape": 2, "scale_ms": 400, "min_ms": 300},
        "itl": {"distribution": "pareto", "shape": 4, "scale_ms": 30},
    },
    "empirical, mixture": {
        "ttft": {"distribution": "empirical", "percentiles_ms": [[5, 300], [50, 450], [95, 900], [99, 1200]]},
        "itl": {
            "distribution": "mixture",
            "components": [
                {"distribution": "normal", "mean_ms": 34, "std_dev_ms": 3, "weight": 3},
                {"distribution": "log_normal", "p50_ms": 55, "p95_ms": 90},
            ],
        },
    },
}
"""By the families of TTFT and of ITL."""


def run(setting: Setting) -> list[Seen]:
    """A line a profile, and one of what the load saw."""
    load_streams = round(SHARE * CAPACITY) - PROBES
    wish = Wish(REQUESTS // 3 if setting.quick else REQUESTS, PROBES, TOKENS, TOLERANCE)
    path = _config(setting.folder)
    calibration = Calibration(load(path).config, load(path).catalogue, wish)
    names = [_name(number) for number in range(len(PROFILES))]
    course = calibration.prepare([Profile(name, name, "openai") for name in names], PROCESSES)
    # The load begins before the measurement and ends after it.
    tokens = round((course.seconds * 1.3 + 10.0) * 1000 / streaming.ITL_MS)
    with (
        fleet(setting.folder, "--config", str(path), workers=PROCESSES) as ours,
        _loaded(setting.folder, ours.port, load_streams, tokens) as seen,
    ):
        report = calibration.measure(Plane(HOST, ours.port), course)
        lines = [_line(family, one) for family, one in zip(PROFILES, report.outcomes, strict=True)]
        told = seen()
    lag = "nothing" if report.lag.most is None or report.lag.p99 is None else f"p99 <= {report.lag.p99 * 1e3:g} ms"
    late = f"the load's tokens p50 {told['p50']:.1f} ms, p99 {told['p99']:.1f} ms late; the fleet's own lag {lag}"
    return [*lines, Seen(f"  beside {load_streams:,} streams of {streaming.ITL_MS} ms ITL", late, values=told)]


def _line(family: str, outcome: Outcome) -> Seen:
    """The largest deviations of a profile, of what was configured and of what was planned for the same requests."""
    values: dict[str, float] = {}
    parts = []
    for judged in outcome.judged:
        shifts = [one.shift or 0.0 for one in judged.percentiles]
        values |= {f"{judged.name}_p{one.percent:g}_error": one.error or 0.0 for one in judged.percentiles}
        values |= {f"{judged.name}_p{one.percent:g}_of_plan": one.shift or 0.0 for one in judged.percentiles}
        parts.append(f"{judged.name.upper()} {'/'.join(f'{100 * shift:+.1f}' for shift in shifts)} %")
    within = outcome.within and bool(outcome.judged)
    said = f"p50/p95/p99 of plan: {', '.join(parts) or 'nothing was measured'}"
    return Seen(f"truth at {SHARE:.0%}: {family}", said, f"within {TOLERANCE:.0%}", within, values)


def _name(number: int) -> str:
    return f"truth-{number}"


def _config(folder: Path) -> Path:
    providers: dict[str, Any] = {
        _name(number): {
            "provider": "openai",
            "latency": {**latency, "prefill_ms_per_token": 0},
            "response": {"length": dict.fromkeys(("p50", "p95", "min", "max"), TOKENS)},
        }
        for number, latency in enumerate(PROFILES.values())
    }
    constant = {
        "ttft": {"distribution": "constant", "value_ms": streaming.TTFT_MS},
        "itl": {"distribution": "constant", "value_ms": streaming.ITL_MS},
        "prefill_ms_per_token": 0,
    }
    # Longer than any load asks for, so that each of its streams has exactly that many tokens.
    long = dict.fromkeys(("p50", "p95", "min", "max"), 16_000)
    providers[MODEL] = {"latency": constant, "response": {"length": long}}
    path = folder / "truth.json"
    path.write_text(json.dumps({"providers": providers}), encoding="utf-8")
    return path


@contextlib.contextmanager
def _loaded(folder: Path, port: int, streams: int, tokens: int) -> Iterator[Callable[[], dict[str, float]]]:
    """The load, from when all its streams run; yields what waits for its end and tells what it saw."""
    command = [sys.executable, "-m", "benchmarks.truth", str(port), str(streams), str(tokens)]
    log = folder / "truth.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=out) as process:

        def seen() -> dict[str, float]:
            told, _ = process.communicate(timeout=120)
            if process.returncode:
                raise BenchmarkError(f"the load failed: {log.read_text(errors='replace').strip()[-300:]}")
            found: dict[str, float] = json.loads(told)
            return found

        try:
            if not until(lambda: process.poll() is not None or _streams(port) >= streams, 30.0):
                raise BenchmarkError(f"the load did not come to {streams} streams")
            yield seen
        finally:
            if process.poll() is None:
                process.kill()


def _streams(port: int) -> int:
    """How many streams the fleet plays."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        return sum(int(slot["streams"]) for slot in get_json(connection, "/admin/stats")["workers"])
    except (OSError, http.client.HTTPException, BenchmarkError):
        return 0
    finally:
        connection.close()


def _stream(port: int, streams: int, tokens: int) -> None:
    """The load's own process."""
    raise_descriptor_limit(streams + 64)
    pace = streaming._pace(port, 8)  # noqa: SLF001 - the row beside this one frames its streams the same way
    pace = stream_client.Pace(pace.first, pace.gap, tokens, pace.prologue, pace.frames - 8 + tokens)
    seen = stream_client.measure(port, whole(chat(tokens=tokens), port), streams, streaming.SPREAD, pace)
    late = {f"p{q}": percentile(seen.lateness, q) * 1e3 for q in (50, 99)}
    print(json.dumps({**late, "lost": seen.lost, "rate": seen.rate}))


if __name__ == "__main__":
    _stream(*map(int, sys.argv[1:4]))
