"""How much each prompt token adds to TTFT. Pure.

The slope of TTFT over uncached prompt tokens by Theil and Sen: the median of the slopes between pairs of requests,
which a third of wild values does not move (Sen, J. Am. Stat. Assoc. 63 (1968) 1379). Up to `ALL_PAIRS` requests
every pair counts and Kendall's test says whether there is a slope at all; above that each request is paired with one
other, half the ordered sample away (Theil's incomplete method, 1950), and the sign test says so.
"""

import math

import msgspec
import numpy as np

from simulator.engine.latency.quantile import Floats

ALL_PAIRS = 1_000
LEAST = 8
"""Fewest requests that a slope is sought in."""
CHANCE = 0.01
"""A slope that pure chance would give more often than this is none."""


class Prefill(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    ms_per_token: float = 0.0
    """0 where no slope was found."""
    p: float = 1.0
    """The chance of so clear a slope (either way) where there is none."""
    requests: int = 0
    why: str = ""
    """Why there is none, or what to know about it."""


def prefill(ttft: Floats, uncached: Floats) -> tuple[Prefill, Floats]:
    """The slope, and the TTFT without it; seconds. NaN in `uncached` is a request whose prompt is not known.

    With a slope, only requests with a known prompt are kept; times that would be negative become 0.
    """
    known = ~np.isnan(uncached)
    requests = int(known.sum())
    if not requests:
        return Prefill(), ttft
    if requests < LEAST:
        return Prefill(requests=requests, why=f"fewer than {LEAST} requests tell their prompt tokens"), ttft
    tokens, times = uncached[known], ttft[known]
    if tokens.min() == tokens.max():
        return Prefill(requests=requests, why="all prompts have the same number of uncached tokens"), ttft
    slope, p = _slope(tokens, times)
    if p > CHANCE or slope <= 0.0:
        why = "TTFT does not grow with the prompt"
        return Prefill(p=p, requests=requests, why=why), ttft
    told = float(f"{slope * 1e3:.5g}")
    rest = times - told * 1e-3 * tokens
    below = int((rest < 0.0).sum())
    notes = [] if requests == len(ttft) else [f"{len(ttft) - requests:,} requests without prompt_tokens are left out"]
    if below:
        notes.append(f"{below:,} requests were faster than their prefill: their rest is taken as 0")
    return Prefill(ms_per_token=told, p=p, requests=requests, why="; ".join(notes)), np.maximum(rest, 0.0)


def _slope(tokens: Floats, times: Floats) -> tuple[float, float]:
    order = np.argsort(tokens, kind="stable")
    x, y = tokens[order], times[order]
    n = len(x)
    if n <= ALL_PAIRS:
        low, high = np.triu_indices(n, 1)
        # Kendall's S without correction for ties: they make the test more cautious.
        deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
    else:
        low = np.arange(n // 2)
        high = low + n // 2
        deviation = math.sqrt(n // 2)
    run, rise = x[high] - x[low], y[high] - y[low]
    apart = run > 0.0
    score = float(np.sign(rise[apart]).sum())
    return float(np.median(rise[apart] / run[apart])), math.erfc(abs(score) / deviation / math.sqrt(2.0))
