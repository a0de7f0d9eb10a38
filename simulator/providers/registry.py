"""Which providers there are: the built-in ones and those that installed packages add. Edge: reads package metadata.

A package adds a provider by an entry point of group `llm_simulator.providers` that names its class. It knows
no dialect beyond the built-in classes' places.
"""

from importlib import import_module
from typing import cast

from simulator.providers.base import Provider

GROUP = "llm_simulator.providers"
BUILT_IN = {
    "openai": "simulator.providers.openai:OpenAI",
    "anthropic": "simulator.providers.anthropic:Anthropic",
    "gemini": "simulator.providers.gemini:Gemini",
    "cohere": "simulator.providers.cohere:Cohere",
    "azure": "simulator.providers.azure:Azure",
    "mistral": "simulator.providers.mistral:Mistral",
    "ollama": "simulator.providers.ollama:Ollama",
}
"""Always there, also in a source tree that was never installed."""

_MEMBERS = ("name", "endpoints", "actions", "models_paths", "claims", "models", "model", "refuse", "stream_error")


class BrokenProvider(Exception):  # noqa: N818 - says what is broken, as its message does
    """A provider that cannot be used; the message names the entry point and the reason."""


def registry() -> tuple[Provider, ...]:
    """Every provider once, the built-in ones first, then the plugins by name.

    Raises `BrokenProvider` when one cannot be imported or built, lacks a member of the protocol, or takes another's
    name.
    """
    places = dict(BUILT_IN)
    for name, place in sorted(_installed()):
        if places.setdefault(name, place) != place:
            raise BrokenProvider(f"provider '{name}' is offered twice: by {places[name]} and by {place}")
    providers: dict[str, Provider] = {}
    for name, place in places.items():
        provider = _build(name, place)
        if provider.name in providers:
            raise BrokenProvider(f"provider '{name}' ({place}) calls itself '{provider.name}', as another one does")
        providers[provider.name] = provider
    return tuple(providers.values())


def _installed() -> set[tuple[str, str]]:
    # Imported here: it costs tens of milliseconds, and only this function needs it.
    from importlib.metadata import entry_points  # noqa: PLC0415

    return {(point.name, point.value) for point in entry_points(group=GROUP)}


def _build(name: str, place: str) -> Provider:
    module, _, path = place.partition(":")
    try:
        found: object = import_module(module.strip())
        for part in path.strip().split("."):
            found = getattr(found, part)
        provider = found()  # type: ignore[operator]  # what cannot be called is a broken provider, told below
    except Exception as error:
        raise BrokenProvider(f"provider '{name}' ({place}) cannot be loaded: {error!r}") from error
    absent = [member for member in _MEMBERS if not hasattr(provider, member)]
    if absent:
        raise BrokenProvider(f"provider '{name}' ({place}) is no provider: it lacks {', '.join(absent)}")
    return cast(Provider, provider)
