"""Row: chat completions without latency, ours beside bare uvicorn.

Both servers run at the same time and are loaded in turn, A B A B, by wrk over 64 connections; the ratio is
the median of the ratios of neighbouring runs, because absolute figures drift on a shared machine. With one
body, with several hundred in turn, and with bodies that never repeat: a server may remember what it was asked
before, and the last of the three is what it does when it cannot. CPU time a request is told for both as well: where the
load generator shares the cores, it is the steadier figure.
"""

import json
from pathlib import Path
from statistics import median

from benchmarks import wrk
from benchmarks.bodies import HEADERS, PATH, chat
from benchmarks.processes import Server, bare, fleet, post
from benchmarks.setting import PROCESSES, Setting
from benchmarks.table import Seen

MUST_RATE = 25_000
MUST_RATIO = 0.45
VARIED = 400


def run(setting: Setting) -> list[Seen]:
    """For each kind of body two lines to be reached, and one that informs."""
    wrk.available()
    with (
        fleet(setting.folder, "--latency", "none", workers=PROCESSES) as ours,
        bare(setting.folder, recorded(setting, ours.port), processes=PROCESSES) as plain,
    ):
        scripts = {
            "chat, one body": wrk.script(setting.folder, [chat()]),
            f"chat, {VARIED} bodies in turn": wrk.script(setting.folder, [chat(number) for number in range(VARIED)]),
            "chat, every body new": wrk.endless_script(setting.folder),
        }
        duels = {what: _Duel(setting, ours, plain, lua) for what, lua in scripts.items()}
    setting.throughput = list(duels.values())[-1].rate
    return [row for what, duel in duels.items() for row in duel.told(what)]


def measure_rate(setting: Setting) -> float:
    """Our chat completions a second when every body is new; measured here if this row has not run."""
    if setting.throughput is None:
        wrk.available()
        lua = wrk.endless_script(setting.folder)
        with fleet(setting.folder, "--latency", "none", workers=PROCESSES) as ours:
            wrk.run(ours.port, lua, 1)
            setting.throughput = wrk.run(ours.port, lua, 4).rate
    return setting.throughput


def recorded(setting: Setting, port: int) -> Path:
    """An answer of ours in a file that `benchmarks.bare` reads.

    Without `date`: uvicorn writes its own, so that both send the same number of headers.
    """
    headers, body = post(port, PATH, HEADERS, chat())
    kept = [pair for pair in headers if pair[0].lower() != "date"]
    path = setting.folder / "answer.json"
    path.write_text(json.dumps({"headers": kept, "body": body.decode()}), encoding="utf-8")
    return path


class _Duel:
    """Several rounds of ours against bare with the same script."""

    def __init__(self, setting: Setting, ours: Server, plain: Server, lua: Path) -> None:
        rounds, seconds = (3, 2) if setting.quick else (4, 4)
        for server in (ours, plain):
            wrk.run(server.port, lua, 1)
        self._ours: list[tuple[wrk.Load, float]] = []
        self._plain: list[tuple[wrk.Load, float]] = []
        for _ in range(rounds):
            self._ours.append(_load(ours, lua, seconds))
            self._plain.append(_load(plain, lua, seconds))

    @property
    def rate(self) -> float:
        return median(load.rate for load, _ in self._ours)

    def told(self, what: str) -> list[Seen]:
        mine, theirs = [load.rate for load, _ in self._ours], [load.rate for load, _ in self._plain]
        ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
        ratio = median(ratios)
        p99 = [median(load.p99 for load, _ in side) * 1e3 for side in (self._ours, self._plain)]
        cpu = [median(cost for _, cost in side) * 1e6 for side in (self._ours, self._plain)]
        return [
            Seen(
                f"{what}: requests/s",
                f"{self.rate:,.0f} (bare {median(theirs):,.0f})",
                f">= {MUST_RATE:,}",
                self.rate >= MUST_RATE,
                {"ours": mine, "bare": theirs},
            ),
            Seen(
                f"{what}: of bare uvicorn",
                f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                f">= {MUST_RATIO} (aim 0.6)",
                ratio >= MUST_RATIO,
                {"ratios": ratios},
            ),
            Seen(
                f"{what}: p99; server's CPU a request",
                f"{p99[0]:.1f} ms (bare {p99[1]:.1f}); {cpu[0]:.0f} us (bare {cpu[1]:.0f})",
                values={"p99_ms": p99, "cpu_us": cpu},
            ),
        ]


def _load(server: Server, lua: Path, seconds: int) -> tuple[wrk.Load, float]:
    """One run, and the seconds of CPU that the server spent on each request."""
    before = server.cpu_seconds()
    load = wrk.run(server.port, lua, seconds)
    return load, (server.cpu_seconds() - before) / load.requests
