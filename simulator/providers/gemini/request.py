"""From a body to the request in the one shape. Pure: the same for plain, streamed, counted and cached requests."""

from collections.abc import Mapping
from typing import Final

import msgspec

from simulator.engine.request import NO_SAMPLING, Message, Operation, Request
from simulator.providers.base import Target
from simulator.providers.decode import quote
from simulator.providers.gemini import schema
from simulator.providers.gemini.contents import Reader, StoredFile
from simulator.providers.gemini.generation import Generation, generation_of
from simulator.providers.gemini.schemas import Schemas
from simulator.providers.gemini.settings import DEFAULTS, Settings, check_forms, safety_of, settings_of
from simulator.providers.gemini.tools import choice, elsewhere, functions
from simulator.providers.gemini.wording import invalid

NAME: Final = "gemini"
GENERATE: Final = "GenerateContentRequest"
WITH_CACHE: Final = (
    "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.\n\n"
    "Proposed fix: move those values to CachedContent from GenerateContent request."
)


class Echo(msgspec.Struct, gc=False):
    """What only the dialect needs of a request to answer it: `Call.echo`.

    `cached` is the tokens of the cached context that the request goes on with; `media` the prompt's tokens by modality,
    apart from text; `events` whether a stream is one of events.
    """

    body: schema.GenerateBody
    generation: Generation
    thoughts: bool = False
    enumerated: bool = False
    rated: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    cached: int = 0
    media: tuple[tuple[str, int], ...] = ()
    events: bool = False


def model_of(target: Target, given: str | None, family: str = "models") -> str:
    """The model that the path names, which the body may repeat; the body's where the path names none."""
    named = target.parameters.get("model", "")
    name = named if family == "models" else f"{family}/{named}"
    if given:
        said = given.removeprefix("models/")
        if not named:
            return said
        if said != name:
            raise invalid(
                f"The model of the request ('{quote(given)}') is not that of the URL ('{quote(name)}').", "model"
            )
    elif not named:
        raise invalid("* GenerateContentRequest.model: unexpected model name format\n", "model")
    return name


def request_of(
    body: schema.GenerateBody,
    model: str,
    schemas: Schemas,
    *,
    operation: Operation = Operation.CHAT,
    stored: Mapping[str, StoredFile] | None = None,
    where: str = "contents",
) -> tuple[Request, Echo]:
    """The request that a body makes of a model, and what is needed to answer it. Raises `Refusal`.

    A cached context is not looked up here.
    """
    generation = generation_of(model)
    settings: Settings = DEFAULTS
    if body.generation_config is not None:
        settings = settings_of(body.generation_config, GENERATE, model, generation, schemas)
    reader = Reader(GENERATE, generation, settings.resolution, stored)
    messages: list[Message] = []
    if body.contents or body.system_instruction is None or operation is not Operation.COUNT:
        messages = reader.conversation(body.contents, where)
    if body.system_instruction is not None:
        messages.insert(0, reader.instruction(body.system_instruction))
    tools = functions(body.tools, GENERATE, schemas) if body.tools else ()
    word = choice(body.tool_config, tools, GENERATE) if body.tool_config is not None else ""
    if body.cached_content is not None and (body.system_instruction or body.tools or body.tool_config):
        raise invalid(WITH_CACHE)
    if settings is not DEFAULTS:
        check_forms(settings, generation, calling=bool(tools) and word != "none")
    safety = safety_of(body.safety_settings) if body.safety_settings else ()
    extra = elsewhere(body.tools) if body.tools else ()
    request = Request(
        operation=operation,
        provider=NAME,
        model=model,
        messages=tuple(messages),
        max_tokens=settings.max_tokens,
        stop=settings.stops,
        choices=settings.candidates,
        sampling=NO_SAMPLING if settings is DEFAULTS else settings.sampling,
        tools=tools,
        tool_choice=word,
        format=settings.format,
        extra=extra,
        reasoning=settings.reasoning,
    )
    echo = Echo(
        body,
        generation,
        settings.thoughts,
        settings.enumerated,
        tuple([category for category, _ in safety]),
        tuple(dict.fromkeys(reader.files)),
        media=_media(messages),
    )
    return request, echo


_MODALITIES: Final = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO", "document": "DOCUMENT"}


def _media(messages: list[Message]) -> tuple[tuple[str, int], ...]:
    """The tokens of what is not text, by modality in the order of first appearance."""
    found: dict[str, int] = {}
    for message in messages:
        for part in message.parts:
            modality = _MODALITIES.get(part.kind)
            if modality is not None:
                found[modality] = found.get(modality, 0) + part.tokens
    return tuple(found.items())
