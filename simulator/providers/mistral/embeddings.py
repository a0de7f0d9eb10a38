"""POST /v1/embeddings: its request and its answer. Pure."""

import base64
from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt
import orjson

from simulator.engine.plan import Embedded, Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.mistral.answers import literal
from simulator.providers.mistral.headers import plain_headers
from simulator.providers.mistral.schema import Dtype, EmbeddingBody
from simulator.providers.mistral.wording import arguments, field, flawed

MOST_INPUTS = 1_024
"""Texts of one request: this simulator's own bound, so that no body fills the memory."""
CODE_DIMENSIONS = 1_536
"""Of Codestral Embed where the request names none; it has up to 3,072."""

_REPLY = (
    b'{"id":"%b","object":"list","data":[%b],"model":%b,"usage":{"prompt_audio_seconds":null,"prompt_tokens":%d,'
    b'"total_tokens":%d,"completion_tokens":0,"request_count":null,"prompt_tokens_details":null,"service_tier":null}}'
)
_VECTOR = b'{"object":"embedding","embedding":%b,"index":%d}'
_FLOATS = np.dtype("<f4")


class Embeddings:
    """The embeddings endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/embeddings"
    operation = Operation.EMBEDDING
    label = "embeddings"
    body = EmbeddingBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(EmbeddingBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        texts = (given.input,) if isinstance(given.input, str) else tuple(given.input)
        if not texts or "" in texts:
            raise field("too_short", ("input",), "Input should have at least 1 item, and none that is empty")
        if len(texts) > MOST_INPUTS:
            raise arguments(f"Too many inputs in request. Max is {MOST_INPUTS}.", "input")
        dimensions = given.output_dimension
        code = given.model.startswith("codestral-embed")
        if dimensions is None and code:
            dimensions = CODE_DIMENSIONS
        if given.output_dtype not in {None, "float"} and given.model.startswith("mistral-embed"):
            raise arguments("This model does not support output_dtype.", "output_dtype")
        request = Request(
            operation=Operation.EMBEDDING,
            provider="mistral",
            model=given.model,
            inputs=texts,
            dimensions=dimensions,
        )
        return Call(request, False, given)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        if not isinstance(plan.outcome, Embedded):
            raise TypeError(f"this endpoint encodes an Embedded, not {type(plan.outcome).__name__}")
        given: EmbeddingBody = call.echo
        data = [
            _VECTOR % (_written(vector, given.output_dtype or "float", packed=given.encoding_format == "base64"), index)
            for index, vector in enumerate(plan.outcome.vectors)
        ]
        tokens = plan.outcome.usage.input_tokens
        answer_id = plan.digest.hex()[:32].encode()
        body = _REPLY % (answer_id, b",".join(data), literal(plan.model), tokens, tokens)
        return Reply(200, plain_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("embeddings are not streamed")


def _written(vector: bytes, dtype: Dtype, *, packed: bool) -> bytes:
    values = _cast(np.frombuffer(vector, dtype=_FLOATS), dtype)
    if packed:
        return b'"%b"' % base64.b64encode(values.tobytes())
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)


def _cast(values: npt.NDArray[np.float32], dtype: Dtype) -> npt.NDArray[np.float32 | np.int8 | np.uint8]:
    """A unit vector in a smaller type: a component of 1 is 127 (255 without sign), a bit says whether it is positive.

    Bits are packed eight to a byte, the first the highest; with sign they are that byte less 128.
    """
    found: npt.NDArray[np.float32 | np.int8 | np.uint8] = values
    if dtype == "int8":
        found = np.rint(values * 127).astype(np.int8)
    elif dtype == "uint8":
        found = np.rint((values + 1) * 127.5).astype(np.uint8)
    elif dtype != "float":
        found = np.packbits(values > 0)
        if dtype == "binary":
            found = (found ^ 128).view(np.int8)
    return found
