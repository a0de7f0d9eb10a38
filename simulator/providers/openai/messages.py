"""A conversation, from OpenAI's messages to the one shape. Pure.

Here are the rules between fields and between messages, in the words of the real service: which content a
role must and may have, and that every tool's result follows the call it answers. It knows nothing of tokens
but the price that each part carries.
"""

from msgspec import UNSET

from simulator.engine.request import Message, Part, ToolCall
from simulator.providers.base import Refusal
from simulator.providers.decode import quote
from simulator.providers.openai import images
from simulator.providers.openai.schema import (
    AudioPart,
    CustomToolCall,
    FilePart,
    FunctionToolCall,
    ImagePart,
    MessageBody,
    RefusalPart,
    TextPart,
)
from simulator.providers.openai.schema import Part as PartBody
from simulator.providers.openai.wording import invalid, listed, missing

_FORMATS = ("png", "jpeg", "gif", "webp")
_URL_STARTS = ("https://", "http://")
_PLAIN_ROLES = frozenset({"user", "system", "developer"})


def conversation(messages: list[MessageBody]) -> tuple[Message, ...]:
    """The messages in the engine's shape. Raises `Refusal` for the first that the service would not take."""
    turns: list[Message] = []
    waiting: set[str] = set()
    calls: set[str] = set()
    for index, body in enumerate(messages):
        role = body.role
        if role == "tool":
            turns.append(_result(body, index, calls))
            waiting.discard(turns[-1].answers)
            continue
        if waiting:
            raise _unanswered(waiting, f"messages.[{index}].role")
        calling = body.tool_calls is not UNSET or body.function_call is not None
        if type(body.content) is str and role in _PLAIN_ROLES and not calling:
            turn = Message(role, body.content, body.name or "")
        else:
            turn = _turn(body, index)
        turns.append(turn)
        if calls or turn.calls:
            calls = {call.id for call in turn.calls if call.id}
            waiting = set(calls)
    if waiting:
        raise _unanswered(waiting, "messages")
    return tuple(turns)


def _turn(body: MessageBody, index: int) -> Message:
    role = body.role
    if role != "assistant" and (body.tool_calls is not UNSET or body.function_call is not None):
        raise invalid(
            "Invalid parameter: only messages with role 'assistant' can have a function call.",
            f"messages.[{index}].role",
        )
    calls = tuple(_call(call) for call in body.tool_calls or ())
    if body.function_call is not None:
        calls += (ToolCall("", body.function_call.name, body.function_call.arguments),)
    may_be_silent = role == "function" or (role == "assistant" and (calls or body.refusal is not None or body.audio))
    if not body.content and not isinstance(body.content, str) and not may_be_silent:
        raise _no_content(body, index)
    if role == "function" and not body.name:
        raise invalid(
            "Missing parameter 'name': messages with role 'function' must have a 'name'.", f"messages.[{index}].name"
        )
    text, parts = _content(body, index)
    if body.refusal and not text:
        text = body.refusal
    return Message(role, text, body.name or "", parts, calls)


def _result(body: MessageBody, index: int, calls: set[str]) -> Message:
    if not isinstance(body.tool_call_id, str):
        raise missing(f"messages[{index}].tool_call_id")
    if not calls:
        raise invalid(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
            "'tool_calls'.",
            f"messages.[{index}].role",
        )
    if body.tool_call_id not in calls:
        raise invalid(
            f"Invalid parameter: 'tool_call_id' of '{quote(body.tool_call_id)}' not found in 'tool_calls' of "
            "previous message.",
            f"messages.[{index}].tool_call_id",
        )
    if body.content is None or body.content is UNSET:
        raise _no_content(body, index)
    text, parts = _content(body, index)
    return Message(body.role, text, body.name or "", parts, (), body.tool_call_id)


def _content(body: MessageBody, index: int) -> tuple[str, tuple[Part, ...]]:
    content = body.content
    if isinstance(content, str):
        return content, ()
    if not isinstance(content, list):
        return "", ()
    texts: list[str] = []
    parts: list[Part] = []
    for place, part in enumerate(content):
        if isinstance(part, TextPart):
            texts.append(part.text)
        elif isinstance(part, RefusalPart) and body.role == "assistant":
            texts.append(part.refusal)
        elif body.role != "user" or isinstance(part, RefusalPart):
            raise _misplaced(part, body.role, index, place)
        else:
            parts.append(_priced(part, f"messages[{index}].content[{place}]"))
    return "\n".join(texts), tuple(parts)


def _priced(part: ImagePart | AudioPart | FilePart, where: str) -> Part:
    if isinstance(part, ImagePart):
        url = part.image_url.url
        return Part("image", url, images.image_tokens(_size(url, where), part.image_url.detail))
    if isinstance(part, AudioPart):
        audio = part.input_audio
        return Part("audio", audio.data, images.audio_tokens(audio.data, audio.format))
    file = part.file
    if file.file_data is None and not file.file_id:
        raise missing(f"{where}.file.file_id")
    return Part("file", file.file_data or file.file_id or "", images.file_tokens(file.file_data))


def _size(url: str, where: str) -> tuple[int, int]:
    scheme = url[:8].lower()
    if scheme.startswith(_URL_STARTS):
        return images.UNKNOWN_SIZE
    kind, comma, data = url.partition(",")
    if not (scheme.startswith("data:") and comma):
        raise invalid(
            f"Invalid '{where}.image_url.url'. Expected a valid URL, but got a value with an invalid format.",
            f"{where}.image_url.url",
            "invalid_value",
        )
    size = images.data_size(data) if kind.endswith(";base64") else None
    if size is None:
        raise invalid(
            "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
            f"{list(_FORMATS)}.",
            f"{where}.image_url.url",
            "invalid_image_format",
        )
    return size


def _call(call: FunctionToolCall | CustomToolCall) -> ToolCall:
    if isinstance(call, FunctionToolCall):
        return ToolCall(call.id, call.function.name, call.function.arguments)
    return ToolCall(call.id, call.custom.name, call.custom.input)


def _no_content(body: MessageBody, index: int) -> Refusal:
    if body.content is UNSET and body.role != "assistant":
        return missing(f"messages[{index}].content")
    return invalid("Invalid value for 'content': expected a string, got null.", f"messages.[{index}].content")


def _misplaced(part: PartBody, role: str, index: int, place: int) -> Refusal:
    if isinstance(part, ImagePart):
        return invalid(
            f"Invalid 'messages[{index}]'. Image URLs are only allowed for messages with role 'user', but this "
            f"message with role '{role}' contains an image URL.",
            f"messages[{index}]",
            "invalid_value",
        )
    kind = type(part).__struct_config__.tag
    allowed = {"assistant": ("text", "refusal"), "user": ("text", "image_url", "input_audio", "file")}.get(
        role, ("text",)
    )
    return invalid(
        f"Invalid value: '{kind}'. Supported values are: {listed(allowed)}.",
        f"messages[{index}].content[{place}].type",
        "invalid_value",
    )


def _unanswered(calls: set[str], param: str) -> Refusal:
    ids = ", ".join(quote(call) for call in sorted(calls)[:20])
    return invalid(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        f"'tool_call_id'. The following tool_call_ids did not have response messages: {ids}",
        param,
    )
