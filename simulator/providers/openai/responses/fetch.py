"""Stored responses: GET, DELETE, cancel, and the listing of what they were given."""

from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

from simulator.providers.base import Action, Asked, Desk, Header, Problem, Refusal, Reply
from simulator.providers.openai.headers import bare_headers
from simulator.providers.openai.responses.context import chain, load
from simulator.providers.openai.responses.kept import PENDING, RESPONSE, Kept, items_of, packed, unpacked
from simulator.providers.openai.responses.paging import flag, included, listing, number, page_of, shown, stripped
from simulator.providers.openai.responses.sealed import seal
from simulator.providers.openai.responses.wording import bad_id, no_response
from simulator.providers.openai.schema import Free
from simulator.providers.openai.wording import invalid

_EVENTS: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
)
_TRIES: Final = 8
"""How often a response is tried to be cancelled while others change it."""


def actions() -> Sequence[Action]:
    """The operations on stored responses."""
    return (Retrieve(), Delete(), Cancel(), InputItems())


def _name(asked: Asked) -> str:
    """The response that the path names. Raises `Refusal` for what can be none."""
    name = asked.target.parameters["response_id"]
    if not name.startswith("resp"):
        raise bad_id("response_id", name, "resp")
    return name


async def _kept(asked: Asked, desk: Desk) -> Kept:
    name = _name(asked)
    kept = await load(desk, name)
    if kept is None:
        raise no_response(name)
    return kept


class Retrieve:
    """GET of one response, an `Action`; or of the events that it was streamed with, as far as they are there."""

    method = "GET"
    path = "/v1/responses/{response_id}"
    label = "responses_get"
    query = ("include", "starting_after", "stream")
    streamed = "text/event-stream"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        kept = await _kept(asked, desk)
        after = number(asked.target, "starting_after")
        if flag(asked.target, "stream"):
            return _streamed(kept, after, desk)
        if after is not None:
            raise invalid("The 'starting_after' parameter is only allowed when 'stream' is enabled.", "starting_after")
        return shown(_viewed(kept.object(desk.now), kept, included(asked.target)), desk.request_bits)


def _viewed(response: Free, kept: Kept, include: Sequence[str]) -> Free:
    """The response with thoughts sealed if that is asked for, else without."""
    output: list[Free] = [stripped(item, include) for item in response["output"]]
    if "reasoning.encrypted_content" in include:
        tokens = response["usage"]["output_tokens_details"]["reasoning_tokens"] if response["usage"] else 0
        for item in output:
            if item["type"] == "reasoning" and "encrypted_content" not in item:
                item["encrypted_content"] = seal(tokens, int(kept.created), item["id"].encode())
    return {**response, "output": output}


def _streamed(kept: Kept, after: int | None, desk: Desk) -> Reply:
    if not kept.reel:
        raise invalid(
            "This response cannot be streamed: only responses that were created with 'background' and 'stream' can.",
            "stream",
        )
    events = kept.events(desk.now)
    first = 0 if after is None else max(0, after + 1)
    return Reply(200, (*_EVENTS, *bare_headers(desk.request_bits)[1:]), b"".join(events[first:]))


class Delete:
    """DELETE of one response, an `Action`."""

    method = "DELETE"
    path = "/v1/responses/{response_id}"
    label = "responses_delete"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = _name(asked)
        if not await desk.shelf.drop(RESPONSE, name):
            raise no_response(name)
        return shown({"id": name, "object": "response", "deleted": True}, desk.request_bits)


class Cancel:
    """The end of a background response before its time, an `Action`. One that is done is told as it is."""

    method = "POST"
    path = "/v1/responses/{response_id}/cancel"
    label = "responses_cancel"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = _name(asked)
        for _ in range(_TRIES):
            body = await desk.shelf.get(RESPONSE, name)
            if body is None:
                raise no_response(name)
            kept = unpacked(body)
            if not kept.background:
                raise invalid("Cannot cancel a synchronous response.")
            if kept.state(desk.now) in PENDING:
                ended = msgspec.structs.replace(kept, cancelled=desk.now)
                if not await desk.shelf.swap(RESPONSE, name, body, packed(ended)):
                    continue
                kept = ended
            return shown(_viewed(kept.object(desk.now), kept, ()), desk.request_bits)
        raise Refusal(Problem.CONFLICT, f"Response with id '{name}' is being changed by another request. Try again.")


class InputItems:
    """GET of what a response was given, with what came before it, an `Action`."""

    method = "GET"
    path = "/v1/responses/{response_id}/input_items"
    label = "responses_input_items"
    query = ("after", "include", "limit", "order")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        kept = await _kept(asked, desk)
        page = page_of(asked.target)
        items: list[Free] = []
        previous = orjson.loads(kept.response)["previous_response_id"]
        if previous is not None:
            for link in await chain(desk, previous):
                items += [orjson.loads(item) for item in items_of(link)]
        items += orjson.loads(kept.inputs)
        found, more = page.of(items)
        include = included(asked.target)
        return listing([listed(stripped(item, include)) for item in found], desk.request_bits, more=more)


def listed(item: Free) -> Free:
    """An item as listings have it: with a state."""
    if item["type"] == "custom_tool_call" and "status" not in item:
        return {**item, "status": "completed"}
    return item
