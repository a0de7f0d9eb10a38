"""Each trouble as a value: what it leaves of an answer, whatever the answer and whatever came before."""

import http.client
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transport_wires import (
    DISTURBANCES,
    ERROR,
    EVENT,
    LINE,
    STREAMS,
    WHOLES,
    WIRES,
    body,
    hit,
    on_the_wire,
    read,
    streamed,
    tell,
    times,
    whole,
)

from simulator.engine.plan import Trouble
from simulator.server.transport.events import garbled, torn, without_last
from simulator.server.transport.pieces import BEATS, pieces
from simulator.server.transport.troubles import disturbed
from simulator.server.transport.wire import Ending, Frame, Wire

few = settings(max_examples=60)


@few
@given(WIRES, st.integers(0, 35), st.floats(0, 10))
def test_a_stall_keeps_the_bytes_and_moves_what_comes_after_it(wire, step, seconds):
    stalled = hit(wire, Trouble.STALL, step, seconds=seconds)
    assert on_the_wire(stalled) == on_the_wire(wire)
    for before, after in zip(wire.frames, stalled.frames, strict=True):
        assert after.at == before.at + (seconds if before.step >= step else 0)


@few
@given(WIRES, st.integers(0, 35), st.floats(0.01, 1e5))
def test_a_trickle_keeps_bytes_and_order_and_is_never_faster_than_its_rate(wire, step, rate):
    slow = hit(wire, Trouble.TRICKLE, step, rate=rate)
    assert body(slow) == body(wire)
    bare = list(pieces(slow, chunked=False))
    assert b"".join(piece.data for piece in bare) == body(wire)
    assert times(slow) == sorted(times(slow))
    first = next((frame.at for frame in wire.frames if frame.step >= step), None)
    sent = 0
    for piece in bare:
        if piece.step < step:
            continue
        assert piece.at >= first + sent / rate - 1e-6, "sent before its time"
        sent += len(piece.data)
        assert len(piece.data) <= max(1, rate / BEATS)


@few
@given(WIRES, st.integers(0, 35), st.booleans(), st.sampled_from([Trouble.CUT, Trouble.RESET]))
def test_what_a_broken_connection_has_sent_is_the_beginning(wire, step, mid_frame, kind):
    broken = hit(wire, kind, step, mid_frame=mid_frame)
    if step > wire.frames[-1].step:
        assert broken == wire
        return
    assert on_the_wire(wire).startswith(on_the_wire(broken))
    assert len(on_the_wire(broken)) < len(on_the_wire(wire)) or not body(wire)
    assert broken.ending is (Ending.CLOSE if kind is Trouble.CUT else Ending.RESET)
    assert broken.length == wire.length, "the head still promises all of it"
    whole_frames = [frame for frame in broken.frames if frame.claims is None]
    assert all(frame.step < step or not frame.data for frame in whole_frames)
    assert broken.ends >= max(times(broken), default=0)


@few
@given(WIRES, st.lists(DISTURBANCES, max_size=4))
def test_whatever_comes_together_the_times_ascend_and_the_steps_too(wire, disturbances):
    left = disturbed(wire, disturbances, tell)
    assert times(left) == sorted(times(left))
    steps = [frame.step for frame in left.frames]
    assert steps == sorted(set(steps))
    assert all(frame.claims is None for frame in left.frames[:-1])
    assert left.streamed == wire.streamed
    assert b"0\r\n\r\n" not in on_the_wire(left)[:-5] or not left.streamed, "a chunk of no length ends a body"


@few
@given(WHOLES, st.integers(0, 79))
def test_a_whole_body_that_is_truncated_is_complete_for_http_and_no_json(wire, step):
    torn_off = hit(wire, Trouble.TRUNCATED_JSON, step)
    if step > wire.frames[-1].step:
        assert torn_off == wire
        return
    assert read(torn_off) == body(torn_off)
    assert body(wire).startswith(body(torn_off))
    with pytest.raises(json.JSONDecodeError):
        json.loads(body(torn_off))


