"""What a request asks for in `x-llm-sim-fault`."""

import contextlib
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.failures import Failure, Kind
from simulator.providers.base import Refusal
from simulator.server.failing.asked import HEADER, MOST, asked
from simulator.server.failing.book import FailureBook


def found(value, book=None, retry=None):
    headers = {HEADER: value.encode("latin-1")}
    if retry is not None:
        headers[b"x-stainless-retry-count"] = retry
    return [(one.name, one.settings) for one in asked(book, headers)]


def test_kinds_with_settings_in_their_order():
    assert found("stall;after_tokens=3;duration_ms=500, reset ; mid_frame=?1") == [
        ("stall", Failure(kind="stall", after_tokens=3, duration_ms=500)),
        ("reset", Failure(kind="reset", mid_frame=True)),
    ]


def test_text_in_quotes_may_have_every_sign():
    ((_, settings),) = found(r'permission;message="Country, region; or \"territory\" \\ not supported";code=x')
    assert settings.message == r'Country, region; or "territory" \ not supported'
    assert settings.code == "x"


def test_nothing_is_asked_for_without_the_header():
    assert asked(None, {}) == []


def test_a_configured_failure_by_its_name():
    book = FailureBook({"storm": Failure(kind="rate_limit", probability=0), "off": Failure(enabled=False)})
    assert [name for name, _ in found("storm, reset", book)] == ["storm", "reset"]
    with pytest.raises(Refusal):
        found("off", book)


@pytest.mark.parametrize(("retry", "struck"), [(None, 1), (b"0", 1), (b"1", 1), (b"2", 0), (b"9999999", 1), (b"x", 1)])
def test_first_spares_later_tries(retry, struck):
    assert len(found("overloaded;first=2", retry=retry)) == struck


@pytest.mark.parametrize(
    "value",
    [
        *("nonsense", "", ",", "stall;", "stall;=", "stall;duration_ms", "stall;duration_ms=soon"),
        *("stall;duration_ms=-1", "stall;duration_ms=nan", "stall;status=400", "rate_limit;status=200"),
        *("wrong_length;by_bytes=0", "reset;enabled=0", "stall;when=x", 'permission;status="'),
        *("reset;probability=2", "stall;duration_ms=1e309", "reset;strategy=x"),
        ",".join(["reset"] * (MOST + 1)),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_and_named(value):
    with pytest.raises(Refusal) as refused:
        found(value)
    assert "x-llm-sim-fault" in refused.value.message


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(Refusal):
        assert all(name in get_args(Kind) for name, _ in found(text))
