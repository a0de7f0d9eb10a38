"""What a response is to be, in the few values that a replay of its request is compared with. Pure.

A digest stands for the body, so that a record is small however long the answer is; it is taken of the very bytes that
are sent, without the framing of HTTP.
"""

from hashlib import blake2b

import msgspec

from simulator.engine.plan import Fault, Plan
from simulator.providers.base import Reply, Stream
from simulator.server.transport.wire import Ending, Wire

DIGEST_BYTES = 16
STEPS = 256
"""How many steps of a stream are made at a time, so that a long one need not be in memory as a whole."""
HUNG_UP = "hung_up"
"""How a connection ends that is closed instead of an answer."""


class Answered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is to be sent.

    `digest` is BLAKE2b-128 of the body in hexadecimal, empty where the body is another each time, and `size` its bytes.
    `first` is when its first byte is due and `last` when the response ends, in seconds from the request's arrival.
    `ending` is how: `complete`, `close`, `reset` (as `transport.wire.Ending`) or `hung_up`. `names_request`: the body
    may have the request's own id, as errors do; the same failure at another address is then of the same size only.
    """

    digest: str
    size: int
    first: float
    last: float
    ending: str
    names_request: bool = False


def of_body(body: bytes, at: float = 0.0, *, error: bool = True) -> Answered:
    """A whole body that is sent at once."""
    digest = blake2b(body, digest_size=DIGEST_BYTES).hexdigest()
    return Answered(digest, len(body), at, at, Ending.COMPLETE.value, error)


def of_nothing(at: float) -> Answered:
    """No answer: the connection is closed."""
    return Answered("", 0, at, at, HUNG_UP)


def of_stream(stream: Stream, plan: Plan) -> Answered:
    """A stream as it is planned."""
    hashed = blake2b(digest_size=DIGEST_BYTES)
    size, steps, due = 0, stream.steps, plan.offsets
    for begin in range(0, steps, STEPS):
        data = stream.frames(begin, min(begin + STEPS, steps))
        hashed.update(data)
        size += len(data)
    first = last = 0.0
    if due:
        # Steps that show nothing, a thought that is kept from the client, send nothing.
        shown = next((step for step in range(steps) if stream.frames(step, step + 1)), steps - 1)
        first, last = due[shown], due[steps - 1]
    return Answered(hashed.hexdigest(), size, first, last, Ending.COMPLETE.value)


def of_wire(wire: Wire, plan: Plan) -> Answered:
    """An answer, or an error, to which something happens on its way."""
    hashed = blake2b(digest_size=DIGEST_BYTES)
    for frame in wire.frames:
        hashed.update(frame.data)
    size = sum([len(frame.data) for frame in wire.frames])
    last = max([wire.ends if wire.ending is not Ending.COMPLETE else 0.0, *[frame.at for frame in wire.frames]])
    first = next((frame.at for frame in wire.frames if frame.data), last)
    error = isinstance(plan.outcome, Fault) or any(one.error is not None for one in plan.disturbances)
    return Answered(hashed.hexdigest(), size, first, last, wire.ending.value, error)


def of_plan(plan: Plan, sent: Reply | Stream | Wire, fault: Fault | None = None, *, detached: bool = False) -> Answered:
    """What is sent of a plan: an answer, or the words of a `fault` in its place.

    `detached`: a reply does not wait until its last token would be there.
    """
    if isinstance(sent, Wire):
        return of_wire(sent, plan)
    if not isinstance(sent, Reply):
        return of_stream(sent, plan)
    if fault is not None:
        return of_body(sent.body, fault.after)
    return of_body(sent.body, plan.offsets[-1] if plan.offsets and not detached else 0.0, error=False)