@few
@given(STREAMS, st.integers(0, 29))
def test_a_truncated_stream_is_complete_for_http_and_its_last_event_is_no_json(wire, step):
    left = read(hit(wire, Trouble.TRUNCATED_JSON, step))
    if step > wire.frames[-1].step:
        assert left == body(wire)
        return
    assert body(wire).startswith(left)
    with pytest.raises(json.JSONDecodeError):
        json.loads(left[left.rindex(b"{") :])


@few
@given(WIRES, st.integers(0, 79))
def test_a_malformed_answer_is_whole_for_http_and_has_one_fault(wire, step):
    broken = hit(wire, Trouble.MALFORMED, step)
    read(broken)
    assert len(broken.frames) == len(wire.frames)
    differing = [number for number, frame in enumerate(wire.frames) if broken.frames[number] != frame]
    assert differing == [number for number, frame in enumerate(wire.frames) if frame.step >= step and frame.data][:1]
    if differing and not wire.streamed:
        assert len(body(broken)) == len(body(wire))
        with pytest.raises(json.JSONDecodeError):
            json.loads(body(broken).decode())


@few
@given(WIRES)
def test_a_missing_terminator_is_all_that_is_missing(wire):
    left = hit(wire, Trouble.MISSING_TERMINATOR, wire.frames[-1].step)
    assert read(left) == body(left)
    rest = body(wire)[len(body(left)) :]
    assert body(wire) == body(left) + rest
    assert rest.strip().count(b"{") == (1 if wire.streamed else 0)
    assert len(rest.strip()) == 1 or wire.streamed


@few
@given(WIRES, st.integers(1, 50), st.booleans())
def test_a_wrong_length_is_wrong_for_the_client(wire, amount, more):
    lying = hit(wire, Trouble.WRONG_LENGTH, amount=amount if more else -amount)
    assert lying.ending is Ending.CLOSE
    if more:
        with pytest.raises(http.client.IncompleteRead):
            read(lying)
    elif wire.streamed:
        with pytest.raises((http.client.IncompleteRead, ValueError)):
            read(lying)
    else:
        assert read(lying) == body(wire)[: max(0, len(body(wire)) - amount)]


@few
@given(STREAMS, st.integers(0, 35))
def test_an_error_event_ends_the_stream_in_band(wire, step):
    left = hit(wire, Trouble.ERROR_EVENT, step, error=ERROR)
    if step > wire.frames[-1].step:
        assert left == wire
        return
    kept = b"".join(frame.data for frame in wire.frames if frame.step < step)
    assert read(left) == kept + tell(ERROR, step)
    assert left.frames[-1].at == next(frame.at for frame in wire.frames if frame.step >= step)


