"""The settings of a request: which of them hold together, and how they reach the neutral shape. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from simulator.engine.request import NO_SAMPLING as NOT_SAMPLED
from simulator.engine.request import TEXT_FORMAT, Format, Sampling
from simulator.providers.anthropic import blocks, schema
from simulator.providers.anthropic.answer import CITED
from simulator.providers.anthropic.citing import is_cited, sources_of
from simulator.providers.anthropic.generation import NO_SAMPLING, TEMPERATURE_OR_TOP_P, since
from simulator.providers.anthropic.modes import modes_of
from simulator.providers.anthropic.stable import stable
from simulator.providers.anthropic.wording import either, invalid
from simulator.providers.base import Problem, Refusal

_ADMITTED_TOP_P: Final = 0.99
"""Newer models take a `top_p` from here on, which changes next to nothing, for old clients' sake."""


def sampling_of(body: schema.SampledBody) -> Sampling:
    """The sampling parameters. Raises Refusal for those that the model refuses."""
    temperature, top_p, top_k = body.temperature, body.top_p, body.top_k
    if temperature is None and top_p is None and top_k is None:
        return NOT_SAMPLED
    if since(body.model, NO_SAMPLING):
        refused = {
            "temperature": temperature not in (None, 1),
            "top_p": top_p is not None and top_p < _ADMITTED_TOP_P,
            "top_k": top_k is not None,
        }
        for name, is_refused in refused.items():
            if is_refused:
                raise invalid("", f"`{name}` is deprecated for this model.")
    if temperature is not None and top_p is not None and since(body.model, TEMPERATURE_OR_TOP_P):
        raise invalid("", "`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    return Sampling(temperature=temperature, top_p=top_p, top_k=top_k)


def stops_of(sequences: list[str] | None) -> tuple[str, ...]:
    """The stop sequences. Raises Refusal for a blank one."""
    if not sequences:
        return ()
    for sequence in sequences:
        if not sequence or sequence.isspace():
            raise invalid("stop_sequences", "each stop sequence must contain non-whitespace")
    return tuple(sequences)


def check_citing(turns: Sequence[schema.Turn], form: Format) -> tuple[str, ...]:
    """What `extra` says of citations. Raises Refusal where only some sources have them, and beside a set format."""
    for kind, name in ((blocks.Document, "documents"), (blocks.SearchResult, "search results")):
        asked = {is_cited(source) for source in sources_of(turns) if isinstance(source, kind)}
        if len(asked) > 1:
            raise invalid("", f"Citations must be enabled on all or none of the {name} within a request.")
    if not any(is_cited(source) for source in sources_of(turns)):
        return ()
    if form is not TEXT_FORMAT:
        raise invalid("", "Citations cannot be used together with structured outputs (`output_config.format`).")
    return (CITED,)


def check_prewarming(body: schema.MessagesBody) -> None:
    """`max_tokens: 0` only fills the prompt cache. Raises Refusal beside what needs an answer."""
    if body.max_tokens == 0 and body.stream:
        raise invalid("max_tokens", "0 is not supported with `stream`; it must be at least 1")


def check_thread(body: schema.MessagesBody) -> None:
    """Raises Refusal for a conversation that the service is to hold; the code tells a client to send all of it."""
    if getattr(body, "thread", None) is not None:
        raise Refusal(
            Problem.INVALID,
            "thread: This version of the simulator holds no message threads; send the whole conversation without "
            "`thread`",
            param="thread",
            code="thread_unsupported_request",
        )


def _check_effort(effort: str, model: str) -> None:
    efforts = modes_of(model).efforts
    if not efforts:
        raise invalid("", "This model does not support the effort parameter.")
    if effort not in efforts:
        raise invalid("output_config.effort", f"'{effort}' is not supported on this model; use {either(efforts)}")


def extras_of(body: schema.CountBody, betas: tuple[str, ...]) -> list[str]:
    """Whatever else changes an answer, as stable text, each with its name; the format of the answer is not among it.

    Raises Refusal for an effort that the model does not know.
    """
    extras: list[str] = []
    config = body.output_config
    if config is not None and config.effort is not None:
        _check_effort(config.effort, body.model)
    if config is not None and (config.effort is not None or config.task_budget is not None):
        rest = msgspec.to_builtins(msgspec.structs.replace(config, format=None))
        extras.append(f"output_config={stable(rest, 'output_config')}")
    for name in betas:
        value = getattr(body, name, None) if name != schema.OLDER_FORMAT else None
        if value is not None:
            extras.append(f"{name}={stable(value, name)}")
    return extras
