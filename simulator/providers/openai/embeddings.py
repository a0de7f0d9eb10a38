"""POST /v1/embeddings: its request and its answer. Pure."""

import base64
from collections.abc import Mapping

import msgspec
import numpy as np
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.answers import embedded_of, face
from simulator.providers.openai.headers import plain_headers
from simulator.providers.openai.inputs import inputs_of, refuse_empty
from simulator.providers.openai.schema import EmbeddingBody
from simulator.providers.openai.wording import NO_MODEL, flawed, invalid

# The layout of recorded answers.
_REPLY = (
    b'{\n  "object": "list",\n  "data": [\n%b\n  ],\n  "model": %b,\n'
    b'  "usage": {\n    "prompt_tokens": %d,\n    "total_tokens": %d\n  }\n}\n'
)
_VECTOR = b'    {\n      "object": "embedding",\n      "index": %d,\n      "embedding": %b\n    }'
_FLOATS = np.dtype("<f4")


class Embeddings:
    """The embeddings endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/embeddings"
    operation = Operation.EMBEDDING
    label = "embeddings"
    reads = ()
    body = EmbeddingBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(EmbeddingBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. Whether the model has so many `dimensions` is the catalogue's to say."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        if not given.model:
            raise invalid(NO_MODEL)
        refuse_empty(given.input, "input")
        inputs, token_inputs = inputs_of(given.input, "input")
        request = Request(
            operation=Operation.EMBEDDING,
            provider="openai",
            model=given.model,
            inputs=inputs,
            dimensions=given.dimensions,
            token_inputs=token_inputs,
        )
        return Call(request, False, given)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        embedded = embedded_of(plan)
        as_base64 = call.echo.encoding_format == "base64"
        data = [
            _VECTOR % (index, b'"%b"' % base64.b64encode(vector) if as_base64 else _floats(vector))
            for index, vector in enumerate(embedded.vectors)
        ]
        tokens = embedded.usage.input_tokens
        return Reply(200, plain_headers(plan), _REPLY % (b",\n".join(data), face(plan.model).model, tokens, tokens))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("embeddings are not streamed")


def _floats(vector: bytes) -> bytes:
    """The shortest decimal of each float32, as a JSON array; a few microseconds for 1,536 of them."""
    return orjson.dumps(np.frombuffer(vector, dtype=_FLOATS), option=orjson.OPT_SERIALIZE_NUMPY)