def test_half_a_frame_is_half_of_the_next_that_shows_something():
    """A frame without bytes once left a chunk of no length, which ends a body as if nothing had happened."""
    left = hit(streamed(4, hidden={1, 2}), Trouble.CUT, 1, mid_frame=True)
    event = EVENT % 3
    assert on_the_wire(left).endswith(b"%x\r\n%b" % (len(event), event[: len(event) // 2]))
    with pytest.raises(http.client.IncompleteRead):
        read(left)


def test_troubles_follow_one_another_at_their_places():
    stall = hit(streamed(), Trouble.STALL, 3, seconds=5)
    wire = hit(stall, Trouble.RESET, 9)
    assert [frame.at for frame in wire.frames] == pytest.approx([0, 0.1, 0.2, 5.3, 5.4, 5.5, 5.6, 5.7, 5.8])
    assert (wire.ending, wire.ends) == (Ending.RESET, pytest.approx(5.9))
    assert hit(hit(streamed(), Trouble.RESET, 9), Trouble.STALL, 3, seconds=5) == wire, "in whichever order"
    twice = hit(stall, Trouble.STALL, 6, seconds=2)
    assert twice.frames[-1].at == pytest.approx(7.9)


def test_what_a_trouble_has_taken_away_is_not_there_for_the_next():
    broken = hit(streamed(), Trouble.CUT, 3)
    for kind in Trouble:
        if kind is not Trouble.WRONG_LENGTH:
            assert hit(broken, kind, 5, seconds=1, rate=1, error=ERROR) == broken, kind
    sooner = hit(broken, Trouble.RESET, 1)
    assert (len(sooner.frames), sooner.ending) == (1, Ending.RESET)
    assert hit(hit(streamed(), Trouble.RESET, 3), Trouble.WRONG_LENGTH, amount=5).ending is Ending.RESET


def test_of_two_trickles_the_slower_one_holds():
    fast = hit(streamed(), Trouble.TRICKLE, 0, rate=1000)
    slow = hit(streamed(), Trouble.TRICKLE, 0, rate=50)
    assert hit(fast, Trouble.TRICKLE, 0, rate=50) == hit(slow, Trouble.TRICKLE, 0, rate=1000) == slow


def test_a_trickle_of_next_to_nothing_has_times_that_clocks_have():
    wire = hit(whole(b"x" * 1_000_000, steps=1), Trouble.TRICKLE, 0, rate=5e-324)
    first = [piece.at for piece, _ in zip(pieces(wire, chunked=False), range(3), strict=False)]
    assert first == [1.0, 1001.0, 2001.0]
    assert wire.frames[-1].until < 1e10


def test_no_chunk_of_a_trickle_is_more_than_it_says():
    sent = on_the_wire(hit(streamed(3), Trouble.TRICKLE, 0, rate=200))
    chunks = re.findall(rb"([0-9a-f]+)\r\n(.*?)\r\n(?=[0-9a-f]+\r\n)", sent + b"0\r\n", re.DOTALL)
    assert len(chunks) > 6
    assert all(int(size, 16) == len(data) <= 10 for size, data in chunks)


ARRAY = [b'[{"a":1}', b',\r\n{"a":2}', b',\r\n{"a":3}]']
FORMS = [
    ([EVENT % 0, EVENT % 1, EVENT % 2 + b"data: [DONE]\n\n"], b"data: [DONE]\n\n"),
    ([b'data: {"a":1}\r\n\r\n', b'data: {"a":2}\r\n\r\n'], b'data: {"a":2}\r\n\r\n'),
    ([LINE % 0, LINE % 1 + LINE % 2], LINE % 2),
    (ARRAY, b"]"),
]


@pytest.mark.parametrize(("frames", "last"), FORMS, ids=["events", "crlf", "lines", "array"])
def test_the_last_event_is_found_in_every_form(frames, last):
    assert without_last(frames[-1]) == frames[-1].removesuffix(last)
    made = Wire(tuple([Frame(0.0, data, step) for step, data in enumerate(frames)]), None)
    left = hit(made, Trouble.MISSING_TERMINATOR, len(frames) - 1)
    assert body(left) + last == body(made)


@pytest.mark.parametrize(
    ("frame", "kept", "end"),
    [
        (b'event: a\ndata: {"abcd": 1}\n\ndata: {}\n\n', b'event: a\ndata: {"abc', b"\n\ndata: {}\n\n"),
        (b'data: {"abcd": 1}\r\n\r\n', b'data: {"abc', b"\r\n\r\n"),
        (b'{"abcd": 1}\n{"b": 2}\n', b'{"abc', b'\n{"b": 2}\n'),
        (b',\r\n{"abcd": 1}', b',\r\n{"abc', b""),
        (b',\r\n{"abcd": 1}]', b',\r\n{"abc', b""),
        (b"[{}", b"[{", b""),
        (b"data: [DONE]\n\n", b"data:", b"\n\n"),
    ],
)
def test_json_breaks_off_within_it_and_nowhere_else(frame, kept, end):
    """A comma and a line feed stand before an array's elements: the break was once made there, and harmed nothing."""
    assert torn(frame) == kept
    assert garbled(frame) == kept + end
