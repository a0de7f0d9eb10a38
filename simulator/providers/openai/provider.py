"""The OpenAI dialect as one value. Wiring: every behaviour is in the modules beside this one."""

from collections.abc import Mapping, Sequence

from simulator.providers.base import Action, Endpoint, ModelEntry, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.openai import errors, models, stored
from simulator.providers.openai.chat import Chat
from simulator.providers.openai.completions import Completions
from simulator.providers.openai.conversations import actions as conversations
from simulator.providers.openai.embeddings import Embeddings
from simulator.providers.openai.files import actions as files
from simulator.providers.openai.media import endpoints as media
from simulator.providers.openai.moderations import Moderations
from simulator.providers.openai.quotas import quota_writer
from simulator.providers.openai.responses import endpoints as responses
from simulator.providers.quota import QuotaWriter


class OpenAI:
    """OpenAI's API, a `Provider`. `max_depth` bounds the nesting of JSON bodies."""

    name = "openai"
    models_paths = ("/v1/models",)

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self.actions: Sequence[Action] = (
            *stored.actions(max_depth),
            *files.actions(max_depth),
            *media.actions(),
            *responses.actions(),
            *conversations.actions(max_depth),
        )
        self.endpoints: Sequence[Endpoint] = (
            *(Chat(max_depth), Completions(max_depth), Embeddings(max_depth)),
            *(Moderations(max_depth), *media.endpoints(max_depth)),
            *responses.endpoints(max_depth),
        )

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """True: of the providers that share a path, this one takes what no other claims."""
        del headers
        return True

    def models(self, entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
        """See `Provider.models`."""
        del query
        return models.listing(entries, request_bits)

    def model(self, entry: ModelEntry, request_bits: bytes) -> Reply:
        """See `Provider.model`."""
        return models.single(entry, request_bits)

    def refuse(self, refusal: Refusal, request_bits: bytes) -> Reply:
        """See `Provider.refuse`.

        For UNKNOWN_PATH without a message `param` is `GET /v1/x`, for WRONG_METHOD that or only `GET`.
        """
        return errors.refuse(refusal, request_bits)

    def quota_writer(self, resources: Sequence[str]) -> QuotaWriter:
        """See `Provider.quota_writer`."""
        return quota_writer(resources)

    def stream_error(self, refusal: Refusal, request_bits: bytes) -> bytes:
        """See `Provider.stream_error`."""
        return errors.stream_error(refusal, request_bits)
