"""Row: what the server adds to the planned latency at half of its greatest load.

Every model answers after exactly 50 ms. The open-loop client sends at half of the throughput that wrk has
reached without latency, with Poisson arrivals over keep-alive connections; a request's
overhead is its latency less 50 ms. Nothing is subtracted for the client: its own reading lag, the lateness of
its sends, and what it sees of a bare uvicorn at the same rate are told beside the figure.
"""

from collections.abc import Iterator
from functools import partial
from itertools import count
from statistics import median

from benchmarks import paced_client
from benchmarks.bodies import DIGITS, around, chat, whole
from benchmarks.processes import bare, fleet
from benchmarks.setting import PROCESSES, Setting
from benchmarks.sockets import percentile, raise_descriptor_limit
from benchmarks.table import Seen
from benchmarks.throughput import measure_rate, recorded

PLANNED_MS = 50
MUST_MS = 2.0


def run(setting: Setting) -> list[Seen]:
    """The p99 of the overhead, the same against bare uvicorn, and what the client itself added."""
    rate = measure_rate(setting) / 2
    config = setting.config("overhead", ttft_ms=PLANNED_MS)
    with fleet(setting.folder, "--config", str(config), workers=PROCESSES) as ours:
        seen = _Side(setting, ours.port, rate, PLANNED_MS / 1e3)
        answer = recorded(setting, ours.port)
    with bare(setting.folder, answer, processes=PROCESSES) as plain:
        floor = _Side(setting, plain.port, rate, 0.0)
    return [
        Seen(
            f"overhead at {seen.rate:,.0f} requests/s: p99",
            f"{seen.p99:.2f} ms (p50 {seen.p50:.2f}, p90 {seen.p90:.2f})",
            f"<= {MUST_MS:g} ms",
            seen.p99 <= MUST_MS,
            {"p50_ms": seen.p50, "p90_ms": seen.p90, "p99_ms": seen.p99, "rate": seen.rate},
        ),
        Seen(
            "  of which the client's own, p99",
            f"read {seen.read:.2f} ms late; requests left {seen.sent:.2f} ms behind their schedule",
            values={"read_lag_p99_ms": seen.read, "departure_p99_ms": seen.sent},
        ),
        Seen(
            "  same client and rate against bare uvicorn, which waits for nothing: p99",
            f"{floor.p99:.2f} ms (p50 {floor.p50:.2f}, p90 {floor.p90:.2f}); read {floor.read:.2f} ms late",
            values={"p50_ms": floor.p50, "p90_ms": floor.p90, "p99_ms": floor.p99, "read_lag_p99_ms": floor.read},
        ),
    ]


def _endless(request: bytes) -> Iterator[bytes]:
    """Requests that are all different, so that nothing can be remembered."""
    before, after = around(request)
    return (b"%b%0*d%b" % (before, DIGITS, number, after) for number in count(1))


class _Side:
    """Several rounds against one server. Percentiles in milliseconds: each the median over the rounds."""

    def __init__(self, setting: Setting, port: int, rate: float, planned: float) -> None:
        # As many connections as are in flight when answers take 50 ms, and as many again.
        connections = round(2 * rate * PLANNED_MS / 1e3) + 16
        raise_descriptor_limit(connections + 64)
        rounds, seconds = (1, 3.0) if setting.quick else (3, 5.0)
        requests = _endless(whole(chat(), port))
        measure = partial(paced_client.measure, port, requests, connections=connections)
        measure(rate=rate / 4, seconds=1.0)
        runs = [measure(rate=rate, seconds=seconds) for _ in range(rounds)]
        self.rate = median(run.rate for run in runs)
        self.p50, self.p90, self.p99 = (
            median(percentile(run.latencies, percent) - planned for run in runs) * 1e3 for percent in (50, 90, 99)
        )
        self.read = median(percentile(run.lags, 99) for run in runs) * 1e3
        self.sent = median(percentile(run.departures, 99) for run in runs) * 1e3
