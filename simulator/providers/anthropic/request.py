"""From a body to a neutral request; shared by the two endpoints that take a conversation. Pure."""

from collections.abc import Mapping
from typing import Final, Generic

from simulator.engine.request import NO_SAMPLING, TEXT_FORMAT, Operation, Request, Sampling, Tool
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.content import Reader, system_of
from simulator.providers.anthropic.options import check_thinking, extras_of
from simulator.providers.anthropic.schemas import format_of
from simulator.providers.anthropic.tools import choice_of, tools_of
from simulator.providers.anthropic.turns import check_breakpoints, check_end, check_system, check_tools
from simulator.providers.anthropic.wording import invalid, worder
from simulator.providers.decode import DEFAULT_DEPTH, decode, quote

NAME: Final = "anthropic"
FIRST: Final = b"2023-06-01"
LATEST: Final = b"2026-10-21"
MOST_MESSAGES: Final = 100_000


class Bodies(Generic[schema.B]):
    """The decoders of one endpoint: by API version, and by whether a beta was asked for."""

    __slots__ = ("_betas", "_decoders")

    def __init__(self, first: type[schema.B], latest: type[schema.B], betas: tuple[str, ...]) -> None:
        self._betas = betas
        self._decoders = {FIRST: schema.decoders(first, betas), LATEST: schema.decoders(latest, betas)}

    def read(self, body: bytes, headers: Mapping[bytes, bytes]) -> tuple[schema.B, bool, tuple[str, ...]]:
        """The typed body, whether it is under the latest API version, and the beta fields it may have.

        Raises Refusal for a missing or unknown version and for a body that does not fit.
        """
        version = headers.get(b"anthropic-version")
        choice = self._decoders.get(version) if version is not None else None
        if choice is None:
            raise _wrong_version(version)
        beta = b"anthropic-beta" in headers
        typed = decode(body, choice[beta], DEFAULT_DEPTH, worder(body))
        return typed, version == LATEST, self._betas if beta else ()


def _wrong_version(version: bytes | None) -> Exception:
    if not version:
        return invalid("anthropic-version", "header is required")
    return invalid("anthropic-version", f'"{quote(version.decode("latin-1"))}" is not a valid version')


def request_of(
    operation: Operation,
    body: schema.CountBody,
    latest: bool,
    betas: tuple[str, ...],
    *,
    max_tokens: int | None = None,
    stop: tuple[str, ...] = (),
    sampling: Sampling = NO_SAMPLING,
) -> Request:
    """The neutral request; the three last are what only a request for an answer has.

    Raises Refusal for anything that the API refuses with a 400.
    """
    turns = body.messages
    if not turns:
        raise invalid("messages", "at least one message is required")
    if len(turns) > MOST_MESSAGES:
        raise invalid("messages", f"List should have at most {MOST_MESSAGES} items, not {len(turns)}")
    plain = body.tools is None and body.tool_choice is None and body.cache_control is None
    reader = Reader(body.model, latest)
    system = system_of(body.system)
    if system is not None:
        reader.messages.append(system)
    last = len(turns) - 1
    for number, turn in enumerate(turns):
        reader.read(number, turn, may_be_empty=number == last and turn.role == "assistant")
        plain = plain and isinstance(turn.content, str) and turn.role != "system"
    check_end(turns, body.model)
    if not plain or isinstance(body.system, list):
        check_breakpoints(body)
    tools: tuple[Tool, ...] = ()
    served: tuple[str, ...] = ()
    choice, parallel = "", True
    if not plain:
        if any(turn.role == "system" for turn in turns):
            check_system(turns, body.model)
        check_tools(turns)
        tools, served = tools_of(body.tools or (), body.model)
        choice, parallel = choice_of(body.tool_choice, body.tools)
    extra: tuple[str, ...] = ()
    form = TEXT_FORMAT
    if served or betas or body.thinking is not None or body.output_config is not None:
        check_thinking(body.thinking, max_tokens)
        form = format_of(body.output_config, getattr(body, schema.OLDER_FORMAT, None), body.model)
        extra = (*served, *extras_of(body, betas))
    return Request(
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
    )
