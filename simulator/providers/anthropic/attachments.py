"""Uploaded files in a conversation: what a request refers to is read from the shelf before it is planned.

Pure but for the shelf. A block's `file` source gives way to the file's bytes; the parts that the block became in the
request are made again from them.
"""

from collections.abc import Mapping
from typing import Any, Generic

import msgspec

from simulator.engine.plan import Plan
from simulator.engine.request import Part
from simulator.providers.anthropic import blocks, schema
from simulator.providers.anthropic.content import Reader
from simulator.providers.anthropic.uploads import attach
from simulator.providers.anthropic.wording import invalid
from simulator.providers.base import Call, Desk

MOST: int = 500
"""Files that one request may refer to."""


class WithFiles(Generic[schema.B]):
    """What an endpoint has besides whose requests may refer to files: `Keeping`."""

    async def recall(self, call: Call, desk: Desk) -> Call:
        """The call with its files' contents. Raises Refusal for a file that is not there, or is of no use."""
        body: schema.B = call.echo
        before = _reader_of(body)
        names = dict.fromkeys(before.files)
        if len(names) > MOST:
            raise invalid("messages", f"At most {MOST} files may be referred to, not {len(names)}")
        files = {name: await attach(desk, name) for name in names}
        filled = filled_with(body, files)
        parts: dict[Part, Part] = {}
        for old, new in zip(before.messages, _reader_of(filled).messages, strict=True):
            parts |= dict(zip(old.parts, new.parts, strict=True))
        # The request may have more messages by now than its body: those that a session remembers.
        messages = tuple(
            msgspec.structs.replace(message, parts=tuple([parts.get(part, part) for part in message.parts]))
            if message.parts
            else message
            for message in call.request.messages
        )
        request = msgspec.structs.replace(call.request, messages=messages)
        return msgspec.structs.replace(call, request=request, echo=filled)

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """Nothing: an answer leaves no objects."""


def filled_with(body: schema.B, files: Mapping[str, blocks.Attached]) -> schema.B:
    """The body with the files in place of their names."""
    turns = [
        turn if isinstance(turn.content, str) else msgspec.structs.replace(turn, content=_filled(turn.content, files))
        for turn in body.messages
    ]
    return msgspec.structs.replace(body, messages=turns)


def _filled(content: list[Any], files: Mapping[str, blocks.Attached]) -> list[Any]:
    return [_with(block, files) for block in content]


def _with(block: Any, files: Mapping[str, blocks.Attached]) -> Any:
    if isinstance(block, blocks.Document | blocks.Image) and isinstance(block.source, blocks.FileSource):
        return msgspec.structs.replace(block, source=files[block.source.file_id])
    if isinstance(block, blocks.ToolResult) and isinstance(block.content, list):
        return msgspec.structs.replace(block, content=_filled(block.content, files))
    return block


def _reader_of(body: schema.CountBody) -> Reader:
    """All turns, read. They have been checked before."""
    reader = Reader(body.model, latest=False)
    for number, turn in enumerate(body.messages):
        reader.read(number, turn, may_be_empty=True)
    return reader
