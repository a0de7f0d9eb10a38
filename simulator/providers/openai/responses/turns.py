"""From the items of a Responses conversation to the one shape of messages. Pure.

Here are the rules between items, in the words of the service: which parts a role may have, that every result follows
its call, that every call is answered, and that no thought stands alone.
"""

from collections.abc import Sequence

import orjson

from simulator.engine.request import Message, Part, ToolCall
from simulator.providers.base import Refusal
from simulator.providers.decode import quote
from simulator.providers.openai import images
from simulator.providers.openai.responses.items import (
    CLIENT_CALLS,
    RESULTS,
    SAME_ID,
    CompactionItem,
    CustomCallItem,
    FunctionCallItem,
    InputFile,
    InputImage,
    InputPart,
    InputText,
    Item,
    MessageItem,
    MessagePart,
    OtherItem,
    OutputRefusal,
    OutputText,
    ReasoningItem,
    ResultItem,
)
from simulator.providers.openai.responses.sealed import tokens_in
from simulator.providers.openai.responses.wording import INPUT_PARTS, OUTPUT_PARTS, not_among
from simulator.providers.openai.wording import invalid, missing

_BYTES_PER_TOKEN = 4
"""What an item that is not looked into costs: an estimate."""
_SEVERAL = 20
"""Ids that an error names at most."""


def turns(instructions: str | None, before: Sequence[Item], given: Sequence[Item]) -> tuple[Message, ...]:
    """The messages of a request whose context is `before`, which was checked when it was given, and then `given`.

    Raises `Refusal` for the first item that the service would not take.
    """
    made = _Turns()
    if instructions:
        made.messages.append(Message("system", instructions))
    for item in before:
        made.add(item, None)
    for index, item in enumerate(given):
        made.add(item, index)
    _check_alone(given)
    made.finish()
    return tuple(made.messages)


def check_parts(item: MessageItem, where: str) -> None:
    """Refuse a message with parts that its role may not have; `where` is its place in the body."""
    _message(item, where, ())


def single(instructions: str | None, text: str) -> tuple[Message, ...]:
    """The messages of a request whose input is a text."""
    if instructions:
        return (Message("system", instructions), Message("user", text))
    return (Message("user", text),)


class _Turns:
    """The messages so far, and the calls that are not answered yet with the word for each."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._calls: dict[str, str] = {}
        self._known: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._ids: set[str] = set()
        self._thoughts: list[Part] = []
        self._calling: list[ToolCall] = []

    def add(self, item: Item, index: int | None) -> None:
        """Append an item; `index` is its place in the input, None for one of the context."""
        if item.id and item.type != SAME_ID:
            if index is not None and item.id in self._ids:
                raise invalid(
                    f"Duplicate item found with id {quote(item.id)}. Remove duplicate items from your input and try "
                    "again.",
                    "input",
                )
            self._ids.add(item.id)
        if not self._is_called(item):
            self._flush()
            self._said(item, "input" if index is None else f"input[{index}]")

    def _is_called(self, item: Item) -> bool:
        """Keep a call or a thought for the message that it becomes a part of; False for any other item."""
        match item:
            case FunctionCallItem():
                self._call(ToolCall(item.call_id, item.name, item.arguments), "function")
            case CustomCallItem():
                self._call(ToolCall(item.call_id, item.name, item.input), "custom tool")
            case ReasoningItem():
                sealed = item.encrypted_content or ""
                self._thoughts.append(Part("reasoning", sealed or item.id or "", tokens_in(sealed)))
            case OtherItem() if item.type in CLIENT_CALLS:
                text = orjson.dumps(item.fields).decode()
                call = ToolCall(str(item.fields["call_id"]), item.type, text)
                self._aliases[item.id or ""] = call.id
                self._call(call, CLIENT_CALLS[item.type])
            case _:
                return False
        return True

    def _said(self, item: Item, where: str) -> None:
        match item:
            case MessageItem():
                self.messages.append(_message(item, where, self._take()))
            case ResultItem():
                word = "custom tool" if "custom" in item.type else "function"
                self._result(item.call_id, *_result(item, where), word)
            case CompactionItem():
                sealed = item.encrypted_content
                self.messages.append(Message("developer", "", parts=(Part("compaction", sealed, tokens_in(sealed)),)))
            case OtherItem():
                self._other(item)
            case _:
                raise TypeError("a reference is resolved before it becomes a message")

    def finish(self) -> None:
        """Refuse calls without a result."""
        self._flush()
        if self._calls:
            word = next(iter(self._calls.values()))
            ids = ", ".join([quote(name) for name in list(self._calls)[:_SEVERAL]])
            raise invalid(f"No tool output found for {word} call {ids}.", "input")

    def _call(self, call: ToolCall, word: str) -> None:
        self._calling.append(call)
        self._calls[call.id] = word
        self._known.add(call.id)

    def _flush(self) -> None:
        if self._calling:
            self.messages.append(Message("assistant", "", parts=self._take(), calls=tuple(self._calling)))
            self._calling = []

    def _take(self) -> tuple[Part, ...]:
        thoughts = tuple(self._thoughts)
        self._thoughts = []
        return thoughts

    def _result(self, call: str, text: str, parts: tuple[Part, ...], word: str) -> None:
        if call not in self._known:
            raise invalid(f"No tool call found for {word} call output with call_id {quote(call)}.", "input")
        self._calls.pop(call, None)
        self.messages.append(Message("tool", text, "", parts, (), call))

    def _other(self, item: OtherItem) -> None:
        field = RESULTS.get(item.type)
        text = orjson.dumps(item.fields).decode()
        if field is None:
            part = Part(item.type, text, len(text) // _BYTES_PER_TOKEN)
            self.messages.append(Message("assistant", "", parts=(*self._take(), part)))
            return
        answered = str(item.fields.get(field) or item.id or "")
        answered = self._aliases.get(answered, answered)
        if item.type.removesuffix("_output") in CLIENT_CALLS:
            self._result(answered, *_shown(item), CLIENT_CALLS[item.type.removesuffix("_output")])
        else:
            self.messages.append(Message("tool", text, answers=answered))


def _check_alone(given: Sequence[Item]) -> None:
    """Refuse a thought that nothing of the assistant's follows."""
    for index, item in enumerate(given):
        if not isinstance(item, ReasoningItem):
            continue
        after = given[index + 1] if index + 1 < len(given) else None
        spoken = isinstance(after, MessageItem) and after.role != "assistant"
        if after is None or spoken or isinstance(after, ResultItem):
            raise invalid(
                f"Item '{quote(item.id or '')}' of type 'reasoning' was provided without its required following item.",
                "input",
            )


