"""The Anthropic dialect: messages, batches, files and models, under API versions 2023-06-01 and 2026-10-21. Pure."""

from collections.abc import Mapping, Sequence

from simulator.providers.anthropic import batches, errors, files, models
from simulator.providers.anthropic.count_tokens import CountTokens
from simulator.providers.anthropic.messages import Messages
from simulator.providers.anthropic.quotas import quota_writer
from simulator.providers.anthropic.request import NAME
from simulator.providers.base import Action, Endpoint, ModelEntry, Refusal, Reply
from simulator.providers.quota import QuotaWriter


class Anthropic:
    """The provider, as the registry knows it."""

    name = NAME
    models_paths = ("/v1/models",)

    def __init__(self) -> None:
        self.actions: Sequence[Action] = (*batches.ACTIONS, *files.ACTIONS)
        self.endpoints: Sequence[Endpoint] = (Messages(), CountTokens())

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request to a shared path is Anthropic's: it names an API version, or brings only an `x-api-key`."""
        return b"anthropic-version" in headers or (b"x-api-key" in headers and b"authorization" not in headers)

    def models(self, entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
        """A page of the models. Raises `Refusal` for a wrong paging parameter."""
        return models.models(entries, query, request_bits)

    def model(self, entry: ModelEntry, request_bits: bytes) -> Reply:
        """One model."""
        return models.model(entry, request_bits)

    def refuse(self, refusal: Refusal, request_bits: bytes) -> Reply:
        """The refusal in the API's own status, headers and body."""
        return errors.refuse(refusal, request_bits)

    def quota_writer(self, resources: Sequence[str]) -> QuotaWriter:
        """See `Provider.quota_writer`."""
        return quota_writer(resources)

    def stream_error(self, refusal: Refusal, request_bits: bytes) -> bytes:
        """The event that ends a stream in band with this refusal."""
        return errors.stream_error(refusal, request_bits)


__all__ = ["Anthropic"]
