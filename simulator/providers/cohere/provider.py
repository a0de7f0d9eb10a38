"""The Cohere dialect as one value. Wiring: every behaviour is in the modules beside this one."""

from collections.abc import Mapping, Sequence

from simulator.providers.base import Action, Endpoint, ModelEntry, Refusal, Reply
from simulator.providers.cohere import errors, models
from simulator.providers.cohere.chat import Chat
from simulator.providers.cohere.classify import Classify
from simulator.providers.cohere.embed import Embed
from simulator.providers.cohere.keys import CheckApiKey
from simulator.providers.cohere.legacy_chat import LegacyChat
from simulator.providers.cohere.quotas import quota_writer
from simulator.providers.cohere.rerank import Rerank
from simulator.providers.cohere.tokens import Detokenize, Tokenize
from simulator.providers.cohere.wire import NAME
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.quota import QuotaWriter


class Cohere:
    """Cohere's API, versions 1 and 2, a `Provider`. `max_depth` bounds the nesting of JSON bodies."""

    name = NAME
    models_paths = ("/v1/models",)

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self.endpoints: Sequence[Endpoint] = (
            Chat(max_depth),
            LegacyChat(max_depth),
            Embed(2, max_depth),
            Embed(1, max_depth),
            Rerank(2, max_depth),
            Rerank(1, max_depth),
            Tokenize(max_depth),
            Detokenize(max_depth),
            Classify(max_depth),
        )
        self.actions: Sequence[Action] = (CheckApiKey(),)

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request to a shared path is Cohere's: its SDKs, in every language, say so in two headers."""
        return headers.get(b"x-fern-sdk-name", b"").startswith(b"cohere") or headers.get(
            b"user-agent", b""
        ).lower().startswith(b"cohere")

    def models(self, entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
        """See `Provider.models`."""
        return models.models(entries, query, request_bits)

    def model(self, entry: ModelEntry, request_bits: bytes) -> Reply:
        """See `Provider.model`."""
        return models.model(entry, request_bits)

    def refuse(self, refusal: Refusal, request_bits: bytes) -> Reply:
        """See `Provider.refuse`."""
        return errors.refuse(refusal, request_bits)

    def quota_writer(self, resources: Sequence[str]) -> QuotaWriter:
        """See `Provider.quota_writer`."""
        return quota_writer(resources)

    def stream_error(self, refusal: Refusal, request_bits: bytes) -> bytes:
        """See `Provider.stream_error`. The events are version 2's; streams of version 1 have words of their own."""
        del request_bits
        return errors.stream_error(refusal)
