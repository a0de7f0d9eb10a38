"""The incomplete gamma function against closed forms and published quantiles."""

import math

import numpy as np
import pytest

from simulator.engine.latency.gamma_function import gamma_chance, gamma_log_quantile, gamma_scores, power_moment


@pytest.mark.parametrize("shape", [1, 2, 5, 30])
@pytest.mark.parametrize("x", [0.01, 0.5, 1.0, 4.0, 29.0, 80.0])
def test_whole_shapes_are_waits_for_that_many_events(shape, x):
    fewer = math.fsum(math.exp(i * math.log(x) - x - math.lgamma(i + 1)) for i in range(shape))
    assert gamma_chance(shape, x) == pytest.approx(1 - fewer, rel=1e-9, abs=1e-13)


def test_a_half_is_the_square_of_a_normal_variable():
    for x in (0.01, 0.3, 2.0, 9.0):
        assert gamma_chance(0.5, x) == pytest.approx(math.erf(math.sqrt(x)), rel=1e-13)


# Chi-squared tables: degrees of freedom are twice the shape, values twice the gamma variable.
@pytest.mark.parametrize(
    ("freedom", "p", "value"),
    [
        (1, 0.5, 0.454936423119572),
        (1, 0.99, 6.634896601021213),
        (5, 0.5, 4.351460191095526),
        (5, 0.95, 11.070497693516351),
        (100, 0.5, 99.33412923598846),
        (100, 0.99, 135.80672317102676),
    ],
)
def test_quantiles_are_those_of_the_chi_squared_tables(freedom, p, value):
    assert math.exp(gamma_log_quantile(freedom / 2, p)) == pytest.approx(value / 2, rel=1e-11)


@pytest.mark.parametrize("shape", [0.01, 0.3, 1.0, 7.5, 400.0, 10_000.0])
@pytest.mark.parametrize("p", [2**-54, 1e-4, 0.5, 0.9999, 1 - 1e-12])
def test_quantile_and_chance_undo_each_other(shape, p):
    log_x = gamma_log_quantile(shape, p)
    assert gamma_chance(shape, math.exp(log_x)) == pytest.approx(p, rel=1e-8) or log_x == pytest.approx(-700, abs=1)


@pytest.mark.parametrize("shape", [0.05, 0.5, 1.0, 2.5, 80.0, 10_000.0])
def test_the_table_is_within_one_in_ten_thousand(shape):
    chances, logs = gamma_scores(shape)
    assert (np.diff(chances) > 0).all()
    for p in (1e-4, 0.003, 0.1, 0.5, 0.9, 0.995, 0.9999):
        assert np.interp(p, chances, logs) == pytest.approx(gamma_log_quantile(shape, p), abs=1e-4)


def test_the_ends_of_the_chance():
    assert gamma_chance(2.0, 0.0) == 0.0
    assert gamma_chance(2.0, -1.0) == 0.0
    assert gamma_chance(2.0, math.inf) == 1.0


def test_moments_of_all_and_of_a_part():
    assert power_moment(2.5, 0.0, 1.0, -math.inf, math.inf) == pytest.approx(2.5, rel=1e-12)
    assert power_moment(2.5, math.log(3), 2.0, -math.inf, math.inf) == pytest.approx(3 * 2.5 * 3.5, rel=1e-12)
    lower = power_moment(2.5, 0.0, 1.0, -math.inf, 0.7)
    upper = power_moment(2.5, 0.0, 1.0, 0.7, math.inf)
    assert lower + upper == pytest.approx(2.5, rel=1e-12)
    assert 0 < lower < upper
