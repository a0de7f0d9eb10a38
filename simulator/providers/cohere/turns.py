"""The conversation of `POST /v2/chat` in the one shape. Pure."""

from collections.abc import Sequence

from simulator.engine.request import Message, Part, ToolCall
from simulator.providers.cohere import images
from simulator.providers.cohere.documents import result_text
from simulator.providers.cohere.schema import (
    AnyTurn,
    AssistantTurn,
    CallV2,
    DocumentBlock,
    ImageBlock,
    SystemTurn,
    TextBlock,
    ThinkingBlock,
    ToolTurn,
    UserTurn,
)
from simulator.providers.cohere.wording import bare, invalid, missing, plain
from simulator.providers.decode import quote


def conversation(turns: Sequence[AnyTurn]) -> list[Message]:
    """The messages. Raises `Refusal` for a conversation that the service does not take."""
    if not turns:
        raise missing("messages")
    reader = _Reader()
    for place, turn in enumerate(turns):
        if isinstance(turn, UserTurn):
            reader.user(place, turn)
        elif isinstance(turn, AssistantTurn):
            reader.assistant(place, turn)
        elif isinstance(turn, SystemTurn):
            if place and not isinstance(turns[place - 1], SystemTurn):
                raise bare("system turn must be the first in the list", f"messages[{place}].role")
            reader.add("system", _joined(turn.content), place)
        else:
            where = f"messages[{place}].tool_call_id"
            if not turn.tool_call_id:
                raise bare("tool call id must be provided with tool message", where)
            if turn.tool_call_id not in reader.ids:
                raise bare("tool call id not found in previous tool calls", where)
            reader.result(place, turn)
    return reader.messages


class _Reader:
    """Reads turn by turn. `ids` are those of the calls so far."""

    __slots__ = ("ids", "messages", "pictures")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.ids: set[str] = set()
        self.pictures = 0

    def add(self, role: str, text: str, place: int) -> None:
        """A turn of nothing but text."""
        if not text:
            raise bare("message must not be empty in a turn", f"messages[{place}].content")
        self.messages.append(Message(role, text))

    def user(self, place: int, turn: UserTurn) -> None:
        """A turn of the user's."""
        if isinstance(turn.content, str):
            self.add("user", turn.content, place)
            return
        texts: list[str] = []
        parts: list[Part] = []
        for index, block in enumerate(turn.content):
            if isinstance(block, ImageBlock):
                parts.append(self._picture(block, f"messages[{place}].content[{index}].image_url.url"))
            else:
                texts.append(block.text)
        text = "\n".join(texts)
        if not text and not parts:
            raise bare("message must not be empty in a turn", f"messages[{place}].content")
        self.messages.append(Message("user", text, parts=tuple(parts)))

    def assistant(self, place: int, turn: AssistantTurn) -> None:
        """A turn of the model's. What it thought does not count again."""
        text = _joined(turn.content or "")
        if turn.tool_plan:
            text = f"{turn.tool_plan}\n{text}" if text else turn.tool_plan
        if not turn.tool_calls:
            if not text and not _thought(turn):
                raise bare("message must not be empty in a turn", f"messages[{place}].content")
            self.messages.append(Message("assistant", text))
            return
        calls = [
            self._call(call, f"messages[{place}].tool_calls[{index}]") for index, call in enumerate(turn.tool_calls)
        ]
        self.messages.append(Message("assistant", text, calls=tuple(calls)))

    def result(self, place: int, turn: ToolTurn) -> None:
        """What a tool returned."""
        if not isinstance(turn.content, str):
            for index, block in enumerate(turn.content):
                if isinstance(block, DocumentBlock):
                    plain(block.document.data, ("messages", place, "content", index, "document", "data"), "chat")
        self.messages.append(Message("tool", result_text(turn), answers=turn.tool_call_id))

    def _call(self, call: CallV2, where: str) -> ToolCall:
        if call.id in self.ids:
            raise bare("cannot have duplicate tool ids", f"{where}.id")
        self.ids.add(call.id)
        return ToolCall(call.id, call.function.name, call.function.arguments)

    def _picture(self, block: ImageBlock, where: str) -> Part:
        self.pictures += 1
        if self.pictures > images.MOST_IMAGES:
            raise invalid(f"too many images provided, maximum is {images.MOST_IMAGES}.", where)
        url = block.image_url.url
        if not images.is_url(url):
            raise invalid(
                f"'{quote(url)}' is neither an http(s) URL nor a data URI of a png, jpeg, webp or gif image.", where
            )
        return Part("image", images.source_of(url), images.tokens_of(url, block.image_url.detail))


def _joined(content: str | Sequence[TextBlock | ThinkingBlock]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join([block.text for block in content if isinstance(block, TextBlock)])


def _thought(turn: AssistantTurn) -> bool:
    return isinstance(turn.content, list) and any(isinstance(block, ThinkingBlock) for block in turn.content)
