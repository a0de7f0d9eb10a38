"""The kernel's timer and the loop's keep the same promises; the kernel's is not held up by a turn's old clock."""

import asyncio
import sys
import time

import pytest
import uvloop

from simulator.server import timer as timers
from simulator.server.timer import KernelTimer, LoopTimer, timer

KINDS = ["loop", pytest.param("kernel", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux's timerfd"))]


def make(kind, loop, callback):
    return KernelTimer(loop, callback) if kind == "kernel" else LoopTimer(loop, callback, time.monotonic)


def run(scenario, new_loop):
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(asyncio.wait_for(scenario(), 5))


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("kind", KINDS)
def test_it_calls_at_the_time_it_was_last_armed_for(kind, new_loop):
    async def scenario():
        loop = asyncio.get_running_loop()
        calls = []
        done = loop.create_future()

        def fire():
            calls.append(time.monotonic())
            if len(calls) == 1:
                one.arm(calls[0] + 0.02)
                return
            one.disarm()
            done.set_result(None)

        one = make(kind, loop, fire)
        start = time.monotonic()
        one.arm(start + 30)
        one.arm(start + 0.03)
        await done
        one.arm(time.monotonic() + 0.01)
        one.disarm()
        quiet = loop.create_future()
        loop.call_later(0.03, quiet.set_result, None)
        await quiet
        one.close()
        one.close()
        return start, calls

    start, calls = run(scenario, new_loop)
    assert len(calls) == 2
    # libuv's clock is cut to whole milliseconds, so its timers may come up to one early.
    assert calls[0] - start >= 0.029
    assert calls[1] - calls[0] >= 0.019


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_past_is_called_at_once(kind):
    async def scenario():
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def fire():
            one.disarm()
            done.set_result(None)

        one = make(kind, loop, fire)
        one.arm(-5.0)
        await done
        one.close()

    run(scenario, uvloop.new_event_loop)


def test_without_a_kernels_timer_the_loops_serves(monkeypatch):
    def none(*args):
        raise OSError("no descriptors left")

    monkeypatch.setattr(timers, "KernelTimer", none)

    async def scenario():
        return timer(asyncio.get_running_loop(), lambda: None, time.monotonic)

    assert isinstance(run(scenario, asyncio.new_event_loop), LoopTimer)
