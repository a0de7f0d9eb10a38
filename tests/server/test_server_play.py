"""Playing a plan: order, punctuality, back-pressure and departures, against a hand-made connection."""

import asyncio
import time

import pytest
from hand_made import Connection, Letters

from simulator.server.play import Asgi, End, Playback, hold, stream_asgi
from simulator.server.play import stream_direct as play_direct
from simulator.server.wheel import Wheel

HEAD = (200, b"content-type: text/event-stream\r\n")
LIMITS = (60.0, 0.05)


async def stream_direct(wheel, connection, stream, offsets, start, head, limits):
    return await play_direct(wheel, connection, Playback(stream, offsets, start, limits), head)


def play(scenario):
    """Run a scenario in a loop of its own, never longer than a few seconds."""
    return asyncio.run(asyncio.wait_for(scenario(), 5))


def test_tokens_leave_in_order_and_on_time():
    async def scenario():
        connection = Connection()
        start = time.monotonic()
        offsets = [0.01 * i for i in range(1, 11)]
        wheel = Wheel(asyncio.get_running_loop())
        end, first_at, _ = await stream_direct(wheel, connection, Letters("abcdefghij"), offsets, start, HEAD, LIMITS)
        return connection, start, offsets, end, first_at

    connection, start, offsets, end, first_at = play(scenario)
    assert end is End.DONE
    assert connection.finished
    assert connection.text == b"abcdefghij"
    assert first_at - start >= offsets[0] - 0.001
    sent = 0
    for at, data in connection.written:
        sent += len(data)
        assert at - start >= offsets[sent - 1] - 0.001, "a token left before its time"


def test_a_stream_tells_in_its_head_what_became_late_while_it_waited():
    async def scenario():
        connection = Connection()
        wheel = Wheel(asyncio.get_running_loop())
        late = []
        asyncio.get_running_loop().call_later(0.02, late.append, b"x-late: 1\r\n")
        playback = Playback(Letters("ab"), [0.1, 0.11], time.monotonic(), LIMITS, late=lambda: b"".join(late))
        await play_direct(wheel, connection, playback, HEAD)
        return connection

    assert play(scenario).head == HEAD[1] + b"x-late: 1\r\n"


def test_what_is_due_together_leaves_in_one_write():
    async def scenario():
        connection = Connection()
        wheel = Wheel(asyncio.get_running_loop())
        await stream_direct(wheel, connection, Letters("abcdef"), [0.01] * 6, time.monotonic(), HEAD, LIMITS)
        return connection

    connection = play(scenario)
    assert [data for _, data in connection.written] == [b"abcdef"]


def test_without_delays_everything_leaves_at_once():
    async def scenario():
        connection = Connection()
        wheel = Wheel(asyncio.get_running_loop())
        end, *_ = await stream_direct(wheel, connection, Letters("abc"), [], time.monotonic(), HEAD, LIMITS)
        return connection, end, len(wheel)

    connection, end, waiting = play(scenario)
    assert (end, connection.text, waiting) == (End.DONE, b"abc", 0)


def test_a_client_that_leaves_ends_its_stream_at_once():
    async def scenario():
        connection = Connection()
        loop = asyncio.get_running_loop()
        wheel = Wheel(loop)
        start = time.monotonic()
        loop.call_later(0.02, connection.leave)
        end, *_ = await stream_direct(wheel, connection, Letters("ab"), [0.01, 30.0], start, HEAD, LIMITS)
        return end, time.monotonic() - start, connection

    end, took, connection = play(scenario)
    assert end is End.LEFT
    assert took < 1
    assert connection.text == b"a"
    assert not connection.finished


def test_a_slow_reader_pauses_its_stream_and_is_then_sent_what_is_due():
    async def scenario():
        connection = Connection()
        loop = asyncio.get_running_loop()
        connection.paused = True
        loop.call_later(0.03, setattr, connection, "paused", False)
        offsets = [0.0, *(0.002 + 0.001 * i for i in range(8)), 0.2]
        wheel = Wheel(loop)
        end, *_ = await stream_direct(wheel, connection, Letters("abcdefghij"), offsets, time.monotonic(), HEAD, LIMITS)
        return end, connection

    end, connection = play(scenario)
    assert end is End.DONE
    assert connection.text == b"abcdefghij"
    assert connection.while_paused == [True, *[False] * (len(connection.written) - 1)]


