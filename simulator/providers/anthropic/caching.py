"""Where a prompt may be cached: its breakpoints, and a digest of all that stands before each. Pure.

The provider reads a prompt in the order tools, system, messages. A prefix is named by a digest of everything up to its
end, whatever the breakpoints themselves say, so that a conversation that has grown finds what an earlier one left. From
the messages on the settings count too that the provider says invalidate them.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from simulator.providers.anthropic import blocks, schema
from simulator.providers.anthropic.modes import modes_of
from simulator.providers.anthropic.wording import invalid
from simulator.providers.base import Cacheable, Prefix

MOST: Final = 4
"""Breakpoints of one request."""
WINDOW: Final = 60
"""Blocks before the last breakpoint whose ends may be known from an earlier request, which had its breakpoint there."""
SECONDS: Final = {"5m": 300, "1h": 3600}
_ORDER: Final = (
    "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed "
    "in the following order: `tools`, `system`, `messages`."
)
_encode = msgspec.json.Encoder(order="sorted").encode


class _Piece(msgspec.Struct, gc=False):
    """A block of the prompt: where it stands, whose it is, itself, and its own breakpoint."""

    where: str
    role: str
    value: Any
    marker: blocks.CacheControl | None

    def text(self) -> bytes:
        """What a digest is made of. Whether text is written as a block or alone makes no difference."""
        value = self.value
        if isinstance(value, blocks.Text):
            value = value.text
        elif isinstance(value, msgspec.Struct):
            value = _unmarked(msgspec.to_builtins(value))
        return _encode([self.role, value])


def breakpoints(body: schema.CountBody) -> tuple[Prefix, ...]:
    """The prefixes that end at a breakpoint, in order. The body is one that `check_caching` has passed."""
    pieces = _marked_pieces(body)
    wanted = [place for place, piece in enumerate(pieces) if piece.marker is not None]
    return tuple(_prefixes(body, pieces, wanted))


def cacheable_of(body: schema.CountBody) -> Cacheable | None:
    """What the prompt cache may hold of a body that `check_caching` has passed; None where no breakpoint is set.

    The ends of the blocks before the last breakpoint are among it: there an earlier request may have had its own.
    """
    pieces = _marked_pieces(body)
    wanted = [place for place, piece in enumerate(pieces) if piece.marker is not None]
    if not wanted:
        return None
    nearby = range(max(0, wanted[-1] - WINDOW + 1), wanted[-1])
    held = _prefixes(body, pieces, sorted({*wanted, *nearby}))
    return Cacheable(held, modes_of(body.model).least_cached, writes=True)


def _marked_pieces(body: schema.CountBody) -> list[_Piece]:
    pieces = list(_pieces(body))
    _place_automatic(body, pieces)
    return pieces


def _prefixes(body: schema.CountBody, pieces: Sequence[_Piece], wanted: Sequence[int]) -> list[Prefix]:
    """The prefixes that end with the blocks at these ascending places; each lives as long as the next breakpoint."""
    running = blake2b(_encode([body.speed]), digest_size=16)
    ends: dict[int, tuple[bytes, int]] = dict.fromkeys(wanted, (b"", 0))
    characters = 0
    in_messages = False
    for place, piece in enumerate(pieces):
        if not in_messages and piece.where.startswith("messages"):
            in_messages = True
            running.update(_encode([body.tool_choice, body.thinking]))
        text = piece.text()
        running.update(b"%d:%b" % (len(text), text))
        characters += len(text)
        if place in ends:
            ends[place] = running.copy().digest(), characters
    found: list[Prefix] = []
    lasts = SECONDS["5m"]
    for place in reversed(wanted):
        marker = pieces[place].marker
        if marker is not None:
            lasts = SECONDS[marker.ttl or "5m"]
        digest, end = ends[place]
        found.append(Prefix(digest, end / characters, lasts))
    return found[::-1]


def check_caching(body: schema.CountBody) -> bool:
    """Whether any breakpoint is set.

    Raises Refusal for too many, for a longer-lived one behind a shorter-lived one, and for a wrong one.
    """
    if not _has_any(body):
        return False
    pieces = list(_pieces(body))
    marked = [piece for piece in pieces if piece.marker is not None]
    found = len(marked) + _place_automatic(body, pieces)
    if found > MOST:
        raise invalid("", f"A maximum of {MOST} blocks with cache_control may be provided. Found {found}.")
    short = False
    for piece in pieces:
        if piece.marker is None:
            continue
        if piece.marker.ttl == "1h":
            if short:
                raise invalid(f"{piece.where}.cache_control.ttl", _ORDER)
        else:
            short = True
    return True


def _place_automatic(body: schema.CountBody, pieces: list[_Piece]) -> int:
    """Put the breakpoint of the whole request at the last block that can have one; how many that adds."""
    marker = body.cache_control
    if marker is None:
        return 0
    for piece in reversed(pieces):
        if isinstance(piece.value, blocks.Thinking | blocks.RedactedThinking):
            continue
        if piece.marker is None:
            piece.marker = marker
            return 1
        if (piece.marker.ttl or "5m") != (marker.ttl or "5m"):
            raise invalid("cache_control.ttl", f"the block at `{piece.where}` has a cache_control with another ttl")
        return 0
    return 0


def _has_any(body: schema.CountBody) -> bool:
    if body.cache_control is not None or any(tool.get("cache_control") is not None for tool in body.tools or ()):
        return True
    if isinstance(body.system, list) and any(block.cache_control is not None for block in body.system):
        return True
    return any(isinstance(turn.content, list) and any(_marks(turn.content)) for turn in body.messages)


def _marks(content: Sequence[blocks.Block | blocks.Tagged]) -> Iterator[bool]:
    for block in content:
        yield isinstance(block, blocks.Block) and block.cache_control is not None
        if isinstance(block, blocks.ToolResult) and isinstance(block.content, list):
            yield any(inner.cache_control is not None for inner in block.content)


def _pieces(body: schema.CountBody) -> Iterator[_Piece]:
    for number, tool in enumerate(body.tools or ()):
        marker = _marker_of(tool.get("cache_control"), f"tools.{number}.cache_control")
        yield _Piece(f"tools.{number}", "tool", {key: tool[key] for key in tool if key != "cache_control"}, marker)
    if isinstance(body.system, str):
        yield _Piece("system", "system", body.system, None)
    for number, text in enumerate(body.system if isinstance(body.system, list) else ()):
        yield _Piece(f"system.{number}", "system", text, text.cache_control)
    for number, turn in enumerate(body.messages):
        if isinstance(turn.content, str):
            yield _Piece(f"messages.{number}.content", turn.role, turn.content, None)
            continue
        for place, block in enumerate(turn.content):
            yield from _of_block(block, turn.role, f"messages.{number}.content.{place}")


def _of_block(block: blocks.AnyBlock, role: str, where: str) -> Iterator[_Piece]:
    if isinstance(block, blocks.ToolResult) and isinstance(block.content, list):
        for place, inner in enumerate(block.content):
            if inner.cache_control is not None:
                yield _Piece(f"{where}.tool_result.content.{place}", role, inner, inner.cache_control)
    yield _Piece(where, role, block, block.cache_control if isinstance(block, blocks.Block) else None)


def _unmarked(value: Any) -> Any:
    """Only a tool's result has blocks within; what is deeper is the client's own data."""
    content = value.get("content")
    if isinstance(content, list) and value.get("type") == "tool_result":
        value["content"] = [_unmarked(inner) for inner in content]
    value.pop("cache_control", None)
    return value


def _marker_of(given: object, where: str) -> blocks.CacheControl | None:
    """The breakpoint of a tool, whose definition no type describes."""
    if given is None:
        return None
    try:
        return msgspec.convert(given, blocks.CacheControl)
    except msgspec.ValidationError as flaw:
        raise invalid(where, f"Input is invalid: {flaw}") from None
