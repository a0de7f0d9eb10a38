"""An answer as it goes over the wire, as a value: what each trouble changes, and what is played in the end. Pure.

A trouble is a function from a wire to a wire. What it leaves is sent by `transport.play`; nobody else looks at it.
What a trouble has taken away is not there for those behind it: one that would happen there never does.
"""

import enum
from collections.abc import Sequence

import msgspec

from simulator.engine.plan import Disturbance
from simulator.providers.base import Reply, Stream


class Ending(enum.StrEnum):
    """How the connection is left after the last frame."""

    COMPLETE = "complete"
    """As HTTP has it; it may serve its next request."""
    CLOSE = "close"
    """Closed, whatever was promised."""
    RESET = "reset"
    """Reset: the client's next read fails."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A part of the body, due at `at` seconds after arrival. `step` is the first step of the answer that it tells.

    `claims` is how long its chunk says that it is, where that is not its length; it is then the last frame. `rate` is
    how many bytes a second of it are sent, 0 all at once.
    """

    at: float
    data: bytes
    step: int
    claims: int | None = None
    rate: float = 0.0

    @property
    def until(self) -> float:
        """When all of it is sent."""
        return self.at + len(self.data) / self.rate if self.rate else self.at


class Wire(msgspec.Struct, frozen=True, gc=False):
    """A response: `frames` in order of time, and the length that its head tells (None: it is sent in chunks).

    Where there is no frame and it is not `COMPLETE`, nothing is sent at all, not even the head; `ends` is then when
    the connection ends.
    """

    frames: tuple[Frame, ...]
    length: int | None
    ending: Ending = Ending.COMPLETE
    ends: float = 0.0

    @property
    def streamed(self) -> bool:
        """Whether it is sent in chunks."""
        return self.length is None


def of_stream(stream: Stream, offsets: Sequence[float]) -> Wire:
    """A stream, a frame a step."""
    steps = stream.steps
    due = offsets or [0.0] * steps
    return Wire(tuple([Frame(due[step], stream.frames(step, step + 1), step) for step in range(steps)]), None)


def of_reply(reply: Reply, offsets: Sequence[float], steps: int) -> Wire:
    """A whole reply, whose bytes count as `steps` steps of equal size, all due with the last step."""
    body, size = reply.body, len(reply.body)
    at = offsets[-1] if offsets else 0.0
    edges = [size * step // steps for step in range(steps + 1)]
    frames = tuple([Frame(at, body[edges[step] : edges[step + 1]], step) for step in range(steps)])
    return Wire(frames, size)


def place(wire: Wire, disturbance: Disturbance) -> int:
    """The first frame that tells the disturbance's step; one behind the last where that step is never sent."""
    return next((place for place, frame in enumerate(wire.frames) if frame.step >= disturbance.step), len(wire.frames))


def filled(wire: Wire, number: int) -> int:
    """The first frame from `number` on that has bytes, or one behind the last: steps may show nothing."""
    frames = wire.frames
    return next((place for place in range(number, len(frames)) if frames[place].data), len(frames))


def with_frame(wire: Wire, number: int, frame: Frame) -> Wire:
    """The wire with another frame in the place of one."""
    return msgspec.structs.replace(wire, frames=(*wire.frames[:number], frame, *wire.frames[number + 1 :]))


def completed(wire: Wire, frames: tuple[Frame, ...]) -> Wire:
    """A response that ends with these frames, and that HTTP finds complete."""
    return Wire(frames, None if wire.length is None else sum([len(frame.data) for frame in frames]))


def ended(wire: Wire, number: int, ending: Ending, half: Frame | None = None) -> Wire:
    """The wire up to a frame, and then half of one, if given; the connection is left as told.

    That happens when the frame would have come that never does.
    """
    kept = wire.frames[:number] if half is None else (*wire.frames[:number], half)
    at = wire.frames[number].at
    return Wire(kept, wire.length, ending, at if half is None else max(at, half.until))
