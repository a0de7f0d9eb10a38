"""A decoded Responses request: the engine's request and what only this dialect needs to answer. Pure.

Shared by the endpoint that answers, the one that counts and the one that compacts.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from simulator.engine.request import NO_SAMPLING, TEXT_FORMAT, Format, Message, Operation, Request, Sampling
from simulator.providers.base import Refusal
from simulator.providers.decode import plain_json
from simulator.providers.openai.responses.items import Item, ReasoningItem, ReferenceItem, read_items
from simulator.providers.openai.responses.offered import FREELY, NOTHING, Chosen, Offered
from simulator.providers.openai.responses.schema import (
    ContextBody,
    ConversationReference,
    JsonObject,
    JsonSchema,
    ResponseBody,
    Text,
)
from simulator.providers.openai.responses.turns import single, turns
from simulator.providers.openai.responses.wording import bad_id, exclusive, worded
from simulator.providers.openai.verdicts import Verdicts
from simulator.providers.openai.wording import invalid, missing


class Given(msgspec.Struct):
    """What a response is made from besides its plan.

    `items` are the request's own input where it is a list, else `text` is. `before` are the items of the context that
    was stored. `stored_at` is the wall clock in whole Unix seconds where the response is stored, and `conversation` the
    stored conversation that it belongs to. `made` keeps the final response once it was built.
    """

    body: ContextBody
    items: Sequence[Item] = ()
    text: str | None = None
    offer: Offered = NOTHING
    choice: Chosen = FREELY
    before: Sequence[Item] = ()
    conversation: str | None = None
    stored_at: int | None = None
    made: dict[str, Any] | None = None


def read_input(body: ContextBody, depth: int) -> Given:
    """The input of a request. Raises `Refusal` for items that are none."""
    if body.model == "":
        raise invalid("you must provide a model parameter")
    given = body.input
    if given is None or isinstance(given, str):
        return Given(body, text=given)
    return Given(body, items=read_items(given, depth))


def refers(given: Given) -> bool:
    """Whether the request cannot be planned without stored objects."""
    body = given.body
    return (
        body.previous_response_id is not None
        or given.conversation is not None
        or body.model is None
        or any(isinstance(item, ReferenceItem) or is_by_id(item) for item in given.items)
    )


def is_by_id(item: Item) -> bool:
    """Whether an item is a thought that is only named."""
    return isinstance(item, ReasoningItem) and not item.encrypted_content and item.id is not None


def messages_of(given: Given) -> tuple[Message, ...]:
    """The messages of a request none of whose items is a reference. Raises `Refusal`."""
    instructions = given.body.instructions
    if given.text is not None and not given.before:
        return single(instructions, given.text)
    messages = turns(instructions, given.before, given.items)
    return messages if given.text is None else (*messages, Message("user", given.text))


def check_context(body: ContextBody, conversation: str | ConversationReference | None) -> str | None:
    """The id of the conversation. Raises `Refusal` for a context that is named twice, wrongly or not at all."""
    previous = body.previous_response_id
    name = conversation.id if isinstance(conversation, ConversationReference) else conversation
    if name is not None:
        if previous is not None:
            raise exclusive("previous_response_id", "conversation")
        if not name.startswith("conv"):
            raise bad_id("conversation", name, "conv")
    if previous is not None and not previous.startswith("resp"):
        raise bad_id("previous_response_id", previous, "resp")
    return name


def check_something(given: Given, *, prompt: bool = False) -> None:
    """Refuse a request that gives a model nothing to answer to."""
    body = given.body
    if given.text is None and not given.items and not (prompt or body.previous_response_id or given.conversation):
        raise invalid(
            "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
            "input",
            "missing_required_parameter",
        )


def check_model(body: ContextBody) -> None:
    """Refuse a request that names no model and nothing that could name one."""
    if body.model is None and body.previous_response_id is None:
        raise missing("model")


def sampling_of(body: ResponseBody) -> Sampling:
    """The parameters that steer sampling."""
    if body.temperature is None and body.top_p is None:
        return NO_SAMPLING
    return Sampling(temperature=body.temperature, top_p=body.top_p)


def format_of(text: Text | None, verdicts: Verdicts) -> Format:
    """The shape that the answer shall have. Raises `Refusal` for a schema that is not taken."""
    wanted = None if text is None else text.format
    if isinstance(wanted, JsonSchema):
        plain_json(wanted.schema, ("text", "format", "schema"), worded)
        try:
            verdicts.check_format(
                wanted.name, wanted.schema, ("text", "format", "schema"), strict=wanted.strict is not False
            )
        except Refusal as refusal:
            raise invalid(refusal.message, "text.format.schema", "invalid_json_schema") from None
        return Format("json_schema", wanted.schema)
    return Format("json_object") if isinstance(wanted, JsonObject) else TEXT_FORMAT


def check_json_told(request: Request) -> None:
    """Refuse JSON without a schema of which the conversation does not speak."""
    if request.format.kind == "json_object" and not any(
        "json" in message.text.casefold() for message in request.messages
    ):
        raise invalid(
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'.",
            "input",
        )


def request_of(given: Given, operation: Operation, fmt: Format, **more: Any) -> Request:
    """The engine's request, with messages where they are known."""
    return Request(
        operation=operation,
        provider="openai",
        model=given.body.model or "",
        messages=() if refers(given) else messages_of(given),
        tools=given.offer.tools,
        tool_choice=given.choice.word,
        format=fmt,
        **more,
    )
