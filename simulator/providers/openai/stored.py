"""Chat completions that were stored: what is kept of them, and the operations on them. Pure but for the shelf.

A completion is kept as it was answered, with its metadata beside it; the messages that led to it are an object of their
own, so that a listing does not read them. Both go by the completion's id.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

from simulator.providers.base import Action, Asked, Desk, Problem, Refusal, Reply, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode, quote
from simulator.providers.openai.chat_schema import ChatBody
from simulator.providers.openai.headers import bare_headers
from simulator.providers.openai.schema import Body, ImagePart, MessageBody, Metadata, TextPart
from simulator.providers.openai.wording import flawed, invalid

KIND: Final = "chat.completion"
MESSAGES: Final = "chat.messages"
PATH: Final = "/v1/chat/completions"
LARGEST_IMAGE: Final = 8_000_000
"""Bytes of an image that is kept; larger ones are dropped, as the service does."""
SCANNED: Final = 10_000
"""The most completions that one listing looks through."""
_PAGE: Final = 100
_MOST: Final = 100
_USUAL: Final = 20
_TRIES: Final = 8
_LAYOUT: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_FILTER: Final = re.compile(r"metadata\[(.+)\]", re.DOTALL)


class Record(msgspec.Struct):
    """A stored completion: the model that was asked for, the metadata, and the answer as JSON."""

    asked: str
    metadata: dict[str, str]
    completion: msgspec.Raw

    @property
    def shown(self) -> dict[str, object]:
        """The completion as the service shows it."""
        told: dict[str, object] = orjson.loads(bytes(self.completion))
        return told | {"metadata": self.metadata}


class _Answered(msgspec.Struct):
    """As much of an answer as tells its model."""

    id: str
    model: str


class UpdateBody(Body):
    """POST /v1/chat/completions/{completion_id}."""

    metadata: Metadata


_read = msgspec.json.Decoder(Record).decode
_read_answer = msgspec.json.Decoder(_Answered).decode
_encode = msgspec.json.Encoder().encode


async def remember(body: ChatBody, answer: bytes, desk: Desk) -> None:
    """Keep the answer to a request, a whole one as JSON, and the request's messages."""
    name = _read_answer(answer).id
    messages = [_message(message, f"{name}-{index}") for index, message in enumerate(body.messages)]
    await desk.shelf.put(MESSAGES, name, orjson.dumps(messages))
    record = Record(body.model, body.metadata or {}, msgspec.Raw(answer))
    await desk.shelf.put(KIND, name, _encode(record))


def _message(message: MessageBody, name: str) -> dict[str, object]:
    """A message as it is listed; only text and images are kept of its parts."""
    content = message.content
    told: dict[str, object] = {
        "id": name,
        "role": message.role,
        "content": content if isinstance(content, str) else None,
        "content_parts": [part for part in map(_part, content) if part] if isinstance(content, list) else None,
    }
    if message.name:
        told["name"] = message.name
    if isinstance(message.tool_calls, list):
        told["tool_calls"] = msgspec.to_builtins(message.tool_calls)
    if message.refusal is not None:
        told["refusal"] = message.refusal
    return told


def _part(part: object) -> object:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, ImagePart) and len(part.image_url.url) <= LARGEST_IMAGE:
        return {"type": "image_url", "image_url": {"url": part.image_url.url, "detail": part.image_url.detail}}
    return None


