"""Numbers of pods and workers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.ordinals import NODE_ORDINALS, lowest_free, pod_ordinal

INSIDE = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


@pytest.mark.parametrize(
    ("configured", "environ", "hostname", "expected"),
    [
        (None, {}, "laptop-7", 0),
        (4, {"POD_INDEX": "2"}, "sim-1", 4),
        (0, {"POD_INDEX": "2"}, "sim-1", 0),
        (None, {"POD_INDEX": " 2 ", "POD_NAME": "sim-5"}, "sim-1", 2),
        (None, {"POD_INDEX": "two", "POD_NAME": "sim-5"}, "sim-1", 5),
        (None, {"POD_INDEX": "²", "POD_NAME": "sim-5"}, "sim-1", 5),
        (None, {"POD_NAME": "sim-5"}, "sim-1", 5),
        (None, {**INSIDE, "HOSTNAME": "sim-12"}, "other", 12),
        (None, INSIDE, "sim-3", 3),
        (None, {"HOSTNAME": "sim-12"}, "sim-12", 0),
        (None, {"POD_NAME": "sim-7d9f8b6c5d-48295"}, "", 0),
        (None, {"POD_NAME": "sim-7d9f8b6c5d-x2x4z"}, "", 0),
        (None, {"POD_NAME": "sim5"}, "", 0),
        (None, {"POD_NAME": "sim-5", "NODE_NAME": "n1"}, "", 5),
    ],
)
def test_the_first_source_that_knows_wins(configured, environ, hostname, expected):
    assert pod_ordinal(configured, environ, hostname) == expected


def test_nodes_have_numbers_of_their_own():
    numbers = {pod_ordinal(None, {"NODE_NAME": f"node-{n}"}, "") for n in range(1000)}
    assert len(numbers) == 1000
    assert all(0 <= number < NODE_ORDINALS for number in numbers)
    assert pod_ordinal(None, {"NODE_NAME": "node-1"}, "") == 1017441065


@given(st.sets(st.integers(0, 20)), st.integers(0, 20))
def test_the_lowest_free_slot(taken, wanted):
    free = [ordinal for ordinal in range(wanted) if ordinal not in taken]
    assert lowest_free(taken, wanted) == (free[0] if free else None)
