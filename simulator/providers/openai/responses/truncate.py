"""`truncation: auto`: a context that is too long for the model loses its oldest turns. Pure but for the count."""

from typing import Final

import msgspec
import orjson

from simulator.engine.request import Message, Request
from simulator.providers.base import Desk
from simulator.providers.openai.responses.given import Given, messages_of
from simulator.providers.openai.responses.items import Item, MessageItem
from simulator.providers.openai.responses.kept import told
from simulator.providers.openai.responses.response import body_of

COUNT: Final = "/v1/responses/input_tokens"
_EACH: Final = 16
"""Tokens that a message costs besides its text, at most."""
_BITS: Final = bytes(16)


def shortened(given: Given, request: Request, desk: Desk) -> tuple[Message, ...]:
    """The messages of the request without its oldest turns, as few as let it fit; all of them where it fits or cannot.

    A turn begins with what a user says, so no call loses its result. Each try is a count by the service's own rule, of
    which there are as many as the number of turns has binary digits.
    """
    window = next((entry.context_window for entry in desk.models if entry.id == request.model), 0)
    if not window or _at_most(request) <= window:
        return request.messages
    items: list[Item] = [*given.before, *given.items]
    if given.text is not None:
        items.append(MessageItem(role="user", content=given.text))
    cuts = [index for index, item in enumerate(items) if isinstance(item, MessageItem) and item.role == "user"]
    if _fits(given, request, items, desk) or not cuts or not _fits(given, request, items[cuts[-1] :], desk):
        return request.messages
    low, high = 0, len(cuts) - 1
    while low < high:
        middle = (low + high) // 2
        if _fits(given, request, items[cuts[middle] :], desk):
            high = middle
        else:
            low = middle + 1
    return messages_of(msgspec.structs.replace(given, before=(), items=items[cuts[low] :], text=None))


def _at_most(request: Request) -> int:
    """A bound of the tokens of a request without tools: no token is shorter than a byte."""
    if request.tools or request.format.schema:
        return 2**63
    return sum(
        [
            len(message.text.encode())
            + sum([part.tokens for part in message.parts])
            + sum([len(call.name) + len(call.arguments.encode()) + _EACH for call in message.calls])
            + _EACH
            for message in request.messages
        ]
    )


def _fits(given: Given, request: Request, items: list[Item], desk: Desk) -> bool:
    body = body_of(given)
    asked = {
        "model": request.model,
        "instructions": body.instructions,
        "input": [told(item, _BITS, index) for index, item in enumerate(items)],
        "tools": given.offer.shown,
        "text": None if body.text is None else msgspec.to_builtins(body.text),
    }
    return desk.run(COUNT, orjson.dumps(asked)).status == 200
