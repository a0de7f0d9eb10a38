"""The load model: nothing up to the knee, a straight line beyond it, a wait beyond the capacity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.load_model import Load
from simulator.engine.latency.batching import Batching

slowdowns = st.floats(1, 50)
loads = st.builds(
    lambda knee, room, decode, prefill, service: Load(
        knee=knee, capacity=knee + room, service_ms=service, decode_slowdown=decode, prefill_slowdown=prefill
    ),
    st.integers(1, 200),
    st.integers(0, 200),
    slowdowns,
    slowdowns,
    st.floats(1, 1e5),
)


@given(loads, st.integers(0, 1_000))
def test_up_to_the_knee_the_factors_are_exactly_one_and_nobody_waits(load, in_flight):
    pressure = Batching(load).under(min(in_flight, load.knee))
    assert pressure == (1.0, 1.0, 0.0)


@given(loads, st.integers(0, 1_000), st.integers(0, 1_000))
def test_more_requests_in_flight_never_make_it_faster(load, one, more):
    batching = Batching(load)
    before, after = batching.under(one), batching.under(one + more)
    assert all(low <= high for low, high in zip(before, after, strict=True))


@given(loads)
def test_the_slowdowns_are_those_at_twice_the_knee(load):
    pressure = Batching(Load(knee=load.knee, decode_slowdown=load.decode_slowdown, prefill_slowdown=3.5)).under(
        2 * load.knee
    )
    assert pressure.decode == pytest.approx(load.decode_slowdown)
    assert pressure.prefill == pytest.approx(3.5)


@given(loads, st.integers(0, 1_000))
def test_beyond_the_capacity_a_batch_grows_no_more_and_each_request_waits_for_one_more_to_leave(load, waiting):
    batching = Batching(load)
    full = batching.under(load.capacity)
    pressure = batching.under(load.capacity + waiting)
    assert (pressure.prefill, pressure.decode) == (full.prefill, full.decode)
    assert pressure.wait == pytest.approx(waiting * load.service_ms / load.capacity / 1000)


def test_beyond_the_knee_a_slowdown_of_two_keeps_the_throughput():
    """The roofline's other side: a step that computes takes time in proportion to its batch."""
    batching = Batching(Load(knee=8))
    assert [n / batching.under(n).decode for n in (8, 9, 20, 64)] == pytest.approx([8.0] * 4)
    assert [n / batching.under(n).decode for n in (1, 4, 7)] == [1, 4, 7]


def test_a_queue_alone_needs_no_knee():
    batching = Batching(Load(capacity=2, service_ms=500))
    assert batching.waits
    assert [batching.under(n) for n in (1, 2, 3, 6)] == [(1, 1, 0), (1, 1, 0), (1, 1, 0.25), (1, 1, 1.0)]
    assert not Batching(Load(knee=2)).waits


def test_the_wait_is_the_mean_of_a_queue_that_is_played_through():
    """M/M/c, given that n requests are there when one comes: simulated by its definition, without the formula."""
    chance = np.random.default_rng(5)
    capacity, service, others = 4, 2.0, 9
    waits = []
    for _ in range(4_000):
        left = np.sort(chance.exponential(service, capacity))
        now, ahead = 0.0, others - capacity
        while True:
            now = left[0]
            if not ahead:
                break
            ahead -= 1
            left = np.sort(np.append(left[1:], now + chance.exponential(service)))
        waits.append(now)
    wait = Batching(Load(capacity=capacity, service_ms=service * 1000)).under(others + 1).wait
    assert wait == pytest.approx(3.0)
    assert np.mean(waits) == pytest.approx(wait, rel=0.04)


MEASURED = [
    # H100, Llama 3.1 8B, vLLM 0.21: yobitelcomm.github.io/bench, concurrency sweep of 2026-05-16, median TPOT
    (Load(knee=10, decode_slowdown=2.15), 6.5, {1: 6.48, 4: 6.59, 16: 10.94, 64: 46.91}),
    # L4, Qwen 2.5 0.5B, vLLM 0.23: ai.wmx.dev/benchmarks, concurrency sweep, median ITL
    (Load(knee=5, decode_slowdown=1.066), 5.2, {1: 5.1, 2: 5.2, 4: 5.3, 8: 5.5, 16: 6.0, 32: 7.1}),
]


@pytest.mark.parametrize(("load", "itl", "measured"), MEASURED, ids=["h100", "l4"])
def test_the_line_passes_through_what_others_have_measured(load, itl, measured):
    batching = Batching(load)
    found = {n: itl * batching.under(n).decode for n in measured}
    assert found == pytest.approx(measured, rel=0.03)
