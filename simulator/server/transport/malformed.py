"""Bytes that no parser takes, in an answer that HTTP finds whole. Pure."""

from msgspec.structs import replace

from simulator.engine.plan import Disturbance
from simulator.server.transport.events import garbled, without_last
from simulator.server.transport.wire import Frame, Wire, place

NEVER = b"\0"
"""A byte that stands nowhere in JSON (RFC 8259 7)."""


def malformed(wire: Wire, disturbance: Disturbance) -> Wire:
    """One frame is broken; the stream goes on behind it. A whole body has a byte that no JSON has."""
    number = place(wire, disturbance)
    while number < len(wire.frames) and not wire.frames[number].data:
        number += 1
    if number == len(wire.frames):
        return wire
    frame = wire.frames[number]
    data = garbled(frame.data) if wire.streamed else NEVER + frame.data[1:]
    return _with(wire, number, replace(frame, data=data))


def truncated_json(wire: Wire, disturbance: Disturbance) -> Wire:
    """The body ends in the midst of its JSON, and HTTP says that it is complete."""
    number = place(wire, disturbance)
    kept = wire.frames[: number + 1]
    if wire.streamed and number < len(wire.frames):
        kept = (*wire.frames[:number], _torn(wire.frames[number]))
    return _shortened(wire, kept)


def missing_terminator(wire: Wire, disturbance: Disturbance) -> Wire:
    """The last event of a stream is never sent: `[DONE]`, `message_stop` … A whole body lacks its last byte."""
    del disturbance
    number = len(wire.frames) - 1
    while number > 0 and not wire.frames[number].data.strip():
        number -= 1
    if number < 0:
        return wire
    frame = wire.frames[number]
    data = without_last(frame.data) if wire.streamed else frame.data.rstrip()[:-1]
    return _shortened(wire, (*wire.frames[:number], replace(frame, data=data)))


def _torn(frame: Frame) -> Frame:
    return replace(frame, data=garbled(frame.data).partition(b"\n\n")[0].rstrip())


def _shortened(wire: Wire, frames: tuple[Frame, ...]) -> Wire:
    length = None if wire.length is None else sum([len(frame.data) for frame in frames])
    return replace(wire, frames=frames, length=length)


def _with(wire: Wire, number: int, frame: Frame) -> Wire:
    return replace(wire, frames=(*wire.frames[:number], frame, *wire.frames[number + 1 :]))
