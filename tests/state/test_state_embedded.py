"""The embedded store's own promises: what lasts, what another store builds on, and what it does from time to time."""

import asyncio
import inspect

import pytest
from embedded_factory import embedded, opened
from hypothesis import given
from hypothesis import strategies as st
from serving import wait_for

from simulator.state.board import Board, Shared
from simulator.state.embedded import buckets, places, upkeep
from simulator.state.embedded.store import wall_clock_us
from simulator.state.store import (
    MINUTE_US,
    NEVER,
    Conflict,
    Control,
    Demand,
    Immediate,
    Lease,
    SessionLimits,
    Standing,
    Store,
    StoreUnavailable,
    Turn,
)

LIMITS = SessionLimits(100, 3_600_000_000, 1000)
TURNS = [Turn(b"question", 3), Turn(b"answer", 4)]


def rpm(amount=1, capacity=10):
    return Demand(b"rpm", amount, capacity, MINUTE_US)


@pytest.fixture
def store(tmp_path, clock):
    with opened(tmp_path, clock, board=Board(2)) as store:
        yield store


def test_it_has_every_operation_of_a_store(store):
    assert isinstance(store, Immediate)
    for protocol in (Store, Immediate):
        for name, member in inspect.getmembers(protocol, inspect.isfunction):
            if not name.startswith("_"):
                ours = getattr(store, name)
                assert list(inspect.signature(member).parameters)[1:] == list(inspect.signature(ours).parameters)
                assert inspect.iscoroutinefunction(member) == inspect.iscoroutinefunction(ours)


# What lasts.


def test_the_state_outlives_the_workers(tmp_path, clock):
    with opened(tmp_path, clock) as store:
        store.admit_now([rpm(4)])
        asyncio.run(store.remember("key", "one", TURNS, LIMITS))
        store.write_control(0, None, b"document")
        asyncio.run(store.count(b"counter", MINUTE_US))
    board = Board(1)
    with opened(tmp_path, clock, board=board, fleet=b"later") as store:
        assert store.admit_now([rpm()]).standings[0].remaining == 5
        assert asyncio.run(store.session("key", "one", LIMITS)).turns == tuple(TURNS)
        assert store.read_control() == Control(1, b"document")
        assert board.shared[Shared.CONTROL] == 1
        assert asyncio.run(store.count(b"counter", MINUTE_US)) == 2


def test_places_do_not_outlive_their_fleet(tmp_path, clock):
    with opened(tmp_path, clock) as store:
        assert store.admit_now([], [Lease(b"places", 1)]).admitted
    with opened(tmp_path, clock, owner=b"1", fleet=b"later") as store:
        assert store.admit_now([], [Lease(b"places", 1)]).admitted


def test_close_gives_places_back(tmp_path, clock):
    async def scenario():
        store = embedded(tmp_path, clock)
        await store.open()
        assert (await store.admit([], [Lease(b"places", 1)])).admitted
        await store.close()

    asyncio.run(scenario())
    with opened(tmp_path, clock, owner=b"1") as store:
        assert store.admit_now([], [Lease(b"places", 1)]).admitted


def test_a_folder_of_its_own_goes_with_it(clock):
    async def scenario():
        store = embedded(None, clock)
        await store.open()
        folder = store._mount._opened.path.parent
        assert (await store.admit([rpm()])).admitted
        assert folder.is_dir()
        await store.close()
        return folder

    assert not asyncio.run(scenario()).exists()


def test_a_store_that_was_opened_in_vain_can_be_closed(tmp_path, monkeypatch):
    async def scenario():
        store = embedded(tmp_path / "file" / "folder", wall_clock_us, fleet=b"")
        (tmp_path / "file").write_text("")
        monkeypatch.setattr(places, "_bases", lambda: ())
        with pytest.raises(StoreUnavailable, match="nowhere"):
            await store.open()
        await store.close()

    asyncio.run(scenario())


# Limits.


