"""The items of an input: messages, calls, their results, thoughts. Types, and the reading of them. Pure.

An item is told by its `type`; a message may leave it out, and what has nothing but an id is a reference. Messages,
calls and results are read strictly. Items of tools that the service runs by itself are kept as they are.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import orjson
from msgspec import Meta

from simulator.providers.decode import DEFAULT_DEPTH, decode, plain_json
from simulator.providers.openai.responses.wording import bad_id, below, not_among, worded
from simulator.providers.openai.schema import Body, Free
from simulator.providers.openai.wording import missing, too_long

MOST_ITEMS = 10_000
"""Items of one request."""
Status = Literal["in_progress", "completed", "incomplete"] | None
Name = Annotated[str, Meta(min_length=1, max_length=150, pattern="^[!-~]+$")]
"""An id that a client may choose."""


class InputText(Body, tag_field="type", tag="input_text"):
    """Text."""

    text: str
    prompt_cache_breakpoint: Free | None = None


class InputImage(Body, tag_field="type", tag="input_image"):
    """A picture, by URL (http, https, data) or by the id of an upload."""

    image_url: str | None = None
    file_id: str | None = None
    detail: Literal["low", "high", "auto", "original"] | None = None
    prompt_cache_breakpoint: Free | None = None


class InputFile(Body, tag_field="type", tag="input_file"):
    """A file, by its content, by URL or by the id of an upload."""

    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: Literal["auto", "low", "high"] | None = None
    prompt_cache_breakpoint: Free | None = None


class OutputText(Body, tag_field="type", tag="output_text"):
    """Text that an assistant wrote."""

    text: str
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None


class OutputRefusal(Body, tag_field="type", tag="refusal"):
    """What an assistant refused with."""

    refusal: str


InputPart = InputText | InputImage | InputFile
MessagePart = InputText | InputImage | InputFile | OutputText | OutputRefusal


class MessageItem(Body):
    """A message. Which parts a role may have is checked in `turns`."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[MessagePart]
    type: Literal["message"] | None = None
    id: Name | None = None
    status: Status = None
    phase: Literal["commentary", "final_answer"] | None = None


class _Item(Body):
    type: str = ""
    id: Name | None = None
    status: Status = None


class _Call(_Item, kw_only=True):
    call_id: str
    name: str
    namespace: str | None = None
    caller: Free | None = None
    created_by: str | None = None
    async_: bool | None = msgspec.field(default=None, name="async")


class FunctionCallItem(_Call, kw_only=True):
    """A call of a function that the model made. `arguments` is JSON text."""

    arguments: str


class CustomCallItem(_Call, kw_only=True):
    """A call of a free-text tool that the model made."""

    input: str


class ResultItem(_Item, kw_only=True):
    """What a function or a free-text tool answered."""

    call_id: str
    output: str | list[InputPart]
    name: str | None = None
    namespace: str | None = None
    caller: Free | None = None
    created_by: str | None = None


class SummaryText(Body, tag_field="type", tag="summary_text"):
    """A part of a summary."""

    text: str


class ReasoningText(Body, tag_field="type", tag="reasoning_text"):
    """A part of a thought."""

    text: str


class ReasoningItem(_Item):
    """What a model thought earlier: by its id, or sealed."""

    summary: list[SummaryText] | None = None
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None


class CompactionItem(_Item, kw_only=True):
    """What an earlier part of the conversation was made into."""

    encrypted_content: str
    created_by: str | None = None


class ReferenceItem(_Item, kw_only=True):
    """A stored item."""

    id: Name


class OtherItem(msgspec.Struct, frozen=True):
    """An item of a tool that this simulator does not look into, as decoded JSON."""

    fields: dict[str, Any]

    @property
    def type(self) -> str:
        """The item's type."""
        return str(self.fields["type"])

    @property
    def id(self) -> str | None:
        """The item's id."""
        given = self.fields.get("id")
        return given if isinstance(given, str) else None


Item = (
    MessageItem
    | FunctionCallItem
    | CustomCallItem
    | ResultItem
    | ReasoningItem
    | CompactionItem
    | ReferenceItem
    | OtherItem
)

CLIENT_CALLS = {
    "computer_call": "computer",
    "local_shell_call": "local shell",
    "shell_call": "shell",
    "apply_patch_call": "apply patch",
}
"""Calls that the client must answer, and their names in errors."""
RESULTS = {
    "computer_call_output": "call_id",
    "local_shell_call_output": "call_id",
    "shell_call_output": "call_id",
    "apply_patch_call_output": "call_id",
    "mcp_approval_response": "approval_request_id",
    "tool_search_output": "call_id",
}
"""Items that answer a call, and the field that names it."""
SAME_ID = "local_shell_call_output"
"""The item whose id is that of the call that it answers."""
_ALONE = (
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_call",
    "tool_search_call",
    "additional_tools",
    "configuration_update",
    "compaction_trigger",
    "program",
    "program_output",
)
_NEEDED = {
    **dict.fromkeys(CLIENT_CALLS, ("call_id",)),
    **{kind: (field,) for kind, field in RESULTS.items()},
    "computer_call_output": ("call_id", "output"),
    "shell_call_output": ("call_id", "output"),
    "local_shell_call_output": ("output",),
    "tool_search_output": ("tools",),
    "mcp_approval_response": ("approval_request_id", "approve"),
    "web_search_call": ("id", "action"),
    "file_search_call": ("id", "queries"),
    "code_interpreter_call": ("id", "container_id"),
    "image_generation_call": ("id",),
    "mcp_list_tools": ("id", "server_label", "tools"),
    "mcp_approval_request": ("id", "arguments", "name", "server_label"),
    "mcp_call": ("id", "arguments", "name", "server_label"),
}
_NAMES = ("call_id", "id", "approval_request_id")
_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "reasoning": "rs",
    "compaction": "cmp",
    "web_search_call": "ws",
    "file_search_call": "fs",
    "code_interpreter_call": "ci",
    "image_generation_call": "ig",
}
"""What the id of an item begins with."""


