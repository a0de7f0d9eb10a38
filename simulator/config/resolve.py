"""From configuration and catalogue to the settings of each model.

Pure: values in, values out. Used when an engine is built, never for a request of a known model.

A key of `providers` names a model (by its id or an alias) or is a pattern in the style of file names.
For a model, the keys that match are ordered: its own name first, then its aliases, then the patterns, those
with most literal characters first (the first written among equals), so that `"*"` comes last. Each of
`ttft`, `itl`, `prefill_ms_per_token`, `load`, `degradation`, `provider`, `errors` and `response` comes from the first
key that gives it; after them come the catalogue's card and the global sections. `enabled` is the first key's alone.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from simulator.config.catalogue import ModelCard, TokenizerName
from simulator.config.latency import Latency, LogNormal, Normal
from simulator.config.schema import Config, Errors, ModelSettings, Response

GENERIC_LATENCY = Latency(
    ttft=LogNormal(p50_ms=500, p95_ms=1_200), itl=Normal(mean_ms=20, std_dev_ms=5), prefill_ms_per_token=0.05
)
"""The pace of a model that has no profile: an estimate, a hosted chat model of middle size."""

_PROVIDERS = (
    ("anthropic", ("claude",)),
    ("openai", ("gpt", "o1", "o3", "o4", "chatgpt", "text-embedding", "davinci", "babbage")),
    ("gemini", ("gemini", "gemma", "embedding-00")),
    ("mistral", ("mistral", "ministral", "magistral", "codestral", "devstral", "pixtral", "open-mi")),
    ("cohere", ("command", "embed-", "rerank")),
)
_EMBEDDING = ("text-embedding", "embed-")
_COMPLETION = ("davinci", "babbage", "gpt-3.5-turbo-instruct")
_CL100K = ("gpt-3.5", "gpt-4-", "text-embedding", "davinci", "babbage")
_WILDCARD = r"\[[^\]]*\]|[*?]"


class EffectiveModel(msgspec.Struct, frozen=True):
    """What holds for one model after every override. `enabled` false: the model is to be answered as unknown."""

    card: ModelCard
    latency: Latency
    errors: Errors
    response: Response
    enabled: bool = True


def is_pattern(key: str) -> bool:
    """Whether a key of `providers` is a pattern and not a name."""
    return any(sign in key for sign in "*?[")


def guess_provider(name: str) -> str:
    """The provider that a model of this name would belong to; `openai` where the name says nothing."""
    return next((provider for provider, starts in _PROVIDERS if name.startswith(starts)), "openai")


def aliases(config: Config, catalogue: Mapping[str, ModelCard]) -> dict[str, str]:
    """Every other name of an enabled model, with the model's id (a key of `known_models`)."""
    names = {alias: card.id for card in catalogue.values() for alias in card.aliases}
    for alias in config.models.aliases:
        target, seen = alias, {alias}
        while target in config.models.aliases and (target := config.models.aliases[target]) not in seen:
            seen.add(target)
        names[alias] = names.get(target, target)
    known = known_models(config, catalogue)
    return {alias: target for alias, target in names.items() if target in known and alias not in known}


def resolve(config: Config, catalogue: Mapping[str, ModelCard], name: str) -> EffectiveModel | None:
    """What holds for a model, by its id or any other name. None if there is none, or if it is not enabled."""
    known = known_models(config, catalogue)
    return known.get(name) or known.get(aliases(config, catalogue).get(name, name))


def known_models(config: Config, catalogue: Mapping[str, ModelCard]) -> dict[str, EffectiveModel]:
    """Every enabled model by its id: the catalogue's, then those that only `providers` names."""
    ranked = _ranked(config.providers)
    models: dict[str, EffectiveModel] = {}
    named = set(catalogue)
    places = {alias: place for place, alias in enumerate(config.models.aliases)}
    leading = _leading(config.models.aliases)
    for card in catalogue.values():
        other = _other_names(card, places, leading)
        named.update(other)
        effective = _effective(config, card, _matching(config, ranked, card.id, other))
        if effective.enabled:
            models[card.id] = effective
    for key in config.providers:
        if is_pattern(key) or key in named:
            continue
        effective = unknown(config, key)
        if effective.enabled:
            models[key] = effective
    return models


