"""The rule of fair accept, and its edge on a real socket."""

import asyncio
import contextlib
import errno
import random
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.state.board import Board, Column, SlotState
from simulator.state.slot import Slot
from supervisor.accept import LONGEST_PATIENCE_SECONDS, PATIENCE_SECONDS, Acceptor, accept_queue, patience, surplus


def test_alone_everything_is_ours():
    assert surplus(500, [], 1) == 0


def test_ties_and_gaps():
    assert surplus(4, [4], 1) == 0
    assert surplus(5, [4], 1) == 1
    assert surplus(4, [5], 1) == 0
    assert surplus(9, [1], 1) == 4
    assert surplus(8, [8, 8, 5], 3) == 1, "all three are needed elsewhere"
    assert surplus(8, [8, 8, 5], 4) == 0, "one of the four is not"
    assert surplus(100, [100], 3000) == 0, "in a storm nobody waits"


def take_all(loads, arriving, rng):
    """Let any worker that may take a connection, in any order."""
    loads = list(loads)
    for queued in range(arriving, 0, -1):
        ready = [k for k, mine in enumerate(loads) if surplus(mine, loads[:k] + loads[k + 1 :], queued) == 0]
        assert ready, "somebody may always accept"
        loads[rng.choice(ready)] += 1
    return loads


@given(st.integers(1, 8), st.integers(1, 100), st.randoms(use_true_random=False))
def test_whoever_comes_first_all_end_within_one(workers, arriving, rng: random.Random):
    loads = take_all([0] * workers, arriving, rng)
    assert max(loads) - min(loads) <= 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.integers(1, 100), st.randoms(use_true_random=False))
def test_from_any_start_nobody_takes_beyond_the_share(before, arriving, rng: random.Random):
    share = -(-(sum(before) + arriving) // len(before))
    after = take_all(before, arriving, rng)
    assert all(now <= max(was, share) for was, now in zip(before, after, strict=True))


def test_patience_grows_and_is_bounded():
    assert patience(0) == 0
    assert patience(1) == PATIENCE_SECONDS
    assert patience(2) > patience(1)
    assert patience(1000) == LONGEST_PATIENCE_SECONDS


class Held(asyncio.Protocol):
    transport = None

    def __init__(self, row):
        self.row = row

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _exc):
        self.row[Column.CONNECTIONS] -= 1


class Listener:
    """A listening socket whose next accepts can be made to fail."""

    def __init__(self):
        self.real = socket.create_server(("127.0.0.1", 0))
        self.real.setblocking(False)
        self.failures = []

    def accept(self):
        if self.failures:
            raise self.failures.pop()
        return self.real.accept()

    def __getattr__(self, name):
        return getattr(self.real, name)


def run(scenario, **options):
    """Run `scenario(acceptor, listener, slot, connect)` in a loop with slot 0 of a board of two."""
    board = Board(2)
    slot = Slot(0, 0, board)
    slot.row[Column.STATE] = SlotState.READY
    slot.row[Column.HEARTBEAT_NS] = time.monotonic_ns()
    listener = Listener()
    clients = []

    def connect():
        clients.append(socket.create_connection(listener.getsockname()))

    async def main():
        loop = asyncio.get_running_loop()
        limit = options.get("max_connections", 100)
        acceptor = Acceptor(loop, listener, slot, lambda: Held(slot.row), max_connections=limit)
        acceptor.start()
        await scenario(acceptor, listener, slot, connect)
        acceptor.stop()
        await acceptor.settle()
        for client in clients:
            client.close()
        await until(lambda: slot.row[Column.CONNECTIONS] == 0)

    with contextlib.closing(listener.real):
        asyncio.run(main())


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def other(board, connections, *, state=SlotState.READY, age_ns=0):
    row = board.row(1)
    row[Column.STATE] = state
    row[Column.CONNECTIONS] = connections
    row[Column.HEARTBEAT_NS] = time.monotonic_ns() - age_ns


def test_it_takes_what_comes_and_counts_it():
    async def scenario(_acceptor, _listener, slot, connect):
        for _ in range(5):
            connect()
        await until(lambda: slot.row[Column.CONNECTIONS] == 5)

    run(scenario)


def test_it_leaves_the_queue_to_a_less_loaded_worker_for_a_bounded_time():
    async def scenario(_acceptor, listener, slot, connect):
        connect()
        connect()
        await until(lambda: slot.row[Column.CONNECTIONS] == 2)
        other(slot.board, 0)
        began = time.monotonic()
        connect()
        assert accept_queue(listener.real) == 1
        await until(lambda: slot.row[Column.CONNECTIONS] == 3)
        assert time.monotonic() - began >= PATIENCE_SECONDS

    run(scenario)


def test_it_looks_away_when_another_has_taken_it():
    async def scenario(acceptor, listener, slot, connect):
        connect()
        await until(lambda: slot.row[Column.CONNECTIONS] == 1)
        other(slot.board, 0)
        connect()
        await until(lambda: acceptor._timer is not None)
        listener.real.accept()[0].close()
        slot.board.row(1)[Column.CONNECTIONS] = 1
        await until(lambda: acceptor._timer is None)
        connect()
        await until(lambda: slot.row[Column.CONNECTIONS] == 2)

    run(scenario)


@pytest.mark.parametrize(
    "absent", [{"state": SlotState.DRAINING}, {"state": SlotState.BOOTING}, {"age_ns": 2_000_000_000}]
)
def test_nobody_waits_for_a_worker_that_does_not_accept(absent):
    async def scenario(acceptor, _listener, slot, connect):
        other(slot.board, 0, **absent)
        for _ in range(10):
            connect()
        while slot.row[Column.CONNECTIONS] < 10:
            assert acceptor._timer is None
            await asyncio.sleep(0)

    run(scenario)


def test_it_stops_at_the_fleet_s_limit_and_goes_on_below_it():
    async def scenario(acceptor, listener, slot, connect):
        other(slot.board, 3)
        connect()
        await until(lambda: slot.row[Column.CONNECTIONS] == 1)
        connect()
        await until(lambda: acceptor._timer is not None)
        assert accept_queue(listener.real) == 1
        other(slot.board, 2)
        await until(lambda: slot.row[Column.CONNECTIONS] == 2)

    run(scenario, max_connections=4)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_out_of_descriptors_it_rests_and_tells_it_once(number, caplog):
    async def scenario(acceptor, listener, slot, connect):
        listener.failures = [OSError(number, "too many") for _ in range(2)]
        connect()
        await until(lambda: acceptor._timer is not None)
        assert slot.row[Column.CONNECTIONS] == 0
        await until(lambda: slot.row[Column.CONNECTIONS] == 1)

    run(scenario)
    assert len([record for record in caplog.records if "descriptors" in record.message]) == 1


def test_an_aborted_connection_is_no_event(caplog):
    async def scenario(_acceptor, listener, slot, connect):
        listener.failures = [ConnectionAbortedError(), BlockingIOError(), InterruptedError()]
        connect()
        await until(lambda: slot.row[Column.CONNECTIONS] == 1)

    run(scenario)
    assert not caplog.records


def test_after_stop_the_queue_is_left_alone():
    async def scenario(acceptor, listener, slot, connect):
        acceptor.stop()
        acceptor.stop()
        connect()
        for _ in range(5):
            await asyncio.sleep(0.001)
        assert slot.row[Column.CONNECTIONS] == 0
        assert accept_queue(listener.real) == 1
        listener.real.accept()[0].close()

    run(scenario)
