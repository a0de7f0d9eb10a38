"""The end of a fleet: a lame duck, polite refusals, streams that finish or are ended in band, nested deadlines."""

import contextlib
import signal
import time

import pytest
from running import gone, wait_for

READY, DRAINING = 2, 3


def ask(fleet, path="/who", connection=None):
    """Status, headers and body of one request."""
    with contextlib.ExitStack() as stack:
        if connection is None:
            connection = stack.enter_context(contextlib.closing(fleet.connect()))
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


@contextlib.contextmanager
def stream(fleet, chunks):
    """A response that has begun."""
    with contextlib.closing(fleet.connect()) as connection:
        connection.request("GET", f"/slow?{chunks}")
        response = connection.getresponse()
        assert response.readline() == b"0\n"
        yield response


@pytest.mark.parametrize("kind", ["fleet", "solo"])
def test_while_streams_finish_others_are_refused_politely(launch, kind):
    fleet = launch(workers=2, kind=kind)
    with contextlib.closing(fleet.connect()) as kept, stream(fleet, 12) as response:
        ask(fleet, connection=kept)
        fleet.signal(signal.SIGTERM)

        wait_for(lambda: ask(fleet)[0] == 503, "a refusal of a new connection")
        status, headers, _ = ask(fleet)
        assert (status, headers["connection"], headers["retry-after"]) == (503, "close", "1")
        assert response.read().endswith(b"11\nend\n")
    assert fleet.wait() == 0
    assert "in time" not in fleet.log()


def test_a_lame_duck_serves_everybody_and_keeps_nobody(launch):
    fleet = launch(workers=2, server={"lame_duck_secs": 1})
    with contextlib.closing(fleet.connect()) as kept:
        assert "connection" not in ask(fleet, connection=kept)[1]
        began = time.monotonic()
        fleet.signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in fleet.log(), "the TERM")
        wait_for(lambda: READY not in fleet.who()["states"], "the workers to drain")
        for connection in (kept, None):
            status, headers, _ = ask(fleet, connection=connection)
            assert (status, headers["connection"]) == (200, "close")
        assert fleet.who()["shared"][1] == 1
    assert fleet.wait() == 0
    assert 1 <= time.monotonic() - began < 3


def test_what_is_not_finished_in_time_is_ended_in_band(launch):
    fleet = launch(workers=1, server={"shutdown_timeout_secs": 0.3})
    with stream(fleet, 600) as response:
        fleet.signal(signal.SIGTERM)
        assert response.read().endswith(b"cut\n")
    assert fleet.wait() == 0
    assert "1 responses did not finish in time" in fleet.log()


def test_a_retired_worker_too_ends_its_streams_in_band(launch):
    fleet = launch(workers=1, server={"shutdown_timeout_secs": 0.1})
    with stream(fleet, 600) as response:
        first = set(fleet.pids)
        fleet.signal(signal.SIGHUP)
        assert response.read().endswith(b"cut\n"), "after the grace of 2 s and the time for streams"
    wait_for(lambda: all(gone(pid) for pid in first), "the retired worker's end")
    assert fleet.who()["states"][0] == READY
    fleet.note_pids()


def test_a_retired_worker_keeps_an_idle_connection_for_its_next_request(launch):
    """Closed at once, a request that is on its way at this moment would be lost."""
    fleet = launch(workers=1)
    with contextlib.closing(fleet.connect()) as used, contextlib.closing(fleet.connect()) as unused:
        before = fleet.who(used)
        fleet.who(unused)
        began = time.monotonic()
        fleet.signal(signal.SIGHUP)
        wait_for(lambda: fleet.who()["pid"] != before["pid"], "the successor")
        used.request("GET", "/who")
        response = used.getresponse()
        assert response.getheader("connection") == "close"
        assert str(before["pid"]).encode() in response.read()
        assert unused.sock.recv(1) == b"", "the grace ends"
        assert 2 <= time.monotonic() - began < 4
    wait_for(lambda: gone(before["pid"]), "the retired worker's end")
    fleet.note_pids()


def test_a_stop_does_not_wait_for_the_grace_of_a_retired_worker(launch):
    fleet = launch(workers=1, server={"lame_duck_secs": 0})
    with contextlib.closing(fleet.connect()) as kept:
        before = fleet.who(kept)
        fleet.signal(signal.SIGHUP)
        wait_for(lambda: fleet.who()["pid"] != before["pid"], "the successor")
        fleet.note_pids()
        began = time.monotonic()
        fleet.signal(signal.SIGTERM)
        assert fleet.wait() == 0
        assert time.monotonic() - began < 1.5


def test_an_application_that_knows_nothing_of_leaving_is_cancelled(launch):
    fleet = launch(workers=1, server={"shutdown_timeout_secs": 0.2}, response={"model_suffix": "-plain"})
    with stream(fleet, 600) as response:
        fleet.signal(signal.SIGTERM)
        with contextlib.suppress(Exception):
            response.read()
    assert fleet.wait() == 0
    assert "Traceback" not in fleet.log()


def test_a_stop_while_a_successor_starts_leaves_nobody(launch):
    fleet = launch(workers=2)
    fleet.signal(signal.SIGHUP)
    fleet.signal(signal.SIGTERM)
    fleet.note_pids()
    assert fleet.wait() == 0
    assert all(gone(pid) for pid in fleet.pids)
    assert list(fleet.metrics.iterdir()) == []
