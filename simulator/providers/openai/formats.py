"""The shape that a chat answer shall have. Pure."""

from collections.abc import Sequence

from simulator.engine.request import TEXT_FORMAT, Format, Message
from simulator.providers.openai.chat_schema import ChatBody, JsonObjectFormat, JsonSchemaFormat
from simulator.providers.openai.verdicts import Verdicts
from simulator.providers.openai.wording import invalid, missing

_SCHEMA = ("response_format", "json_schema", "schema")


def format_of(body: ChatBody, messages: Sequence[Message], verdicts: Verdicts) -> Format:
    """The format in the one shape. Raises `Refusal` for a schema that is not taken.

    JSON without a schema must be spoken of in the conversation: the service refuses it otherwise. A format of type
    `json_schema` that gives no schema, and is not strict, asks for any JSON object.
    """
    wanted = body.response_format
    if isinstance(wanted, JsonSchemaFormat):
        given = wanted.json_schema
        strict = given.strict is True
        if given.schema is None:
            if strict:
                raise missing(".".join(_SCHEMA))
            return Format("json_object")
        return verdicts.format_of(given.name, given.schema, _SCHEMA, strict=strict)
    if isinstance(wanted, JsonObjectFormat):
        if not any("json" in message.text.casefold() for message in messages):
            raise invalid(
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
                "messages",
            )
        return Format("json_object")
    return TEXT_FORMAT
