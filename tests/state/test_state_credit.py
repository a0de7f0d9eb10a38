"""Lots of large limits that are granted from memory: what they may cost, and that they all come back."""

import asyncio
import contextlib

import pytest
from embedded_factory import embedded, opened
from embedded_worker import Worker, demand
from hypothesis import given
from hypothesis import strategies as st
from serving import wait_for

from simulator.state.board import Board
from simulator.state.embedded import buckets
from simulator.state.embedded.credit import BUSY_US, LIFE_US, PART, REQUESTS_MOST, Credit, Purse
from simulator.state.store import MINUTE_US, Demand, Lease, Standing

UNIT = buckets.UNIT
LARGE = 1_000_000


def asked(amount=1, capacity=LARGE, name=b"large", *, fixed=True, period=MINUTE_US):
    return Demand(name, amount, capacity, period, fixed)


def written(store):
    """How many transactions the file has seen."""
    return store._mount._opened.env.info()["last_txnid"]


@contextlib.contextmanager
def workers(folder, clock, number):
    """Stores that share one file in one process, as workers do in theirs; nothing is given back by itself."""
    with opened(folder, clock) as first:
        stores = [first, *[embedded(folder, clock) for _ in range(number - 1)]]
        for store in stores:
            store._mount = first._mount
            store._purse = Purse(number)
            store._return_later = lambda: None
        yield stores


@pytest.fixture
def store(tmp_path, clock):
    with workers(tmp_path, clock, 1) as (store,):
        yield store


def left(store, name=b"large"):
    credit = store._purse.held.get(name)
    return credit.left if credit is not None else None


def level(store, wanted=None):
    return store.level_of(wanted or asked())[0]


# When lots are taken.


def test_requests_that_follow_each_other_are_granted_without_a_transaction(store):
    assert store.admit_now([asked()]).standings[0].remaining == LARGE - 1
    assert left(store) is None, "one request is not busy"
    assert store.admit_now([asked()]).standings[0].remaining == LARGE - 2
    lot = (LARGE - 2) // PART
    assert left(store) == lot
    before = written(store)
    for number in range(100):
        verdict = store.admit_now([asked()])
        assert (verdict.admitted, verdict.degraded) == (True, False)
        assert verdict.standings[0].remaining == LARGE - 3 - number
        assert verdict.standings[0].reset_us == MINUTE_US
    assert written(store) == before
    assert level(store) == (2 + lot) * UNIT, "all of it counts as used as long as it is out"


def test_a_small_limit_is_counted_request_by_request(store):
    small = REQUESTS_MOST * PART
    for number in range(small):
        assert store.admit_now([asked(capacity=small)]).standings[0].remaining == small - 1 - number
        assert left(store) is None
    assert not store.admit_now([asked(capacity=small)]).admitted


def test_a_request_that_falls_under_a_small_limit_too_takes_no_lot_of_the_large_one(store):
    for _ in range(10):
        assert store.admit_now([asked(), asked(capacity=50, name=b"small")]).admitted
    assert store._purse.held == {}


