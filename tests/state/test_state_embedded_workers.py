"""The embedded store among real processes: exact together, and none the worse for one that is killed."""

import asyncio
import contextlib

from embedded_factory import opened
from embedded_worker import LIMITS, Worker, demand
from serving import wait_for

from simulator.state.store import Lease, Turn


def test_several_processes_share_a_limit_exactly(folder):
    with contextlib.ExitStack() as stack:
        # All open at the same time: the file is made, and allocated, once.
        started = [Worker(folder, owner=str(number)) for number in range(4)]
        workers = [stack.enter_context(worker) for worker in started]
        for worker in workers:
            worker.tell("admit", 5000, 2500)
        assert sum([worker.answer() for worker in workers]) == 5000
        assert [worker.ask("admit", 5000, 10) for worker in workers] == [0] * 4
    assert not list(folder.glob("*damaged*"))


def test_a_worker_killed_while_it_writes_harms_nobody(folder):
    with opened(folder, owner=b"witness") as store:
        for _ in range(4):
            with Worker(folder, owner="victim") as victim:
                assert victim.ask("write_for_ever") == "writing"
                before = store.level_of(demand(1))
                wait_for(lambda before=before: store.level_of(demand(1)) > before, "the victim's writes")
                victim.kill()
            left = store.admit_now([demand(10**9)]).standings[0].remaining
            assert store.admit_now([demand(10**9)]).standings[0].remaining == left - 1
            assert store.health().state == "ok"
    assert not list(folder.glob("*damaged*"))


def test_the_places_of_a_killed_worker_come_free(folder):
    with opened(folder, owner=b"witness") as store, Worker(folder, owner="victim") as victim:
        assert victim.ask("lease", 2)
        assert store.admit_now([], [Lease(b"places", 2)]).admitted
        assert not store.admit_now([], [Lease(b"places", 2)]).admitted
        victim.kill()
        assert store.admit_now([], [Lease(b"places", 2)]).admitted
        assert not store.admit_now([], [Lease(b"places", 2)]).admitted


def test_the_worker_that_comes_after_holds_nothing(folder):
    witness = opened(folder, owner=b"witness")
    with witness as store, Worker(folder, owner="1") as victim, Worker(folder, owner="2") as other:
        assert victim.ask("lease", 9)
        assert other.ask("lease", 9)
        victim.kill()
        with Worker(folder, owner="1"):
            verdict = store.admit_now([], [Lease(b"places", 9)])
            assert verdict.standings[0].remaining == 7


def test_a_lease_that_another_worker_holds_is_not_given_back_by_this_one(folder):
    with opened(folder, owner=b"witness") as store, Worker(folder, owner="1") as other:
        assert other.ask("lease", 1)
        store.settle_now([], [b"places"])
        assert not store.admit_now([], [Lease(b"places", 1)]).admitted
        other.ask("release")
        assert store.admit_now([], [Lease(b"places", 1)]).admitted


def test_another_fleet_s_places_do_not_count(folder):
    with Worker(folder, fleet="earlier") as earlier:
        assert earlier.ask("lease", 1)
        earlier.kill()
    with opened(folder, fleet=b"later") as store:
        assert store.admit_now([], [Lease(b"places", 1)]).admitted


def test_a_worker_with_a_larger_size_makes_the_file_larger_for_all(folder):
    with opened(folder, size=4 << 20) as store, Worker(folder, owner="1", size=32 << 20) as other:
        assert store.admit_now([demand(100)]).admitted
        assert other.ask("remember", 500, 20_000) == 500
        # The other's pages lie beyond this one's map.
        assert store.admit_now([demand(100)]).standings[0].remaining == 98
        assert store.health().state == "ok"
        assert other.ask("admit", 100, 200) == 98


def test_a_worker_with_a_smaller_size_does_not_cut_the_file(folder):
    with opened(folder, size=16 << 20) as store, Worker(folder, owner="1", size=4 << 20) as other:
        for number in range(400):
            asyncio.run(store.remember("here", f"{number}", [Turn(b"x" * 20_000, 1)], LIMITS))
        assert other.ask("admit", 5, 9) == 5
        assert store.admit_now([demand(5)]).admitted is False
        assert (folder / "state.mdb").stat().st_size == 16 << 20


def test_workers_follow_to_the_file_that_another_begins(folder):
    """A file that is damaged in use is left by all: two files would mean twice the limit."""
    with Worker(folder, owner="1") as other, opened(folder) as store:
        assert other.ask("admit", 100, 30) == 30
        assert store.write_control(0, None, b"kept in memory") == 1
        with (folder / "state.mdb").open("r+b") as file:
            file.seek(8192)
            file.write(bytes(512 * 1024))
        assert store.admit_now([demand(100)]).admitted
        assert store.read_control().body == b"kept in memory"
        assert len(list(folder.glob("state.mdb.damaged-*"))) == 1
        level = store.level_of(demand(100))[0]
        wait_for(lambda: other.ask("level") == level, "the other to follow")
        other.ask("admit", 100, 5)
        assert store.admit_now([demand(100)]).standings[0].remaining == 93
    assert len(list(folder.glob("state.mdb.damaged-*"))) == 1


def test_workers_follow_when_the_file_is_deleted(folder):
    with Worker(folder, owner="1") as other:
        assert other.ask("admit", 100, 30) == 30
        for name in ("state.mdb", "state.mdb-lock"):
            (folder / name).unlink()
        with opened(folder) as store:
            store.admit_now([demand(100, 7)])
            level = store.level_of(demand(100))[0]
            wait_for(lambda: other.ask("level") == level, "the other to follow")


def test_a_lock_that_was_deleted_means_a_new_file(folder):
    """Two locks for one file would let two workers write at the same time."""
    with Worker(folder, owner="1") as other:
        other.ask("admit", 100, 30)
        (folder / "state.mdb-lock").unlink()
        with opened(folder) as store:
            store.admit_now([demand(100, 7)])
            level = store.level_of(demand(100))[0]
            assert len(list(folder.glob("state.mdb.damaged-*"))) == 1
            wait_for(lambda: other.ask("level") == level, "the other to follow")


def test_a_damaged_file_is_set_aside_once(folder):
    folder.mkdir()
    (folder / "state.mdb").write_bytes(b"not a database" * 10_000)
    with contextlib.ExitStack() as stack:
        started = [Worker(folder, owner=str(number)) for number in range(3)]
        workers = [stack.enter_context(worker) for worker in started]
        assert sum([worker.ask("admit", 10, 10) for worker in workers]) == 10
        assert [worker.ask("health") for worker in workers] == [["ok", ""]] * 3
    assert len(list(folder.glob("state.mdb.damaged-*"))) == 1
