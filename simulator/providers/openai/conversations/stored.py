"""Stored conversations and their items. Edge of the shelf.

A conversation is an object of its own; its items are objects of a kind of their own, in the order in which they came.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from simulator.providers.base import Asked, Shelf
from simulator.providers.decode import quote
from simulator.providers.openai.responses.items import SAME_ID
from simulator.providers.openai.responses.wording import bad_id, no_conversation
from simulator.providers.openai.wording import invalid

CONVERSATION: Final = "conversation"
"""The kind of stored conversations, by id."""
MOST_ITEMS: Final = 5_000
"""Items that a request may go on with."""
_PAGE: Final = 200


def named(asked: Asked) -> str:
    """The conversation that a path names. Raises `Refusal` for what can be none."""
    name = asked.target.parameters["conversation_id"]
    if not name.startswith("conv"):
        raise bad_id("conversation_id", name, "conv")
    return name


def item_kind(conversation: str) -> str:
    """The kind of the items of a conversation. Its id is one that the shelf had."""
    return f"item.{conversation}"


async def conversation(shelf: Shelf, name: str) -> bytes:
    """A conversation as it is stored. Raises `Refusal` where there is none."""
    found = await shelf.get(CONVERSATION, name)
    if found is None:
        raise no_conversation(name)
    return found


async def all_items(shelf: Shelf, name: str) -> list[tuple[str, bytes]]:
    """The items of a conversation by id, the oldest first. Raises `Refusal` where there is none, or too many."""
    await conversation(shelf, name)
    found: list[tuple[str, bytes]] = []
    after = ""
    while page := await shelf.page(item_kind(name), after=after, most=_PAGE, oldest_first=True):
        found += page
        if len(found) > MOST_ITEMS:
            raise invalid(
                f"Conversation '{quote(name)}' has more items than a response can go on with.", "conversation"
            )
        if len(page) < _PAGE:
            break
        after = page[-1][0]
    return found


async def append(shelf: Shelf, name: str, items: Sequence[dict[str, Any]]) -> None:
    """Add items to a conversation."""
    kind = item_kind(name)
    for item in items:
        # The result of a local shell has the id of its call, which is to stay.
        name = item["id"] + ".output" if item["type"] == SAME_ID else item["id"]
        await shelf.put(kind, name, orjson.dumps(item))
