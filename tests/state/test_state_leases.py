"""Entries of a lease's record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.state.embedded import leases
from simulator.state.embedded.leases import Holder, digest

FLEET, OTHER_FLEET = digest(b"fleet"), digest(b"another")
WORKERS = [Holder(FLEET, digest(b"%d" % number), 100 + number) for number in range(3)]
STRANGER = Holder(OTHER_FLEET, digest(b"0"), 900)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([1, -1])), max_size=30))
def test_every_worker_holds_what_it_took_and_did_not_give_back(steps):
    record, model = b"", [0, 0, 0]
    for worker, change in steps:
        record = leases.added(record, WORKERS[worker], change)
        model[worker] = max(0, model[worker] + change)
        assert leases.held(record, FLEET) == sum(model)
    for worker in range(3):
        assert leases.held(leases.without(record, WORKERS[worker]), FLEET) == sum(model) - model[worker]
        living = leases.living(record, lambda pid, worker=worker: pid == WORKERS[worker].pid)
        assert leases.held(living, FLEET) == model[worker]


def test_another_fleet_holds_nothing_and_is_swept_out():
    record = leases.added(b"", STRANGER, 1)
    assert leases.held(record, FLEET) == 0
    assert leases.held(record, OTHER_FLEET) == 1
    assert leases.without(record, WORKERS[0]) == b""
    assert leases.held(leases.added(record, WORKERS[0], 1), OTHER_FLEET) == 0


def test_a_record_without_holders_is_empty():
    record = leases.added(b"", WORKERS[0], 1)
    assert record
    assert leases.added(record, WORKERS[0], -1) == b""
    assert leases.added(b"", WORKERS[0], -1) == b""


@pytest.mark.parametrize("name", [b"", b"f", b"a long name of a fleet" * 9])
def test_names_of_any_length_have_a_digest(name):
    assert len(digest(name)) == 8
