"""What two moments of a fleet say, and how it is drawn."""

import re

import pytest
from fleet_answers import HEALTH, METRICS, STATS
from hypothesis import given
from hypothesis import strategies as st

from simulator.top.sample import Rates, Sample, SlotNow, between, exposition, quantile, sample_of
from simulator.top.screen import duration, fitted, flowing, lines, milliseconds, rate

INF = float("inf")


def slot(ordinal=0, **fields):
    return SlotNow(ordinal, state="ready", **fields)


def test_a_moment_is_made_of_three_answers():
    sample = sample_of(5.0, HEALTH, STATS, METRICS)
    assert sample == Sample(
        5.0,
        version="9.9",
        seed="7",
        status="degraded",
        uptime=3725.2,
        revision=8,
        scenarios=("outage",),
        warnings=("busy",),
        slots=(
            SlotNow(0, "ready+drain", 10, 4, 3, 2, 1, 100, 5, 6000, 1.25, 2, 8),
            SlotNow(1, "stalled", 11, requests=3),
        ),
        ttft={0.1: 3.0, INF: 4.0},
    )


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"workers": 7}, {"workers": [None, 5, {"pid": "x"}]}, {"seed": []}])
def test_what_is_not_told_is_no_error(odd):
    sample = sample_of(0.0, odd, odd, "x 1e999\nllm_simulator_config_revision 1e999\n")
    assert sample.revision == 0
    assert all(isinstance(line, str) for line in lines("u", sample, None, 80))


def test_rates_are_what_was_added_over_the_time_between():
    earlier = Sample(10.0, slots=(slot(0, requests=100, refused=5, tokens=1000), slot(1, requests=50)), ttft={INF: 1})
    later = Sample(
        12.0,
        slots=(slot(0, requests=140, refused=6, tokens=5000), slot(1, requests=50, tokens=2), slot(2, requests=9)),
        ttft={0.1: 4, 0.2: 8, INF: 9},
    )
    change = between(earlier, later)
    assert change.seconds == 2.0
    assert change.slots == (Rates(20, 0.5, 2000), Rates(0, 0, 1), Rates())
    assert change.fleet == Rates(20, 0.5, 2001)
    assert change.ttft == (0.1, pytest.approx(0.19))


def test_a_counter_that_fell_has_begun_anew():
    change = between(Sample(0.0, slots=(slot(requests=900),)), Sample(1.0, slots=(slot(requests=7),)))
    assert change.slots == (Rates(7),)
    assert change.ttft == (None, None)


@pytest.mark.parametrize(
    ("buckets", "q", "expected"),
    [
        ({}, 0.5, None),
        ({INF: 0}, 0.5, None),
        ({0.1: 0, INF: 0}, 0.5, None),
        ({0.1: 10, INF: 10}, 0.5, 0.05),
        ({0.1: 10, 0.2: 20, INF: 20}, 0.5, 0.1),
        ({0.1: 10, 0.2: 20, INF: 20}, 0.95, 0.19),
        ({0.1: 0, 0.2: 4, INF: 4}, 0.5, 0.15),
        ({0.1: 0, 0.2: 0, INF: 4}, 0.5, 0.2),
        ({INF: 4}, 0.5, 0.0),
    ],
)
def test_quantiles_are_linear_within_a_bucket(buckets, q, expected):
    found = quantile(buckets, q)
    assert found is None if expected is None else found == pytest.approx(expected)


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_that_holds_its_rank(counts, q):
    bounds, total = (0.1, 0.5, INF), 0
    buckets = {bound: (total := total + count) for bound, count in zip(bounds, counts, strict=True)}
    found = quantile(buckets, q)
    if not total:
        assert found is None
        return
    place = next(bound for bound in bounds if buckets[bound] >= q * total)
    low = {0.1: 0.0, 0.5: 0.1, INF: 0.5}[place]
    assert low <= found <= min(place, 0.5)


def test_labels_are_read_with_their_escapes():
    assert list(exposition('a{x="1",y="\\"}"} 2\n# a 3\nb NaN\nc +Inf\n')) == [
        ("a", {"x": "1", "y": '\\"}'}, 2.0),
        ("c", {}, INF),
    ]


def test_the_picture():
    earlier = Sample(0.0, slots=(slot(0), slot(1)))
    later = sample_of(2.0, HEALTH, STATS, METRICS)
    assert lines("http://x", later, between(earlier, later), 100) == [
        "llm-simulator 9.9   http://x   degraded   up 1 h 2 min",
        "seed 7   revision 8   scenarios: outage",
        "requests/s 52   tokens/s 3,000   refused/s 2.5   in flight 3   queued 2   streams 1   connections 4",
        "TTFT p50 67 ms   p95 100 ms   lag 1.2 ms",
        "warning: busy",
        "",
        "slot  pid  state        conn  flight  streams  req/s  tok/s  lag-ms  restarts  rev",
        "   0   10  ready+drain     4       3        1     50  3,000     1.2         2    8",
        "   1   11  stalled         0       0        0    1.5    0.0     0.0         0    0",
    ]
    first = lines("http://x", later, None, 100)
    assert first[2].startswith("requests/s -   tokens/s -   refused/s -   in flight 3")


@given(st.integers(1, 130), st.integers(1, 40), st.integers(0, 70), st.text(max_size=30))
def test_the_picture_fits_any_terminal(width, height, slots, text):
    sample = Sample(0.0, version=text, warnings=(text,), slots=tuple(slot(number) for number in range(slots)))
    for change in (None, between(sample, sample)):
        shown = lines("http://127.0.0.1:8080", sample, change, width, height)
        assert len(shown) <= height
        assert all(len(line) <= width and line.isprintable() for line in shown)


def test_more_slots_than_lines_are_counted():
    sample = Sample(0.0, slots=tuple(slot(number) for number in range(70)))
    shown = lines("u", sample, None, 100, 24)
    assert len(shown) == 24
    assert shown[-1] == f"... {70 - sum(bool(re.match(' *[0-9]+ +0 ', line)) for line in shown)} more slots"
    assert len(lines("u", sample, None, 100)) > 70


def test_words_and_numbers():
    assert [rate(value) for value in (0, 1.26, 9.94, 9.96, 1234.5)] == ["0.0", "1.3", "9.9", "10", "1,234"]
    assert [milliseconds(value) for value in (None, 0.00123, 0.5, 12.0)] == ["-", "1.2 ms", "500 ms", "12,000 ms"]
    assert [duration(value) for value in (0, 59.9, 60, 3600, 90061)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "1 h 0 min",
        "1 d 1 h",
    ]
    assert fitted("a\x1b[31mb\n", 80) == "a?[31mb?"
    assert [fitted("abcdef", width) for width in (6, 5, 3, 2, 0)] == ["abcdef", "ab...", "...", "..", ""]
    assert flowing(["aa", "bb", "cc"], 7) == ["aa   bb", "cc"]
