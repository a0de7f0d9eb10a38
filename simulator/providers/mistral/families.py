"""What Mistral's models can do, by their families, and which names one family has. Pure.

From a listing of the service, July 2026, and Mistral's model pages. A model that is in no family can what its kind can.
"""

from typing import Final

import msgspec


class Family(msgspec.Struct, frozen=True):
    """Names of one model, its proper one first, and what it can. `temperature` is its default, None if it has none."""

    names: tuple[str, ...]
    description: str
    abilities: frozenset[str]
    temperature: float | None = 0.3


def _can(*abilities: str) -> frozenset[str]:
    return frozenset(abilities)


_CHAT = _can("completion_chat", "function_calling")
_VISION = _CHAT | _can("vision")
_THINKING = _VISION | _can("reasoning")
_NOTHING: frozenset[str] = frozenset()

ABILITIES: Final = (
    "completion_chat",
    "function_calling",
    "reasoning",
    "completion_fim",
    "fine_tuning",
    "vision",
    "ocr",
    "classification",
    "moderation",
    "audio",
    "audio_transcription",
    "audio_transcription_realtime",
    "audio_speech",
    "unified_resources",
)

FAMILIES: Final = (
    Family(("mistral-large-2512", "mistral-large-latest"), "Mistral Large 3.", _VISION | _can("fine_tuning")),
    Family(
        ("mistral-medium-latest", "mistral-medium", "mistral-medium-3-5", "mistral-medium-3.5", "mistral-medium-2604"),
        "Mistral Medium 3.5.",
        _THINKING,
        1.0,
    ),
    Family(("mistral-medium-2508",), "Mistral Medium 3.1.", _VISION | _can("fine_tuning")),
    Family(
        ("mistral-small-2603", "mistral-small-latest", "mistral-vibe-cli-fast", "magistral-small-latest"),
        "Mistral Small 4.",
        _THINKING,
    ),
    Family(("mistral-small-2506",), "Mistral Small 3.2.", _VISION),
    Family(("magistral-medium-2509", "magistral-medium-latest"), "Magistral Medium 1.2.", _THINKING, 0.7),
    Family(("magistral-small-2509",), "Magistral Small 1.2.", _THINKING, 0.7),
    Family(("ministral-14b-2512", "ministral-14b-latest"), "Ministral 3 14B.", _VISION | _can("fine_tuning")),
    Family(("ministral-8b-2512", "ministral-8b-latest"), "Ministral 3 8B.", _VISION | _can("fine_tuning")),
    Family(("ministral-3b-2512", "ministral-3b-latest"), "Ministral 3 3B.", _VISION | _can("fine_tuning")),
    Family(
        ("codestral-2508", "codestral-latest", "mistral-code-latest", "mistral-code-fim-latest"),
        "Codestral.",
        _CHAT | _can("completion_fim"),
    ),
    Family(
        ("devstral-2512", "devstral-medium-latest", "devstral-latest", "mistral-code-agent-latest"),
        "Devstral 2.",
        _CHAT,
        0.2,
    ),
    Family(("voxtral-small-2507", "voxtral-small-latest"), "Voxtral Small.", _CHAT | _can("audio"), 0.2),
    Family(("open-mistral-nemo", "open-mistral-nemo-2407"), "Mistral Nemo 12B.", _CHAT | _can("fine_tuning")),
    Family(("mistral-embed-2312", "mistral-embed"), "Mistral Embed.", _NOTHING, None),
    Family(("codestral-embed", "codestral-embed-2505"), "Codestral Embed.", _NOTHING, None),
    Family(
        ("mistral-moderation-2603", "mistral-moderation-latest"),
        "Mistral Moderation 2.",
        _can("classification", "moderation"),
        None,
    ),
    Family(("mistral-moderation-2411",), "Mistral Moderation.", _can("classification", "moderation"), None),
)

_BY_NAME = {name: family for family in FAMILIES for name in family.names}
_BY_KIND = {
    "chat": _CHAT,
    "completion": _CHAT,
    "moderation": _can("classification", "moderation"),
}


def family_of(name: str) -> Family | None:
    """The family that a name belongs to."""
    return _BY_NAME.get(name)


def lacks(name: str, ability: str) -> bool:
    """Whether a model is known not to have an ability."""
    family = _BY_NAME.get(name)
    return family is not None and ability not in family.abilities


def abilities(name: str, kind: str) -> frozenset[str]:
    """What a model of a kind can."""
    family = _BY_NAME.get(name)
    return _BY_KIND.get(kind, _NOTHING) if family is None else family.abilities
