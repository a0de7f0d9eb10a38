"""The Ollama dialect as one value. Wiring: every behaviour is in the modules beside this one."""

from collections.abc import Mapping, Sequence

import orjson

from simulator.providers.base import Action, Endpoint, ModelEntry, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.ollama import errors
from simulator.providers.ollama.chat import Chat
from simulator.providers.ollama.embeddings import Embed, Embeddings
from simulator.providers.ollama.generate import Generate
from simulator.providers.ollama.lines import JSON
from simulator.providers.ollama.shelves import Root, Running, Show, Tags, Version, details
from simulator.providers.ollama.upkeep import Copy, Create, Delete, FindBlob, Pull, Push, PutBlob
from simulator.providers.quota import Level, QuotaWriter

CLIENTS = (b"ollama-python/", b"ollama-js/", b"ollama/")
"""How the user agents of the official clients begin."""


class Ollama:
    """Ollama's API, a `Provider`. `max_depth` bounds the nesting of JSON bodies."""

    name = "ollama"
    models_paths: Sequence[str] = ()
    """None: the listing is `/api/tags`, below which there is no path for one model."""

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self.endpoints: Sequence[Endpoint] = (
            Chat(max_depth),
            Generate(max_depth),
            Embed(max_depth),
            Embeddings(max_depth),
        )
        upkeep = (Pull, Push, Create, Copy, Delete)
        self.actions: Sequence[Action] = (
            Tags(),
            Running(),
            Version(),
            Root(),
            Show(max_depth),
            *[each(max_depth) for each in upkeep],
            PutBlob(),
            FindBlob(),
        )

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether an official client of Ollama's sent these headers."""
        return headers.get(b"user-agent", b"").startswith(CLIENTS)

    def models(self, entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
        """See `Provider.models`; no path of this provider's is answered with it."""
        del query, request_bits
        told = [{"name": entry.id, "model": entry.id, "details": details(entry)} for entry in entries]
        return Reply(200, JSON, orjson.dumps({"models": told}))

    def model(self, entry: ModelEntry, request_bits: bytes) -> Reply:
        """See `Provider.model`; no path of this provider's is answered with it."""
        del request_bits
        return Reply(200, JSON, orjson.dumps({"name": entry.id, "model": entry.id, "details": details(entry)}))

    def refuse(self, refusal: Refusal, request_bits: bytes) -> Reply:
        """See `Provider.refuse`."""
        return errors.refuse(refusal, request_bits)

    def quota_writer(self, resources: Sequence[str]) -> QuotaWriter:
        """See `Provider.quota_writer`: the server tells of no limits in headers."""
        del resources
        return _no_lines

    def stream_error(self, refusal: Refusal, request_bits: bytes) -> bytes:
        """See `Provider.stream_error`."""
        return errors.stream_error(refusal, request_bits)


def _no_lines(levels: Sequence[Level], now: float) -> bytes:
    del levels, now
    return b""
