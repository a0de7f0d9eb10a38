"""The timing wheel against a clock of our own: no waiting, every deadline checked."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.server.timer import LoopTimer
from simulator.server.wheel import Wheel


class Handle:
    def __init__(self):
        self.cancelled = False

    def cancel(self):
        self.cancelled = True


class FakeLoop:
    """Time that moves only when told; one pending timer at a time, as the wheel promises."""

    def __init__(self):
        self.now = 100.0
        self.timers = []

    def call_later(self, delay, callback):
        handle = Handle()
        self.timers.append((self.now + delay, callback, handle))
        return handle

    def create_future(self):
        return asyncio.Future(loop=asyncio.new_event_loop())

    def clock(self):
        return self.now

    def run(self, until, late=0.0):
        while True:
            self.timers = [timer for timer in self.timers if not timer[2].cancelled]
            assert len(self.timers) <= 1
            if not self.timers or self.timers[0][0] > until:
                self.now = max(self.now, until)
                return
            when, callback, _ = self.timers.pop()
            self.now = max(self.now, when + late)
            callback()


class Note:
    def __init__(self, loop, then=()):
        self.loop = loop
        self.at = []
        self.then = list(then)
        self.error = None

    def due(self, now):
        self.at.append(now)
        return self.then.pop(0) if self.then else None

    def failed(self, error):
        self.error = error


def make(**options):
    loop = FakeLoop()
    return loop, Wheel(loop, loop.clock, make_timer=LoopTimer, **options)


@given(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=40))
def test_everything_is_called_within_half_a_millisecond_of_its_time(delays):
    loop, wheel = make()
    notes = [(delay, Note(loop)) for delay in delays]
    for delay, note in notes:
        wheel.add(100.0 + delay, note)
    loop.run(106.0)
    for delay, note in notes:
        assert len(note.at) == 1
        assert abs(note.at[0] - (100.0 + delay)) <= 0.00051
    assert len(wheel) == 0


def test_a_late_turn_does_not_move_later_deadlines():
    loop, wheel = make()
    note = Note(loop, then=[100.020, 100.030])
    wheel.add(100.010, note)
    loop.run(100.012, late=0.007)
    loop.run(101.0)
    assert note.at == pytest.approx([100.017, 100.020, 100.030], abs=0.0006)


def test_what_is_past_is_called_in_the_next_turn():
    loop, wheel = make()
    note = Note(loop)
    wheel.add(99.0, note)
    assert note.at == []
    loop.run(100.0)
    assert note.at == [100.0]


def test_an_earlier_deadline_replaces_the_timer():
    loop, wheel = make()
    late, early = Note(loop), Note(loop)
    wheel.add(103.0, late)
    wheel.add(101.0, early)
    loop.run(102.0)
    assert early.at == pytest.approx([101.0], abs=0.0006)
    assert late.at == []
    loop.run(103.1)
    assert late.at == pytest.approx([103.0], abs=0.0006)


def test_a_failing_entry_loses_only_itself(caplog):
    class Broken(Note):
        def due(self, now):
            raise RuntimeError("broken")

    loop, wheel = make()
    broken, sound = Broken(loop), Note(loop)
    wheel.add(100.5, broken)
    wheel.add(100.5, sound)
    wheel.add(100.6, sound)
    loop.run(101.0)
    assert isinstance(broken.error, RuntimeError)
    assert len(sound.at) == 2
    assert "a stream failed" in caplog.text


def test_lag_is_told_once_a_turn():
    told = []
    loop, wheel = make(tell_lag=told.append)
    for _ in range(5):
        wheel.add(100.010, Note(loop))
    loop.run(100.010, late=0.030)
    assert told == pytest.approx([0.030], abs=0.0011)


def test_an_alarm_is_a_future():
    loop, wheel = make()
    alarm = wheel.alarm(100.2)
    given_up = wheel.alarm(100.2)
    given_up.cancel()
    loop.run(100.1)
    assert not alarm.done()
    loop.run(100.3)
    assert alarm.done()
    alarm.get_loop().close()
    given_up.get_loop().close()
