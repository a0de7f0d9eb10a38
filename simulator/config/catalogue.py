"""The models there are: one card a model, read from `config/profiles/<provider>.yaml`.

Values, and the thin edge that reads them. A card says what a real provider publishes of a model and the
latency profile with its source. A profile file is a mapping of `provider`, `source` (where its figures
come from), `defaults` (fields of every card of the file, optional) and `models` (an id to the card's
other fields).
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from simulator.config.convert import Contradiction, convert
from simulator.config.faults import ConfigError, Fault, Place, excerpt
from simulator.config.files import read_tree
from simulator.config.latency import Latency, problems
from simulator.config.load_model import CHECKS as LOAD_CHECKS
from simulator.config.shipped import shipped
from simulator.config.tree import Branch, Leaf, Node, dotted, find, merge, plain

TokenizerName = Literal["o200k", "cl100k", "estimate"]


class ModelCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model.

    `created` is in Unix seconds; `tokens_per_message` and `reply_priming` are what the provider's chat
    format adds to the counted text.
    """

    id: str
    provider: str
    display_name: str = ""
    created: int = 0
    kind: Literal["chat", "completion", "embedding", "rerank", "moderation", "image", "speech", "transcription"] = (
        "chat"
    )
    tokenizer: TokenizerName = "estimate"
    tokens_per_message: Annotated[int, Meta(ge=0)] = 3
    tokens_per_name: int = 1
    reply_priming: Annotated[int, Meta(ge=0)] = 3
    context_window: Annotated[int, Meta(ge=1)] = 128_000
    max_output_tokens: Annotated[int, Meta(ge=0)] = 4_096
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    shortenable: bool = False
    """Whether an embedding model honours `dimensions`."""
    reasoning: Annotated[int, Meta(ge=0)] = 0
    """About how many tokens it thinks before it answers a request that says nothing of it."""
    latency: Latency = Latency()
    aliases: tuple[str, ...] = ()
    source: str = ""


class _Profiles(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One profile file. The cards are read one by one, each over the file's defaults."""

    provider: str
    source: str = ""
    defaults: dict[str, Any] = {}
    models: dict[str, Any]


def load_catalogue(folder: Path | None = None) -> Mapping[str, ModelCard]:
    """Every card of the `*.yaml` files in a folder, by id, in the order of file name and line.

    Without a folder it is the shipped `profiles/`, which is read once a process. Raises `ConfigError` with
    every fault of every file: a wrong field, impossible latency, an id or alias that two models claim.
    """
    return _shipped_catalogue() if folder is None else _read(folder)


@functools.cache
def _shipped_catalogue() -> Mapping[str, ModelCard]:
    return _read(shipped() / "profiles")


def _read(folder: Path) -> Mapping[str, ModelCard]:
    cards: dict[str, ModelCard] = {}
    places: dict[str, Place] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            for card, at in _cards(read_tree(path)):
                for name in (card.id, *card.aliases):
                    if name in places:
                        found = f"{excerpt(name)} is also the name of the model at {places[name]}"
                        faults.append(Fault(at, dotted(("models", card.id)), found))
                    places[name] = at
                cards[card.id] = card
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return MappingProxyType(cards)


def _cards(tree: Branch) -> Iterator[tuple[ModelCard, Place]]:
    """The cards of one file and where they stand. Raises `ConfigError` with the faults of all of them."""
    head = convert(tree, _Profiles)
    defaults = find(tree, ("defaults",)) or Branch({}, tree.at)
    models = find(tree, ("models",))
    faults: list[Fault] = []
    given = {"provider": head.provider, "source": head.source}
    for name, node in models.entries.items() if isinstance(models, Branch) else ():
        try:
            yield _card(merge(defaults, node, keep_under_null=True), {**given, "id": name}), node.at
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)


def _card(node: Node, given: dict[str, str]) -> ModelCard:
    path = ("models", given["id"])
    if not isinstance(node, Branch):
        raise ConfigError([Fault(node.at, dotted(path), "not a mapping", "the fields of a model")])
    for key in ("id", "provider"):
        if key in node.entries:
            raise ConfigError([Fault(node.entries[key].at, dotted((*path, key)), "the key is not for a model here")])
    fields = {**given, **{key: plain(child) for key, child in node.entries.items()}}
    try:
        card = msgspec.convert(fields, ModelCard)
    except msgspec.ValidationError:
        pass  # the walker finds the fault again, with its line and all others
    else:
        parts = (card.latency.ttft, card.latency.itl)
        if not (card.latency.varies or any(problems(part) for part in parts if part is not None)):
            return card
    leaves: dict[str, Node] = {key: Leaf(value, node.at) for key, value in given.items()}
    return convert(Branch(leaves | node.entries, node.at), ModelCard, path, {Latency: pace, **LOAD_CHECKS})


def pace(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """The check of a `Latency`: parameters of its distributions that contradict each other."""
    for part in ("ttft", "itl"):
        distribution = values.get(part)
        for key, allowed in problems(distribution) if distribution is not None else ():
            yield Contradiction(f"{part}.{key}", allowed)
