"""Admission over several workers of one board: never above the limit, first come first served, nothing lost."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.config.schema import Concurrency
from simulator.server.admission import Admission, QueueFull
from simulator.state.board import Board, Column
from simulator.state.slot import Slot


def gates(workers, limit, queue):
    board = Board(workers)
    settings = Concurrency(max_concurrent_requests=limit, queue_size=queue)
    return board, [Admission(Slot(ordinal, 0, board), settings) for ordinal in range(workers)]


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario(), 5))


def test_a_free_place_is_taken_without_waiting():
    board, (gate,) = gates(1, 2, 5)
    assert gate.try_enter()
    assert gate.try_enter()
    assert not gate.try_enter()
    assert board.total(Column.IN_FLIGHT) == 2
    gate.leave()
    assert gate.try_enter()


def test_the_limit_is_the_fleets():
    board, (one, two) = gates(2, 3, 0)
    assert one.try_enter()
    assert two.try_enter()
    assert two.try_enter()
    assert not one.try_enter()
    two.leave()
    assert one.try_enter()
    assert board.total(Column.IN_FLIGHT) == 3


def test_a_full_queue_refuses_at_once_over_all_workers():
    async def scenario():
        board, (one, two) = gates(2, 1, 1)
        assert one.try_enter()
        waiting = asyncio.ensure_future(one.enter())
        await asyncio.sleep(0)
        with pytest.raises(QueueFull) as full:
            await two.enter()
        assert full.value.retry_after > 0
        one.leave()
        await waiting
        assert board.total(Column.QUEUED) == 0
        assert board.total(Column.IN_FLIGHT) == 1

    run(scenario)


def test_a_place_given_back_by_another_worker_is_noticed():
    async def scenario():
        board, (one, two) = gates(2, 1, 5)
        assert one.try_enter()
        waiting = asyncio.ensure_future(two.enter())
        await asyncio.sleep(0)
        one.leave()
        await waiting
        assert board.column(Column.IN_FLIGHT) == [0, 1]

    run(scenario)


def test_who_waits_longest_is_first_and_nobody_overtakes():
    async def scenario():
        _, (gate,) = gates(1, 1, 10)
        assert gate.try_enter()
        order = []

        async def wait(name):
            await gate.enter()
            order.append(name)

        waiting = [asyncio.ensure_future(wait(name)) for name in range(4)]
        await asyncio.sleep(0)
        assert not gate.try_enter()
        for _ in range(4):
            gate.leave()
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        assert order == [0, 1, 2, 3]

    run(scenario)


def test_whoever_gives_up_waiting_leaves_no_trace():
    async def scenario():
        board, (gate,) = gates(1, 1, 10)
        assert gate.try_enter()
        first, second = (asyncio.ensure_future(gate.enter()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        gate.leave()
        await second
        gate.leave()
        assert board.total(Column.QUEUED) == 0
        assert board.total(Column.IN_FLIGHT) == 0

    run(scenario)


def test_cancelled_in_the_moment_of_entering_gives_the_place_back():
    async def scenario():
        board, (gate,) = gates(1, 1, 10)
        assert gate.try_enter()
        waiting = asyncio.ensure_future(gate.enter())
        await asyncio.sleep(0)
        gate.leave()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert board.total(Column.IN_FLIGHT) == 0
        assert gate.try_enter()

    run(scenario)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(0, 6),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40),
)
def test_never_above_the_limit_and_everyone_is_answered(workers, limit, queue, requests):
    async def scenario():
        board, all_gates = gates(workers, limit, queue)
        highest = 0
        answered = refused = 0

        async def request(which, turns):
            nonlocal highest, answered, refused
            gate = all_gates[which % workers]
            try:
                if not gate.try_enter():
                    await gate.enter()
            except QueueFull:
                refused += 1
                return
            highest = max(highest, board.total(Column.IN_FLIGHT))
            for _ in range(turns):
                await asyncio.sleep(0)
            gate.leave()
            answered += 1

        await asyncio.gather(*(request(which, turns) for which, turns in requests))
        assert highest <= limit
        assert answered + refused == len(requests)
        assert board.total(Column.IN_FLIGHT) == board.total(Column.QUEUED) == 0

    run(scenario)


def test_a_fleet_that_stops_lets_nobody_wait():
    async def scenario():
        board, (gate,) = gates(1, 1, 5)
        assert gate.try_enter()
        waiting = [asyncio.ensure_future(gate.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        assert board.total(Column.QUEUED) == 3
        gate.conclude()
        for each in waiting:
            with pytest.raises(QueueFull):
                await each
        assert board.total(Column.QUEUED) == 0
        gate.leave()
        assert board.total(Column.IN_FLIGHT) == 0

    run(scenario)


def test_new_limits_hold_for_the_next_request():
    board, (gate,) = gates(1, 1, 0)
    assert gate.try_enter()
    assert not gate.try_enter()
    gate.resize(Concurrency(max_concurrent_requests=2, queue_size=0))
    assert gate.try_enter()
    gate.resize(Concurrency(max_concurrent_requests=1, queue_size=0))
    gate.leave()
    assert not gate.try_enter()
    assert board.total(Column.IN_FLIGHT) == 1
