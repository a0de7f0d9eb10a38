"""Bytes that no parser takes, in an answer that HTTP finds whole. Pure."""

from msgspec.structs import replace

from simulator.engine.plan import Disturbance
from simulator.server.transport.events import garbled, torn, without_last
from simulator.server.transport.wire import Wire, completed, filled, place, with_frame

NEVER = b"\0"
"""A byte that stands nowhere in JSON (RFC 8259 7)."""


def malformed(wire: Wire, disturbance: Disturbance) -> Wire:
    """One frame is broken; the stream goes on behind it. A whole body has a byte that no JSON has."""
    number = filled(wire, place(wire, disturbance))
    if number == len(wire.frames):
        return wire
    frame = wire.frames[number]
    # In the middle: at the beginning Python would take the text for UTF-16, and fail in quite another way.
    half = len(frame.data) // 2
    data = garbled(frame.data) if wire.streamed else frame.data[:half] + NEVER + frame.data[half + 1 :]
    return with_frame(wire, number, replace(frame, data=data))


def truncated_json(wire: Wire, disturbance: Disturbance) -> Wire:
    """The body ends in the midst of its JSON, and HTTP says that it is complete."""
    number = filled(wire, place(wire, disturbance))
    if number == len(wire.frames):
        return wire
    frame = wire.frames[number]
    if wire.streamed:
        return _ending_with(wire, number, torn(frame.data))
    half = len(frame.data) // 2
    if frame.data[half:].strip() or any(rest.data.strip() for rest in wire.frames[number + 1 :]):
        return _ending_with(wire, number, frame.data[:half])
    return missing_terminator(wire, disturbance)  # nothing but white space would be missing


def missing_terminator(wire: Wire, disturbance: Disturbance) -> Wire:
    """The last event of a stream is never sent: `[DONE]`, `message_stop` … A whole body lacks its last byte."""
    if place(wire, disturbance) == len(wire.frames):
        return wire
    frames = wire.frames
    number = next((number for number in reversed(range(len(frames))) if frames[number].data.strip()), None)
    if number is None:
        return wire
    data = frames[number].data
    return _ending_with(wire, number, without_last(data) if wire.streamed else data.rstrip()[:-1])


def _ending_with(wire: Wire, number: int, data: bytes) -> Wire:
    return completed(wire, (*wire.frames[:number], replace(wire.frames[number], data=data, claims=None)))
