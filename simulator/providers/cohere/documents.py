"""Documents and results of tools: as the model reads them, and as citations show them. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import orjson

from simulator.providers.cohere.schema import AnyTurn, Document, DocumentBlock, ToolTurn, UserTurn
from simulator.providers.cohere.wording import bare, plain

KIND_DOCUMENT: Final = "document"
KIND_TOOL: Final = "tool"


class Source(msgspec.Struct, frozen=True):
    """What a citation may point to. `shown` is the source as a citation has it, JSON."""

    id: str
    shown: bytes


def documents_of(given: Sequence[str | Document]) -> list[tuple[str, Mapping[str, Any]]]:
    """The id of each document and its fields; those without an id are numbered: `doc:0`, `doc:1` and so on."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for place, each in enumerate(given):
        name = f"doc:{place}"
        data: str | Mapping[str, Any] = each if isinstance(each, str) else each.data
        if isinstance(each, Document) and each.id:
            name = each.id
        found.append((name, {"text": data} if isinstance(data, str) else data))
    return found


def check_documents(given: Sequence[str | Document]) -> None:
    """Raises `Refusal` for a document without any content, and for two of one id."""
    seen: dict[str, int] = {}
    for place, (name, data) in enumerate(documents_of(given)):
        if all(value in ("", None) for value in data.values()):
            raise bare(f"invalid request: document at index {place} cannot be empty", f"documents[{place}]")
        if name in seen:
            raise bare(
                f"invalid request: duplicate document ID {name} at index {place} and {seen[name]}",
                f"documents[{place}].id",
            )
        seen[name] = place
        plain(data, ("documents", place, "data"), "chat")


def told(documents: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """The documents as the model reads them."""
    return "\n\n".join([f"Document {name}\n{as_text(data)}" for name, data in documents])


def as_text(data: Mapping[str, Any]) -> str:
    """Fields as text, one a line."""
    return "\n".join([f"{key}: {_text(value)}" for key, value in data.items()])


def document_sources(documents: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Source]:
    """What citations of documents point to."""
    return [_source(KIND_DOCUMENT, "document", name, {"id": name, **data}) for name, data in documents]


def tool_sources(turns: Sequence[AnyTurn]) -> list[Source]:
    """What citations of the results point to that came since the user last spoke."""
    last = max([place for place, turn in enumerate(turns) if isinstance(turn, UserTurn)], default=-1)
    return [source for turn in turns[last + 1 :] if isinstance(turn, ToolTurn) for source in _of_result(turn)]


def result_text(turn: ToolTurn) -> str:
    """A tool's result as the model reads it."""
    if isinstance(turn.content, str):
        return turn.content
    return "\n".join([_block_text(block) for block in turn.content])


def _of_result(turn: ToolTurn) -> list[Source]:
    if isinstance(turn.content, str):
        return [_output(f"{turn.tool_call_id}:0", turn.content)]
    found: list[Source] = []
    for place, block in enumerate(turn.content):
        name = f"{turn.tool_call_id}:{place}"
        if isinstance(block, DocumentBlock):
            document = block.document
            data = document.data if isinstance(document.data, dict) else {"content": document.data}
            found.append(_source(KIND_TOOL, "tool_output", document.id or name, data))
        else:
            found.append(_output(name, block.text))
    return found


def _output(name: str, text: str) -> Source:
    """A result that is an object is shown as one, any other as the text that it is."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        data = None
    return _source(KIND_TOOL, "tool_output", name, data if isinstance(data, dict) else {"content": text})


def _source(kind: str, field: str, name: str, data: Mapping[str, Any]) -> Source:
    return Source(name, msgspec.json.encode({"type": kind, "id": name, field: data}))


def _block_text(block: object) -> str:
    if isinstance(block, DocumentBlock):
        data = block.document.data
        return data if isinstance(data, str) else as_text(data)
    return getattr(block, "text", "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