def test_no_lots_once_half_of_a_limit_is_used(store, clock):
    store.admit_now([asked(LARGE // 2 - 10)])
    store.admit_now([asked()])
    assert left(store) is not None
    for _ in range(20):
        clock.advance(LIFE_US)
        assert store.admit_now([asked()]).admitted
    assert left(store) is None
    assert level(store) == (LARGE // 2 + 11) * UNIT


@pytest.mark.parametrize(
    "demands",
    [
        [asked(0)],
        [asked(LARGE // PART // REQUESTS_MOST + 1)],
        [asked(), asked()],
        [asked(period=MINUTE_US - 1)],
    ],
    ids=["nothing", "a lot's worth", "twice", "a short period"],
)
def test_requests_that_lots_are_not_for(store, demands):
    for _ in range(5):
        assert store.admit_now(demands).admitted
    assert store._purse.held == {}


def test_requests_far_apart_take_no_lots(store, clock):
    for _ in range(5):
        clock.advance(BUSY_US)
        assert store.admit_now([asked()]).admitted
        assert left(store) is None


def test_places_and_lots_do_not_go_together(store):
    for _ in range(3):
        assert store.admit_now([asked()], [Lease(b"places", 9)]).admitted
    assert store._purse.held == {}
    store.admit_now([asked()])
    store.admit_now([asked()])
    assert left(store) is not None
    assert store.admit_now([asked()], [Lease(b"places", 9)]).standings[1].remaining == 5
    assert left(store) is None


def test_without_a_board_nobody_knows_how_many_share(tmp_path, clock):
    with opened(tmp_path, clock) as store:
        for _ in range(3):
            store.admit_now([asked()])
        assert store._purse.held == {}


# What becomes of a lot.


def test_all_or_nothing_of_lots(store):
    for _ in range(2):
        store.admit_now([asked(), asked(name=b"other")])
    before, other = left(store), left(store, b"other")
    refused = store.admit_now([asked(), asked(LARGE, name=b"other")])
    assert not refused.admitted
    assert refused.standings[1].wait_us == MINUTE_US
    assert (left(store), left(store, b"other")) == (None, None)
    assert before == other
    assert level(store) == level(store, asked(name=b"other")) == 2 * UNIT


def test_a_refusal_is_told_after_the_worker_s_own_lots_came_back(store):
    store.admit_now([asked()])
    store.admit_now([asked()])
    assert store.admit_now([asked(LARGE - 2)]).admitted
    refused = store.admit_now([asked()])
    assert (refused.admitted, refused.standings[0].remaining) == (False, 0)


def test_a_limit_that_was_changed_is_not_granted_from_its_lot(store):
    store.admit_now([asked()])
    store.admit_now([asked()])
    assert store.admit_now([asked(capacity=10)]).standings[0].remaining == 7
    assert left(store) is None


def test_nonsense_is_refused_beside_a_lot(store):
    store.admit_now([asked()])
    store.admit_now([asked()])
    with pytest.raises(ValueError, match="limit"):
        store.admit_now([asked(-1)])


def test_settling_goes_to_the_lot_as_far_as_it_reaches(store):
    store.admit_now([asked(10)])
    store.admit_now([asked(10)])
    lot = left(store)
    before = written(store)
    store.admit_now([asked(10)])
    store.settle_now([asked(-4)])
    store.settle_now([asked(2)])
    assert left(store) == lot - 8
    assert written(store) == before
    store.settle_now([asked(-9)])
    assert left(store) == lot - 8, "no lot grows beyond what was taken"
    store.settle_now([asked(lot)])
    assert left(store) == lot - 8
    store.settle_now([asked(-1), asked(-1, name=b"other")])
    assert left(store) == lot - 8
    store.admit_now([asked(0, capacity=LARGE + 1)])
    assert level(store) == (20 + 8 - 9 + lot - 1) * UNIT


def test_a_lot_ends_with_its_window_and_is_given_back_to_no_other(tmp_path, clock):
    with workers(tmp_path, clock, 2) as (one, other):
        one.admit_now([asked()])
        clock.advance(MINUTE_US - 5)
        one.admit_now([asked()])
        one.admit_now([asked()])
        assert left(one) is not None
        assert one.admit_now([asked()]).standings[0].reset_us == 5
        clock.advance(5)
        assert other.admit_now([asked(7)]).standings[0].remaining == LARGE - 7
        assert one.admit_now([asked()]).standings[0].remaining == LARGE - 8
        assert level(one) == (8 + (left(one) or 0)) * UNIT


def test_what_was_taken_from_a_file_that_is_lost_is_lost_with_it(store, clock):
    store.admit_now([asked()])
    store.admit_now([asked()])
    mount = store._mount
    mount._give_up(mount._opened, ValueError("a test"))
    mount._settle()
    mount.limits.admit([asked(9)], (), clock.now_us)
    clock.advance(LIFE_US)
    store._return_credits()
    assert store._purse.held == {}
    assert level(store) == 9 * UNIT


def test_a_bucket_s_reset_is_told_by_the_store_s_count(store, clock):
    for _ in range(2):
        store.admit_now([asked(100, fixed=False)])
    told = store.admit_now([asked(100, fixed=False)]).standings[0]
    assert told.remaining == LARGE - 300
    used = 200 + (LARGE - 200) // PART
    assert told.reset_us == pytest.approx(used * MINUTE_US / LARGE, abs=2)
    clock.advance(LIFE_US - 1)
    told = store.admit_now([asked(100, fixed=False)]).standings[0]
    assert told.reset_us == pytest.approx(used * MINUTE_US / LARGE - LIFE_US, abs=3)


# Coming back.


def running(folder, scenario, clock, slots=1):
    async def main():
        store = embedded(folder, clock, board=Board(slots))
        await store.open()
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(main(), 20))


def test_what_is_not_used_is_given_back_by_itself(tmp_path, clock):
    async def scenario(store):
        for _ in range(50):
            store.admit_now([asked()])
        assert left(store) is not None
        assert store._returning is not None
        clock.advance(LIFE_US)
        while store._purse.held:
            await asyncio.sleep(0.001)
        assert level(store) == 50 * UNIT
        assert store._returning is None, "the timer runs only while something is out"

    running(tmp_path, scenario, clock)


def test_a_clock_that_is_set_back_keeps_nothing_out(tmp_path, clock):
    async def scenario(store):
        store.admit_now([asked()])
        store.admit_now([asked()])
        clock.advance(-3600 * 1_000_000)
        while store._purse.held:
            await asyncio.sleep(0.001)

    running(tmp_path, scenario, clock)


def test_closing_gives_back(tmp_path, clock):
    async def scenario(store):
        for _ in range(50):
            store.admit_now([asked()])
        assert left(store) is not None

    running(tmp_path, scenario, clock)
    with opened(tmp_path, clock) as store:
        assert level(store) == 50 * UNIT


def test_several_processes_are_exact_together(folder):
    capacity = 40_000
    with contextlib.ExitStack() as stack:
        witness = stack.enter_context(opened(folder, owner=b"witness"))
        crew = [stack.enter_context(Worker(folder, owner=str(number), slots=2)) for number in range(2)]
        for worker in crew:
            worker.tell("admit", capacity, 30_000)
        granted = sum([worker.answer(60) for worker in crew])
        wait_for(lambda: level(witness, demand(1)) == granted * UNIT, "all lots to come back")
        granted += sum([worker.ask("admit", capacity, capacity - granted) for worker in crew])
        assert granted == capacity
        assert level(witness, demand(1)) == capacity * UNIT


def test_a_killed_worker_takes_its_lot_along_and_no_more(folder):
    with opened(folder, owner=b"witness") as witness, Worker(folder, slots=1) as victim:
        assert victim.ask("admit_and_hang", LARGE, 5000) == 5000
        victim.kill()
        lost = level(witness, demand(1)) // UNIT - 5000
        assert 0 < lost <= LARGE // PART


# Whatever happens.

STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["admit"] * 6 + ["settle", "return"]),
        st.sampled_from([0, 0, 0, 1, 500, LIFE_US, 40_000, 2_000_000, MINUTE_US // 2]),
        st.integers(0, 60) | st.sampled_from([9_000, 70_000]),
    ),
    max_size=80,
)


class Moving:
    """Microseconds that an example moves."""

    now_us = 1_750_000_000_000_000

    def __call__(self):
        return self.now_us


class Crew:
    """Three workers for all examples; each example counts under a name of its own."""

    def __init__(self, stores, clock):
        self.stores = stores
        self.clock = clock
        self.examples = 0

    def begin(self):
        for store in self.stores:
            store._purse.held.clear()
        self.examples += 1
        return b"example %d" % self.examples

    def beside(self, store, name):
        """What the others hold."""
        return sum([left(other, name) or 0 for other in self.stores if other is not store])


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    clock = Moving()
    with workers(tmp_path_factory.mktemp("crew"), clock, 3) as stores:
        yield Crew(stores, clock)


@given(steps=STEPS, fixed=st.booleans(), capacity=st.sampled_from([3_000, 30_000, 100_000]))
def test_never_more_than_the_limit_and_what_lies_in_lots(crew, steps, fixed, capacity):
    """Three workers at any times, against one bucket that counts each grant when it is made.

    A bucket grants at most 1/256 beyond the limit, a fixed window nothing; a request is refused only if there is no
    room for it beside what the others hold.
    """
    name, clock = crew.begin(), crew.clock
    used, since = 0, None
    # Every write may round a millionth against the client.
    most = capacity * UNIT + (0 if fixed else capacity // PART * UNIT) + len(steps)
    for place, what, later_us, amount in steps:
        clock.now_us += later_us
        store, wanted = crew.stores[place], Demand(name, amount, capacity, MINUTE_US, fixed)
        if since is not None:
            over = clock.now_us - since >= MINUTE_US
            used, since = (0, None) if over else buckets.present(wanted, used, since, clock.now_us)
        if what == "return":
            store._return_credits()
        elif what == "settle":
            back = min(amount, used // UNIT)
            store.settle_now([Demand(name, -back, capacity, MINUTE_US, fixed)])
            used -= back * UNIT
        elif store.admit_now([wanted]).admitted:
            if amount and since is None:
                since = clock.now_us
            used += amount * UNIT
            assert used <= most
        else:
            assert used + (crew.beside(store, name) + amount) * UNIT > capacity * UNIT - len(steps)


@given(steps=STEPS, fixed=st.booleans(), capacity=st.sampled_from([30_000, 100_000]))
def test_when_all_came_back_the_level_is_what_was_granted(crew, steps, fixed, capacity):
    name, clock = crew.begin(), crew.clock
    granted = 0
    for place, what, _, amount in steps:
        store, wanted = crew.stores[place], Demand(name, amount, capacity, MINUTE_US, fixed)
        if what == "settle":
            back = min(amount, granted)
            store.settle_now([Demand(name, -back, capacity, MINUTE_US, fixed)])
            granted -= back
        elif what == "admit" and store.admit_now([wanted]).admitted:
            granted += amount
    for store in crew.stores:
        store._mount.limits.give_back(store._purse, list(store._purse.held.values()), clock.now_us)
        assert store._purse.held == {}
    assert level(crew.stores[0], asked(name=name)) == granted * UNIT


# The short way.


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=40))
def test_a_draw_is_a_grant(steps):
    """Of two purses with the same credits one is drawn from and the other grants: they tell the same, or nothing."""
    wanted = [asked(name=b"requests"), asked(name=b"tokens")]
    purses = [Purse(1), Purse(1)]
    for purse in purses:
        purse.exchange((), [Credit(one, Standing(LARGE, LARGE - 1, 500), 50, 0, 0) for one in wanted])
    now_us = 0
    for amount, pause in steps:
        now_us += pause * LIFE_US // 20
        amounts = (1, amount)
        drawn = purses[0].draw([(0, b"requests", LARGE), (1, b"tokens", LARGE)], amounts, now_us)
        demands = [asked(name=b"requests"), asked(amount, name=b"tokens")]
        granted = purses[1].grant(demands, now_us)
        assert (drawn is None) == (granted is None)
        if granted is not None:
            told = [Standing(one.limit, one.remaining, one.reset_us) for one in drawn]
            assert told == list(granted.standings)
        assert [one.left for one in purses[0].held.values()] == [one.left for one in purses[1].held.values()]


def test_a_limit_that_has_changed_is_not_drawn_from():
    purse = Purse(1)
    purse.exchange((), [Credit(asked(), Standing(LARGE, LARGE - 1, 500), 50, 0, 0)])
    assert purse.draw([(0, b"large", LARGE + 1)], (1,), 0) is None
    assert purse.draw([(0, b"large", LARGE), (0, b"other", LARGE)], (1,), 0) is None
    assert purse.held[b"large"].left == 50, "nothing is taken where not everything is there"


NAMES = [b"requests", b"tokens", b"day"]


def purse_of(names, lot=50):
    """A purse with such a lot of each of these limits."""
    purse = Purse(1)
    purse.exchange((), [Credit(asked(name=name), Standing(LARGE, LARGE - 1, 500), lot, 0, 0) for name in names])
    return purse


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=1, max_size=40),
)
def test_any_number_of_limits_is_drawn_from_as_it_is_granted(names, requests):
    drawing, granting = purse_of(NAMES), purse_of(NAMES)
    wanted = [(place, name, LARGE) for place, name in enumerate(names)]
    for now_us, amounts in enumerate(requests):
        drawn = drawing.draw(wanted, amounts, now_us)
        granted = granting.grant([asked(amounts[place], name=name) for place, name, _ in wanted], now_us)
        assert (drawn is None) == (granted is None)
        if granted is not None and len(set(names)) == len(names):
            assert [Standing(one.limit, one.remaining, one.reset_us) for one in drawn] == list(granted.standings)
        assert [one.left for one in drawing.held.values()] == [one.left for one in granting.held.values()]


def test_what_was_drawn_from_before_is_not_drawn_from_when_it_was_given_back():
    purse = purse_of(NAMES)
    wanted = [(0, name, LARGE) for name in NAMES[:2]]
    assert purse.draw(wanted, (1,), 0) is not None
    old = purse.held[b"tokens"]
    (new,) = purse_of([b"tokens"], lot=20).held.values()
    purse.exchange([old], [new])
    assert purse.draw(wanted, (1,), 0) is not None
    assert (old.left, new.left) == (49, 19)
    purse.exchange([new])
    assert purse.draw(wanted, (1,), 0) is None
    assert purse.held[b"requests"].left == 48


def test_nothing_is_drawn_from_a_file_that_was_lost():
    purse = purse_of(NAMES)
    wanted = [(0, NAMES[0], LARGE)]
    purse.home = "the file"
    assert purse.draw(wanted, (1,), 0) is not None
    assert purse.of([asked(name=NAMES[0])], "another file") == ()
    assert purse.draw(wanted, (1,), 0) is None


def test_requests_of_different_kinds_draw_from_the_same_credit():
    purse = purse_of(NAMES)
    kinds = [[(0, b"requests", LARGE), (1, name, LARGE)] for name in (b"tokens", b"day")]
    for number in range(20):
        drawn = purse.draw(kinds[number % 2], (1, 2), 7)
        assert drawn[0].remaining == LARGE - 2 - number
        assert drawn[0].reset_us == purse.held[b"requests"].reset_at_us - 7
    assert [one.left for one in purse.held.values()] == [30, 30, 30]
    assert purse.draw(kinds[0], (1, 31), 7) is None
    assert [one.left for one in purse.held.values()] == [30, 30, 30]


def test_the_earliest_end_of_two_lots_ends_drawing_from_both():
    purse = purse_of(NAMES)
    purse.held[b"tokens"].until_us = 10
    wanted = [(0, name, LARGE) for name in NAMES[:2]]
    assert purse.draw(wanted, (1,), 9) is not None
    assert purse.draw(wanted, (1,), 10) is None
