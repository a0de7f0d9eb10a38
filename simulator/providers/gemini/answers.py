"""What plain and streamed answers share: finish reasons, usage, the parts of a candidate. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import orjson

from simulator.engine.plan import Answer, Call, Choice, Embedded, Finish, Plan, Usage
from simulator.providers.gemini.request import Echo
from simulator.providers.gemini.wire import CALL_ID, base36, signature

FINISH: Final = {
    Finish.STOP: b"STOP",
    Finish.LENGTH: b"MAX_TOKENS",
    Finish.STOP_SEQUENCE: b"STOP",
    Finish.TOOL_CALLS: b"STOP",
    Finish.CONTENT_FILTER: b"SAFETY",
    Finish.REFUSAL: b"STOP",
}


def answer_of(plan: Plan) -> Answer:
    """The plan's answer. Raises TypeError when it has none: a fault is refused, not encoded."""
    if not isinstance(plan.outcome, Answer):
        raise TypeError(f"this endpoint encodes an Answer, not {type(plan.outcome).__name__}")
    return plan.outcome


def embedded_of(plan: Plan) -> Embedded:
    """The plan's embeddings. Raises TypeError when it has none."""
    if not isinstance(plan.outcome, Embedded):
        raise TypeError(f"this endpoint encodes an Embedded, not {type(plan.outcome).__name__}")
    return plan.outcome


@lru_cache(maxsize=1024)
def literal(name: str) -> bytes:
    """A name as a JSON literal."""
    return orjson.dumps(name)


def usage_of(usage: Usage, echo: Echo) -> dict[str, Any]:
    """`usageMetadata`. What is 0 is left out, as the service does."""
    said = usage.output_tokens - usage.reasoning_tokens
    found: dict[str, Any] = {"promptTokenCount": usage.input_tokens}
    if said:
        found["candidatesTokenCount"] = said
    found["totalTokenCount"] = usage.input_tokens + usage.output_tokens
    cached = min(usage.input_tokens, usage.cached_tokens + echo.cached)
    if cached:
        found["cachedContentTokenCount"] = cached
    found["promptTokensDetails"] = by_modality(usage.input_tokens, echo)
    if cached:
        found["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": cached}]
    if usage.reasoning_tokens:
        found["thoughtsTokenCount"] = usage.reasoning_tokens
    return found


def by_modality(tokens: int, echo: Echo) -> list[dict[str, Any]]:
    """The prompt's tokens by modality: text, then the media there are."""
    if not echo.media:
        return [{"modality": "TEXT", "tokenCount": tokens}]
    rest = max(0, tokens - sum([count for _, count in echo.media]))
    found = [{"modality": "TEXT", "tokenCount": rest}] if rest else []
    return found + [{"modality": name, "tokenCount": count} for name, count in echo.media]


def ratings(echo: Echo) -> list[dict[str, str]]:
    """`safetyRatings` of a candidate, one for each category that the request sets; none where it sets none."""
    return [{"category": category, "probability": "NEGLIGIBLE"} for category in echo.rated]


def signed(choice: Choice, echo: Echo) -> bool:
    """Whether a candidate carries a signature: always from Gemini 3 on, before only with thoughts ahead of calls."""
    return echo.generation.signed or (bool(choice.calls) and len(choice.reasoning) > 0)


def signature_of(answer: Answer, index: int) -> bytes:
    """The signature of a candidate."""
    return signature(answer.id_bits, index)


def pieces_of(choice: Choice, echo: Echo) -> Sequence[str]:
    """The pieces of a candidate's text as they are shown: a word of an enumeration without its quotes."""
    if not echo.enumerated or not choice.pieces:
        return choice.pieces
    text = choice.text
    try:
        bare = msgspec.json.decode(text, type=str)
    except msgspec.MsgspecError:  # cut short by the limit
        bare = text.removeprefix('"')
    return [*[""] * (len(choice.pieces) - 1), bare]


def text_of(choice: Choice, echo: Echo) -> str:
    """All of a candidate's text as it is shown."""
    return pieces_of(choice, echo)[-1] if echo.enumerated and choice.pieces else choice.text


class Shown(msgspec.Struct, frozen=True):
    """A call as it is shown: name and id as JSON literals, the arguments as JSON, the id empty where there is none."""

    name: bytes
    args: bytes
    id: bytes


def calls_of(choice: Choice, echo: Echo) -> list[Shown | None]:
    """The calls of a candidate in order; None for one that the limit cut, which is not shown."""
    return [_shown(call, echo, cut=choice.finish is Finish.LENGTH) for call in choice.calls]


def _shown(call: Call, echo: Echo, *, cut: bool) -> Shown | None:
    args = "".join(call.pieces).encode()
    if cut:
        try:
            msgspec.json.decode(args)
        except msgspec.MsgspecError:
            return None
    name = b'"%b"' % base36(call.id_bits, CALL_ID).encode() if echo.generation.signed else b""
    return Shown(literal(call.name), args, name)
