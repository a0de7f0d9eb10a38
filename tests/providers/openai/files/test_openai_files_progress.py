"""How far a batch is follows from the clock alone."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.providers.openai.files.progress import FINAL, WINDOW, Course

COURSES = st.builds(
    Course,
    created=st.just(1_000.0),
    total=st.integers(1, 50_000),
    rate=st.floats(0.01, 10_000),
    valid=st.booleans(),
    cancelled=st.none() | st.floats(1_000, 200_000),
)
TIMES = st.lists(st.floats(1_000, 300_000), min_size=2, max_size=8).map(sorted)


@settings(max_examples=150)
@given(COURSES, TIMES)
def test_a_batch_only_goes_on(course, times):
    done = [course.done(now) for now in times]
    assert done == sorted(done)
    assert 0 <= done[0] <= done[-1] <= course.total
    stories = [course.times(now) for now in times]
    for early, late in pairwise(stories):
        assert early.items() <= late.items()
    ended = [course.status(now) in FINAL | {"failed"} for now in times]
    assert ended == sorted(ended)


@settings(max_examples=100)
@given(COURSES)
def test_every_batch_ends_as_it_should(course):
    status = course.status(1_000_000)
    if not course.valid:
        assert (status, course.done(1_000_000)) == ("failed", 0)
    elif course.cancelled is not None:
        assert status == "cancelled"
        assert course.done(1_000_000) == course.done(course.cancelled)
    elif course.ran + course.step <= course.created + WINDOW:
        assert (status, course.done(1_000_000)) == ("completed", course.total)
    else:
        assert status == "expired"
        assert course.done(1_000_000) == course.done(course.expires)


@pytest.mark.parametrize(
    ("now", "status", "done"),
    [
        (1_000, "validating", 0),
        (1_001.9, "validating", 0),
        (1_002, "in_progress", 0),
        (1_012, "in_progress", 50),
        (1_022, "finalizing", 100),
        (1_024, "completed", 100),
    ],
)
def test_the_usual_course(now, status, done):
    course = Course(1_000.0, 100, 5.0)
    assert (course.status(now), course.done(now)) == (status, done)


def test_times_of_each_status():
    course = Course(1_000.0, 100, 5.0)
    assert course.times(2_000) == {"in_progress_at": 1_002, "finalizing_at": 1_022, "completed_at": 1_024}
    stopped = msgspec.structs.replace(course, cancelled=1_010.0)
    assert stopped.times(2_000) == {"in_progress_at": 1_002, "cancelling_at": 1_010, "cancelled_at": 1_012}
    assert stopped.status(1_011) == "cancelling"
    early = msgspec.structs.replace(course, cancelled=1_001.0)
    assert early.times(2_000) == {"cancelling_at": 1_001, "cancelled_at": 1_003}
    assert early.done(2_000) == 0
    assert Course(1_000.0, 0, 5.0, valid=False).times(2_000) == {"failed_at": 1_000}