class _Head(msgspec.Struct):
    """As much of an item as tells which it is."""

    type: str | None = None
    role: Any = None


_READERS: dict[str, msgspec.json.Decoder[Any]] = {
    "message": msgspec.json.Decoder(MessageItem),
    "function_call": msgspec.json.Decoder(FunctionCallItem),
    "custom_tool_call": msgspec.json.Decoder(CustomCallItem),
    "function_call_output": msgspec.json.Decoder(ResultItem),
    "custom_tool_call_output": msgspec.json.Decoder(ResultItem),
    "reasoning": msgspec.json.Decoder(ReasoningItem),
    "compaction": msgspec.json.Decoder(CompactionItem),
    "item_reference": msgspec.json.Decoder(ReferenceItem),
}
_ITEM_TYPES = (*_READERS, *CLIENT_CALLS, *RESULTS, *_ALONE)
_OTHERS = frozenset({*CLIENT_CALLS, *RESULTS, *_ALONE})
_name = msgspec.json.Decoder(Name)
_head = msgspec.json.Decoder(_Head)
_free = msgspec.json.Decoder(dict[str, Any])
_list = msgspec.json.Decoder(list[msgspec.Raw])


def read_items(given: Sequence[msgspec.Raw], depth: int = DEFAULT_DEPTH, field: str = "input") -> list[Item]:
    """The items of a list in the field of that name. Raises `Refusal` for the first that is none."""
    if len(given) > MOST_ITEMS:
        raise too_long(field, MOST_ITEMS, len(given))
    return [_read(bytes(raw), (field, index), depth) for index, raw in enumerate(given)]


def stored_items(given: bytes) -> list[Item]:
    """The items of a stored JSON array."""
    return [_read(bytes(raw), ("input", index), DEFAULT_DEPTH) for index, raw in enumerate(_list.decode(given))]


def _read(raw: bytes, path: tuple[str, int], depth: int) -> Item:
    word = below(*path)
    head = decode(raw, _head, depth, word)
    kind = head.type
    if kind is None:
        kind = "message" if head.role is not None else "item_reference"
    where = f"{path[0]}[{path[1]}]"
    reader = _READERS.get(kind)
    if reader is not None:
        item: Item = decode(raw, reader, depth, word)
        _check_free(item, path)
        _check_id(item.id, kind, where)
        return item
    if kind not in _OTHERS:
        raise not_among(kind, _ITEM_TYPES, where)
    fields = decode(raw, _free, depth, word)
    plain_json(fields, path, worded)
    for name in _NEEDED.get(kind, ()):
        if name not in fields:
            raise missing(f"{where}.{name}")
    for name in _NAMES:
        if fields.get(name) is not None or name in _NEEDED.get(kind, ()):
            decode(orjson.dumps(fields[name]), _name, depth, below(*path, name))
    _check_id(fields.get("id"), kind, where)
    return OtherItem(fields)


def _check_id(name: str | None, kind: str, where: str) -> None:
    prefix = _PREFIXES.get(kind, "")
    if name is not None and not name.startswith(prefix):
        raise bad_id(f"{where}.id", name, prefix)


def _check_free(item: Item, path: tuple[str, int]) -> None:
    """Refuse numbers that cannot be sent on in what an item carries along."""
    if isinstance(item, MessageItem) and not isinstance(item.content, str):
        for index, part in enumerate(item.content):
            if isinstance(part, OutputText) and (part.annotations or part.logprobs):
                plain_json([part.annotations, part.logprobs], (*path, "content", index), worded)


def shown_part(part: MessagePart) -> Free:
    """A part of a message or of a result as the service tells it back."""
    match part:
        case InputText():
            return {"type": "input_text", "text": part.text}
        case InputImage():
            image: Free = {"type": "input_image", "detail": part.detail or "auto", "file_id": part.file_id}
            return {**image, "image_url": part.image_url}
        case InputFile():
            named = {"file_data": part.file_data, "file_id": part.file_id, "file_url": part.file_url}
            given = {**named, "filename": part.filename, "detail": part.detail}
            return {"type": "input_file", **{name: value for name, value in given.items() if value is not None}}
        case OutputText():
            return {
                "type": "output_text",
                "annotations": part.annotations or [],
                "logprobs": part.logprobs or [],
                "text": part.text,
            }
        case OutputRefusal():
            return {"type": "refusal", "refusal": part.refusal}
