"""What the shipped scenarios promise happens, at its time and to whom: on a clock of its own, request by request."""

import math

import pytest
from scenarios_stage import LOADED, STARTED, Stage

from simulator.config.library import activated, find, shipped_scenarios
from simulator.engine.plan import FaultKind, Trouble
from simulator.scenarios.chances import chance
from simulator.scenarios.timeline import chart

WIDE = 0.08
"""More than four standard deviations of a share of 600 requests."""


def about(value):
    return pytest.approx(value, abs=WIDE)


def test_brownout_rises_stays_and_falls():
    stage = Stage("brownout", error_rate=0.5, latency_scale=3.0, rising_secs=100, plateau_secs=100, falling_secs=100)
    assert [stage.share("overloaded", at) for at in (0, 50, 99.9, 150, 250, 299.9)] == [
        0, about(0.25), about(0.5), about(0.5), about(0.25), about(0),
    ]  # fmt: skip
    scales = [stage.live(at).config.simulation.latency_scale for at in (0, 45, 99.9, 150, 200, 299.9)]
    assert scales == [1.0, pytest.approx(1 + 2 * 4 / 9), 3.0, 3.0, 3.0, 1.0]
    rising = [stage.live(at).config.simulation.latency_scale for at in range(100)]
    assert rising == sorted(rising)
    assert len(set(rising)) == 10
    # Its slowness is in the plan: the same address, the same shape, stretched.
    slow, usual = stage.plans(150, 50), stage.plans(301, 50)
    pairs = [(a.offsets, b.offsets) for a, b in zip(slow, usual, strict=True) if len(a.offsets) == len(b.offsets) > 0]
    assert len(pairs) > 15
    assert all(list(a) == pytest.approx([3 * offset for offset in b]) for a, b in pairs)


def test_an_incident_of_one_provider_reaches_the_others_later():
    stage = Stage("multi_provider_incident")

    def met(at, provider):
        kinds = stage.kinds(at, 600, provider=provider)
        return {kind: kinds.count(kind) / 600 for kind in set(kinds)}

    down = {"overloaded": 1.0}
    assert (met(10, "openai"), met(10, "anthropic")) == (down, {"": 1.0})
    assert stage.live(10).config.simulation.latency_scale == 1.0
    # Those who fail over slow the others, and then meet their limits.
    assert (met(59, "openai"), met(59, "anthropic")) == (down, {"": 1.0})
    assert stage.live(59).config.simulation.latency_scale == 2.5
    assert met(90, "openai") == down
    assert met(90, "anthropic") == {"rate_limit": about(0.2), "": about(0.8)}
    assert {plan.outcome.retry_after for plan in stage.plans(119, 50, "anthropic") if plan.struck} == {10}
    halfway = met(150, "openai")
    assert halfway["overloaded"] == about(0.5)
    assert halfway["rate_limit"] == about(0.5 * 0.2)
    assert met(150, "anthropic") == {"rate_limit": about(0.2), "": about(0.8)}
    assert stage.live(179.9).config.simulation.latency_scale == 1.0
    assert met(180, "openai") == met(180, "anthropic") == {"": 1.0}
    assert "anthropic" not in Stage("multi_provider_incident", provider="anthropic").kinds(5, 3)
    assert Stage("multi_provider_incident", provider="anthropic").kinds(5, 3, "anthropic") == ["overloaded"] * 3


def test_a_flaky_network_stalls_resets_and_cuts():
    stage = Stage("flaky_network", stall_rate=0.3, stall_ms=1500, reset_rate=0.2, cut_rate=0.1)
    plans = stage.plans(1, 600)
    met = [{one.kind: one for one in plan.disturbances} for plan in plans]
    for kind, rate in ((Trouble.STALL, 0.3), (Trouble.RESET, 0.2), (Trouble.CUT, 0.1)):
        assert sum(kind in one for one in met) / 600 == about(rate)
    assert {one[Trouble.STALL].seconds for one in met if Trouble.STALL in one} == {1.5}
    assert {one[Trouble.CUT].mid_frame for one in met if Trouble.CUT in one} == {True}
    both = [plan.disturbances for plan in plans if len(plan.disturbances) > 1]
    assert both
    assert all(one[0].kind is Trouble.STALL or Trouble.STALL not in [each.kind for each in one] for one in both)


def test_a_retry_storm_refuses_the_first_requests():
    stage = Stage("retry_storm", first=4, retry_after_secs=2)
    plans = stage.plans(1, 10)
    assert [plan.struck for plan in plans] == [("retry_storm",)] * 4 + [()] * 6
    assert {(plan.outcome.kind, plan.outcome.retry_after) for plan in plans[:4]} == {(FaultKind.RATE_LIMIT, 2)}
    assert stage.live(1).failures.by_name["retry_storm"].settings.count_by == "key"
    assert Stage("retry_storm", count_by="fleet").live(1).failures.by_name["retry_storm"].settings.count_by == "fleet"


def test_errors_come_in_bursts():
    kinds = Stage("bursty_errors", begin=0.05, end=0.25).kinds(1, 3000)
    assert set(kinds) == {"", "server_error"}
    runs = "".join("x" if kind else "." for kind in kinds).replace(".", " ").split()
    # The chain's share of time within bursts is 1/6, and a burst has four requests on average.
    assert kinds.count("server_error") / 3000 == pytest.approx(1 / 6, abs=0.05)
    assert sum(map(len, runs)) / len(runs) == pytest.approx(4, abs=1.2)


