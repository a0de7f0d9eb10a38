"""What the moment makes of a timeline: never another draw, nothing where nothing presses, and the scale over all."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.latency import Constant, Latency, LogNormal, Normal
from simulator.config.load_model import Degradation, Load
from simulator.engine.latency import Timeline
from simulator.engine.latency.timeline import LONGEST

PLAIN = Latency(ttft=LogNormal(p50_ms=800, p95_ms=1500), itl=Normal(mean_ms=20, std_dev_ms=5), prefill_ms_per_token=0.1)
LOAD = Load(knee=8, decode_slowdown=2.5, prefill_slowdown=1.5, capacity=32, service_ms=4_000)
DEGRADATION = Degradation(per_hour=0.25, most=4, daily=((0, 1.0), (12, 1.8)))
BUSY = msgspec.structs.replace(PLAIN, load=LOAD)
TIRED = msgspec.structs.replace(PLAIN, degradation=DEGRADATION)
BOTH = msgspec.structs.replace(PLAIN, load=LOAD, degradation=DEGRADATION)

uniforms = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40).map(np.array)


def offsets(latency, u, load=0, age=0.0, scale=1.0, tokens=300):
    timeline = Timeline(latency, scale)
    return timeline.stretched(timeline.offsets(u, tokens).tolist(), load, age)


@given(uniforms, st.integers(0, 8))
def test_up_to_the_knee_the_offsets_are_those_without_a_load_model_to_the_last_bit(u, load):
    assert offsets(BUSY, u, load) == Timeline(PLAIN).offsets(u, 300).tolist()


@given(uniforms)
def test_at_the_beginning_nothing_has_degraded_yet(u):
    assert offsets(TIRED, u) == Timeline(PLAIN).offsets(u, 300).tolist()


def test_what_is_switched_off_is_not_there():
    off = msgspec.structs.replace(PLAIN, load=Load(enabled=False, knee=1), degradation=Degradation(enabled=False))
    timeline = Timeline(off)
    assert [off.varies, timeline.varies, timeline.loaded, timeline.ageing] == [False] * 4
    u = np.random.default_rng(3).random(9)
    assert offsets(off, u, 500, 1e6) == timeline.offsets(u, 300).tolist()


def test_a_timeline_tells_what_it_depends_on():
    told = [(Timeline(x).loaded, Timeline(x).ageing, Timeline(x).varies) for x in (PLAIN, BUSY, TIRED, BOTH)]
    assert told == [(False, False, False), (True, False, True), (False, True, True), (True, True, True)]
    assert not Timeline(BOTH, 0.0).varies


@given(uniforms, st.integers(0, 200), st.integers(0, 200))
def test_no_token_comes_sooner_with_more_requests_in_flight(u, load, more):
    before, after = offsets(BUSY, u, load), offsets(BUSY, u, load + more)
    assert all(low <= high * (1 + 1e-12) for low, high in zip(before, after, strict=True))


@given(uniforms, st.integers(0, 200), st.floats(0, 1e7))
def test_offsets_go_on_ascending(u, load, age):
    assert (np.diff(offsets(BOTH, u, load, age)) >= 0).all()


@given(uniforms, st.integers(0, 200), st.floats(0, 1e7), st.floats(0.01, 100))
def test_the_scale_stretches_load_and_degradation_like_everything_else(u, load, age, scale):
    plain = np.array(offsets(BOTH, u, load, age))
    assert offsets(BOTH, u, load, age, scale) == pytest.approx(plain * scale, rel=1e-9, abs=1e-12)


def test_ttft_prefill_and_gaps_have_the_factors_of_the_formula():
    u = np.random.default_rng(7).random(30)
    plain = Timeline(PLAIN).offsets(u, 1_000)
    # 20 in flight are two and a half knees: 1 + 1.5 * 0.5 and 1 + 1.5 * 1.5.
    found = np.array(offsets(BUSY, u, 20, tokens=1_000))
    assert found[0] == pytest.approx(plain[0] * 1.75)
    assert np.diff(found) == pytest.approx(np.diff(plain) * 3.25)
    # 40 in flight: 32 are answered, four knees, and each of the other 8 waits for 4 s / 32 a place.
    found = np.array(offsets(BUSY, u, 40, tokens=1_000))
    assert found[0] == pytest.approx(plain[0] * 2.5 + 8 * 0.125)
    assert np.diff(found) == pytest.approx(np.diff(plain) * 5.5)


def test_degradation_stretches_the_wait_too():
    u = np.random.default_rng(7).random(5)
    # After 12 hours: 1 + 0.25 * 12 = 4, times 1.8 at noon.
    calm, tired = np.array(offsets(BUSY, u, 50)), np.array(offsets(BOTH, u, 50, 12 * 3_600.0))
    assert tired == pytest.approx(calm * 7.2)


def test_fixed_delays_and_answers_of_one_step_are_stretched_as_well():
    latency = Latency(ttft=Constant(value_ms=100), itl=Constant(value_ms=10), load=LOAD)
    timeline = Timeline(latency)
    assert timeline.stretched(timeline.fixed(3, 0), 16, 0.0) == pytest.approx([0.15, 0.175, 0.2])
    assert timeline.stretched(timeline.fixed(1, 0), 16, 0.0) == pytest.approx([0.15])
    assert timeline.stretched([], 500, 0.0) == []


def test_a_model_without_delays_still_has_a_queue():
    timeline = Timeline(Latency(load=Load(capacity=1, service_ms=500)))
    assert not timeline.instant
    assert timeline.stretched(timeline.fixed(2, 0), 3, 0.0) == [1.0, 1.0]
    assert Timeline(Latency(load=Load(knee=1))).instant
    assert not Timeline(Latency(load=Load(knee=1))).varies


def test_no_load_that_a_client_tells_makes_a_delay_without_end():
    u = np.random.default_rng(7).random(5)
    assert max(offsets(BOTH, u, 10**12, 1e12)) == LONGEST
