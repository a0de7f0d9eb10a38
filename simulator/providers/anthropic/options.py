"""The settings of a request: which of them hold together, and how they reach the neutral shape. Pure."""

from typing import Final

import msgspec

from simulator.engine.request import NO_SAMPLING as NOT_SAMPLED
from simulator.engine.request import Sampling
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.generation import NO_SAMPLING, TEMPERATURE_OR_TOP_P, since
from simulator.providers.anthropic.stable import stable
from simulator.providers.anthropic.wording import invalid
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


def check_thinking(thinking: schema.AnyThinking | None, max_tokens: int | None) -> None:
    """Raises Refusal for thinking that must show in the answer; `adaptive` may do without."""
    if not isinstance(thinking, schema.ThinkingEnabled):
        return
    if max_tokens is not None and thinking.budget_tokens >= max_tokens:
        raise invalid("", "`max_tokens` must be greater than `thinking.budget_tokens`.")
    raise invalid(
        "thinking.type",
        "This version of the simulator writes no thinking blocks, which 'enabled' promises; use 'adaptive' or "
        "'disabled'",
    )


def stops_of(sequences: list[str] | None) -> tuple[str, ...]:
    """The stop sequences. Raises Refusal for a blank one."""
    if not sequences:
        return ()
    for sequence in sequences:
        if not sequence or sequence.isspace():
            raise invalid("stop_sequences", "each stop sequence must contain non-whitespace")
    return tuple(sequences)


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


def extras_of(body: schema.CountBody, betas: tuple[str, ...]) -> list[str]:
    """Whatever else changes an answer, as stable text, each with its name; the format of the answer is not among it."""
    extras: list[str] = []
    if body.thinking is not None:
        extras.append(f"thinking={stable(msgspec.to_builtins(body.thinking), 'thinking')}")
    config = body.output_config
    if config is not None and (config.effort is not None or config.task_budget is not None):
        rest = msgspec.to_builtins(msgspec.structs.replace(config, format=None))
        extras.append(f"output_config={stable(rest, 'output_config')}")
    for name in betas:
        value = getattr(body, name, None) if name != schema.OLDER_FORMAT else None
        if value is not None:
            extras.append(f"{name}={stable(value, name)}")
    return extras
