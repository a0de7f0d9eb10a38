"""A conversation, from Mistral's messages to the one shape. Pure.

Here are the rules between messages, in the words of the real service: which role may follow which, that every call of
a tool has its result, and how a conversation may end.
"""

import re

import msgspec

from simulator.engine.request import Message, Part, ToolCall
from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import plain_json, quote
from simulator.providers.mistral.schema import (
    AudioChunk,
    Chunk,
    DocumentChunk,
    FileChunk,
    ImageChunk,
    MessageBody,
    TextChunk,
    ThinkChunk,
    ToolCallBody,
)
from simulator.providers.mistral.wording import arguments, field, flawed, order

SAFE_PROMPT = (
    "Answer with care and respect, and tell the truth. Be as useful as you can be without doing harm. Leave out what "
    "is hateful, unfair or dangerous, and be kind to everybody whom your answer may concern."
)
"""Stands before a conversation with `safe_prompt`; the service's own text has about as many tokens."""

IMAGE_TOKENS = 1_024
"""An estimate for a picture, whose size is not looked at: that of 448 by 448 pixels in patches of 14."""
AUDIO_TOKENS = 375
"""An estimate for a sound of 30 seconds, at Voxtral's 12.5 tokens a second."""
DOCUMENT_TOKENS = 1_000
"""An estimate for a document, which is not fetched."""

_CALLS = "calls"
"""Stands for the role of an assistant that calls."""
_CALLING = frozenset({_CALLS, "tool"})
_CALL_ID = re.compile("[a-zA-Z0-9]{9}")
_encode = msgspec.json.Encoder().encode


def conversation(messages: list[MessageBody]) -> tuple[Message, ...]:
    """The messages in the engine's shape. Raises `Refusal` for the first that the service would not take."""
    if not messages:
        raise order("Conversation must have at least one message")
    turns: list[Message] = []
    before = ""
    waiting = 0
    for index, body in enumerate(messages):
        role = body.role
        if before in _CALLING or role == "tool":
            waiting = _following(role, before, waiting, index)
        content = body.content
        if type(content) is str and body.tool_calls is None and role != "tool":
            turns.append(Message(role, content, body.name or ""))
        else:
            turns.append(_turn(body, index))
        before = role
        if body.tool_calls:
            before = _CALLS
            waiting = len(body.tool_calls)
    last = messages[-1]
    if waiting:
        raise _uneven()
    if last.role == "system" or (last.role == "assistant" and not last.prefix):
        raise order(
            f"Expected last role User or Tool (or Assistant with prefix True) for serving but got {last.role}",
            f"messages[{len(messages) - 1}].role",
        )
    return tuple(turns)


def _following(role: str, before: str, waiting: int, index: int) -> int:
    """How many results are still to come, of `waiting` ones, after a message of this role. Raises `Refusal`."""
    if role == "tool":
        if before not in _CALLING:
            raise order(f"Unexpected role 'tool' after role '{before or 'none'}'", f"messages[{index}].role")
        if not waiting:
            raise _uneven()
        return waiting - 1
    if waiting:
        raise _uneven()
    if role != "assistant":
        raise order(f"Unexpected role '{role}' after role 'tool'", f"messages[{index}].role")
    return 0


def thinks(messages: list[MessageBody]) -> bool:
    """Whether an earlier answer brings what was thought before it."""
    return any(
        isinstance(body.content, list) and any(isinstance(chunk, ThinkChunk) for chunk in body.content)
        for body in messages
    )


def spoken(messages: list[MessageBody]) -> str:
    """All that is said in a conversation, for those who judge it as one text."""
    return "\n".join([_content(body)[0] for body in messages])


def _turn(body: MessageBody, index: int) -> Message:
    role = body.role
    if body.tool_calls and role != "assistant":
        raise field("extra_forbidden", ("messages", index, "tool_calls"), "Extra inputs are not permitted")
    if role == "assistant" and not body.content and not body.tool_calls:
        raise Refusal(
            Problem.INVALID,
            "Assistant message must have either content or tool_calls, but not none.",
            param=f"messages[{index}]",
            code="invalid_assistant_message",
        )
    if role == "system" and body.content is None:
        raise field("string_type", ("messages", index, "content"), "Input should be a valid string")
    text, parts = _content(body)
    calls = tuple([_call(call, index, place) for place, call in enumerate(body.tool_calls or ())])
    return Message(role, text, body.name or "", parts, calls, body.tool_call_id or "" if role == "tool" else "")


def _content(body: MessageBody) -> tuple[str, tuple[Part, ...]]:
    content = body.content
    if not isinstance(content, list):
        return content or "", ()
    texts: list[str] = []
    parts: list[Part] = []
    for chunk in content:
        if isinstance(chunk, TextChunk):
            texts.append(chunk.text)
        elif isinstance(chunk, ThinkChunk):
            texts += [thought.text for thought in chunk.thinking if isinstance(thought, TextChunk)]
        elif (part := _part(chunk)) is not None:
            parts.append(part)
    return "\n".join(texts), tuple(parts)


def _part(chunk: Chunk) -> Part | None:
    if isinstance(chunk, ImageChunk):
        image = chunk.image_url
        return Part("image", image if isinstance(image, str) else image.url, IMAGE_TOKENS)
    if isinstance(chunk, AudioChunk):
        sound = chunk.input_audio
        if isinstance(sound, dict):
            plain_json(sound, ("messages",), flawed)
            sound = _encode(sound).decode()
        return Part("audio", sound, AUDIO_TOKENS)
    if isinstance(chunk, DocumentChunk):
        return Part("document", chunk.document_url, DOCUMENT_TOKENS)
    if isinstance(chunk, FileChunk):
        return Part("file", chunk.file_id, DOCUMENT_TOKENS)
    return None


def _call(call: ToolCallBody, index: int, place: int) -> ToolCall:
    path = ("messages", index, "tool_calls", place)
    name = call.id or "null"
    if name != "null" and _CALL_ID.fullmatch(name) is None:
        raise Refusal(
            Problem.INVALID,
            f"Tool call id was {quote(name)} but must be a-z, A-Z, 0-9, with a length of 9.",
            param=f"messages[{index}].tool_calls[{place}].id",
            code="invalid_function_call",
        )
    given = call.function.arguments
    if isinstance(given, dict):
        plain_json(given, (*path, "function", "arguments"), flawed)
        given = _encode(given).decode()
    return ToolCall(name, call.function.name, given)


def _uneven() -> Refusal:
    return order("Not the same number of function calls and responses")


def refuse_thoughts() -> Refusal:
    """For thoughts in the conversation of a model that does not think."""
    return arguments("Reasoning input is not enabled for this model")