def test_a_refused_duplicate_tells_when_both_would_be_granted(store, clock):
    store.admit_now([rpm(4)])
    refused = store.admit_now([rpm(5), rpm(5)])
    assert [each.wait_us for each in refused.standings] == [0, 4 * MINUTE_US // 10]
    assert [each.wait_us for each in store.admit_now([rpm(6), rpm(6)]).standings] == [0, NEVER]


@given(
    st.lists(
        st.tuples(st.integers(0, 70_000_000), st.integers(0, 12), st.sampled_from([0, 0, -3, 5])),
        min_size=1,
        max_size=25,
    ),
    st.booleans(),
)
def test_what_is_stored_is_what_the_specification_says(tmp_path_factory, steps, fixed):
    now = 1_750_000_000_000_000
    state = None
    with opened(tmp_path_factory.mktemp("state"), lambda: now, size=1 << 20) as store:
        for elapsed, amount, change in steps:
            now += elapsed
            demand = Demand(b"n", amount, 10, MINUTE_US, fixed)
            taken = buckets.take(demand, *(state or (0, now)), now)
            assert store.admit_now([demand]).admitted == (taken is not None)
            if taken is not None and amount:
                state = taken[:2]
            if change:
                level, at_us = buckets.present(demand, *(state or (0, now)), now)
                if change > 0 or level > 0:
                    state = buckets.charged(level, change), at_us
                store.settle_now([Demand(b"n", change, 10, MINUTE_US, fixed)])
            assert store.level_of(demand) == (state or (0, 0))


# What another store builds on.


def test_raising_makes_a_limit_at_least_as_used(store, clock):
    store.raise_level(rpm(), 6_500_000, clock.now_us)
    assert store.level_of(rpm()) == (6_500_000, clock.now_us)
    store.raise_level(rpm(), 2_000_000, clock.now_us)
    assert store.level_of(rpm()) == (6_500_000, clock.now_us)
    clock.advance(6_000_000)
    store.raise_level(rpm(), 9_000_000, clock.now_us - 12_000_000)
    assert store.level_of(rpm()) == (7_000_000, clock.now_us), "both leak up to the same time before they are compared"
    store.raise_level(Demand(b"unused", 0, 10, MINUTE_US), 1_000_000, clock.now_us - MINUTE_US)
    assert store.level_of(Demand(b"unused", 0, 10, MINUTE_US)) == (0, 0)


def test_raising_a_window(store, clock):
    window = Demand(b"window", 2, 10, MINUTE_US, fixed=True)
    store.admit_now([window])
    began = clock.now_us
    clock.advance(1000)
    store.raise_level(window, 7_000_000, clock.now_us - 500)
    assert store.level_of(window) == (7_000_000, began + 500)
    store.raise_level(window, 9_000_000, began - MINUTE_US)
    assert store.level_of(window) == (7_000_000, began + 500)


def test_a_share_of_each_limit_is_granted_and_owed(store, clock):
    places = [Lease(b"places", 4)]
    tokens = Demand(b"tokens", 100, 1000, MINUTE_US, fixed=True)
    verdicts = [store.admit_share([rpm(), tokens], places, 0.25) for _ in range(3)]
    assert [verdict.admitted for verdict in verdicts] == [True, False, False]
    assert all(verdict.degraded for verdict in verdicts)
    assert verdicts[0].standings == (
        Standing(2, 1, 30_000_000),
        Standing(250, 150, MINUTE_US),
        Standing(1, 0, 1_000_000),
    )
    assert store.take_debts() == [rpm(1), tokens]
    assert store.take_debts() == []
    store.settle_share([Demand(b"tokens", -40, 1000, MINUTE_US, fixed=True)], [b"places"], 0.25)
    assert store.admit_share([rpm(), tokens], places, 0.25).admitted
    assert {debt.name: debt.amount for debt in store.take_debts()} == {b"rpm": 1, b"tokens": 60}


def test_a_share_is_one_at_least(store):
    assert store.admit_share([rpm(1, 3)], [], 0.01).admitted
    assert not store.admit_share([rpm(1, 3)], [], 0.01).admitted


def test_more_than_the_share_may_come_to_pass_but_not_more_than_the_limit(store):
    assert store.admit_share([rpm(5)], [], 0.25).standings[0].wait_us == 1_000_000
    assert store.admit_share([rpm(11)], [], 0.25).standings[0].wait_us == NEVER


@pytest.mark.parametrize("share", [0, -1, 1.5, float("nan")])
def test_an_impossible_share_is_refused(store, share):
    with pytest.raises(ValueError, match="share"):
        store.admit_share([rpm()], [], share)
    assert store.take_debts() == []


def test_nothing_is_owed_for_what_is_refused_or_only_read(store):
    store.admit_share([rpm(0)], [], 0.5)
    store.admit_share([rpm(9)], [], 0.5)
    assert store.take_debts() == []


def test_a_newer_document_from_elsewhere_is_taken_over(tmp_path, clock):
    board = Board(1)
    with opened(tmp_path, clock, board=board) as store:
        assert store.write_control(None, 7, b"seven") == 7
        assert store.write_control(None, 7, b"another") == 7
        assert store.write_control(None, 3, b"three") == 7
        assert store.read_control() == Control(7, b"seven")
        assert board.shared[Shared.CONTROL] == 7
        assert store.write_control(7, None, b"eight") == 8
        assert board.shared[Shared.CONTROL] == 8
        with pytest.raises(Conflict):
            store.write_control(7, 20, b"late")
        with pytest.raises(ValueError, match="base"):
            store.write_control(None, None, b"")


def test_a_revision_is_never_given_out_twice_to_a_fleet(tmp_path, clock):
    """A file that was lost takes its revisions with it; the board remembers."""
    board = Board(1)
    board.shared[Shared.CONTROL] = 41
    with opened(tmp_path, clock, board=board) as store:
        assert store.read_control() == Control(0, b"")
        assert store.write_control(0, None, b"document") == 42


def test_a_counter_is_forgotten_after_its_time(store, clock):
    async def scenario():
        assert await store.count(b"name", 1000) == 1
        clock.advance(999)
        assert await store.count(b"name", 5000) == 2
        clock.advance(1)
        assert await store.count(b"name", 1000) == 1

    asyncio.run(scenario())


# Long names in listings.


def test_names_with_a_long_common_beginning_are_listed_in_order(store):
    async def scenario():
        scope = "s" * 256
        names = ["n" * 200 + tail for tail in ("c", "a", "", "b", "ab")]
        for name in [*names, "n" * 150]:
            await store.remember(scope, name, [], LIMITS)
        found, after = [], ""
        while page := await store.sessions(LIMITS, after=after, most=2):
            found += [each.name for each in page]
            after = f"{scope}/{found[-1]}"
        assert found == sorted([*names, "n" * 150])

    asyncio.run(scenario())


# Upkeep.


def test_the_disk_is_written_to_only_if_something_changed(store, monkeypatch):
    opened_file = store._mount._opened
    store.flush()
    written = opened_file._written
    store.admit_now([rpm()])
    store.flush()
    assert opened_file._written > written
    written = opened_file._written
    store.flush()
    store._mount.close()
    store.flush()
    assert opened_file._written == written


@pytest.mark.parametrize("durable", [True, False])
def test_a_store_that_must_last_is_flushed(tmp_path, clock, monkeypatch, durable):
    monkeypatch.setattr(upkeep, "TICK_S", 0.001)
    ticks, flushes = [], []

    async def scenario():
        store = embedded(tmp_path, clock, durable=durable)
        monkeypatch.setattr(store._mount, "flush", lambda: flushes.append(len(ticks)))
        tick = store._upkeep._tick
        store._upkeep._tick = lambda: (ticks.append(1), tick())
        await store.open()
        async with asyncio.timeout(10):
            while len(ticks) < 12:
                await asyncio.sleep(0)
        await store.close()

    asyncio.run(scenario())
    if durable:
        assert flushes[:2] == [5, 10]
        assert flushes[-1] == len(ticks), "once more at the end"
    else:
        assert flushes == []


def test_upkeep_goes_on_after_a_tick_that_failed(caplog):
    ticks = []

    def tick():
        ticks.append(1)
        if len(ticks) == 1:
            raise StoreUnavailable("the disk is on fire")

    async def scenario():
        task = upkeep.Upkeep(tick, None)
        task.start()
        async with asyncio.timeout(10):
            while len(ticks) < 2:
                await asyncio.sleep(0)
        await task.stop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "TICK_S", 0.001)
        asyncio.run(scenario())
    assert "the disk is on fire" in caplog.text


def test_the_wall_clock_counts_microseconds():
    first = wall_clock_us()
    assert first > 1_600_000_000_000_000
    wait_for(lambda: wall_clock_us() > first, "a microsecond")
