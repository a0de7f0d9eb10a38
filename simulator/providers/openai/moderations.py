"""POST /v1/moderations: its request and its answer. Pure.

A score is a small random one, unless the text has a word of its category: then it is a high one, and the input is
flagged. Pictures are never looked at. The words stand for what a real classifier reads out of whole sentences: a
benign text that has one ("kill the process") is flagged too.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Annotated, Final

import msgspec
import orjson
from msgspec import Meta

from simulator.engine.plan import Plan, Synthetic
from simulator.engine.request import Message, Operation, Part, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.ids import base62
from simulator.providers.openai.headers import plain_headers
from simulator.providers.openai.schema import MAX_INPUTS, Body
from simulator.providers.openai.wording import NO_MODEL, flawed, invalid, too_long

DEFAULT_MODEL = "omni-moderation-latest"
FLAGGED: Final = 0.5
"""A score above it flags its category."""
SEARCHED: Final = 50_000
"""Characters of a request that are searched for words, which bounds the work for it to some tens of milliseconds."""

# Stems of words by category: a word that begins with one of them belongs to it.
_WORDS: Final = {
    "harassment": "idiot moron loser stupid pathetic worthless shut\\s+up hate\\s+you",
    "harassment/threatening": "(?:kill|hurt|find)\\s+you gonna\\s+hurt you\\s+will\\s+regret beat\\s+you",
    "sexual": "porn erotic nude sexual sex\\b orgasm fetish",
    "hate": "hate hatred racist nazi bigot subhuman vermin",
    "hate/threatening": "exterminat genocid lynch ethnic\\s+cleansing kill\\s+(?:them\\s+)?all",
    "illicit": "shoplift counterfeit launder\\s+money cocaine heroin meth\\b hotwir forge\\s+(?:a\\s+)?passport",
    "illicit/violent": "bomb explosive grenade molotov ghost\\s+gun",
    "self-harm/intent": "want\\s+to\\s+die kill\\s+myself end\\s+my\\s+life hurt\\s+myself",
    "self-harm/instructions": "how\\s+to\\s+(?:kill|hurt|cut)\\s+(?:myself|yourself|oneself)",
    "self-harm": "suicid self-harm cut\\s+myself kill\\s+myself",
    "sexual/minors": "child\\s+porn underage\\s+sex",
    "violence": "kill murder stab shoot attack strangl massacre bomb beat\\s+(?:him|her|them|you)",
    "violence/graphic": "gore dismember behead disembowel mutilat blood\\s+everywhere",
}
_CATEGORIES: Final = tuple(_WORDS)
_SEEN: Final = frozenset(
    {"self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "violence", "violence/graphic"}
)
"""The categories for which pictures are judged too."""
_PATTERNS: Final = tuple(
    re.compile(rf"\b(?:{'|'.join(re.split(' ', words))})", re.IGNORECASE) for words in _WORDS.values()
)


class ImageUrl(Body):
    """A picture by URL, http(s) or data."""

    url: str


class TextInput(Body, tag_field="type", tag="text"):
    """Text beside pictures."""

    text: str


class ImageInput(Body, tag_field="type", tag="image_url"):
    """A picture."""

    image_url: ImageUrl


class ModerationBody(Body):
    """The request. A list of objects is one input, a list of strings as many as it has."""

    input: str | Annotated[list[str | TextInput | ImageInput], Meta(min_length=1)]
    model: str = DEFAULT_MODEL


class _Judged(msgspec.Struct, frozen=True):
    """One input to be judged."""

    text: str
    kinds: tuple[str, ...]
    searched: int = SEARCHED
    """How many of its characters are searched for words."""


class Moderations:
    """The moderation endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/moderations"
    operation = Operation.MODERATION
    label = "moderations"
    body = ModerationBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ModerationBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. `Call.echo` is what is to be judged, an answer for each."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        if not given.model:
            raise invalid(NO_MODEL)
        judged, parts = _inputs(given.input)
        request = Request(
            operation=Operation.MODERATION,
            provider="openai",
            model=given.model,
            messages=(Message("", parts=parts),) if parts else (),
            inputs=tuple([each.text for each in judged]),
        )
        return Call(request, False, judged)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        outcome = plan.outcome
        if not isinstance(outcome, Synthetic):
            raise TypeError(f"moderations are made of a Synthetic, not {type(outcome).__name__}")
        name = plan.id_prefix or "modr-"
        answer = {
            "id": name + base62(outcome.bits, 29),
            "model": plan.model,
            "results": [_result(each, _bits(outcome.bits, index)) for index, each in enumerate(call.echo)],
        }
        layout = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        return Reply(200, plain_headers(plan), orjson.dumps(answer, option=layout))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("moderations are not streamed")


def _inputs(given: str | list[str | TextInput | ImageInput]) -> tuple[list[_Judged], tuple[Part, ...]]:
    """What is to be judged, and its pictures."""
    if isinstance(given, str):
        return [_Judged(given, ("text",))], ()
    if len(given) > MAX_INPUTS:
        raise too_long("input", MAX_INPUTS, len(given))
    strings = [item for item in given if isinstance(item, str)]
    if len(strings) == len(given):
        return list(_each(strings)), ()
    if strings:
        raise invalid(
            "Invalid type for 'input': expected a string, an array of strings or an array of objects, but got an array "
            "of different types instead.",
            "input",
            "invalid_type",
        )
    texts = [item.text for item in given if isinstance(item, TextInput)]
    pictures = [item.image_url.url for item in given if isinstance(item, ImageInput)]
    kinds = (*(("text",) if texts else ()), *(("image",) if pictures else ()))
    parts = [Part("image", blake2b(url.encode("utf-8"), digest_size=16).hexdigest()) for url in pictures]
    return [_Judged("\n".join(texts), kinds)], tuple(parts)


def _each(texts: list[str]) -> Iterator[_Judged]:
    left = SEARCHED
    for text in texts:
        yield _Judged(text, ("text",), left)
        left = max(0, left - len(text))


def _bits(bits: bytes, index: int) -> bytes:
    """Two bytes for the score of each category of one input."""
    return blake2b(bits + index.to_bytes(4, "little"), digest_size=2 * len(_CATEGORIES)).digest()


def _result(judged: _Judged, bits: bytes) -> dict[str, object]:
    scores = dict(zip(_CATEGORIES, _scores(judged, bits), strict=True))
    categories = {name: score > FLAGGED for name, score in scores.items()}
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": {
            name: [kind for kind in judged.kinds if kind == "text" or name in _SEEN] for name in _CATEGORIES
        },
    }


def _scores(judged: _Judged, bits: bytes) -> Iterator[float]:
    """From 0.6 to 0.99 for a category that the text has a word of; else one that grows from 1e-6 to 0.02."""
    text = judged.text[: judged.searched]
    for place, pattern in enumerate(_PATTERNS):
        share = int.from_bytes(bits[2 * place : 2 * place + 2], "little") / 0xFFFF
        yield 0.6 + 0.39 * share if pattern.search(text) else 1e-6 + 0.02 * share**4
