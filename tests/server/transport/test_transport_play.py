"""Playing a wire: what is written to a hand-made connection, when, and how that is left."""

import asyncio
import time

import pytest
from hand_made import Connection
from transport_wires import EVENT, body, hit, on_the_wire, streamed, whole

from simulator.engine.plan import Trouble
from simulator.server.play import Asgi, End
from simulator.server.transport.play import Playing, play_asgi, play_wire
from simulator.server.transport.wire import Frame, Wire
from simulator.server.wheel import Wheel

HEAD = (200, b"x-a: b\r\n")
LIMITS = (60.0, 0.05)


class Way(Connection):
    """The methods below HTTP."""

    def __init__(self):
        super().__init__()
        self.head = b""
        self.closed = None

    def begin(self, status, headers, first):
        assert status == 200
        self.head = headers
        self.raw(first)

    def raw(self, data):
        self.write(data)

    def finish(self, *, close):
        self.closed = "closed" if close else "kept"

    def reset(self):
        self.closed = "reset"


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario(), 5))


def played(wire, *, act=None, limits=LIMITS, chunks=True, farewell=lambda sent: b"bye %d" % sent):
    """(connection, `Played`) of a wire that is played in real time; `act(loop, wheel, connection)` sees its start."""

    async def scenario():
        connection, loop = Way(), asyncio.get_running_loop()
        wheel = Wheel(loop)
        if act is not None:
            act(loop, wheel, connection)
        playing = Playing(wire, HEAD, time.monotonic(), limits, farewell, chunks)
        return connection, await play_wire(wheel, connection, playing)

    return run(scenario)


def test_a_complete_wire_leaves_the_connection_for_the_next_request():
    wire = streamed(5, apart=0)
    connection, result = played(wire)
    assert connection.head == b"x-a: b\r\ntransfer-encoding: chunked\r\n"
    assert connection.text == on_the_wire(wire)
    assert (connection.closed, result.end, result.sent) == ("kept", End.DONE, 5)
    assert len(connection.written) == 1, "what is due together leaves together"
    wire = whole(at=0)
    connection, result = played(wire)
    assert connection.head == b"x-a: b\r\ncontent-length: 22\r\n"
    assert (connection.text, connection.closed, result.end) == (body(wire), "kept", End.DONE)


@pytest.mark.parametrize(("kind", "left"), [(Trouble.CUT, "closed"), (Trouble.RESET, "reset")])
def test_a_broken_connection_is_left_broken(kind, left):
    connection, result = played(hit(streamed(5, apart=0), kind, 3))
    assert connection.text == on_the_wire(streamed(3, apart=0))[:-5]
    assert (connection.closed, result.end, result.sent) == (left, End.DONE, 3)
    connection, result = played(hit(streamed(5, apart=0), kind, 0))
    assert (connection.head, connection.text, connection.closed) == (b"", b"", left), "not even the head"


def test_a_connection_ends_when_the_frame_would_have_come():
    begun = time.monotonic()
    connection, _ = played(hit(streamed(5, apart=0.02), Trouble.RESET, 4))
    assert time.monotonic() - begun >= 0.079
    assert len(connection.written) == 4


def test_steps_without_bytes_send_neither_head_nor_chunk():
    connection, result = played(streamed(4, hidden={0, 1}, apart=0.02))
    assert [data for _, data in connection.written if data] == [
        *(b"%x\r\n%b\r\n" % (len(EVENT % step), EVENT % step) + (b"0\r\n\r\n" if step == 3 else b"") for step in (2, 3))
    ]
    assert (result.end, result.sent) == (End.DONE, 4)


def test_a_client_of_the_old_protocol_gets_bare_bytes_and_then_the_end():
    """RFC 9112 6.1: no transfer coding for HTTP/1.0."""
    for wire in (streamed(4, apart=0), hit(streamed(4, apart=0), Trouble.CUT, 2, mid_frame=True)):
        connection, _ = played(wire, chunks=False)
        assert connection.head == b"x-a: b\r\n"
        assert (connection.text, connection.closed) == (body(wire), "closed")
    connection, _ = played(whole(at=0), chunks=False)
    assert (connection.head, connection.closed) == (b"x-a: b\r\ncontent-length: 22\r\n", "kept")


