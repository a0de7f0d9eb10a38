"""The pure parts of the Redis store: breaker, mirror, packing."""

import asyncio
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.state.embedded.buckets import UNIT, present
from simulator.state.redis.breaker import Breaker, Phase
from simulator.state.redis.mirror import Mirror
from simulator.state.redis.packing import ADMIT, RAISE, STORED, Operation, name_of, pack, text, unpack
from simulator.state.redis.pods import share_of
from simulator.state.store import MINUTE_US, Demand, Lease

NOW = 1_750_000_000_000_000


def rpm(amount=1, name=b"k", capacity=60, fixed=False):
    return Demand(name, amount, capacity, MINUTE_US, fixed)


def test_a_breaker_begins_open_and_probes_at_once():
    breaker = Breaker(0.5)
    assert breaker.phase is Phase.OPEN
    assert breaker.wait(123.0) == 0


def test_a_breaker_goes_round():
    breaker = Breaker(0.5)
    breaker.reached(1.0, 2.0)
    assert (breaker.phase, breaker.wait(1.5)) == (Phase.SETTLING, 1.5)
    breaker.close()
    assert (breaker.phase, breaker.reason, breaker.wait(9.0)) == (Phase.CLOSED, "", math.inf)
    breaker.failed(10.0, "gone")
    assert (breaker.phase, breaker.reason, breaker.failures) == (Phase.OPEN, "gone", 1)
    assert breaker.wait(10.1) == pytest.approx(0.4)
    breaker.failed(10.4, "still gone")
    assert (breaker.failures, breaker.reason) == (1, "still gone")
    assert breaker.wait(10.5) == pytest.approx(0.4)
    breaker.reached(11.0, -3.0)
    assert breaker.wait(11.0) == 0
    breaker.failed(11.0, "gone again")
    assert (breaker.phase, breaker.failures) == (Phase.OPEN, 2)


def test_an_open_breaker_is_not_closed_without_a_probe():
    with pytest.raises(ValueError, match="open"):
        Breaker(0.5).close()


def test_a_share_is_one_of_the_pods():
    assert [share_of(pods) for pods in (0, 1, 2, 4)] == [1, 1, 0.5, 0.25]


def test_the_mirror_tells_a_share_of_a_level_rounded_up():
    mirror = Mirror()
    assert mirror.share(rpm(), rpm(capacity=20)) is None
    mirror.note(rpm(), 10 * UNIT + 1, NOW)
    level, at_us = mirror.share(rpm(), rpm(capacity=20))
    assert at_us == NOW
    assert 10 * UNIT / 3 < level <= 10 * UNIT / 3 + 2


def test_the_mirror_learns_from_what_is_stored():
    mirror = Mirror()
    sent = text(b"\xff").encode()
    mirror.note_stored([sent], [STORED.pack(5 * UNIT, NOW + 7, 60, MINUTE_US, 1)], 7)
    assert list(mirror.used(NOW)) == [(rpm(0, b"\xff", fixed=True), 5 * UNIT, NOW)]


def test_the_mirror_forgets_what_has_run_empty_and_then_the_oldest():
    mirror = Mirror(most=8)
    for each in range(6):
        mirror.note(rpm(name=b"old%d" % each), UNIT, NOW - MINUTE_US)
    mirror.prune(NOW)
    assert len(mirror) == 6
    for each in range(10):
        mirror.note(rpm(name=b"new%d" % each), UNIT, NOW)
    mirror.prune(NOW)
    assert [demand.name for demand, _, _ in mirror.used(NOW)] == [b"new%d" % each for each in range(4, 10)]
    assert len(mirror) == 6


@given(st.binary(min_size=1, max_size=200))
def test_a_name_survives_the_way(name):
    assert name_of(text(name).encode()) == name


def test_operations_are_packed_flat_and_answers_read_in_their_order():
    async def scenario():
        loop = asyncio.get_running_loop()
        admit = Operation(ADMIT, [rpm(), rpm(2, b"t")], [Lease(b"c", 5)], loop.create_future())
        raised = Operation(RAISE, [rpm(7)], (), loop.create_future(), [NOW])
        sent = msgspec.msgpack.decode(pack(-1, b"me", [admit, raised]))
        first = ["k", 1, 60, MINUTE_US, False]
        assert sent[:5] == [-1, "me", ADMIT, 2, 1]
        assert sent[5:10] == first
        assert sent[15:] == ["c", 5, RAISE, 1, 0, "k", 7, *first[2:], NOW]
        reply = msgspec.msgpack.encode([NOW, 1, 10, 11, 20, 21, 3, 0, 30, 31])
        outcome = list(unpack(reply, [admit, raised]))
        assert outcome == [(admit, True), (raised, False)]
        assert (admit.now_us, admit.levels, admit.used) == (NOW, [(10, 11), (20, 21)], [3])
        assert (raised.levels, raised.used) == ([(30, 31)], [])

    asyncio.run(scenario())


@given(st.integers(0, 60 * UNIT), st.integers(0, 2 * MINUTE_US))
def test_the_mirror_yields_what_is_in_use(level, elapsed):
    mirror = Mirror()
    mirror.note(rpm(), level, NOW)
    in_use = present(rpm(), level, NOW, NOW + elapsed)[0] > 0
    assert [demand for demand, _, _ in mirror.used(NOW + elapsed)] == [rpm()] * in_use
