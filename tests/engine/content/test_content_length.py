import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.schema import Length
from simulator.engine.content.length import AnswerLength


def test_median_and_95th_percentile() -> None:
    length = AnswerLength(Length(p50=60, p95=180))
    assert length.draw(0.5) == 60
    assert length.draw(0.95) == 180


def test_the_share_below_each_percentile() -> None:
    length = AnswerLength(Length(p50=200, p95=900, max=100_000))
    drawn = [length.draw((n + 0.5) / 10_000) for n in range(10_000)]
    assert sum(tokens <= 200 for tokens in drawn) == pytest.approx(5_000, abs=30)
    assert sum(tokens <= 900 for tokens in drawn) == pytest.approx(9_500, abs=10)
    sigma = math.log(900 / 200) / 1.6448536
    assert sum(drawn) / len(drawn) == pytest.approx(200 * math.exp(sigma**2 / 2), rel=0.01)


@given(
    u=st.floats(0, 1, exclude_max=True),
    p50=st.integers(1, 5_000),
    factor=st.floats(1, 50),
    low=st.integers(0, 100),
    span=st.integers(1, 10_000),
)
def test_every_draw_is_within_the_bounds(u: float, p50: int, factor: float, low: int, span: int) -> None:
    length = AnswerLength(Length(p50=p50, p95=int(p50 * factor) + 1, min=low, max=low + span))
    assert low <= length.draw(u) <= low + span


@given(a=st.floats(0, 1, exclude_max=True), b=st.floats(0, 1, exclude_max=True))
def test_lengths_grow_with_the_draw(a: float, b: float) -> None:
    length = AnswerLength(Length())
    low, high = sorted((a, b))
    assert length.draw(low) <= length.draw(high)


def test_equal_percentiles_make_it_constant() -> None:
    length = AnswerLength(Length(p50=40, p95=40))
    assert {length.draw(u) for u in (0.0, 0.3, 0.999)} == {40}


def test_the_widest_spread_does_not_overflow() -> None:
    length = AnswerLength(Length(p50=1, p95=10**60, max=5_000))
    assert length.draw(1 - 2**-53) == 5_000
    assert length.draw(0.0) == 1


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"p95 \(10\) is below p50 \(20\)"):
        AnswerLength(Length(p50=20, p95=10))
    with pytest.raises(ValueError, match=r"max \(5\) is below min \(6\)"):
        AnswerLength(Length(min=6, max=5))