def test_a_client_that_leaves_amid_a_stall_ends_it_at_once_and_nothing_of_it_is_kept():
    kept = []

    def act(loop, wheel, connection):
        loop.call_later(0.2, connection.leave)
        kept.append(wheel)

    begun = time.monotonic()
    connection, result = played(hit(streamed(5, apart=0), Trouble.STALL, 2, seconds=40), act=act)
    assert time.monotonic() - begun < 2
    assert (result.end, result.sent, connection.closed) == (End.LEFT, 2, None)
    (entry,) = [entry for slot in kept[0]._slots.values() for entry in slot]
    assert entry._next is None
    assert list(entry._coming) == []
    assert entry.due(time.monotonic() + 100) is None, "the wheel forgets it when its time comes"


def test_the_time_of_a_whole_response_ends_a_stall():
    begun = time.monotonic()
    connection, result = played(hit(streamed(5, apart=0), Trouble.STALL, 2, seconds=40), limits=(0.3, 1))
    assert 0.049 <= time.monotonic() - begun < 2
    assert result.end is End.TIMEOUT
    assert connection.aborted


def test_a_client_that_reads_too_slowly_is_left():
    def act(_loop, _wheel, connection):
        connection.paused = True

    connection, result = played(streamed(50, apart=0.01), act=act)
    assert result.end is End.SLOW
    assert connection.aborted
    assert len(connection.written) == 1


def test_a_client_that_reads_nothing_of_what_came_before_a_stall_is_left_amid_it():
    def act(_loop, _wheel, connection):
        connection.paused = True

    begun = time.monotonic()
    connection, result = played(hit(streamed(5, apart=0), Trouble.STALL, 2, seconds=40), act=act)
    assert (result.end, connection.aborted) == (End.SLOW, True)
    assert 0.05 <= time.monotonic() - begun < 2


def test_a_client_that_catches_up_amid_a_stall_gets_what_comes_after_it():
    def act(loop, _wheel, connection):
        connection.paused = True
        loop.call_later(0.03, setattr, connection, "paused", False)

    stalled = hit(streamed(5, apart=0), Trouble.STALL, 2, seconds=0.15)
    connection, result = played(stalled, act=act, limits=(60.0, 5.0))
    assert (connection.text, result.end) == (on_the_wire(stalled), End.DONE)


def test_a_client_that_catches_up_gets_all_of_it():
    def act(loop, _wheel, connection):
        connection.paused = True
        loop.call_later(0.03, setattr, connection, "paused", False)

    connection, result = played(streamed(5, apart=0.01), act=act, limits=(60.0, 5.0))
    assert (connection.text, result.end) == (on_the_wire(streamed(5)), End.DONE)


def conclude_after(seconds):
    return lambda loop, wheel, _connection: loop.call_later(seconds, wheel.conclude)


def test_a_worker_that_stops_amid_a_stall_ends_the_stream_in_band():
    connection, result = played(hit(streamed(5, apart=0), Trouble.STALL, 2, seconds=40), act=conclude_after(0.2))
    assert connection.text == on_the_wire(streamed(2, apart=0))[:-5] + b"5\r\nbye 2\r\n0\r\n\r\n"
    assert (result.end, connection.closed) == (End.CONCLUDED, "closed")


def test_a_worker_that_stops_amid_a_trickled_event_sends_the_rest_of_it_first():
    wire = Wire((Frame(0.0, b"data: {}\n\n", 0, rate=10), Frame(9.0, b"data: []\n\n", 1, rate=10)), None)
    connection, result = played(wire, act=conclude_after(0.15), farewell=lambda sent: b"after %d" % sent)
    assert connection.text.endswith(b"7\r\nafter 1\r\n0\r\n\r\n")
    assert result.sent == 1
    chunks = connection.text.split(b"\r\n")[1:-5:2]
    assert b"".join(chunks) == b"data: {}\n\n"


