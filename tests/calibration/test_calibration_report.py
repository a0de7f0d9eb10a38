"""A report says what was measured, what failed, and whose fault a miss may be."""

import json
import math
from array import array
from types import SimpleNamespace

import numpy as np
import orjson
import pytest

from simulator.calibration.arrivals import Arrived
from simulator.calibration.course import Course
from simulator.calibration.lag import Lag
from simulator.calibration.laws import configured
from simulator.calibration.measured import Share, outcome_of
from simulator.calibration.profiles import Profile
from simulator.calibration.report import announced, as_data, text
from simulator.calibration.run import Report, Wish
from simulator.config.latency import Constant, Latency, Uniform

PACE = configured(Latency(ttft=Constant(value_ms=100), itl=Uniform(min_ms=10, max_ms=30)), 1.0, 0.0)
SUBJECT = SimpleNamespace(profile=Profile("m", "m", "openai"), pace=PACE)
DRAWS = np.random.default_rng(2)
QUIET = Lag(500, 0.001, 0.005)


def arrived(tokens=20, status=200, *, whole=True, late=0.0002, **headers):
    """An answer to which tokens came as planned, a little late, with its plan."""
    plan = 0.1 + np.concatenate(((0.0,), np.cumsum(PACE.gap(DRAWS.random(max(0, tokens - 1))))))[:tokens]
    answer = Arrived(status, {name.replace("_", "-"): value for name, value in headers.items()},
                     array("d", plan + late), whole)  # fmt: skip
    PLANS[id(answer)] = plan
    ANSWERS.append(answer)
    return answer


PLANS = {}
ANSWERS = []
"""Kept, so that no two have one id."""


class Oracle:
    """Knows the plans of the answers made here."""

    def moments(self, subject, headers):
        assert subject is SUBJECT
        found = next(one for one in ANSWERS if one.headers is headers)
        return PLANS[id(found)]


def outcome(answers, requests=None, tolerance=0.05):
    share = Share(SUBJECT, "127.0.0.1:1", (len(answers) if requests is None else requests, 2), keyed=False)
    for one in answers:
        share.take(one)
    return outcome_of(share, Oracle(), tolerance)


def report(*outcomes, lag=QUIET, complete=True):
    course = Course([2], 100.0, 3.0, 2)
    return Report(Wish(tolerance=0.05), course, outcomes, lag, 0.02, complete, 2.5)


def test_what_failed_is_counted_by_its_reason_and_left_out():
    answers = [arrived() for _ in range(40)]
    answers += [
        arrived(status=503, tokens=0, x_llm_sim_fault="storm"),
        arrived(whole=False),
        arrived(status=429, tokens=0),
        arrived(status=0, tokens=0, whole=False),
    ]
    found = outcome(answers, requests=46)
    assert found.streams == 40
    assert found.failed == {"failed as configured": 1, "lost": 4, "answered 429": 1}
    assert not found.within, "what is lost is no truth"
    told = text(report(found))
    assert "m (openai): 40 streams, 1 failed as configured, 4 lost, 1 answered 429" in told
    assert "MISSED: not within 5 %" in told


def test_a_good_report():
    found = outcome([arrived() for _ in range(40)])
    assert found.within
    assert found.lateness is not None
    assert found.lateness.most == pytest.approx(0.0002)
    told = text(report(found))
    assert "ok: every profile is within 5 %" in told
    assert "schedule lag of the server: p99 at most 1 ms, never more than 5 ms, of 500 turns" in told
    assert "too narrow to tell" in told
    assert "the server was late" not in told
    assert all(len(line) <= 120 for line in told.splitlines())


def test_a_server_that_was_late_says_so():
    found = outcome([arrived(late=0.03, x_llm_sim_lag_ms="31"), *[arrived() for _ in range(20)]])
    told = text(report(found, lag=Lag(10, math.inf, math.inf)))
    assert "the server was late: answers that say so: 1, up to 31 ms" in told
    assert "p99 at most can be told" not in told
    assert "longer than its metrics tell" in told
    assert "it was late by more than 20 ms (telemetry.lag_threshold_ms) at times" in told


def test_a_run_without_an_answer_is_no_truth():
    found = outcome([], requests=3)
    assert not found.within
    told = text(report(found, lag=Lag(0, None, None), complete=False))
    assert "0 streams, 3 lost" in told
    assert "took longer than it may" in told
    assert "nothing was scheduled" in told


def test_streams_of_one_token_have_no_gaps():
    found = outcome([arrived(tokens=1) for _ in range(10)])
    assert [judged.name for judged in found.judged] == ["ttft"]
    assert found.within


def test_the_data_are_json_and_agree_with_the_report():
    found = outcome([arrived() for _ in range(10)])
    told = as_data(report(found, lag=Lag(10, 0.001, math.inf)))
    again = json.loads(orjson.dumps(told))
    assert again["within"] is True
    assert again["schedule_lag"] == {"turns": 10, "p99_at_most_ms": 1.0, "max_at_most_ms": None}
    (profile,) = again["profiles"]
    assert profile["ttft"]["p50"]["configured_ms"] == 100
    assert profile["itl"]["n"] == 190
    assert profile["itl"]["ks"]["p"] > 1e-4


@pytest.mark.parametrize(
    ("course", "words"),
    [
        (
            Course([20, 20], 1_234.5, 37.2, 40),
            "2 profiles, 100 streams each, 40 at once: about 1,234 tokens/s for 37 s",
        ),
        (Course([7], 9_000.0, 5.0, 2_000), "(2000 at once would be more than 70 % of what"),
    ],
)
def test_what_it_will_take_is_said_first(course, words):
    assert words in announced(course, len(course.streams), 100)
