"""The listings of models: GET models and models/{model}, paged, and the tuned models that there are none of. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simulator.providers.base import Asked, Desk, ModelEntry, Problem, Refusal, Reply
from simulator.providers.gemini.generation import THINKING, generation_of
from simulator.providers.gemini.shelf import size_of, token_name, token_of
from simulator.providers.gemini.wire import told

USUAL: Final = 50
MOST: Final = 1_000
_CHAT: Final = ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"]
_EMBEDDING: Final = ["embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent"]


def listing(entries: Sequence[ModelEntry], query: Mapping[str, str]) -> Reply:
    """A page of the models. Raises `Refusal` for a wrong paging parameter."""
    size = size_of(query.get("pageSize"), USUAL, MOST)
    after = token_name(query.get("pageToken"))
    begin = 0
    if after:
        begin = next((place + 1 for place, entry in enumerate(entries) if entry.id == after), len(entries))
    page = entries[begin : begin + size]
    found: dict[str, Any] = {"models": [_shown(entry) for entry in page]}
    if begin + size < len(entries):
        found["nextPageToken"] = token_of(page[-1].id)
    return told(found)


def single(entry: ModelEntry) -> Reply:
    """One model."""
    return told(_shown(entry))


def _shown(entry: ModelEntry) -> dict[str, Any]:
    generation = generation_of(entry.alias_of or entry.id)
    name = entry.display_name or entry.id
    found: dict[str, Any] = {
        "name": f"models/{entry.id}",
        "version": f"{generation.version:g}" if 0 < generation.version < 100 else "001",
        "displayName": name,
        "description": name if not entry.alias_of else f"Latest release of {name}",
        "inputTokenLimit": entry.context_window,
        "outputTokenLimit": entry.max_output_tokens or 1,
        "supportedGenerationMethods": _EMBEDDING if entry.kind == "embedding" else _CHAT,
    }
    if entry.kind == "chat":
        found |= {"temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2}
        if generation.version >= THINKING:
            found["thinking"] = True
    return found


class ListTuned:
    """GET tunedModels, an `Action`: nothing can be tuned here."""

    method = "GET"
    label = "models"
    query = ("pageSize", "pageToken")

    def __init__(self, version: str) -> None:
        self.path = f"/{version}/tunedModels"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        del asked, desk
        return told({})


class GetTuned:
    """GET tunedModels/{model}, an `Action`."""

    method = "GET"
    label = "models"

    def __init__(self, version: str) -> None:
        self.path = f"/{version}/tunedModels/{{model}}"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        del asked, desk
        raise Refusal(Problem.NOT_FOUND, "Requested entity was not found.")