def test_a_worker_that_stops_amid_a_whole_body_sends_it_to_its_end():
    wire = hit(whole(at=0), Trouble.STALL, 2, seconds=40)
    connection, result = played(wire, act=conclude_after(0.2))
    assert (connection.text, connection.closed, result.end) == (body(wire), "kept", End.DONE)


def test_a_worker_that_stops_within_a_chunk_that_claims_more_just_closes():
    wire = hit(hit(streamed(3, apart=0), Trouble.STALL, 2, seconds=40), Trouble.CUT, 1, mid_frame=True)
    wire = Wire(wire.frames, None, wire.ending, 40.0)
    connection, result = played(wire, act=conclude_after(0.2))
    assert connection.text == on_the_wire(wire)
    assert (result.end, connection.closed) == (End.CONCLUDED, "closed")


def test_before_anything_has_left_the_answer_is_still_to_be_made():
    connection, result = played(hit(streamed(3, apart=0), Trouble.STALL, 0, seconds=40), act=conclude_after(0.2))
    assert (result.end, result.first_at) == (End.CONCLUDED, 0.0)
    assert (connection.head, connection.closed) == (b"", None)


def test_a_long_stream_that_is_due_at_once_is_one_write_and_no_more_work_than_its_bytes():
    """Each frame was once added to a growing text, which copies it anew each time."""
    begun = time.process_time()
    connection, _ = played(hit(streamed(60_000, apart=0), Trouble.STALL, 59_999, seconds=0.01))
    assert len(connection.text) > 2_000_000
    assert time.process_time() - begun < 2


def through_asgi(wire, *, leave=None, conclude=None, limits=LIMITS):
    """(messages, `Played`) through ASGI; `leave` and `conclude` are seconds."""

    async def scenario():
        messages, left, loop = [], asyncio.Event(), asyncio.get_running_loop()
        wheel = Wheel(loop)

        async def receive():
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            messages.append(message)

        if leave is not None:
            loop.call_later(leave, left.set)
        if conclude is not None:
            loop.call_later(conclude, wheel.conclude)
        playing = Playing(wire, HEAD, time.monotonic(), limits, lambda sent: b"bye %d" % sent)
        return messages, await play_asgi(wheel, Asgi(receive, send), playing)

    return run(scenario)


def sent_of(messages):
    return b"".join(message.get("body", b"") for message in messages)


def test_through_asgi_a_body_is_complete_only_if_it_is():
    messages, result = through_asgi(whole(at=0))
    assert messages[0]["headers"] == [(b"x-a", b"b"), (b"content-length", b"22")]
    assert (sent_of(messages), messages[-1]["more_body"], result.end) == (body(whole()), False, End.DONE)
    messages, result = through_asgi(hit(whole(at=0), Trouble.CUT, 3))
    assert all(message.get("more_body", True) for message in messages)
    assert (result.end, result.sent) == (End.DONE, 3)
    messages, _ = through_asgi(hit(whole(at=0), Trouble.WRONG_LENGTH, amount=-3))
    assert messages[0]["headers"] == [(b"x-a", b"b")], "a server would refuse to send more than it was told"


def test_through_asgi_stalls_end_with_client_worker_and_time():
    stalled = hit(streamed(5, apart=0), Trouble.STALL, 2, seconds=40)
    messages, result = through_asgi(stalled, leave=0.25)
    assert (result.end, sent_of(messages)) == (End.LEFT, body(streamed(2)))
    messages, result = through_asgi(stalled, conclude=0.25)
    assert (result.end, sent_of(messages)) == (End.CONCLUDED, body(streamed(2)) + b"bye 2")
    assert messages[-1]["more_body"] is False
    messages, result = through_asgi(stalled, limits=(0.3, 1))
    assert (result.end, result.sent) == (End.TIMEOUT, 2)
    messages, result = through_asgi(hit(whole(at=0), Trouble.STALL, 2, seconds=40), conclude=0.25)
    assert sent_of(messages) == body(whole())