def unknown(config: Config, name: str) -> EffectiveModel:
    """What holds for a model that no card describes, at the pace of `GENERIC_LATENCY` unless a key says more."""
    matching = list(_matching(config, _ranked(config.providers), name, ()))
    provider = next((settings.provider for settings in matching if settings.provider), None)
    return _effective(config, _card(name, provider or guess_provider(name)), matching)


def _card(name: str, provider: str) -> ModelCard:
    """The card of a model that the catalogue does not know, as far as its name tells."""
    kind: Literal["chat", "completion", "embedding"] = "chat"
    if name.startswith(_EMBEDDING):
        kind = "embedding"
    elif name.startswith(_COMPLETION):
        kind = "completion"
    tokenizer: TokenizerName = "estimate"
    if provider == "openai":
        tokenizer = "cl100k" if name == "gpt-4" or name.startswith(_CL100K) else "o200k"
    return ModelCard(
        id=name,
        provider=provider,
        display_name=name,
        kind=kind,
        tokenizer=tokenizer,
        dimensions=1536 if kind == "embedding" else None,
        latency=GENERIC_LATENCY,
        source="no profile: an estimate, a hosted chat model of middle size",
    )


def _leading(chosen: Mapping[str, str]) -> dict[str, list[str]]:
    """The aliases that name each target."""
    leading: dict[str, list[str]] = {}
    for alias, target in chosen.items():
        leading.setdefault(target, []).append(alias)
    return leading


def _other_names(card: ModelCard, places: Mapping[str, int], leading: Mapping[str, Sequence[str]]) -> list[str]:
    """The names that lead to a card: the catalogue's, then the configured ones as they were written (`places`)."""
    own = dict.fromkeys(name for name in card.aliases if name != card.id)
    found: dict[str, None] = {}
    waiting = [card.id, *own]
    while waiting:
        for alias in leading.get(waiting.pop(), ()):
            if alias not in found and alias != card.id:
                found[alias] = None
                waiting.append(alias)
    return [*own, *sorted([name for name in found if name not in own], key=places.__getitem__)]


def _ranked(providers: Mapping[str, ModelSettings]) -> list[tuple[re.Pattern[str], ModelSettings]]:
    patterns = [key for key in providers if is_pattern(key)]
    patterns.sort(key=lambda key: -len(re.sub(_WILDCARD, "", key)))
    return [(re.compile(fnmatch.translate(key)), providers[key]) for key in patterns]


def _matching(
    config: Config, ranked: Sequence[tuple[re.Pattern[str], ModelSettings]], name: str, other: Sequence[str]
) -> Iterator[ModelSettings]:
    """The settings that match a model, the most specific first."""
    for exact in (name, *other):
        settings = config.providers.get(exact)
        if settings is not None:
            yield settings
    for pattern, settings in ranked:
        if pattern.match(name):
            yield settings


def _effective(
    config: Config, card: ModelCard, matching: Iterator[ModelSettings] | Sequence[ModelSettings]
) -> EffectiveModel:
    settings = list(matching)
    if not settings:
        return EffectiveModel(card, card.latency, config.errors, config.response)
    chain = [*(one.latency for one in settings), card.latency]
    provider = next((one.provider for one in settings if one.provider), card.provider)
    latency = Latency(
        ttft=next((one.ttft for one in chain if one.ttft is not None), None),
        itl=next((one.itl for one in chain if one.itl is not None), None),
        prefill_ms_per_token=next(
            (one.prefill_ms_per_token for one in chain if one.prefill_ms_per_token is not None), None
        ),
        load=next((one.load for one in chain if one.load is not None), None),
        degradation=next((one.degradation for one in chain if one.degradation is not None), None),
    )
    return EffectiveModel(
        card if provider == card.provider else msgspec.structs.replace(card, provider=provider),
        latency,
        next((one.errors for one in settings if one.errors is not None), config.errors),
        next((one.response for one in settings if one.response is not None), config.response),
        settings[0].enabled,
    )
