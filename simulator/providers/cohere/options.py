"""The parameters of a chat request that no type can check. Pure."""

from typing import Final

from simulator.engine.request import NO_SAMPLING, TEXT_FORMAT, Format, Sampling
from simulator.providers.base import Refusal
from simulator.providers.cohere.schema import CitationOptions, ResponseFormat, Sampled, Thinking
from simulator.providers.cohere.wording import bare, invalid, one_of, plain
from simulator.providers.decode import quote

MOST_STOPS: Final = 5
MOST_K: Final = 500
SAFETY_V2: Final = ("CONTEXTUAL", "STRICT", "OFF")
SAFETY_V1: Final = ("CONTEXTUAL", "STRICT", "NONE")
MODES: Final = ("ENABLED", "DISABLED", "FAST", "ACCURATE", "OFF")
SILENT_MODES: Final = frozenset({"DISABLED", "OFF"})
USUAL_THOUGHT: Final = 300
"""About how many tokens a model thinks whose budget would allow for more: an estimate."""


def sampling_of(body: Sampled) -> Sampling:
    """The sampling parameters. Raises `Refusal` for one out of its bounds."""
    temperature, top_p, top_k = body.temperature, body.p, body.k
    frequency, presence = body.frequency_penalty, body.presence_penalty
    if temperature is top_p is top_k is frequency is presence is body.seed is None:
        return NO_SAMPLING
    if temperature is not None and not 0 <= temperature <= 1:
        raise _between("temperature", "0 and 1.0")
    if top_p is not None and not 0 <= top_p <= 1:
        raise _between("p", "0 and 1.0")
    if top_k is not None and not 0 <= top_k <= MOST_K:
        raise _between("k", f"0 and {MOST_K}")
    if frequency is not None and not 0 <= frequency <= 1:
        raise _between("frequency_penalty", "0 and 1")
    if presence is not None and not 0 <= presence <= 1:
        raise _between("presence_penalty", "0 and 1")
    return Sampling(temperature, top_p, top_k, frequency, presence, body.seed)


def stops_of(body: Sampled) -> tuple[str, ...]:
    """The stop sequences. Raises `Refusal` for too many."""
    stops = body.stop_sequences
    if not stops:
        return ()
    if len(stops) > MOST_STOPS:
        raise invalid(
            f"too many stop sequences provided, maximum is {MOST_STOPS}, received {len(stops)}.", "stop_sequences"
        )
    return tuple(stops)


def max_tokens_of(body: Sampled) -> int | None:
    """The most tokens of an answer. Raises `Refusal` for fewer than none."""
    if body.max_tokens is not None and body.max_tokens < 0:
        raise invalid("max_tokens cannot be less than 0.", "max_tokens")
    return body.max_tokens


def check_safety(mode: str | None, known: tuple[str, ...]) -> None:
    """Raises `Refusal` for a safety mode that there is not."""
    if mode is not None and mode not in known:
        raise bare(
            f"unrecognized safety mode '{quote(mode)}'. For proper usage, please refer to "
            "https://docs.cohere.com/reference/chat",
            "safety_mode",
        )


def mode_of(options: CitationOptions | None) -> str:
    """The citation mode in capitals; ENABLED where none is given. Raises `Refusal` for one that there is not."""
    if options is None or options.mode is None:
        return "ENABLED"
    mode = options.mode.upper()
    if mode not in MODES:
        raise one_of("citation_options.mode", MODES)
    return mode


def reasoning_of(thinking: Thinking | None) -> int | None:
    """About how many tokens the model thinks; None leaves it to the model. Raises `Refusal` for no budget at all.

    The engine draws up to half as much again as it is asked for, and a thought must keep the budget.
    """
    if thinking is None:
        return None
    budget = thinking.token_budget
    if budget is not None and budget < 1:
        raise invalid("thinking.token_budget must be a positive integer.", "thinking.token_budget")
    if thinking.type == "disabled":
        return 0
    return None if budget is None else max(1, min(USUAL_THOUGHT, budget * 2 // 3))


def format_of(wanted: ResponseFormat | None, page: str, *, beside: str) -> Format:
    """The format in the one shape. Raises `Refusal` for a schema that is none.

    `beside` says what else the request has that excludes JSON: `RAG`, `tools` or nothing.
    """
    if wanted is None:
        return TEXT_FORMAT
    schema = wanted.json_schema if wanted.json_schema is not None else wanted.schema
    if wanted.type == "text":
        if schema is not None:
            raise invalid("a schema must not be specified when the type is text.", "response_format.json_schema")
        return TEXT_FORMAT
    if beside:
        raise invalid(f"response_format is not supported with {beside}.", "response_format")
    if not schema:
        return Format("json_object")
    if schema.get("type") != "object":
        raise bare("schema must be an object", "response_format.json_schema.type")
    plain(schema, ("response_format", "json_schema"), page)
    return Format("json_schema", schema)


def _between(name: str, bounds: str) -> Refusal:
    return invalid(f"{name} must be between {bounds} inclusive.", name)
