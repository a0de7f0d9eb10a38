"""The stored context of a request: earlier responses, a conversation, items that are only named.

Edge of the shelf: everything here waits for the store. What is read for one request is bounded in number and in bytes.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from simulator.providers.base import Call, Desk
from simulator.providers.decode import quote
from simulator.providers.openai.conversations.stored import all_items
from simulator.providers.openai.responses.given import Given, check_json_told, is_by_id, messages_of
from simulator.providers.openai.responses.items import Item, ReferenceItem, stored_items
from simulator.providers.openai.responses.kept import ANSWER, RESPONSE, Kept, items_of, outputs_of, unpacked
from simulator.providers.openai.responses.naming import homes_of
from simulator.providers.openai.responses.wording import no_item, no_previous
from simulator.providers.openai.wording import invalid

MOST_LINKS: Final = 1_000
"""Responses that one may follow from, counted back."""
MOST_BYTES: Final = 32 * 2**20
"""Of stored items that one request may go on with."""


class _Id(msgspec.Struct):
    id: str


_id = msgspec.json.Decoder(_Id)


class _Chain(msgspec.Struct):
    previous_response_id: str | None = None


_chain = msgspec.json.Decoder(_Chain)


async def load(desk: Desk, name: str) -> Kept | None:
    """A stored response."""
    body = await desk.shelf.get(RESPONSE, name)
    return None if body is None else unpacked(body)


async def chain(desk: Desk, name: str) -> list[Kept]:
    """The response of this name and all that it follows from, the oldest first.

    Raises `Refusal` where one of them is gone, is not done yet, or where they are too many.
    """
    found: list[Kept] = []
    size = 0
    wanted: str | None = name
    while wanted is not None:
        kept = await load(desk, wanted)
        if kept is None:
            raise no_previous(wanted)
        state = kept.state(desk.now)
        if state:
            raise invalid(
                f"Previous response with id '{quote(wanted)}' cannot be continued: its status is '{state}'.",
                "previous_response_id",
            )
        found.append(kept)
        size += len(kept.inputs) + len(kept.response)
        if len(found) > MOST_LINKS or size > MOST_BYTES:
            raise too_much("previous_response_id")
        wanted = _chain.decode(kept.response).previous_response_id
    found.reverse()
    return found


def too_much(param: str) -> Exception:
    """A stored context that is larger than what is read for one request."""
    return invalid("The stored conversation that this request continues is too large.", param)


async def recalled(call: Call, desk: Desk) -> Call:
    """The call with the context that it refers to."""
    given: Given = call.echo
    body = given.body
    before: list[bytes] = []
    model = body.model
    if body.previous_response_id is not None:
        links = await chain(desk, body.previous_response_id)
        for kept in links:
            before += items_of(kept)
        model = model or links[-1].model
    if given.conversation is not None:
        before += [item for _, item in await all_items(desk.shelf, given.conversation)]
        if sum(map(len, before)) > MOST_BYTES:
            raise too_much("conversation")
    given = msgspec.structs.replace(given, before=stored_items(b"[%b]" % b",".join(before)))
    if any(isinstance(item, ReferenceItem) or is_by_id(item) for item in given.items):
        given = msgspec.structs.replace(given, items=await _resolved(given, desk))
    request = msgspec.structs.replace(call.request, model=model or "", messages=messages_of(given))
    check_json_told(request)
    return msgspec.structs.replace(call, request=request, echo=given)


async def _resolved(given: Given, desk: Desk) -> Sequence[Item]:
    """The items with those that are only named in their places. Raises `Refusal` for one that is not there."""
    known = {item.id: item for item in given.before if item.id}
    looked: set[str] = set()
    found: list[Item] = []
    for item in given.items:
        name = item.id
        if name is None or not (isinstance(item, ReferenceItem) or is_by_id(item)):
            found.append(item)
            continue
        if name not in known:
            for raw in await _home(desk, name, looked):
                known[_id.decode(raw).id] = stored_items(b"[%b]" % raw)[0]
        if name not in known:
            raise no_item(name)
        found.append(known[name] if isinstance(item, ReferenceItem) else item)
    return found


async def _home(desk: Desk, name: str, looked: set[str]) -> list[bytes]:
    """All items of the stored response that has the one of this name, unless they were looked at already."""
    homes = homes_of(name)
    if homes is None:
        return []
    response, shared = homes
    if response not in looked:
        looked.add(response)
        if (kept := await load(desk, response)) is not None:
            return items_of(kept)
    if shared in looked:
        return []
    looked.add(shared)
    answered = await desk.shelf.get(ANSWER, shared)
    kept = None if answered is None else await load(desk, answered.decode())
    return [] if kept is None else outputs_of(kept)
