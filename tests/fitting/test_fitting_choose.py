"""Which family is chosen, and for which reason."""

import numpy as np
import pytest
from fitting_samples import SPECIMENS, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.cli import fit as command
from simulator.config import latency as config
from simulator.engine.latency import build
from simulator.fitting.choose import FAMILIES, choose
from simulator.fitting.families import Unfit
from simulator.fitting.goodness import ks
from simulator.fitting.rounded import spread


@pytest.mark.parametrize("family", SPECIMENS)
@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_the_right_family_is_chosen(family, criterion):
    sample = drawn(SPECIMENS[family], 4000)
    choice = choose(sample, criterion=criterion)
    if criterion == "bic":
        assert choice.chosen == family
    # AIC takes more parameters now and then; what it takes fits all the same.
    assert choice.best.ks_p > 0.05
    assert choice.percentiles_ms == pytest.approx(np.percentile(sample, (50, 95, 99)) * 1e3)


def test_candidates_are_ranked_and_whole():
    choice = choose(drawn(SPECIMENS["gamma"], 1000))
    assert {one.family for one in choice.candidates} == set(FAMILIES) == set(command.FAMILIES)
    scores = [one.bic for one in choice.candidates if one.bic is not None]
    assert scores == sorted(scores)
    assert len(scores) >= 6
    for one in choice.candidates:
        if one.spec is None:
            assert one.reason
        else:
            assert config.problems(one.spec) == []
            assert one.percentiles_ms == pytest.approx([build(one.spec).percentile(p) * 1e3 for p in (50, 95, 99)])
            assert one.ks_d == ks(drawn(SPECIMENS["gamma"], 1000), build(one.spec).quantile).d
    best = choice.candidates[0]
    assert best.aic == pytest.approx(4 - 2 * best.log_likelihood)
    assert best.bic == pytest.approx(2 * np.log(1000) - 2 * best.log_likelihood)


def test_few_values_show_no_edge():
    """The likelihood of a uniform distribution is that of the sample's own range, which is always too narrow."""
    few = [choose(drawn(SPECIMENS["normal"], 12, seed)) for seed in range(20)]
    assert any(one.candidates[0].family in ("uniform", "pareto") for one in few)
    assert not {one.chosen for one in few} & {"uniform", "pareto"}
    assert choose(drawn(SPECIMENS["uniform"], 60)).chosen == "uniform"


def test_what_no_family_fits_is_taken_as_measured():
    three = np.concatenate([drawn(config.Normal(mean_ms=m, std_dev_ms=1), 700, m) for m in (20, 50, 200)])
    choice = choose(three)
    assert choice.chosen == "empirical"
    assert "away" in choice.why
    assert choice.best.ks_d < 0.03
    # Whoever tolerates the distance gets the family.
    assert choose(three, tolerance=1.0).chosen == "mixture"


def test_a_large_sample_that_rejects_all_takes_the_nearest():
    """Many values reject any smooth family that is off by a hundredth; such a one is still the answer."""
    humps = (drawn(SPECIMENS["gamma"], 90_000), drawn(config.Normal(mean_ms=200, std_dev_ms=10), 10_000))
    choice = choose(np.concatenate(humps))
    assert choice.best.ks_p < 0.05
    assert choice.best.ks_d < 0.05
    assert choice.chosen not in ("empirical", "constant")


def test_equal_values_are_constant():
    choice = choose(np.full(100, 0.0123))
    assert choice.spec == config.Constant(value_ms=12.3)
    assert choice.why == "all values are equal"
    assert choose(np.zeros(5)).spec == config.Constant(value_ms=0.0)
    assert choose(np.array([0.25])).spec == config.Constant(value_ms=250.0)


def test_a_few_values_keep_their_shares():
    choice = choose(np.repeat((0.010, 0.020, 0.040), (50, 30, 20)))
    assert choice.chosen == "empirical"
    assert "few different values" in choice.why
    assert choice.best.ks_d < 1e-4
    assert build(choice.spec).mean() == pytest.approx(0.019, rel=1e-4)


def test_zeros_are_a_component_of_their_own():
    """Tokens that come in one piece have no gap between them, and no smooth family has an atom."""
    sample = np.concatenate((np.zeros(600), drawn(SPECIMENS["gamma"], 1400)))
    choice = choose(sample)
    assert choice.chosen == "gamma"
    nothing, rest = choice.spec.components
    assert nothing == config.Constant(value_ms=0.0, weight=0.3)
    assert rest.weight == 0.7
    assert rest.shape == pytest.approx(3, rel=0.15)
    assert choice.best.ks_d < 0.03
    assert any("30 %" in note for note in choice.notes)


def test_zeros_beside_two_humps_are_three_components():
    sample = np.concatenate((np.zeros(500), drawn(SPECIMENS["mixture"], 1500)))
    choice = choose(sample, "mixture")
    assert [part.weight for part in choice.spec.components] == pytest.approx([0.25, 0.6, 0.15], abs=0.03)
    assert choice.best.ks_d < 0.03


@pytest.mark.parametrize("family", ["log_normal", "normal", "gamma", "weibull", "exponential", "mixture"])
def test_rounding_does_not_hide_the_family(family):
    """Whole milliseconds of gaps of some tens of them have a dozen values."""
    sample = np.round(drawn(SPECIMENS[family], 6000), 3)
    choice = choose(sample)
    assert choice.chosen == family
    assert choice.best.ks_d < 0.03


def test_spreading():
    ordered = np.repeat(np.arange(8.0, 15.0), 10)
    x, notes = spread(ordered)
    assert "1 ms" in notes[0]
    assert np.all(np.diff(x) > 0)
    assert np.all(np.abs(x - ordered) < 0.5)
    assert x.mean() == pytest.approx(ordered.mean())
    measured = np.linspace(8.0, 15.0, 70)
    same, nothing = spread(measured)
    assert nothing == ()
    assert np.array_equal(same, measured)


def test_zeros_that_are_no_rounding_stay():
    x, _ = spread(np.sort(np.concatenate((np.zeros(100), np.repeat(np.arange(1.0, 8.0), 10)))))
    assert (x == 0).sum() == 100
    few, _ = spread(np.repeat(np.arange(0.0, 8.0), 10))
    assert (few == 0).sum() == 0
    assert 0 < few[0] < 0.5


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_can_be_forced(family):
    sample = drawn(SPECIMENS["pareto"], 500)
    choice = choose(sample, family)
    assert (choice.chosen, choice.why) == (family, "asked for")


def test_a_forced_family_that_cannot_be_says_why():
    with pytest.raises(Unfit, match=r"pareto cannot be fitted: .* no mean"):
        choose(drawn(SPECIMENS["gamma"], 500), "pareto")
    with pytest.raises(Unfit, match="all values are equal"):
        choose(np.full(40, 0.1), "gamma")


def test_nothing_is_no_sample():
    with pytest.raises(ValueError, match="at least one"):
        choose(np.array([]))


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1e7, allow_nan=False), min_size=1, max_size=60))
def test_any_sample_gets_a_distribution_that_the_configuration_takes(values):
    sample = np.array(values)
    choice = choose(sample)
    assert config.problems(choice.spec) == []
    assert np.all(np.isfinite(build(choice.spec).quantile(np.linspace(0, 0.999, 50))))
