"""Connections spread evenly over the workers, and storms of them are taken quickly."""

import contextlib
import os
import resource
import select
import signal
import socket
import time
from collections import Counter

import pytest
from running import wait_for


def open_at_once(fleet, count):
    """Connections of which none waits for another."""
    sockets = []
    for _ in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((fleet.host, fleet.port))
        sockets.append(connection)
    return sockets


def held(fleet, workers):
    """How many connections each worker holds, without the one that asks."""
    answer = fleet.who()
    connections = answer["connections"][:workers]
    connections[answer["ordinal"]] -= 1
    return connections


def spread_of(fleet, workers, count):
    """How `count` connections that were opened at once are held."""
    with contextlib.ExitStack() as stack:
        for connection in open_at_once(fleet, count):
            stack.enter_context(contextlib.closing(connection))
        wait_for(lambda: sum(held(fleet, workers)) == count, f"{count} connections")
        spread = held(fleet, workers)
    wait_for(lambda: sum(held(fleet, workers)) == 0, "the end of the connections")
    return spread


@pytest.mark.parametrize("workers", [2, 4])
def test_connections_opened_at_once_spread_within_one_of_the_fair_share(launch, workers):
    """Patience is bounded: a worker that gets no CPU for 20 ms misses its share, so each count has three trials."""
    fleet = launch(workers=workers)
    for count in (8, 32, 128):
        fair = range(count // workers - 1, count // workers + 2)
        trials = []
        for _ in range(3):
            trials.append(spread_of(fleet, workers, count))
            if all(load in fair for load in trials[-1]):
                break
        else:
            pytest.fail(f"{count} connections on {workers} workers: {trials}")


def test_one_by_one_they_spread_too(launch):
    fleet = launch(workers=2)
    with contextlib.ExitStack() as stack:
        owners = Counter()
        for _ in range(8):
            connection = stack.enter_context(contextlib.closing(fleet.connect()))
            owners[fleet.who(connection)["ordinal"]] += 1
        assert owners == {0: 4, 1: 4}


def test_a_stopped_worker_does_not_hold_up_the_others(launch):
    fleet = launch(workers=2)
    workers = fleet.by_ordinal(2)
    os.kill(workers[0]["pid"], signal.SIGSTOP)
    try:
        with contextlib.ExitStack() as stack:
            began = time.monotonic()
            for _ in range(40):
                connection = stack.enter_context(contextlib.closing(fleet.connect()))
                assert fleet.who(connection)["ordinal"] == 1
            assert time.monotonic() - began < 5
    finally:
        os.kill(workers[0]["pid"], signal.SIGCONT)


def test_a_storm_of_connections_is_taken(launch):
    fleet = launch(workers=2)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    count = min(3000, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(count + 200, 1024), hard))
    with contextlib.ExitStack() as stack:
        for connection in open_at_once(fleet, count):
            stack.enter_context(contextlib.closing(connection))
        wait_for(lambda: sum(held(fleet, 2)) == count, "all connections", patience=10)
        # A worker that gets no CPU for longer than the others' patience may miss a few.
        assert max(held(fleet, 2)) <= count * 0.55


def test_no_more_connections_than_allowed(launch):
    fleet = launch(workers=2, server={"max_connections": 6})
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.closing(fleet.connect()))
        fleet.who(first)
        sockets = [stack.enter_context(contextlib.closing(connection)) for connection in open_at_once(fleet, 20)]
        wait_for(lambda: sum(fleet.who(first)["connections"]) >= 6, "a full fleet")
        select.poll().poll(200)
        # Two workers may each take one at the same moment.
        assert sum(fleet.who(first)["connections"]) <= 7
        for connection in sockets:
            connection.close()
        wait_for(lambda: fleet.who()["ordinal"] in (0, 1), "an answer once there is room")