def _message(item: MessageItem, where: str, thoughts: tuple[Part, ...]) -> Message:
    role = item.role
    content = item.content
    if isinstance(content, str):
        return Message(role, content, parts=thoughts if role == "assistant" else ())
    texts: list[str] = []
    parts: list[Part] = []
    for place, part in enumerate(content):
        spot = f"{where}.content[{place}]"
        if isinstance(part, OutputText | OutputRefusal) is not (role == "assistant"):
            allowed = OUTPUT_PARTS if role == "assistant" else INPUT_PARTS
            raise not_among(_kind(part), allowed, spot)
        if isinstance(part, OutputText):
            texts.append(part.text)
        elif isinstance(part, OutputRefusal):
            texts.append(part.refusal)
        else:
            _read_part(part, spot, texts, parts)
    return Message(role, "\n".join(texts), parts=(*thoughts, *parts) if role == "assistant" else tuple(parts))


def _kind(part: MessagePart) -> str:
    return str(type(part).__struct_config__.tag)


def _result(item: ResultItem, where: str) -> tuple[str, tuple[Part, ...]]:
    if isinstance(item.output, str):
        return item.output, ()
    texts: list[str] = []
    parts: list[Part] = []
    for place, part in enumerate(item.output):
        _read_part(part, f"{where}.output[{place}]", texts, parts)
    return "\n".join(texts), tuple(parts)


def _shown(item: OtherItem) -> tuple[str, tuple[Part, ...]]:
    """What the client's own tool answered: a picture of the screen, or its JSON."""
    output = item.fields.get("output")
    if item.type == "computer_call_output" and isinstance(output, dict):
        source = str(output.get("image_url") or output.get("file_id") or "")
        return "", (Part("image", source, images.image_tokens(images.UNKNOWN_SIZE, "auto")),)
    return orjson.dumps(output).decode(), ()


def _read_part(part: InputPart, where: str, texts: list[str], parts: list[Part]) -> None:
    match part:
        case InputText():
            texts.append(part.text)
        case InputImage():
            parts.append(_image(part, where))
        case InputFile():
            if part.file_data is None and part.file_id is None and part.file_url is None:
                raise _nothing(where, "file_id")
            source = part.file_data or part.file_id or part.file_url or ""
            parts.append(Part("file", source, images.file_tokens(part.file_data)))


def _image(part: InputImage, where: str) -> Part:
    detail = part.detail or "auto"
    if part.image_url is None:
        if part.file_id is None:
            raise _nothing(where, "image_url")
        return Part("image", part.file_id, images.image_tokens(images.UNKNOWN_SIZE, detail))
    url = part.image_url
    scheme = url[:8].lower()
    if scheme.startswith(("https://", "http://")):
        return Part("image", url, images.image_tokens(images.UNKNOWN_SIZE, detail))
    kind, comma, data = url.partition(",")
    if not (scheme.startswith("data:") and comma):
        raise invalid(
            f"Invalid '{where}.image_url'. Expected a valid URL, but got a value with an invalid format.",
            f"{where}.image_url",
            "invalid_value",
        )
    size = images.data_size(data) if kind.endswith(";base64") else None
    if size is None:
        raise invalid(
            "The image data you provided does not represent a valid image. Please check your input and try again with "
            "one of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].",
            f"{where}.image_url",
            "invalid_image_format",
        )
    return Part("image", url, images.image_tokens(size, detail))


def _nothing(where: str, field: str) -> Refusal:
    return missing(f"{where}.{field}")
