"""The normal score against published values, and against itself."""

import math

import numpy as np
import pytest

from simulator.engine.latency.normal_score import normal_chance, normal_density, normal_score, normal_scores
from simulator.engine.latency.quantile import FIRST, LAST

# From tables of the normal distribution, to the last digit of a double.
KNOWN = {
    0.5: 0.0,
    0.75: 0.6744897501960817,
    0.925: 1.4395314709384563,
    0.95: 1.6448536269514722,
    0.975: 1.959963984540054,
    0.99: 2.3263478740408408,
    0.999: 3.090232306167813,
    1e-10: -6.361340902404056,
    1e-15: -7.941345326170997,
}


@pytest.mark.parametrize(("chance", "score"), list(KNOWN.items()))
def test_scores_are_those_of_the_tables(chance, score):
    assert normal_score(chance) == pytest.approx(score, rel=1e-13, abs=1e-15)
    assert normal_scores(np.array([chance]))[0] == pytest.approx(score, rel=1e-13, abs=1e-15)


def test_the_array_form_agrees_with_the_single_one_in_every_region():
    v = np.concatenate((np.geomspace(FIRST, 0.5, 2000), 1 - np.geomspace(2**-53, 0.5, 2000)))
    single = np.array([normal_score(float(x)) for x in v])
    assert np.allclose(normal_scores(v), single, rtol=1e-14, atol=1e-16)


def test_score_and_chance_undo_each_other():
    for z in np.linspace(-8, 5, 261):
        assert normal_score(normal_chance(float(z))) == pytest.approx(z, rel=1e-9, abs=1e-12)


def test_the_ends_count_as_the_nearest_draws():
    assert normal_score(0.0) == normal_score(FIRST)
    assert normal_score(1.0) == normal_score(LAST)
    assert math.isfinite(normal_score(0.0))
    assert math.isfinite(normal_score(1.0))


def test_chance_and_density_at_the_infinities():
    assert (normal_chance(-math.inf), normal_chance(math.inf)) == (0.0, 1.0)
    assert (normal_density(-math.inf), normal_density(math.inf)) == (0.0, 0.0)
    assert normal_density(0.0) == pytest.approx(0.3989422804014327, rel=1e-15)
