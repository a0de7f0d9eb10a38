"""From a body to a neutral request; shared by the two endpoints that take a conversation. Pure."""

from collections.abc import Mapping
from typing import Final, Generic

import msgspec

from simulator.engine.request import NO_SAMPLING, TEXT_FORMAT, Operation, Request, Sampling, Tool
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.caching import check_caching
from simulator.providers.anthropic.content import Reader, system_of
from simulator.providers.anthropic.modes import modes_of
from simulator.providers.anthropic.options import check_citing, extras_of
from simulator.providers.anthropic.schemas import format_of
from simulator.providers.anthropic.thinking import reasoning_of
from simulator.providers.anthropic.tools import choice_of, tools_of
from simulator.providers.anthropic.triggers import MARK, REFUSED, trigger_in
from simulator.providers.anthropic.turns import check_end, check_system, check_tools
from simulator.providers.anthropic.wording import invalid, worder
from simulator.providers.decode import DEFAULT_DEPTH, decode, quote

NAME: Final = "anthropic"
FIRST: Final = b"2023-06-01"
LATEST: Final = b"2026-10-21"
MOST_MESSAGES: Final = 100_000


class Asking(msgspec.Struct, frozen=True, gc=False):
    """What the headers say of how a body is to be read.

    `latest` is whether it is under API version 2026-10-21, `betas` the betas asked for, and `fields` the fields of the
    body that exist only because of them.
    """

    latest: bool
    betas: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()


_PLAINLY: Final = {FIRST: Asking(latest=False), LATEST: Asking(latest=True)}


class Bodies(Generic[schema.B]):
    """The decoders of one endpoint: by API version, and by whether a beta was asked for."""

    __slots__ = ("_decoders", "_fields")

    def __init__(self, first: type[schema.B], latest: type[schema.B], fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._decoders = {FIRST: schema.decoders(first, fields), LATEST: schema.decoders(latest, fields)}

    def read(self, body: bytes, headers: Mapping[bytes, bytes]) -> tuple[schema.B, Asking]:
        """The typed body, and what the headers say of it.

        Raises Refusal for a missing or unknown version and for a body that does not fit.
        """
        version = headers.get(b"anthropic-version")
        if version not in _PLAINLY:
            version = version_of(headers)
        asking = _PLAINLY[version]
        given = headers.get(b"anthropic-beta")
        if given is None:
            return decode(body, self._decoders[version][0], DEFAULT_DEPTH, worder(body)), asking
        asking = Asking(asking.latest, betas_in(given), self._fields)
        return decode(body, self._decoders[version][1], DEFAULT_DEPTH, worder(body)), asking


def version_of(headers: Mapping[bytes, bytes]) -> bytes:
    """The API version asked for. Raises Refusal for none and for an unknown one."""
    version = headers.get(b"anthropic-version")
    if version in _PLAINLY:
        return version
    if not version:
        raise invalid("anthropic-version", "header is required")
    raise invalid("anthropic-version", f'"{quote(version.decode("latin-1"))}" is not a valid version')


def betas_in(header: bytes) -> frozenset[str]:
    """The betas that the header's value names."""
    return frozenset([name.strip() for name in header.decode("latin-1").split(",")])


def request_of(
    operation: Operation,
    body: schema.CountBody,
    asking: Asking,
    *,
    max_tokens: int | None = None,
    stop: tuple[str, ...] = (),
    sampling: Sampling = NO_SAMPLING,
) -> tuple[Request, bool, bool]:
    """The neutral request, whether it refers to uploaded files, and whether it sets cache breakpoints.

    The three last are what only a message has.

    Raises Refusal for anything that the API refuses with a 400.
    """
    turns = body.messages
    if not turns:
        raise invalid("messages", "at least one message is required")
    if len(turns) > MOST_MESSAGES:
        raise invalid("messages", f"List should have at most {MOST_MESSAGES} items, not {len(turns)}")
    plain = body.tools is None and body.tool_choice is None and body.cache_control is None
    reader = Reader(body.model, asking.latest)
    system = system_of(body.system)
    if system is not None:
        reader.messages.append(system)
    last = len(turns) - 1
    for number, turn in enumerate(turns):
        reader.read(number, turn, may_be_empty=number == last and turn.role == "assistant")
        plain = plain and isinstance(turn.content, str) and turn.role != "system"
    check_end(turns, body.model)
    marked = (not plain or isinstance(body.system, list)) and check_caching(body)
    tools, served, choice, parallel = _NO_TOOLS if plain else _tooling(body)
    reasoning: int | None = None
    if not plain or body.thinking is not None or modes_of(body.model).always:
        reasoning = reasoning_of(body, max_tokens, asking.betas)
    extra: tuple[str, ...] = ()
    form = TEXT_FORMAT
    if served or asking.fields or body.output_config is not None:
        form = format_of(body.output_config, getattr(body, schema.OLDER_FORMAT, None), body.model)
        extra = (*served, *extras_of(body, asking.fields))
    if reader.sources:
        extra += check_citing(turns, form)
    request = Request(
        operation,
        NAME,
        body.model,
        tuple(reader.messages),
        max_tokens=max_tokens,
        stop=stop,
        sampling=sampling,
        tools=tools,
        tool_choice=choice,
        format=form,
        extra=extra,
        parallel=parallel,
        reasoning=reasoning,
    )
    said = reader.messages[-1].text if reader.messages else ""
    if MARK in said and (trigger := trigger_in(said)):
        request = _triggered(request, trigger)
    return request, bool(reader.files), marked


_NO_TOOLS: Final[tuple[tuple[Tool, ...], tuple[str, ...], str, bool]] = ((), (), "", True)


def _tooling(body: schema.CountBody) -> tuple[tuple[Tool, ...], tuple[str, ...], str, bool]:
    """The tools, those of the provider's own as text, the choice among them, and whether several may be called."""
    turns = body.messages
    if any(turn.role == "system" for turn in turns):
        check_system(turns, body.model)
    check_tools(turns)
    return (*tools_of(body.tools or (), body.model), *choice_of(body.tool_choice, body.tools))


def _triggered(request: Request, trigger: str) -> Request:
    """The request with what its text asks of the simulator itself."""
    changed = msgspec.structs.replace(request, extra=(*request.extra, trigger))
    if trigger != REFUSED or request.operation is not Operation.CHAT:
        return changed
    # Nothing of the answer is shown: the least that can be planned.
    return msgspec.structs.replace(
        changed, tools=(), tool_choice="", format=TEXT_FORMAT, reasoning=0, max_tokens=min(request.max_tokens or 1, 1)
    )
