"""From the turns of a request to the neutral messages. Pure.

Text is joined; what is not text becomes parts with a token price; a function's result becomes a message of its own,
ahead of the rest of its turn. Rules between turns are in `turns`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from simulator.engine.request import Message, Part, ToolCall
from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import quote
from simulator.providers.gemini import schema
from simulator.providers.gemini.generation import Generation
from simulator.providers.gemini.media import inline_part, is_base64, kind_of, tokens_of
from simulator.providers.gemini.turns import Run, check, runs_of
from simulator.providers.gemini.wording import UNREADABLE, free, invalid, snake, unfit

ROLES: Final = {"user": "user", "model": "assistant", "function": "user", "tool": "user"}
STORED: Final = re.compile(r"(?:.*/)?files/([a-z0-9-]{1,40})")
"""The address of an uploaded file; its name is the group."""
_encode = msgspec.json.Encoder().encode
_SPECIAL: Final = ("executable_code", "code_execution_result", "tool_call", "tool_response", "audio_transcription")


class StoredFile(msgspec.Struct, frozen=True):
    """What a price needs of an uploaded file."""

    mime_type: str
    size: int


class Reader:
    """Reads the turns of one request.

    `kind` is the request's name in complaints, `level` the resolution asked for all media without its prefix, or empty,
    and `stored` the uploaded files that are known.
    """

    __slots__ = ("_generation", "_kind", "_level", "_stored", "files")

    def __init__(
        self, kind: str, generation: Generation, level: str = "", stored: Mapping[str, StoredFile] | None = None
    ) -> None:
        self._kind = kind
        self._generation = generation
        self._level = level
        self._stored = stored or {}
        self.files: list[str] = []
        """The names of the uploaded files that the turns refer to."""

    def conversation(self, contents: Sequence[schema.Content] | None, where: str = "contents") -> list[Message]:
        """The messages of all turns, at least one. Raises `Refusal`."""
        if not contents:
            raise unfit(self._kind, [f"{where}: contents is not specified"])
        if len(contents) == 1:
            only = contents[0].parts
            if only and len(only) == 1 and (text := only[0].text) is not None and _plain(only[0]):
                return [Message(_role(contents[0].role), text)]
        messages: list[Message] = []
        runs = runs_of(contents)
        for number, content in enumerate(contents):
            self._turn(content, f"{where}[{number}]", runs[number], messages)
        check(contents, runs, self._generation)
        return messages

    def instruction(self, content: schema.Content) -> Message:
        """The system instruction. Raises `Refusal`."""
        texts: list[str] = []
        parts: list[Part] = []
        for place, part in enumerate(content.parts or ()):
            here = f"system_instruction.parts[{place}]"
            _one(part, here, self._kind)
            if part.function_call is not None or part.function_response is not None:
                raise invalid("System instruction cannot have function calls or function responses.", here)
            if part.text is not None:
                texts.append(part.text)
            else:
                parts.append(self._part(part, here))
        return Message("system", "\n".join(texts), parts=tuple(parts))

    def _turn(self, content: schema.Content, where: str, run: Run, messages: list[Message]) -> None:
        role = _role(content.role)
        if not content.parts:
            raise unfit(self._kind, [f"{where}.parts: contents.parts must not be empty."])
        texts: list[str] = []
        parts: list[Part] = []
        calls: list[ToolCall] = []
        for place, part in enumerate(content.parts):
            here = f"{where}.parts[{place}]"
            _one(part, here, self._kind)
            if part.text is not None:
                if not part.thought:
                    texts.append(part.text)
            elif part.function_call is not None:
                call = part.function_call
                calls.append(ToolCall(run.asked(call), call.name, self._json(call.args, f"{here}.function_call.args")))
            elif part.function_response is not None:
                result = part.function_response
                text = self._json(result.response, f"{here}.function_response.response")
                messages.append(Message("tool", text, name=result.name, answers=run.answered(result)))
            else:
                parts.append(self._part(part, here))
        if texts or parts or calls:
            messages.append(Message(role, "\n".join(texts), parts=tuple(parts), calls=tuple(calls)))

    def _part(self, part: schema.Part, here: str) -> Part:
        """What is neither text nor about functions."""
        level = self._level
        if part.media_resolution is not None and part.media_resolution.level is not None:
            level = level_of(part.media_resolution.level, f"{here}.media_resolution.level")
        if part.inline_data is not None:
            return self._inline(part.inline_data, f"{here}.inline_data", level)
        if part.file_data is not None:
            return self._file(part.file_data, f"{here}.file_data", level)
        for name in _SPECIAL:
            value = getattr(part, name)
            if value is not None:
                text = self._json(value, f"{here}.{name}")
                return Part(name, text, len(text) // 4)
        raise TypeError("a part without data was taken for one")

    def _inline(self, blob: schema.Blob, here: str, level: str) -> Part:
        mime = blob.mime_type.lower().partition(";")[0].strip()
        if not mime:
            raise unfit(self._kind, [f"{here}.mime_type: must be specified"])
        if not kind_of(mime):
            raise invalid(f"Unsupported MIME type: {quote(blob.mime_type)}", f"{here}.mime_type")
        if not is_base64(blob.data):
            told = f"Invalid value at '{here}.data' (TYPE_BYTES), Base64 decoding failed for \"{quote(blob.data)}\""
            raise Refusal(Problem.INVALID, told, param=f"{here}.data", code=UNREADABLE)
        return inline_part(mime, blob.data, level, self._generation)

    def _file(self, file: schema.FileData, here: str, level: str) -> Part:
        if not file.file_uri:
            raise unfit(self._kind, [f"{here}.file_uri: must be specified"])
        mime, size = file.mime_type.lower().partition(";")[0].strip(), 0
        if (match := STORED.fullmatch(file.file_uri)) is not None:
            name = match[1]
            self.files.append(name)
            known = self._stored.get(name)
            if known is not None:
                mime, size = known.mime_type, known.size
        kind = kind_of(mime) if mime else "video"
        if not kind:
            raise invalid(f"Unsupported MIME type: {quote(file.mime_type)}", f"{here}.mime_type")
        return Part(kind, file.file_uri, tokens_of(kind, size, b"", level, self._generation))

    def _json(self, value: dict[str, Any] | None, here: str) -> str:
        """A free object as JSON text."""
        if not value:
            return "{}"
        free(value, (here,))
        return _encode(value).decode()


def level_of(given: str, where: str) -> str:
    """A media resolution without its prefix; empty for the default. Raises `Refusal` for one that there is not."""
    name = given.upper().removeprefix("MEDIA_RESOLUTION_")
    if name in {"LOW", "MEDIUM", "HIGH", "ULTRA_HIGH"}:
        return name
    if name in {"", "UNSPECIFIED"}:
        return ""
    raise not_in_enumeration(where, "MediaResolution", given)


def not_in_enumeration(where: str, kind: str, given: str) -> Refusal:
    """The refusal of a word that an enumeration does not have."""
    told = f"Invalid value at '{where}' (type.googleapis.com/google.ai.generativelanguage.v1beta.{kind}), "
    return Refusal(Problem.INVALID, f'{told}"{quote(given)}"', param=where, code=UNREADABLE)


def _role(given: str | None) -> str:
    if given is None or given == "":
        return "user"
    role = ROLES.get(given.lower())
    if role is None:
        raise invalid("Please use a valid role: user, model.")
    return role


def _plain(part: schema.Part) -> bool:
    """Whether a part that has text has nothing else."""
    return (
        not part.thought
        and part.inline_data is None
        and part.file_data is None
        and part.function_call is None
        and (part.function_response is None)
    )


def _one(part: schema.Part, here: str, kind: str) -> None:
    """Raises `Refusal` where a part has no data or several."""
    if part.text is not None and _plain(part):
        return
    given = [name for name in schema.DATA if getattr(part, name) is not None]
    if not given:
        raise unfit(kind, [f"{here}.data: required oneof field 'data' must have one initialized field"])
    if len(given) > 1:
        told = f"Invalid value at '{here}' (oneof), oneof field 'data' is already set. Cannot set '{_camel(given[1])}'"
        raise Refusal(Problem.INVALID, told, param=here, code=UNREADABLE)


def _camel(name: str) -> str:
    head, *rest = snake(name).split("_")
    return head + "".join([word.capitalize() for word in rest])
