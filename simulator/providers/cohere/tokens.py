"""`POST /v1/tokenize` and `POST /v1/detokenize`. Pure.

Each is the other's inverse, for any text: see `vocabulary`. Both are planned, so that an unknown model is refused in
one way and limits count both.
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
import orjson
from msgspec import Meta

from simulator.engine.plan import Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.cohere.chat import answer_of
from simulator.providers.cohere.schema import Name, Strict
from simulator.providers.cohere.vocabulary import ids_of, text_of
from simulator.providers.cohere.wire import NAME, json_headers
from simulator.providers.cohere.wording import invalid, missing, worder
from simulator.providers.decode import DEFAULT_DEPTH, decode

LONGEST_TEXT: Final = 65_536
"""Characters of a text, and ids of a list, that the service takes."""

_TOKENS: Final = b'{"tokens":%b,"token_strings":%b,"meta":{"api_version":{"version":"1"}}}'
_TEXT: Final = b'{"text":%b,"meta":{"api_version":{"version":"1"}}}'


class TokenizeBody(Strict, frozen=True):
    """`POST /v1/tokenize`."""

    text: str
    model: Name


class DetokenizeBody(Strict, frozen=True):
    """`POST /v1/detokenize`."""

    tokens: list[Annotated[int, Meta(ge=0, le=2**63 - 1)]]
    model: Name


class Tokenize:
    """The endpoint."""

    path = "/v1/tokenize"
    operation = Operation.TOKENIZE
    label = "tokenize"
    body = TokenizeBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(TokenizeBody)
        self._word = worder("tokenize")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._word)
        if not given.text:
            raise missing("text")
        if len(given.text) > LONGEST_TEXT:
            raise invalid(f"text must be at most {LONGEST_TEXT} characters long - received {len(given.text)}", "text")
        return Call(Request(Operation.TOKENIZE, NAME, given.model, inputs=(given.text,)), False, given)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        del call
        ids, texts = ids_of(answer_of(plan).choices[0].pieces)
        return Reply(200, json_headers(plan.request_bits), _TOKENS % (orjson.dumps(ids), orjson.dumps(texts)))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("tokens are not streamed")


class Detokenize:
    """The endpoint."""

    path = "/v1/detokenize"
    operation = Operation.TOKENIZE
    label = "detokenize"
    body = DetokenizeBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(DetokenizeBody)
        self._word = worder("detokenize")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. An id that no text has is refused."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._word)
        if len(given.tokens) > LONGEST_TEXT:
            raise invalid(f"tokens must have at most {LONGEST_TEXT} elements - received {len(given.tokens)}", "tokens")
        texts: list[str] = []
        for place, number in enumerate(given.tokens):
            text = text_of(number)
            if text is None:
                raise invalid(f"token {number} at index {place} is not in the vocabulary", f"tokens[{place}]")
            texts.append(text)
        return Call(Request(Operation.TOKENIZE, NAME, given.model, inputs=("".join(texts),)), False, given)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        return Reply(200, json_headers(plan.request_bits), _TEXT % orjson.dumps(call.request.inputs[0]))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("texts are not streamed")
