"""Samples are judged rightly: what is as configured passes, what is not does not."""

import numpy as np
import pytest

from simulator.calibration.laws import TICK
from simulator.calibration.verdict import judge
from simulator.config import latency as config
from simulator.engine.latency import build

FAMILIES = {
    "constant": config.Constant(value_ms=40.5),
    "uniform": config.Uniform(min_ms=20, max_ms=60),
    "normal": config.Normal(mean_ms=40, std_dev_ms=8),
    "log_normal": config.LogNormal(p50_ms=36, p95_ms=60),
    "exponential": config.Exponential(mean_ms=30),
    "gamma": config.Gamma(mean_ms=40, std_dev_ms=12),
    "weibull": config.Weibull(shape=1.5, scale_ms=40),
    "pareto": config.Pareto(shape=3, scale_ms=30),
    "empirical": config.Empirical(values_ms=(12, 20, 31, 33, 90)),
    "mixture": config.Mixture(components=(config.Constant(value_ms=30), config.Normal(mean_ms=60, std_dev_ms=5))),
}


def sent(family, n=4_000, seed=1):
    """Planned gaps and the same as a client sees them: between whole ticks, with some tens of µs of the machine."""
    draws = np.random.default_rng(seed)
    gaps = build(FAMILIES[family]).quantile(draws.random(n))
    moments = np.cumsum(np.concatenate(((draws.random() * TICK,), gaps)))
    arrivals = np.rint(moments / TICK) * TICK + draws.exponential(60e-6, n + 1)
    return gaps, np.diff(arrivals)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_sent_as_planned_is_within(family):
    gaps, seen = sent(family)
    judged = judge("itl", seen, gaps, build(FAMILIES[family]).quantile, between=True, tolerance=0.02)
    assert judged.within, judged
    assert judged.n == 4_000
    assert judged.distance < 0.05
    assert judged.p is None if family == "constant" else judged.p > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_slower_is_not(family):
    gaps, seen = sent(family)
    judged = judge("itl", seen * 1.06, gaps, build(FAMILIES[family]).quantile, between=True, tolerance=0.02)
    assert not judged.within


def test_what_cannot_come_of_the_configuration_is_not_within():
    """The plan is kept, but is not what was configured: only the law tells."""
    gaps, seen = sent("gamma")
    other = build(config.Gamma(mean_ms=44, std_dev_ms=12)).quantile
    assert not judge("itl", seen, gaps, other, between=True, tolerance=0.02).within
    assert not judge("itl", seen, None, other, between=True, tolerance=0.02).within
    assert judge("itl", seen, None, build(FAMILIES["gamma"]).quantile, between=True, tolerance=0.02).within


def test_a_small_sample_leaves_room_for_chance_but_its_plan_does_not():
    gaps, seen = sent("log_normal", 50)
    law = build(FAMILIES["log_normal"]).quantile
    assert judge("itl", seen * 1.05, None, law, between=True, tolerance=0.02).within
    assert not judge("itl", seen * 1.05, gaps, law, between=True, tolerance=0.02).within


def test_a_first_token_may_be_off_by_half_a_tick():
    law = build(config.Constant(value_ms=5)).quantile
    plan = np.full(500, 0.005)
    phases = np.random.default_rng(3).random(500) * TICK
    seen = np.rint((phases + 0.005) / TICK) * TICK - phases + 0.0002
    assert judge("ttft", seen, plan, law, between=False, tolerance=0.02).within
    assert not judge("ttft", seen + 0.0015, plan, law, between=False, tolerance=0.02).within


def test_errors_are_relative_where_there_is_something_to_relate_to():
    judged = judge("itl", np.full(10, 0.0003), None, build(config.Constant(value_ms=0)).quantile, between=True,
                   tolerance=0.02)  # fmt: skip
    assert [one.error for one in judged.percentiles] == [None] * 3
    assert [one.shift for one in judged.percentiles] == [None] * 3
    assert judged.within
