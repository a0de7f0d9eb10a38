"""POST /api/embed and the older /api/embeddings: their requests and their answers. Pure."""

from collections.abc import Mapping

import msgspec
import numpy as np
import orjson

from simulator.engine.plan import Embedded, Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.ollama.chat import literal
from simulator.providers.ollama.library import facts_of
from simulator.providers.ollama.lines import JSON
from simulator.providers.ollama.moments import durations
from simulator.providers.ollama.options import options_of, unloads
from simulator.providers.ollama.schema import EmbedBody, EmbeddingsBody
from simulator.providers.ollama.wording import invalid, wording

MOST_INPUTS = 2_048
"""Texts of one request: this simulator's own bound, so that no body fills the memory."""
_FLOATS = np.dtype("<f4")
_REPLY = b'{"model":%b,"embeddings":[%b],"total_duration":%d,"load_duration":%d,"prompt_eval_count":%d}'


class Embed:
    """The embed endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body. A call's echo: if it has texts."""

    path = "/api/embed"
    operation = Operation.EMBEDDING
    label = "embed"
    body: type = EmbedBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(EmbedBody)
        self._flawed = wording("EmbedRequest")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._flawed)
        unloads(given.keep_alive)
        options_of(given.options)
        texts = [given.input] if isinstance(given.input, str) and given.input else given.input or []
        if not all(isinstance(text, str) for text in texts):
            raise invalid("invalid input type", "input")
        if len(texts) > MOST_INPUTS:
            raise invalid(f"too many inputs: {MOST_INPUTS} at most", "input")
        model = given.model or ""
        return Call(_request(model, tuple(texts) or ("",), given.dimensions), False, bool(texts))

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        embedded = _embedded(plan)
        model = literal(plan.model)
        if not call.echo:
            return Reply(200, JSON, b'{"model":%b,"embeddings":[]}' % model)
        vectors = b",".join([_floats(vector) for vector in embedded.vectors])
        total, load, _, _ = durations(plan.offsets)
        return Reply(200, JSON, _REPLY % (model, vectors, total, load, embedded.usage.input_tokens))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("embeddings are not streamed")


class Embeddings(Embed):
    """The older endpoint for one text, an `Endpoint`."""

    path = "/api/embeddings"
    label = "embeddings"
    body = EmbeddingsBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        super().__init__(max_depth)
        self._older = msgspec.json.Decoder(EmbeddingsBody)
        self._flawed = wording("EmbeddingRequest")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._older, self._depth, self._flawed)
        if not given.model:
            raise invalid("model is required", "model")
        unloads(given.keep_alive)
        options_of(given.options)
        return Call(_request(given.model, (given.prompt or "",), None), False, bool(given.prompt))

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        embedded = _embedded(plan)
        return Reply(200, JSON, b'{"embedding":%b}' % (_floats(embedded.vectors[0]) if call.echo else b"[]"))


def _request(model: str, texts: tuple[str, ...], dimensions: int | None) -> Request:
    """Sizes that shorten nothing are as none, as the server takes them."""
    facts = facts_of(model)
    if dimensions is not None and (dimensions < 1 or (facts is not None and dimensions >= facts.width)):
        dimensions = None
    return Request(
        operation=Operation.EMBEDDING, provider="ollama", model=model, inputs=texts, dimensions=_int64(dimensions)
    )


def _int64(dimensions: int | None) -> int | None:
    return None if dimensions is None else min(dimensions, 2**63 - 1)


def _embedded(plan: Plan) -> Embedded:
    if not isinstance(plan.outcome, Embedded):
        raise TypeError(f"this endpoint encodes an Embedded, not {type(plan.outcome).__name__}")
    return plan.outcome


def _floats(vector: bytes) -> bytes:
    """The shortest decimal of each float32, as a JSON array."""
    return orjson.dumps(np.frombuffer(vector, dtype=_FLOATS), option=orjson.OPT_SERIALIZE_NUMPY)
