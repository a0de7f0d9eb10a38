"""Which store a worker gets."""

import asyncio

from simulator.config.state import State
from simulator.state.board import Board, Shared
from simulator.state.embedded.store import Embedded
from simulator.state.opening import open_store
from simulator.state.slot import Slot


def test_the_embedded_store_is_in_the_slot_s_folder_and_tells_its_board(tmp_path):
    board = Board(2)

    async def scenario():
        store = open_store(State(size_mb=4, path=str(tmp_path)), Slot(1, 0, board, fleet="fleet", state=tmp_path))
        await store.open()
        try:
            return await store.change(0, b"document")
        finally:
            await store.close()

    assert asyncio.run(scenario()) == board.shared[Shared.CONTROL] == 1
    assert (tmp_path / "state.mdb").stat().st_size == 4 << 20


def test_a_slot_without_a_folder_gets_one_for_as_long_as_it_lives():
    async def scenario():
        store = open_store(State(size_mb=4), Slot(0, 0, Board(1)))
        await store.open()
        folder = store._mount._opened.path.parent
        assert folder.is_dir()
        assert store.health().state == "ok"
        await store.close()
        return folder

    assert not asyncio.run(scenario()).exists()


def test_both_seats_of_a_slot_hold_leases_of_their_own(tmp_path):
    """While a worker is replaced, its successor must not drop what it still holds."""
    owners = {open_store(State(), Slot(0, 0, Board(1), "fleet", tmp_path, seat))._mount._owner for seat in (0, 1)}
    assert len(owners) == 2


def test_redis_gets_an_embedded_store_to_fall_back_on(tmp_path):
    store = open_store(State(backend="redis", size_mb=4), Slot(0, 0, Board(1), "fleet", tmp_path))
    assert not isinstance(store, Embedded)
    assert store.health().backend == "redis"
    assert isinstance(store._local, Embedded)
