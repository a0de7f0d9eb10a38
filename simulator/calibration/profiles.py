"""Which models are measured, and in which dialect. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from simulator.calibration.dialects import DIALECTS, SERVED
from simulator.config.faults import did_you_mean
from simulator.config.resolve import EffectiveModel

ALL: Final = "all"
USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("gpt-4o", "gpt-4o-mini", "gpt-4.1"),
    "anthropic": ("claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-sonnet-4-6"),
    "gemini": ("gemini-2.5-flash-lite", "gemini-3.1-flash-lite"),
    "azure": ("gpt-4.1-mini", "gpt-4o-mini", "gpt-4o"),
    "cohere": ("command-a-03-2025", "command-r-08-2024"),
}
"""What is measured where nothing is named: of each provider the first that is enabled, else any chat model.

They are models that do not think first, for a short run.
"""


class Profile(msgspec.Struct, frozen=True):
    """A model (`name` is its id, `model` what the request says) in a dialect."""

    name: str
    model: str
    dialect: str

    @property
    def title(self) -> str:
        """How it is shown."""
        return f"{self.model} ({self.dialect})"


class Unknown(Exception):  # noqa: N818 - it is told, not a crash
    """What was named cannot be measured; the message says why."""


def chosen(
    wanted: Sequence[str], models: Mapping[str, EffectiveModel], aliases: Mapping[str, str]
) -> Sequence[Profile]:
    """The profiles to measure, each once: those that are named, all chat models, or a usual one of each provider.

    `azure/gpt-4o` measures a model in Azure's dialect. `models` are the enabled ones by id, `aliases` their other
    names. Raises `Unknown`.
    """
    chats = {name: one.card.provider for name, one in models.items() if one.card.kind == "chat"}
    if not wanted:
        found = [usual for dialect in USUAL if (usual := _usual(dialect, chats, aliases)) is not None]
    elif ALL in wanted:
        found = [Profile(name, name, provider) for name, provider in chats.items() if provider in DIALECTS]
    else:
        found = [_named(one, chats, aliases) for one in wanted]
    if not found:
        raise Unknown("the configuration enables no chat model that can be measured")
    return list(dict.fromkeys(found))


def _usual(dialect: str, chats: Mapping[str, str], aliases: Mapping[str, str]) -> Profile | None:
    served = SERVED.get(dialect, dialect)
    of_it = [name for name, provider in chats.items() if provider == served]
    model = next((name for name in (*USUAL[dialect], *of_it) if aliases.get(name, name) in of_it), None)
    return None if model is None else Profile(aliases.get(model, model), model, dialect)


def _named(wanted: str, chats: Mapping[str, str], aliases: Mapping[str, str]) -> Profile:
    dialect, slash, model = wanted.partition("/")
    if not slash or dialect not in DIALECTS:
        dialect, model = "", wanted
    name = aliases.get(model, model)
    provider = chats.get(name)
    if provider is None:
        near = did_you_mean(model, [*chats, *aliases])
        raise Unknown(
            f"there is no chat model {model!r}{f'; {near}' if near else ''} (llm-simulator models lists them)"
        )
    dialect = dialect or provider
    if dialect not in DIALECTS:
        raise Unknown(
            f"{model!r} is a model of {provider}, whose streams cannot be measured; {', '.join(DIALECTS)} can"
        )
    if SERVED.get(dialect, dialect) != provider:
        raise Unknown(f"{model!r} is a model of {provider}, which {dialect} does not serve")
    return Profile(name, model, dialect)