def test_a_quota_is_exhausted_for_the_keys_that_match():
    stage = Stage("quota_exhausted", keys="sk-poor-*")
    assert stage.kinds(1, 5, key=b"sk-poor-1") == ["insufficient_quota"] * 5
    assert stage.kinds(1, 5, key=b"sk-rich-1") == [""] * 5
    assert Stage("quota_exhausted").kinds(1, 2, key=b"") == ["insufficient_quota"] * 2


def test_a_bad_upstream_answers_in_the_provider_s_place():
    stage = Stage("bad_upstream", bad_gateway_rate=0.3, timeout_rate=0.2, timeout_ms=700, malformed_rate=0.2)
    plans = stage.plans(1, 600)
    names = [name for plan in plans for name in plan.struck]
    assert names.count("upstream_502") / 600 == about(0.3)
    assert names.count("upstream_504") / 600 == about(0.7 * 0.2)
    assert {plan.outcome.after for plan in plans if "upstream_504" in plan.struck} == {0.7}
    assert "malformed" in stage.kinds(1, 100)


def test_a_storm_of_rate_limits_rises_stays_and_falls():
    stage = Stage("rate_limit_storm", rising_secs=100, storm_secs=10, falling_secs=50)
    found = [stage.share("rate_limit", at) for at in (0, 50, 105, 135, 160)]
    assert found == [0, about(0.3), about(0.6), about(0.3), 0]
    assert {plan.outcome.retry_after for plan in stage.plans(105, 50) if plan.struck} == {20}


def test_a_slow_start_gets_warm():
    stage = Stage("slow_start", error_rate=0.5)
    assert [stage.share("overloaded", at) for at in (10, 40, 60)] == [about(0.5), about(0.25), 0]
    scales = [stage.live(at).config.simulation.latency_scale for at in (0, 19, 21, 40, 59.9, 60)]
    assert scales == sorted(scales, reverse=True)
    assert (scales[0], scales[-1]) == (4.0, 1.0)


def test_a_region_is_lost_and_others_take_over():
    stage = Stage("regional_failover", hanging_rate=0.5, hanging_ms=250)
    lost = stage.plans(5, 600)
    hanging = [plan.outcome for plan in lost if plan.struck == ("region_hanging",)]
    assert len(hanging) / 600 == about(0.4 * 0.5)
    assert {(one.hang_up, one.after) for one in hanging} == {(True, 0.25)}
    assert [stage.share("overloaded", at) for at in (5, 20, 70)] == [about(0.6), about(0.1), 0]
    scales = [stage.live(at).config.simulation.latency_scale for at in (5, 15, 59.9, 60, 119.9, 120)]
    assert scales == [1.0, 3.0, 1.4, 1.4, 1.0, 1.0]


def test_the_models_of_a_pattern_are_down():
    stage = Stage("model_outage")
    assert stage.kinds(1, 3) == ["overloaded"] * 3
    assert stage.kinds(1, 3, "anthropic") == [""] * 3


@pytest.mark.parametrize(
    ("name", "kind", "share"),
    [("outage", "overloaded", 1), ("degraded", "server_error", 0.1), ("bad_keys", "authentication", 1),
     ("timeouts", "timeout", 0.3), ("flapping", "overloaded", 1), ("capacity_crunch", "overloaded", 0)],
)  # fmt: skip
def test_those_that_are_plain(name, kind, share):
    assert Stage(name).share(kind, 1) == about(share)


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_the_curves_of_a_picture_are_what_happens(name):
    """Each failure strikes as often as its curve says, at the beginning, amid and towards the end of each phase."""
    stage = Stage(name)
    drawn = chart(LOADED, activated(find(LOADED.config, name, "test"), {}, started=STARTED, source="test"))
    curves = {curve.name: curve for curve in drawn.curves}
    for stretch in drawn.stretches:
        for part in (0.01, 0.5, 0.97):
            at = stretch.begins + part * (stretch.ends - stretch.begins)
            live = stage.live(at)
            scale = curves.get("latency_scale")
            assert live.config.simulation.latency_scale == (scale.highest(at, at + 1e-7) if scale else 1.0)
            for failure, settings in live.config.faults.items():
                elapsed = STARTED + at - live.since[failure]
                expected = curves[f"faults.{failure}"].highest(at, at + 1e-7)
                assert expected == pytest.approx(chance(settings, elapsed), abs=1e-6)
                if settings.first is None:
                    ready = live.failures.by_name[failure]
                    key, _ = live.engine.seeds.conditions(b"", stage.plans(at)[0].address)
                    struck = sum(
                        ready.strike(
                            live.engine._draws, (key, n, False), elapsed=elapsed, count=0, asked=False, steps=9
                        )
                        is not None
                        for n in range(2000)
                    )
                    # Neighbours within a burst fall together, so bursts spread more widely.
                    spread = math.sqrt(max(expected * (1 - expected), 1e-4) / 2000) * (4 if settings.burst else 1)
                    assert struck / 2000 == pytest.approx(expected, abs=4.5 * spread)
