"""Wires made by hand, and what a client of HTTP makes of their bytes."""

import http.client
import io

from hypothesis import strategies as st

from simulator.engine.plan import Disturbance, Fault, FaultKind, Trouble
from simulator.server.transport.pieces import LAST_CHUNK, pieces
from simulator.server.transport.troubles import disturbed
from simulator.server.transport.wire import Ending, Frame, Wire

EVENT = b'event: a\ndata: {"text": "%d"}\n\n'
LINE = b'{"text": "%d"}\n'


def streamed(steps=10, form=EVENT, hidden=(), apart=0.1):
    """A stream of a step each `apart` seconds; those that are `hidden` have no bytes."""
    frames = [Frame(apart * step, b"" if step in hidden else form % step, step) for step in range(steps)]
    return Wire(tuple(frames), None)


def whole(body=b'{"text": "all of it"}\n', steps=5, at=1.0):
    """A body in as many parts as it has steps."""
    edges = [len(body) * step // steps for step in range(steps + 1)]
    frames = [Frame(at, body[edges[step] : edges[step + 1]], step) for step in range(steps)]
    return Wire(tuple(frames), len(body))


def hit(wire, kind, step=0, **more):
    """The wire after one trouble."""
    return disturbed(wire, [Disturbance(kind, step, **more)], tell)


def tell(fault, sent):
    return b'data: {"error": "%b after %d"}\n\n' % (fault.kind.value.encode(), sent)


def body(wire):
    """The bytes that frames hold."""
    return b"".join(frame.data for frame in wire.frames)


def on_the_wire(wire):
    """Everything behind the head, as one text."""
    sent = b"".join(piece.data for piece in pieces(wire, chunked=wire.streamed))
    return sent + (LAST_CHUNK if wire.streamed and wire.ending is Ending.COMPLETE else b"")


class Given:
    def __init__(self, data):
        self._data = data

    def makefile(self, _mode):
        return io.BytesIO(self._data)


def read(wire):
    """What Python's client reads of it when the connection then ends; raises what that raises."""
    length = b"transfer-encoding: chunked" if wire.length is None else b"content-length: %d" % wire.length
    response = http.client.HTTPResponse(Given(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (length, on_the_wire(wire))))
    response.begin()
    return response.read()


def times(wire):
    """When each piece leaves."""
    return [piece.at for piece in pieces(wire, chunked=wire.streamed)]


ERROR = Fault(FaultKind.OVERLOADED)


def _ending_visibly(wire):
    """The wire whose last step shows something."""
    return Wire((*wire.frames[:-1], Frame(wire.frames[-1].at, EVENT % 0, len(wire.frames) - 1)), None)


FORMS = st.sampled_from([EVENT, LINE])
HIDDEN = st.sets(st.integers(0, 28), max_size=9)
STREAMS = st.builds(streamed, st.integers(1, 30), FORMS, HIDDEN, st.floats(0, 2)).map(_ending_visibly)
BODIES = st.binary(max_size=60).map(lambda text: b'{"t": "%b"}' % text.hex().encode())
WHOLES = st.builds(whole, BODIES, st.integers(1, 80), st.floats(0, 3))
WIRES = STREAMS | WHOLES
DISTURBANCES = st.builds(
    Disturbance,
    st.sampled_from(Trouble),
    st.integers(0, 35),
    seconds=st.floats(0, 10),
    rate=st.floats(0.5, 1e6),
    amount=st.integers(-20, 20).filter(bool),
    mid_frame=st.booleans(),
    error=st.just(ERROR),
)