def test_a_reader_that_never_reads_is_cut_off():
    async def scenario():
        connection = Connection()
        connection.paused = True
        wheel = Wheel(asyncio.get_running_loop())
        end, *_ = await stream_direct(wheel, connection, Letters("ab"), [0.0, 0.5], time.monotonic(), HEAD, LIMITS)
        return end, connection

    end, connection = play(scenario)
    assert end is End.SLOW
    assert connection.aborted


def test_a_response_may_not_take_longer_than_its_limit():
    async def scenario():
        connection = Connection()
        wheel = Wheel(asyncio.get_running_loop())
        limits = (0.03, 1.0)
        end, *_ = await stream_direct(wheel, connection, Letters("ab"), [0.01, 0.1], time.monotonic(), HEAD, limits)
        return end, connection

    end, connection = play(scenario)
    assert end is End.TIMEOUT
    assert connection.aborted


def test_a_stream_that_raises_fails_alone():
    class Broken(Letters):
        def frames(self, start, stop):
            raise RuntimeError("no frames")

    async def scenario():
        wheel = Wheel(asyncio.get_running_loop())
        broken, sound = Connection(), Connection()
        now = time.monotonic()
        return (
            sound,
            broken,
            await asyncio.gather(
                stream_direct(wheel, broken, Broken("a"), [0.01], now, HEAD, LIMITS),
                stream_direct(wheel, sound, Letters("a"), [0.01], now, HEAD, LIMITS),
                return_exceptions=True,
            ),
        )

    sound, broken, (failed, done) = play(scenario)
    assert isinstance(failed, RuntimeError)
    assert broken.aborted
    assert done[0] is End.DONE
    assert sound.text == b"a"


def test_cancelling_closes_the_connection():
    async def scenario():
        wheel = Wheel(asyncio.get_running_loop())
        connection = Connection()
        task = asyncio.ensure_future(
            stream_direct(wheel, connection, Letters("a"), [30.0], time.monotonic(), HEAD, LIMITS)
        )
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return connection

    assert play(scenario).aborted


def test_holding_a_whole_response_ends_early_when_the_client_leaves():
    async def scenario():
        loop = asyncio.get_running_loop()
        wheel = Wheel(loop)
        connection = Connection()
        start = time.monotonic()
        assert await hold(wheel, connection, None, start + 0.01)
        loop.call_later(0.01, connection.leave)
        left = await hold(wheel, connection, None, start + 30)
        return left, time.monotonic() - start

    left, took = play(scenario)
    assert left is False
    assert took < 1


class FakeServer:
    """An ASGI server's end of one request."""

    def __init__(self):
        self.sent = []
        self.leaving = asyncio.Event()

    async def receive(self):
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)


def test_the_same_plan_is_played_through_asgi():
    async def scenario():
        asgi = FakeServer()
        wheel = Wheel(asyncio.get_running_loop())
        head = (200, Letters.headers)
        playback = Playback(Letters("abc"), [0.001, 0.002, 0.012], time.monotonic(), LIMITS)
        end, *_ = await stream_asgi(wheel, Asgi(asgi.receive, asgi.send), playback, head, time.monotonic)
        return asgi.sent, end

    sent, end = play(scenario)
    assert end is End.DONE
    assert sent[0]["type"] == "http.response.start"
    assert b"".join(message["body"] for message in sent[1:]) == b"abc"
    assert [message["more_body"] for message in sent[1:]][-1] is False


def test_through_asgi_a_client_that_leaves_is_noticed():
    async def scenario():
        asgi = FakeServer()
        loop = asyncio.get_running_loop()
        loop.call_later(0.02, asgi.leaving.set)
        start = time.monotonic()
        playback = Playback(Letters("ab"), [0.001, 30.0], start, LIMITS)
        calls = Asgi(asgi.receive, asgi.send)
        end, *_ = await stream_asgi(Wheel(loop), calls, playback, (200, ()), time.monotonic)
        assert await hold(Wheel(loop), None, asgi.receive, start + 30) is False
        return end, time.monotonic() - start

    end, took = play(scenario)
    assert end is End.LEFT
    assert took < 1
