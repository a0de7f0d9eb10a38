"""The embedded store when there is no room: limits stay exact, sessions give way, a full disk is survived."""

import asyncio
import contextlib
import subprocess

import pytest
from embedded_factory import MANY, opened, remember
from embedded_worker import LIMITS, Worker, demand

from simulator.state.store import DAY_US, Demand, SessionLimits, StoreUnavailable, Turn

pytestmark = pytest.mark.usefixtures("spare")
MEGABYTE = 1 << 20


def test_a_full_file_drops_the_oldest_sessions_and_keeps_limits_exact(folder, clock):
    with opened(folder, clock, size=4 * MEGABYTE) as store:
        admitted = 0
        for number in range(1500):
            clock.advance(1)
            remember(store, f"{number:05}", 9000)
            admitted += store.admit_now([demand(1000)]).admitted
        assert admitted == 1000
        names = [each.name for each in asyncio.run(store.sessions(MANY, most=10_000))]
        assert names[-1] == "01499"
        assert names == [f"{number:05}" for number in range(1500 - len(names), 1500)], "the latest, without a gap"
        assert 100 < len(names) < 500
        assert asyncio.run(store.session_count(MANY)) == len(names)


def test_sessions_of_every_size_give_way_in_a_file_that_is_full(folder, clock):
    with opened(folder, clock, size=4 * MEGABYTE) as store:
        for number in range(600):
            clock.advance(1)
            size = (20, 3000, 50_000, 400_000)[number % 4]
            assert remember(store, f"{number}", size).turns[0].body == b"x" * size
            assert store.admit_now([demand(1000)]).standings[0].remaining == 999 - number


def test_a_file_full_of_limits_refuses_new_ones_and_keeps_the_old_exact(folder, clock):
    """To forget a limit in use would be to grant it anew."""

    def one(number, amount=1):
        return Demand(b"a name of some length, as of a key and a model: %07d" % number, amount, 2, DAY_US)

    with opened(folder, clock, size=MEGABYTE) as store:
        for number in range(100):
            remember(store, f"{number}", 4000)
        number = 0
        with pytest.raises(StoreUnavailable, match="full"):  # noqa: PT012 - it is told which of many
            while number < 20_000:
                store.admit_now([one(number)])
                number += 1
        assert number > 5000
        assert store.health().state == "degraded"
        assert "full" in store.health().reason
        for old in range(0, number, 7):
            assert store.admit_now([one(old)]).standings[0].remaining == 0
            assert not store.admit_now([one(old)]).admitted
        clock.advance(DAY_US)
        store._mount._sweep_at = 0.0  # a second has passed
        assert store.admit_now([one(number)]).admitted


def test_limits_that_are_over_are_swept_out(folder, clock):
    with opened(folder, clock) as store:
        for number in range(1200):
            store.admit_now([Demand(b"%d" % number, 1, 2, DAY_US if number == 77 else 1000)])
        asyncio.run(store.count(b"counter", 1000))
        clock.advance(1000)
        for _ in range(4):
            store._mount.tick()
        with store._mount._opened.env.begin() as txn:
            entries = [txn.stat(sweep._table)["entries"] for sweep in store._mount.sweeps]
        assert entries == [1, 0, 0]
        assert store.admit_now([Demand(b"77", 1, 2, DAY_US)]).standings[0].remaining == 0


def test_a_turn_that_does_not_fit_is_refused_and_harms_nothing(folder):
    with opened(folder, size=4 * MEGABYTE) as store:
        remember(store, "one", 100)
        with pytest.raises(StoreUnavailable, match="size_mb"):
            remember(store, "one", MEGABYTE)
        assert asyncio.run(store.session("key", "one", MANY)).turns == (Turn(b"x" * 100, 1),)
        assert store.health().state == "ok"


@contextlib.contextmanager
def tiny_disk(folder, size):
    """A disk of so many bytes, and what a worker on it is to be told; without the right to mount, a limit on files."""
    folder.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield {"file_size": size}
        return
    try:
        yield {}
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("size", [4096, 32_768, 65_536, 600_000])
def test_a_full_disk_is_survived(folder, size):
    """Whatever the disk has room for: nothing at all, the empty file, or some of it."""
    with tiny_disk(folder, size) as options, Worker(folder, fleet=f"on {size}", **options) as worker:
        assert worker.ask("remember", 60, 20_000) >= 1
        assert worker.ask("admit", 50, 100) == 50
        assert worker.ask("names")[-1] == "000059"
        state, reason = worker.ask("health")
        assert state == "degraded"
        assert reason


def test_the_limits_of_sessions_hold_after_a_file_was_full(folder):
    with opened(folder, size=4 * MEGABYTE) as store:
        for number in range(30):
            remember(store, f"{number}", 300_000, LIMITS)
        few = SessionLimits(2, LIMITS.ttl_us, LIMITS.max_tokens)
        remember(store, "last", 10, few)
        assert asyncio.run(store.session_count(few)) == 2
