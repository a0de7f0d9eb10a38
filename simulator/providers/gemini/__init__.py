"""The Gemini dialect: content generation, counting, embeddings, models, files and cached contexts, under v1beta and v1.

Pure but for the shelf.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from simulator.providers.base import Action, Endpoint, ModelEntry, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.gemini import caches, errors, files, models
from simulator.providers.gemini.count import CountTokens
from simulator.providers.gemini.embed import Embed
from simulator.providers.gemini.generate import Generate
from simulator.providers.gemini.quotas import quota_writer
from simulator.providers.gemini.request import NAME
from simulator.providers.gemini.schemas import Schemas
from simulator.providers.quota import QuotaWriter

VERSIONS: Final = ("v1beta", "v1")
FAMILIES: Final = ("models", "tunedModels")
_OWN_HEADERS: Final = (b"x-goog-api-key", b"x-goog-api-client", b"x-goog-user-project", b"x-goog-upload-protocol")


class Gemini:
    """Google's Gemini API, a `Provider`. `max_depth` bounds the nesting of JSON bodies."""

    name = NAME
    models_paths = tuple(f"/{version}/models" for version in VERSIONS)

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        schemas = Schemas()
        endpoints: list[Endpoint] = []
        actions: list[Action] = []
        for version in VERSIONS:
            for family in FAMILIES:
                endpoints += [
                    Generate(version, family, schemas, streamed=False, max_depth=max_depth),
                    Generate(version, family, schemas, streamed=True, max_depth=max_depth),
                    CountTokens(version, family, schemas, max_depth=max_depth),
                ]
            endpoints += [Embed(version, batch=batch, max_depth=max_depth) for batch in (False, True)]
            actions += [models.ListTuned(version), models.GetTuned(version)]
            actions += [*caches.actions(version, max_depth), *files.actions(version, max_depth)]
        self.endpoints: Sequence[Endpoint] = endpoints
        self.actions: Sequence[Action] = actions

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request to a shared path is Gemini's: it brings one of Google's own headers."""
        return any(name in headers for name in _OWN_HEADERS)

    def models(self, entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
        """A page of the models. Raises `Refusal` for a wrong paging parameter."""
        del request_bits
        return models.listing(entries, query)

    def model(self, entry: ModelEntry, request_bits: bytes) -> Reply:
        """One model."""
        del request_bits
        return models.single(entry)

    def refuse(self, refusal: Refusal, request_bits: bytes) -> Reply:
        """The refusal in the API's own status and body."""
        del request_bits
        return errors.refuse(refusal)

    def quota_writer(self, resources: Sequence[str]) -> QuotaWriter:
        """See `Provider.quota_writer`."""
        return quota_writer(resources)

    def stream_error(self, refusal: Refusal, request_bits: bytes) -> bytes:
        """The event that ends a stream in band with this refusal."""
        del request_bits
        return errors.event(refusal)


__all__ = ["Gemini"]
