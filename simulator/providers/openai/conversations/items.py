"""The items of a conversation: added, listed, told, taken out. Actions on stored objects."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import orjson
from msgspec import Meta

from simulator.providers.base import Asked, Desk, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, decode, quote
from simulator.providers.openai.conversations.stored import append, conversation, item_kind, named
from simulator.providers.openai.responses.items import MessageItem, ReferenceItem, read_items
from simulator.providers.openai.responses.kept import told
from simulator.providers.openai.responses.paging import included, listing, page_of, shown, stripped
from simulator.providers.openai.responses.turns import check_parts
from simulator.providers.openai.responses.wording import no_item, worded
from simulator.providers.openai.schema import Body, Free
from simulator.providers.openai.wording import invalid


class _Items(Body):
    items: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=20)]


def read(given: Sequence[msgspec.Raw], bits: bytes, depth: int) -> list[Free]:
    """Items as they are stored, each with an id made from these bits. Raises `Refusal`."""
    items = read_items(given, depth, "items")
    for index, item in enumerate(items):
        if isinstance(item, ReferenceItem):
            raise no_item(item.id)
        if isinstance(item, MessageItem):
            check_parts(item, f"items[{index}]")
    found = [told(item, bits, index) for index, item in enumerate(items)]
    names = [item["id"] for item in found]
    for name in names:
        if names.count(name) > 1:
            raise _duplicate(name)
    return found


def _duplicate(name: str) -> Refusal:
    return invalid(
        f"Duplicate item found with id {quote(name)}. Remove duplicate items from your input and try again.", "items"
    )


def _missing(name: str, home: str) -> Refusal:
    return Refusal(
        Problem.NOT_FOUND, f"Item with id '{quote(name)}' not found in conversation with id '{quote(home)}'."
    )


class CreateItems:
    """POST of items to a conversation, an `Action`."""

    method = "POST"
    path = "/v1/conversations/{conversation_id}/items"
    label = "conversations_items_create"
    body = _Items

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(_Items)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = named(asked)
        given = decode(asked.body, self._decoder, self._depth, worded)
        items = read(given.items, desk.request_bits, self._depth)
        await conversation(desk.shelf, name)
        for item in items:
            if await desk.shelf.get(item_kind(name), item["id"]) is not None:
                raise _duplicate(item["id"])
        await append(desk.shelf, name, items)
        include = included(asked.target)
        return listing([stripped(item, include) for item in items], desk.request_bits, more=False)


class ListItems:
    """GET of a page of a conversation's items, an `Action`."""

    method = "GET"
    path = "/v1/conversations/{conversation_id}/items"
    label = "conversations_items_list"
    query = ("after", "include", "limit", "order")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = named(asked)
        page = page_of(asked.target)
        await conversation(desk.shelf, name)
        found = await desk.shelf.page(
            item_kind(name), after=page.after, most=page.limit + 1, oldest_first=page.order == "asc"
        )
        include = included(asked.target)
        items = [stripped(orjson.loads(body), include) for _, body in found[: page.limit]]
        return listing(items, desk.request_bits, more=len(found) > page.limit)


class RetrieveItem:
    """GET of one item of a conversation, an `Action`."""

    method = "GET"
    path = "/v1/conversations/{conversation_id}/items/{item_id}"
    label = "conversations_items_get"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = named(asked)
        await conversation(desk.shelf, name)
        item = asked.target.parameters["item_id"]
        body = await desk.shelf.get(item_kind(name), item)
        if body is None:
            raise _missing(item, name)
        return shown(stripped(orjson.loads(body), included(asked.target)), desk.request_bits)


class DeleteItem:
    """DELETE of one item of a conversation, an `Action`; the conversation is told."""

    method = "DELETE"
    path = "/v1/conversations/{conversation_id}/items/{item_id}"
    label = "conversations_items_delete"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = named(asked)
        home = await conversation(desk.shelf, name)
        item = asked.target.parameters["item_id"]
        if not await desk.shelf.drop(item_kind(name), item):
            raise _missing(item, name)
        return shown(orjson.loads(home), desk.request_bits)
