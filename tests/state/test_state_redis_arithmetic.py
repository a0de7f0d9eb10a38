"""The Lua script comes to the same numbers as `buckets`, for any sequence of operations."""

import socket
import uuid

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis_server import shared_server

from simulator.state.embedded import buckets
from simulator.state.embedded.buckets import CAPACITY_MOST, LEVEL_MOST, UNIT
from simulator.state.redis.packing import ADMIT, RAISE, SETTLE, Operation, pack, unpack
from simulator.state.redis.scripts import LIMITS
from simulator.state.store import DAY_US, MINUTE_US, Demand

BEGIN = 1_750_000_000_000_000
NAMES = [b"a", b"b", b"\xc3\x28"]


class Model:
    """What the script has to come to, by the functions of the embedded store."""

    def __init__(self):
        self.states = {}

    def state(self, demand, now):
        return self.states.get(demand.name, (0, now))

    def admit(self, demands, now):
        after = dict(self.states)
        for demand in demands:
            level, at = buckets.present(demand, *after.get(demand.name, (0, now)), now)
            level += demand.amount * UNIT
            if level > demand.capacity * UNIT:
                return False
            if demand.amount:
                after[demand.name] = level, at
        self.states = after
        return True

    def settle(self, demands, now):
        for demand in demands:
            level, at = buckets.present(demand, *self.state(demand, now), now)
            if demand.amount > 0 or (demand.amount < 0 and level > 0):
                self.states[demand.name] = buckets.charged(level, demand.amount), at
        return True

    def raise_levels(self, demands, moments, now):
        for demand, at in zip(demands, moments, strict=True):
            stored = buckets.present(demand, *self.state(demand, now), now)
            told = buckets.present(demand, demand.amount, at, now)
            if told[0] > 0:
                self.states[demand.name] = buckets.raised(demand, stored, told) if stored[0] else told
        return True


class Script:
    """Evaluates the script over one plain socket: fast enough for thousands of examples."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", shared_server().port), 5)
        self.file = self.socket.makefile("rb")

    def evaluate(self, tag, argument):
        parts = [b"EVAL", LIMITS.source, b"1", tag, argument]
        packed = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self.socket.sendall(packed)
        head = self.file.readline()
        assert head.startswith(b"$"), head
        return self.file.read(int(head[1:]) + 2)[:-2]

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture(scope="module")
def script():
    found = Script()
    yield found
    found.close()


capacities = st.one_of(st.integers(1, 20), st.integers(1, 10**6), st.just(CAPACITY_MOST))
periods = st.sampled_from([1, 7, 1_000, 1_000_003, MINUTE_US, DAY_US])
limits = st.builds(
    lambda name, capacity, period, fixed: Demand(name, 0, capacity, period, fixed),
    st.sampled_from(NAMES),
    capacities,
    periods,
    st.booleans(),
)
amounts = st.one_of(st.integers(0, 5), st.integers(0, 10**6), st.sampled_from([CAPACITY_MOST, LEVEL_MOST]))
changes = st.one_of(amounts, amounts.map(lambda amount: -amount))
steps = st.one_of(
    st.tuples(st.just(ADMIT), st.lists(st.tuples(st.integers(0, 3), amounts), max_size=3)),
    st.tuples(st.just(SETTLE), st.lists(st.tuples(st.integers(0, 3), changes), max_size=3)),
    st.tuples(
        st.just(RAISE),
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, LEVEL_MOST), st.integers(-DAY_US, DAY_US)), max_size=2),
    ),
)
passages = st.one_of(st.integers(0, 100), st.integers(-2_000_000, 2 * MINUTE_US), st.integers(-DAY_US, 2 * DAY_US))
batches = st.lists(st.tuples(passages, st.lists(steps, min_size=1, max_size=5)), min_size=1, max_size=6)


@settings(max_examples=300)
@given(st.lists(limits, min_size=4, max_size=4), batches)
@example([Demand(b"a", 0, CAPACITY_MOST, DAY_US)] * 4, [(0, [(ADMIT, [(0, CAPACITY_MOST)])]), (1, [(ADMIT, [(0, 1)])])])
def test_the_script_equals_the_specification(script, limits, batches):
    tag = b"{sum-%s}" % uuid.uuid4().hex.encode()
    model = Model()
    now = BEGIN
    for passage, operations in batches:
        now += passage
        asked, expected = [], []
        for kind, entries in operations:
            demands = [
                Demand(limit.name, entry[1], limit.capacity, limit.period_us, limit.fixed)
                for entry in entries
                for limit in [limits[entry[0]]]
            ]
            moments = [now + entry[2] for entry in entries] if kind == RAISE else ()
            asked.append(Operation(kind, demands, (), None, moments))
            if kind == ADMIT:
                granted = model.admit(demands, now)
            elif kind == SETTLE:
                granted = model.settle(demands, now)
            else:
                granted = model.raise_levels(demands, moments, now)
            expected.append((granted, [model.state(demand, now) for demand in demands]))
        reply = script.evaluate(tag, pack(now, b"me", asked))
        assert msgspec.msgpack.decode(reply)[0] == now
        assert [(granted, each.levels) for each, granted in unpack(reply, asked)] == expected
