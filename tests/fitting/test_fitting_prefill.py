"""The slope of TTFT over the prompt."""

import numpy as np
import pytest
from fitting_samples import SPECIMENS, drawn

from simulator.fitting.prefill import ALL_PAIRS, LEAST, prefill


def requests(size, slope_ms, seed=5):
    """TTFT and uncached tokens of requests with a known slope, in seconds."""
    tokens = np.random.default_rng(seed).integers(0, 20_000, size).astype(float)
    return drawn(SPECIMENS["log_normal"], size, seed) + slope_ms * 1e-3 * tokens, tokens


@pytest.mark.parametrize("size", [300, ALL_PAIRS, ALL_PAIRS + 1, 20_000])
def test_the_slope_is_recovered(size):
    ttft, tokens = requests(size, 0.05)
    found, rest = prefill(ttft, tokens)
    assert found.ms_per_token == pytest.approx(0.05, abs=0.15 / np.sqrt(size))
    assert found.p < 1e-6
    assert found.requests == size
    assert np.median(rest) == pytest.approx(0.8, rel=0.15)


@pytest.mark.parametrize("size", [600, 4000])
def test_a_fifth_of_wild_values_does_not_move_it(size):
    """Least squares would find a slope many times as steep."""
    ttft, tokens = requests(size, 0.05)
    wild = tokens > np.quantile(tokens, 0.9)
    wild[:: len(wild) // (size // 10)] = True
    ttft[wild] += 30.0 * np.random.default_rng(1).random(int(wild.sum()))
    slope = np.polyfit(tokens, ttft, 1)[0] * 1e3
    found, _ = prefill(ttft, tokens)
    assert abs(found.ms_per_token - 0.05) < abs(slope - 0.05) / 4


def test_chance_alone_gives_no_slope():
    found = [prefill(*requests(200, 0.0, seed))[0] for seed in range(40)]
    assert sum(one.ms_per_token > 0 for one in found) <= 2
    assert {one.why for one in found if not one.ms_per_token} == {"TTFT does not grow with the prompt"}


def test_a_falling_line_is_no_prefill():
    ttft, tokens = requests(500, 0.0)
    found, rest = prefill(ttft + 0.05e-3 * (20_000 - tokens), tokens)
    assert found.ms_per_token == 0.0
    assert found.p < 1e-6
    assert len(rest) == 500


def test_no_time_is_below_nothing():
    tokens = np.arange(1.0, 201.0) * 100
    ttft = tokens * 1e-4
    ttft[::10] *= 0.5
    found, rest = prefill(ttft, tokens)
    assert found.ms_per_token == pytest.approx(0.1)
    assert rest.min() == 0.0
    assert "20 requests were faster than their prefill" in found.why


def test_what_cannot_tell_a_slope():
    ttft, tokens = requests(100, 0.05)
    unknown = np.full(100, np.nan)
    assert prefill(ttft, unknown)[0].why == ""
    assert "same number" in prefill(ttft, np.full(100, 500.0))[0].why
    few = unknown.copy()
    few[: LEAST - 1] = tokens[: LEAST - 1]
    assert "fewer than" in prefill(ttft, few)[0].why


def test_requests_without_a_prompt_are_left_out_where_there_is_a_slope():
    ttft, tokens = requests(400, 0.05)
    tokens[:100] = np.nan
    found, rest = prefill(ttft, tokens)
    assert (found.requests, len(rest)) == (300, 300)
    assert "100 requests without prompt_tokens are left out" in found.why
