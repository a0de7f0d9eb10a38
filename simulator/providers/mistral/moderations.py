"""POST /v1/moderations, /v1/classifications and the same for conversations. Pure.

A score is small and stable for its text, and near 1 where the text has one of a category's words, so that a test of
moderation behaves. It judges nothing: the lists of words are short and in English.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
import orjson

from simulator.engine.plan import Plan, Synthetic
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.mistral.conversation import spoken
from simulator.providers.mistral.headers import plain_headers
from simulator.providers.mistral.schema import ChatClassificationBody, ChatModerationBody, MessageBody, TextsBody
from simulator.providers.mistral.wording import arguments, field, flawed

MOST_TEXTS: Final = 1_024
"""Texts or conversations of one request: this simulator's own bound."""
LONGEST: Final = 100_000
"""Characters of a text that are looked at for words."""

_WORDS = {
    "sexual": "porn|erotic|nude|sex|sexual",
    "hate_and_discrimination": "hate|racist|inferior race|subhuman|vermin",
    "violence_and_threats": "kill|murder|stab|shoot|attack you|hurt you|torture",
    "dangerous": "bomb|explosive|nerve agent|poison",
    "criminal": "steal|launder|counterfeit|smuggle|hack into",
    "dangerous_and_criminal_content": "bomb|explosive|nerve agent|poison|steal|launder|counterfeit|smuggle|hack into",
    "selfharm": "suicide|self-harm|hurt myself|kill myself|end my life",
    "health": "diagnosis|prescribe|dosage|symptoms|medication",
    "financial": "invest|stocks|mortgage|portfolio",
    "law": "lawsuit|sue|attorney|legal advice",
    "pii": "social security number|passport number|home address|credit card number",
    "jailbreaking": "ignore all previous instructions|ignore previous instructions|without any restrictions",
}
_FIRST = (
    "sexual", "hate_and_discrimination", "violence_and_threats", "dangerous_and_criminal_content", "selfharm",
    "health", "financial", "law", "pii",
)  # fmt: skip
_SECOND = (
    "sexual", "hate_and_discrimination", "violence_and_threats", "dangerous", "criminal", "selfharm",
    "health", "financial", "law", "pii", "jailbreaking",
)  # fmt: skip
_FOUND = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _WORDS.items()}
_STEPS = 2**16


class Moderations:
    """One of the endpoints, an `Endpoint`. `max_depth` bounds the nesting of a body.

    `scored` gives bare scores under the name of one target, as classifiers answer; else each category has its verdict.
    """

    operation = Operation.MODERATION

    def __init__(
        self, path: str, label: str, shape: type[Any], *, scored: bool = False, max_depth: int = DEFAULT_DEPTH
    ) -> None:
        self.path = path
        self.label = label
        self.body = shape
        self._scored = scored
        self._depth = max_depth
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(shape)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        texts = _texts(given)
        if not texts:
            raise field("too_short", ("input",), "Input should have at least 1 item")
        if len(texts) > MOST_TEXTS:
            raise arguments(f"Too many inputs in request. Max is {MOST_TEXTS}.", "input")
        request = Request(operation=Operation.MODERATION, provider="mistral", model=given.model, inputs=tuple(texts))
        return Call(request, False, None)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        if not isinstance(plan.outcome, Synthetic):
            raise TypeError(f"this endpoint encodes a Synthetic, not {type(plan.outcome).__name__}")
        bits = plan.outcome.bits
        categories = _FIRST if "2411" in call.request.model else _SECOND
        results: list[dict[str, object]] = []
        for text in call.request.inputs:
            scores = _scores(text, bits, categories)
            if self._scored:
                results.append({"moderation": {"scores": scores}})
            else:
                flags = {name: score >= 0.5 for name, score in scores.items()}
                results.append({"categories": flags, "category_scores": scores})
        shown = {"id": bits[:16].hex(), "model": plan.model, "results": results}
        return Reply(200, plain_headers(plan.request_bits), orjson.dumps(shown))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("moderations are not streamed")


def endpoints(max_depth: int = DEFAULT_DEPTH) -> tuple[Moderations, ...]:
    """All four."""
    return (
        Moderations("/v1/moderations", "moderations", TextsBody, max_depth=max_depth),
        Moderations("/v1/chat/moderations", "chat_moderations", ChatModerationBody, max_depth=max_depth),
        Moderations("/v1/classifications", "classifications", TextsBody, scored=True, max_depth=max_depth),
        Moderations(
            "/v1/chat/classifications", "chat_classifications", ChatClassificationBody, scored=True, max_depth=max_depth
        ),
    )


def _texts(given: TextsBody | ChatModerationBody | ChatClassificationBody) -> Sequence[str]:
    if isinstance(given, TextsBody):
        return [given.input] if isinstance(given.input, str) else given.input
    if isinstance(given, ChatClassificationBody):
        talks = given.input if isinstance(given.input, list) else [given.input]
        return [spoken(talk.messages) for talk in talks]
    single = [item for item in given.input if isinstance(item, MessageBody)]
    if len(single) == len(given.input):
        return [spoken(single)] if single else []
    if single:
        raise field("list_type", ("input",), "Input should be a list of messages, or of lists of messages")
    return [spoken(item) for item in given.input if isinstance(item, list)]


def _scores(text: str, bits: bytes, categories: Sequence[str]) -> dict[str, float]:
    drawn = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32, key=bits).digest()
    looked_at = text[:LONGEST]
    scores = {}
    for index, name in enumerate(categories):
        share = int.from_bytes(drawn[2 * index : 2 * index + 2], "little") / _STEPS
        found = _FOUND[name].search(looked_at) is not None
        scores[name] = round(0.9 + 0.09 * share if found else 1e-5 + 0.01 * share**4, 8)
    return scores
