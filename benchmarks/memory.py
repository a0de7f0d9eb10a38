"""Row: the memory of an idle fleet of four workers, as PSS over all its processes.

PSS counts a shared page once over the sharers, so the sum is what the fleet really takes. The fleet is also
started with estimated token counts: the difference is the exact tokenizer's vocabulary, which counts apart.
"""

import time

from benchmarks.bodies import HEADERS, PATH, chat
from benchmarks.processes import fleet, post, pss_bytes
from benchmarks.setting import Setting
from benchmarks.table import Seen

WORKERS = 4
MUST_MB = 100
SETTLE_SECONDS = 1.0
ASKED = 200
MB = 1e6


def run(setting: Setting) -> list[Seen]:
    """Idle without the vocabulary, idle with it, and what a few hundred requests add."""
    idle, used, processes = _weigh(setting, "estimate")
    exact, exact_used, _ = _weigh(setting, "exact")
    return [
        Seen(
            f"memory of {WORKERS} workers, idle, PSS of {processes} processes",
            f"{idle:.0f} MB",
            f"<= {MUST_MB} MB",
            idle <= MUST_MB,
            {"mb": idle},
        ),
        Seen(f"  after {ASKED} requests", f"{used:.0f} MB", values={"mb": used}),
        Seen(
            "  with exact token counts",
            f"{exact:.0f} MB, of which vocabulary {exact - idle:.0f} MB; after {ASKED} requests {exact_used:.0f} MB",
            values={"mb": exact, "vocabulary_mb": exact - idle, "used_mb": exact_used},
        ),
    ]


def _weigh(setting: Setting, tokenizer: str) -> tuple[float, float, int]:
    """Megabytes when started, megabytes after some requests, and the number of processes."""
    options = ("--latency", "none", "--set", f"models.tokenizer={tokenizer}")
    with fleet(setting.folder, *options, workers=WORKERS) as ours:
        time.sleep(SETTLE_SECONDS)
        processes = ours.pids
        idle = sum(map(pss_bytes, processes)) / MB
        for number in range(ASKED):
            post(ours.port, PATH, HEADERS, chat(number))
        used = sum(map(pss_bytes, ours.pids)) / MB
    return idle, used, len(processes)
