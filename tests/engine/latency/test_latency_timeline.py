"""A response's timeline: the first token by TTFT and prefill, each later one by a gap, all times the scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.latency import Constant, Latency, LogNormal, Normal
from simulator.engine.latency import Timeline, build

SEEDS_EXAMPLE = Latency(
    ttft=LogNormal(p50_ms=800, p95_ms=1500, p99_ms=2500), itl=Normal(mean_ms=20, std_dev_ms=5), prefill_ms_per_token=0.1
)


def test_the_first_uniform_draws_ttft_and_the_others_the_gaps():
    timeline = Timeline(SEEDS_EXAMPLE)
    u = np.array([0.5, 0.1, 0.9, 0.5])
    due = timeline.offsets(u, 1000)
    gaps = build(SEEDS_EXAMPLE.itl).quantile(u[1:])
    assert due[0] == pytest.approx(0.8 + 0.1)
    assert np.diff(due) == pytest.approx(gaps)
    assert timeline.ttft(0.5, 1000) == due[0]


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=50), st.integers(0, 10**6))
def test_offsets_ascend_and_are_as_many_as_uniforms(uniforms, prompt_tokens):
    due = Timeline(SEEDS_EXAMPLE).offsets(np.array(uniforms), prompt_tokens)
    assert len(due) == len(uniforms)
    assert due[0] > 0
    assert (np.diff(due) >= 0).all()


def test_longer_streams_begin_like_shorter_ones():
    u = np.random.default_rng(7).random(40)
    timeline = Timeline(SEEDS_EXAMPLE)
    assert timeline.offsets(u, 5)[:10] == pytest.approx(timeline.offsets(u[:10], 5), rel=1e-13)


def test_the_scale_stretches_everything():
    u = np.random.default_rng(7).random(40)
    plain = Timeline(SEEDS_EXAMPLE).offsets(u, 300)
    assert Timeline(SEEDS_EXAMPLE, 2.5).offsets(u, 300) == pytest.approx(plain * 2.5)


def test_what_is_not_configured_takes_no_time():
    assert Timeline(Latency(ttft=Constant(value_ms=30))).offsets(np.zeros(3), 9) == pytest.approx([0.03] * 3)
    assert Timeline(Latency(itl=Constant(value_ms=30))).offsets(np.zeros(3), 9) == pytest.approx([0.0, 0.03, 0.06])
    assert Timeline(Latency(prefill_ms_per_token=2)).offsets(np.zeros(2), 9) == pytest.approx([0.018, 0.018])
    assert len(Timeline(SEEDS_EXAMPLE).offsets(np.zeros(0), 9)) == 0


def test_the_uniforms_are_left_as_they_were():
    u = np.random.default_rng(7).random(40)
    before = u.copy()
    Timeline(SEEDS_EXAMPLE).offsets(u, 5)
    assert (u == before).all()


@pytest.mark.parametrize(
    ("latency", "scale", "instant"),
    [
        (Latency(), 1.0, True),
        (Latency(ttft=Constant(value_ms=0), itl=Constant(value_ms=0), prefill_ms_per_token=0), 1.0, True),
        (SEEDS_EXAMPLE, 0.0, True),
        (SEEDS_EXAMPLE, 1.0, False),
        (Latency(itl=Constant(value_ms=1)), 1.0, False),
        (Latency(prefill_ms_per_token=0.01), 1.0, False),
    ],
)
def test_instant_says_whether_anything_can_take_time(latency, scale, instant):
    timeline = Timeline(latency, scale)
    assert timeline.instant is instant
    assert bool(timeline.offsets(np.full(3, 0.5), 10)[-1] == 0.0) is instant
