"""The events of a streamed message: its content blocks, and the streams that give them out step by step. Pure.

Frames are made from the blocks' pieces when they are due, so that a long thought or text costs nothing before. A block
opens in the step of its first piece and ends in that of its last.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

from simulator.providers import frames
from simulator.providers.anthropic.answer import Block, Made, Said, Sealed, Thought, call_id
from simulator.providers.anthropic.spacing import spaced
from simulator.providers.base import Header

_START: Final = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":{%b}}\n\n'
_DELTA: Final = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
# The space after the colon is the real API's.
PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
_TAIL: Final = b"}}\n\n"
_TEXT_BLOCK: Final = b'"type":"text","text":""'
TEXT_START: Final = _START % (0, _TEXT_BLOCK)
TEXT_STOP: Final = _STOP % 0
_TEXT_HEAD: Final = _DELTA % (0, b"text_delta", b"text")


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
        body = frames.run(self._pieces[start:stop], _TEXT_HEAD, _TAIL)
        if start == 0:
            body = self._prologue + body
        return body + self._epilogue if stop >= self.steps else body


class _Span(msgspec.Struct, gc=False):
    """A block's steps: `before` comes with the first, `after` with the last, and without a `head` no other bytes."""

    pieces: Sequence[str]
    before: bytes = b""
    after: bytes = b""
    head: bytes = b""

    def frames(self, start: int, stop: int) -> bytes:
        """The bytes of these steps of its own."""
        body = frames.run(self.pieces[start:stop], self.head, _TAIL) if self.head else b""
        if start == 0:
            body = self.before + body
        return body + self.after if stop >= len(self.pieces) else body


class BlockStream:
    """The events of an answer of any blocks."""

    __slots__ = ("_ends", "_spans", "headers", "steps")

    def __init__(self, headers: Sequence[Header], made: Sequence[Block], prologue: bytes, epilogue: bytes) -> None:
        """`prologue` and `epilogue` are the events before the first block and after the last."""
        self.headers = headers
        self._spans = [_span(block, index) for index, block in enumerate(made)]
        first, last = self._spans[0], self._spans[-1]
        first.before = prologue + _pinged(first.before)
        last.after += epilogue
        self._ends: list[int] = []
        self.steps = 0
        for span in self._spans:
            self.steps += len(span.pieces)
            self._ends.append(self.steps)

    def frames(self, start: int, stop: int) -> bytes:
        """The wire bytes of steps `start` up to but not including `stop`."""
        parts: list[bytes] = []
        at = bisect_right(self._ends, start)
        while start < stop and at < len(self._spans):
            span, end = self._spans[at], self._ends[at]
            begin = end - len(span.pieces)
            parts.append(span.frames(start - begin, min(stop, end) - begin))
            start, at = end, at + 1
        return b"".join(parts)


def _pinged(opening: bytes) -> bytes:
    """One ping, after the first block has begun; before what the block opens with besides."""
    end = opening.find(b"\n\n") + 2 if opening else 0
    return opening[:end] + PING + opening[end:]


def _span(block: Block, index: int) -> _Span:
    stop = _STOP % index
    if isinstance(block, Said):
        head = _DELTA % (index, b"text_delta", b"text")
        if not block.citation:
            return _Span(block.pieces, _START % (index, _TEXT_BLOCK), stop, head)
        opening = _START % (index, b'"citations":[],' + _TEXT_BLOCK)
        cited = (_DELTA % (index, b"citations_delta", b"citation")) + block.citation + _TAIL
        return _Span(block.pieces, opening + cited, stop, head)
    if isinstance(block, Made):
        call = block.call
        about = b'"type":"tool_use","id":"%b","name":%b,"input":{},"caller":{"type":"direct"}' % (
            call_id(call.id_bits),
            orjson.dumps(call.name),
        )
        head = _DELTA % (index, b"input_json_delta", b"partial_json")
        # Arguments begin with an empty piece.
        return _Span(spaced(call.pieces), (_START % (index, about)) + head + b'""' + _TAIL, stop, head)
    if isinstance(block, Thought):
        opening = _START % (index, b'"type":"thinking","thinking":"","signature":""')
        signed = (_DELTA % (index, b"signature_delta", b"signature")) + b'"%b"' % block.signature.encode() + _TAIL
        shown = _DELTA % (index, b"thinking_delta", b"thinking") if block.text else b""
        return _Span(block.pieces, opening, signed + stop, shown)
    if isinstance(block, Sealed):
        about = b'"type":"redacted_thinking","data":"%b"' % block.data.encode()
        return _Span(block.pieces, b"", (_START % (index, about)) + stop)
    return _Span(block.pieces)
