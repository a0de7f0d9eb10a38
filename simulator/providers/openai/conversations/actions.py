"""Conversations: made, told, changed, forgotten. Actions on stored objects."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import orjson
from msgspec import Meta

from simulator.providers.base import Action, Asked, Desk, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.conversations.items import CreateItems, DeleteItem, ListItems, RetrieveItem, read
from simulator.providers.openai.conversations.stored import CONVERSATION, append, conversation, named
from simulator.providers.openai.responses.naming import new_id
from simulator.providers.openai.responses.paging import shown
from simulator.providers.openai.responses.schema import Metadata
from simulator.providers.openai.responses.wording import no_conversation, worded
from simulator.providers.openai.schema import Body

MOST_ITEMS = 20
"""Items that are added at once."""
_TRIES = 8


class _New(Body):
    items: Annotated[list[msgspec.Raw], Meta(max_length=MOST_ITEMS)] | None = None
    metadata: Metadata | None = None


class _Change(Body):
    metadata: Metadata | None


class Conversation(msgspec.Struct):
    """A conversation as it is stored and told."""

    id: str
    created_at: int
    metadata: dict[str, str]
    object: str = "conversation"


def actions(max_depth: int = DEFAULT_DEPTH) -> Sequence[Action]:
    """The operations on conversations and on their items."""
    return (
        Create(max_depth),
        Retrieve(),
        Update(max_depth),
        Delete(),
        CreateItems(max_depth),
        ListItems(),
        RetrieveItem(),
        DeleteItem(),
    )


class Create:
    """POST of a conversation, an `Action`."""

    method = "POST"
    path = "/v1/conversations"
    label = "conversations_create"
    body = _New

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(_New)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`. A body may be left out."""
        given = decode(asked.body, self._decoder, self._depth, worded) if asked.body.strip() else _New()
        items = read(given.items or (), desk.request_bits, self._depth)
        made = Conversation(new_id("conv", desk.request_bits), int(desk.now), given.metadata or {})
        await desk.shelf.put(CONVERSATION, made.id, orjson.dumps(msgspec.to_builtins(made)))
        await append(desk.shelf, made.id, items)
        return shown(msgspec.to_builtins(made), desk.request_bits)


class Retrieve:
    """GET of a conversation, an `Action`."""

    method = "GET"
    path = "/v1/conversations/{conversation_id}"
    label = "conversations_get"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        return shown(orjson.loads(await conversation(desk.shelf, named(asked))), desk.request_bits)


class Update:
    """POST of new metadata to a conversation, an `Action`."""

    method = "POST"
    path = "/v1/conversations/{conversation_id}"
    label = "conversations_update"
    body = _Change

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(_Change)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = named(asked)
        change = decode(asked.body, self._decoder, self._depth, worded)
        for _ in range(_TRIES):
            old = await conversation(desk.shelf, name)
            made = {**orjson.loads(old), "metadata": change.metadata or {}}
            if await desk.shelf.swap(CONVERSATION, name, old, orjson.dumps(made)):
                return shown(made, desk.request_bits)
        raise Refusal(
            Problem.CONFLICT, f"Conversation with id '{name}' is being changed by another request. Try again."
        )


class Delete:
    """DELETE of a conversation, an `Action`. Its items cannot be reached any more."""

    method = "DELETE"
    path = "/v1/conversations/{conversation_id}"
    label = "conversations_delete"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = named(asked)
        if not await desk.shelf.drop(CONVERSATION, name):
            raise no_conversation(name)
        return shown({"id": name, "object": "conversation.deleted", "deleted": True}, desk.request_bits)
