"""The listings of models: in OpenAI's shape below `/openai/v1`, in Azure's own at the dated path. Pure."""

from collections.abc import Sequence
from typing import Final

import orjson

from simulator.providers.azure import versions
from simulator.providers.azure.headers import bare, caller_of, dressed
from simulator.providers.base import Action, Asked, Desk, ModelEntry, Problem, Refusal, Reply
from simulator.providers.openai import models as openai

_LIFETIME: Final = 2 * 365 * 86_400
"""Seconds from a model's release to the end of its inference: no dates are known here, and clients read one."""
_CREATED: Final = 1_672_531_200
"""2023-01-01, for models whose own date is not known."""


def listing(entries: Sequence[ModelEntry], request_bits: bytes) -> Reply:
    """All models as OpenAI lists them."""
    return Reply(200, bare(request_bits), openai.listing(entries, request_bits).body)


def single(entry: ModelEntry, request_bits: bytes) -> Reply:
    """One model as OpenAI shows it."""
    return Reply(200, bare(request_bits), openai.single(entry, request_bits).body)


def _shown(entry: ModelEntry) -> dict[str, object]:
    created = entry.created or _CREATED
    return {
        "capabilities": {
            "fine_tune": False,
            "inference": True,
            "completion": entry.kind == "completion",
            "chat_completion": entry.kind == "chat",
            "embeddings": entry.kind == "embedding",
        },
        "lifecycle_status": "generally-available",
        "deprecation": {"inference": created + _LIFETIME},
        "id": entry.id,
        "status": "succeeded",
        "created_at": created,
        "updated_at": created,
        "object": "model",
    }


class ListModels:
    """GET: all models."""

    method = "GET"
    label = "models"

    def __init__(self, path: str, *, dated: bool) -> None:
        self.path = path
        self._dated = dated
        self.query = (versions.PARAMETER,) if dated else ()

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        if self._dated:
            versions.check_dated(asked.target)
            body = orjson.dumps({"data": [_shown(entry) for entry in desk.models], "object": "list"})
        else:
            versions.check_undated(asked.target)
            body = openai.listing(desk.models, desk.request_bits).body
        return _told(body, asked, desk)


class ShowModel:
    """GET: one model."""

    method = "GET"
    label = "models"

    def __init__(self, path: str, *, dated: bool) -> None:
        self.path = path + "/{model}"
        self._dated = dated
        self.query = (versions.PARAMETER,) if dated else ()

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        (versions.check_dated if self._dated else versions.check_undated)(asked.target)
        name = asked.target.parameters["model"]
        for entry in desk.models:
            if entry.id == name:
                body = orjson.dumps(_shown(entry)) if self._dated else openai.single(entry, desk.request_bits).body
                return _told(body, asked, desk)
        raise Refusal(Problem.UNKNOWN_MODEL, model=name, known=[entry.id for entry in desk.models])


def actions() -> Sequence[Action]:
    """The listings, on both paths."""
    return (
        *(ListModels("/openai/models", dated=True), ShowModel("/openai/models", dated=True)),
        *(ListModels("/openai/v1/models", dated=False), ShowModel("/openai/v1/models", dated=False)),
    )


def _told(body: bytes, asked: Asked, desk: Desk) -> Reply:
    kind = (b"content-type", b"application/json")
    return Reply(200, dressed((kind,), desk.request_bits, caller_of(asked.headers)), body)
