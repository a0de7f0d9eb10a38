"""The events of a streamed message: its content blocks, and the streams that give them out step by step. Pure.

A text is streamed from its pieces, so that nothing is made before it is due; a message with calls is short, and all of
its steps are made at once.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from simulator.engine.plan import Choice
from simulator.providers import frames
from simulator.providers.anthropic.spacing import spaced
from simulator.providers.anthropic.wire import base58
from simulator.providers.base import Header

TEXT_START: Final = (
    b"event: content_block_start\n"
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
)
# The space after the colon is the real API's.
PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
TEXT_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'

_TEXT_HEAD: Final = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":'
)
_DELTA_TAIL: Final = b"}}\n\n"
_CALL_START: Final = (
    b"event: content_block_start\n"
    b'data: {"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","id":"%b","name":%b,"input":{},'
    b'"caller":{"type":"direct"}}}\n\n'
)
_CALL_HEAD: Final = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta",'
    b'"partial_json":'
)
_CALL_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'


def call_id(bits: bytes) -> bytes:
    """The id of a call of a tool, `toolu_01…`."""
    return b"toolu_01" + base58(bits)


class TextStream:
    """The events of one text answer: a `content_block_delta` a piece.

    An answer without pieces has no content block, and its one step is prologue and epilogue.
    """

    __slots__ = ("_epilogue", "_pieces", "_prologue", "headers", "steps")

    def __init__(self, headers: Sequence[Header], pieces: Sequence[str], prologue: bytes, epilogue: bytes) -> None:
        self.headers = headers
        self.steps = len(pieces) or 1
        self._pieces = pieces
        self._prologue = prologue
        self._epilogue = epilogue

    def frames(self, start: int, stop: int) -> bytes:
        """The wire bytes of steps `start` up to but not including `stop`."""
        if start >= stop:
            return b""
        body = frames.run(self._pieces[start:stop], _TEXT_HEAD, _DELTA_TAIL)
        if start == 0:
            body = self._prologue + body
        return body + self._epilogue if stop >= self.steps else body


class CallStream:
    """The events of an answer that calls tools; the text before the calls, if any, is a block of its own."""

    __slots__ = ("_parts", "headers", "steps")

    def __init__(self, headers: Sequence[Header], choice: Choice, prologue: bytes, epilogue: bytes) -> None:
        """`prologue` and `epilogue` are the events before the first block and after the last."""
        self.headers = headers
        self._parts = _parts(choice)
        self._parts[0] = prologue + self._parts[0]
        self._parts[-1] += epilogue
        self.steps = len(self._parts)

    def frames(self, start: int, stop: int) -> bytes:
        """The wire bytes of steps `start` up to but not including `stop`."""
        return b"".join(self._parts[start:stop])


def _parts(choice: Choice) -> list[bytes]:
    """The events of each step. A block opens in the step of its first piece and ends in that of its last."""
    parts: list[bytes] = []
    index = 0
    if choice.pieces:
        parts = [frames.run([piece], _TEXT_HEAD, _DELTA_TAIL) for piece in choice.pieces]
        parts[0] = TEXT_START + PING + parts[0]
        parts[-1] += TEXT_STOP
        index = 1
    for call in choice.calls:
        head = _CALL_HEAD % index
        steps = [frames.run([piece], head, _DELTA_TAIL) for piece in spaced(call.pieces)]
        opening = _CALL_START % (index, call_id(call.id_bits), orjson.dumps(call.name))
        # One ping, after the first block has begun; arguments begin with an empty piece.
        steps[0] = b'%b%b%b""%b%b' % (opening, b"" if index else PING, head, _DELTA_TAIL, steps[0])
        steps[-1] += _CALL_STOP % index
        parts += steps
        index += 1
    return parts
