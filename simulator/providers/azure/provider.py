"""The Azure dialect as one value. Wiring: every behaviour is in the modules beside this one, or in OpenAI's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from simulator.providers.azure import errors, models
from simulator.providers.azure.actions import EnvelopedAction
from simulator.providers.azure.envelope import Enveloped
from simulator.providers.azure.quotas import quota_writer
from simulator.providers.base import Action, Endpoint, ModelEntry, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.openai import OpenAI
from simulator.providers.quota import QuotaWriter

_V1: Final = "/v1"
_DEPLOYED: Final = frozenset(
    {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/audio/speech",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/v1/images/generations",
        "/v1/images/edits",
    }
)
"""What is served below a deployment's name. Its dated paths have no other form."""
_ABSENT: Final = frozenset({"/v1/moderations", "/v1/images/variations", "/v1/images/pictures/{name}"})
"""What Azure does not serve; pictures that an answer names by URL are at OpenAI's own path."""


class Azure:
    """Azure OpenAI, a `Provider`. `max_depth` bounds the nesting of JSON bodies."""

    name = "azure"
    models_of = "openai"
    """The provider whose models it serves."""
    models_paths = ()
    """None: the listings are actions, as whether they are answered depends on the query."""

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        openai = OpenAI(max_depth)
        self.endpoints: Sequence[Endpoint] = tuple(_endpoints(openai.endpoints))
        self.actions: Sequence[Action] = (*models.actions(), *_actions(openai.actions))

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the key is in Azure's own header."""
        return b"api-key" in headers

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


def _endpoints(within: Sequence[Endpoint]) -> Iterator[Endpoint]:
    for endpoint in within:
        path = endpoint.path
        if path in _ABSENT:
            continue
        yield Enveloped(endpoint, f"/openai{path}", dated=False)
        if path in _DEPLOYED:
            yield Enveloped(endpoint, f"/openai/deployments/{{deployment}}{path.removeprefix(_V1)}", dated=True)
        else:
            yield Enveloped(endpoint, f"/openai{path.removeprefix(_V1)}", dated=True)


def _actions(within: Sequence[Action]) -> Iterator[Action]:
    for action in within:
        if action.path in _ABSENT:
            continue
        yield EnvelopedAction(action, f"/openai{action.path}", dated=False)
        yield EnvelopedAction(action, f"/openai{action.path.removeprefix(_V1)}", dated=True)
