"""The Mistral dialect as one value. Wiring: every behaviour is in the modules beside this one."""

from collections.abc import Mapping, Sequence

from simulator.providers.base import Action, Endpoint, ModelEntry, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.mistral import errors, models, moderations
from simulator.providers.mistral.chat import Chat
from simulator.providers.mistral.embeddings import Embeddings
from simulator.providers.mistral.fim import Fim
from simulator.providers.mistral.quotas import quota_writer
from simulator.providers.quota import QuotaWriter

CLIENTS = (b"mistral-client-python/", b"mistral-client-typescript/")
"""How the user agents of the official clients begin."""


class Mistral:
    """Mistral's API, a `Provider`. `max_depth` bounds the nesting of JSON bodies."""

    name = "mistral"
    models_paths = ("/v1/models",)

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self.actions: Sequence[Action] = ()
        self.endpoints: Sequence[Endpoint] = (
            Chat(max_depth),
            Fim(max_depth),
            Embeddings(max_depth),
            *moderations.endpoints(max_depth),
        )

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether an official client of Mistral's sent these headers."""
        return headers.get(b"user-agent", b"").startswith(CLIENTS)

    def models(self, entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
        """See `Provider.models`."""
        del query
        return models.listing(entries, request_bits)

    def model(self, entry: ModelEntry, request_bits: bytes) -> Reply:
        """See `Provider.model`."""
        return models.single(entry, request_bits)

    def refuse(self, refusal: Refusal, request_bits: bytes) -> Reply:
        """See `Provider.refuse`."""
        return errors.refuse(refusal, request_bits)

    def quota_writer(self, resources: Sequence[str]) -> QuotaWriter:
        """See `Provider.quota_writer`."""
        return quota_writer(resources)

    def stream_error(self, refusal: Refusal, request_bits: bytes) -> bytes:
        """See `Provider.stream_error`."""
        return errors.stream_error(refusal, request_bits)