class ListCompletions:
    """GET: the stored completions, by model and metadata if asked for, the oldest first unless asked otherwise."""

    method = "GET"
    path = PATH
    label = "chat_completions_list"
    query = ("after", "limit", "model", "order")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        target = asked.target
        most, oldest_first = _limit(target), _order(target)
        model = target.first("model")
        wanted = {found[1]: values[0] for name, values in target.query.items() if (found := _FILTER.fullmatch(name))}
        after = target.first("after") or ""
        shown: list[dict[str, object]] = []
        for _ in range(SCANNED // _PAGE):
            page = await desk.shelf.page(KIND, after=after, most=_PAGE, oldest_first=oldest_first)
            for _, body in page:
                record = _read(body)
                if _fits(record, model, wanted):
                    shown.append(record.shown)
                if len(shown) > most:
                    return _listed(shown[:most], desk, more=True)
            if len(page) < _PAGE:
                break
            after = page[-1][0]
        return _listed(shown, desk, more=False)


def _fits(record: Record, model: str | None, wanted: dict[str, str]) -> bool:
    if any(record.metadata.get(name) != value for name, value in wanted.items()):
        return False
    return model is None or model in {record.asked, _read_answer(record.completion).model}


class GetCompletion:
    """GET: one stored completion."""

    method = "GET"
    path = PATH + "/{completion_id}"
    label = "chat_completion"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        return _told(_read(await _found(KIND, asked, desk)).shown, desk)


class UpdateCompletion:
    """POST: other metadata for a stored completion."""

    method = "POST"
    path = PATH + "/{completion_id}"
    label = "chat_completion_update"
    body = UpdateBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(UpdateBody)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        given = decode(asked.body, self._decoder, self._depth, flawed)
        name = asked.target.parameters["completion_id"]
        for _ in range(_TRIES):
            before = await _found(KIND, asked, desk)
            record = _read(before)
            record.metadata = given.metadata or {}
            if await desk.shelf.swap(KIND, name, before, _encode(record)):
                return _told(record.shown, desk)
        raise Refusal(Problem.CONFLICT, f"The chat completion '{quote(name)}' is being changed by another request.")


class DeleteCompletion:
    """DELETE: forget a stored completion and its messages."""

    method = "DELETE"
    path = PATH + "/{completion_id}"
    label = "chat_completion_delete"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = asked.target.parameters["completion_id"]
        if not await desk.shelf.drop(KIND, name):
            raise _unknown(name)
        await desk.shelf.drop(MESSAGES, name)
        return _told({"object": "chat.completion.deleted", "id": name, "deleted": True}, desk)


class ListMessages:
    """GET: the messages that a stored completion answered, the first one first unless asked otherwise."""

    method = "GET"
    path = PATH + "/{completion_id}/messages"
    label = "chat_completion_messages"
    query = ("after", "limit", "order")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        most, oldest_first = _limit(asked.target), _order(asked.target)
        messages: list[dict[str, object]] = orjson.loads(await _found(MESSAGES, asked, desk))
        if not oldest_first:
            messages.reverse()
        after = asked.target.first("after")
        if after:
            names = [message["id"] for message in messages]
            messages = messages[names.index(after) + 1 :] if after in names else []
        return _listed(messages[:most], desk, more=len(messages) > most)


def actions(max_depth: int = DEFAULT_DEPTH) -> Sequence[Action]:
    """The operations on stored completions."""
    return (ListCompletions(), GetCompletion(), UpdateCompletion(max_depth), DeleteCompletion(), ListMessages())


async def _found(kind: str, asked: Asked, desk: Desk) -> bytes:
    name = asked.target.parameters["completion_id"]
    body = await desk.shelf.get(kind, name)
    if body is None:
        raise _unknown(name)
    return body


def _unknown(name: str) -> Refusal:
    return Refusal(Problem.NOT_FOUND, f"Chat completion with id '{quote(name)}' not found.", param="completion_id")


def _limit(target: Target) -> int:
    given = target.first("limit")
    if given is None:
        return _USUAL
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise invalid(
            "Invalid type for 'limit': expected an integer, but got a string instead.", "limit", "invalid_type"
        )
    most = int(given)
    if not 1 <= most <= _MOST:
        rule, side = (f">= {1}", "below minimum") if most < 1 else (f"<= {_MOST}", "above maximum")
        code = "integer_below_min_value" if most < 1 else "integer_above_max_value"
        raise invalid(
            f"Invalid 'limit': integer {side} value. Expected a value {rule}, but got {most} instead.", "limit", code
        )
    return most


def _order(target: Target) -> bool:
    """Whether the oldest come first."""
    given = target.first("order") or "asc"
    if given not in {"asc", "desc"}:
        raise invalid(
            f"Invalid value: '{quote(given)}'. Supported values are: 'asc' and 'desc'.", "order", "invalid_value"
        )
    return given == "asc"


def _listed(found: Sequence[dict[str, object]], desk: Desk, *, more: bool) -> Reply:
    page = {
        "object": "list",
        "data": found,
        "first_id": found[0]["id"] if found else None,
        "last_id": found[-1]["id"] if found else None,
        "has_more": more,
    }
    return _told(page, desk)


def _told(value: object, desk: Desk) -> Reply:
    return Reply(200, bare_headers(desk.request_bits), orjson.dumps(value, option=_LAYOUT))
