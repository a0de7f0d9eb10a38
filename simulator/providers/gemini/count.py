"""POST models/{model}:countTokens: what a prompt costs. Pure."""

from collections.abc import Mapping

import msgspec

from simulator.engine.plan import Plan
from simulator.engine.request import Operation
from simulator.providers.base import NO_TARGET, Call, Desk, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.gemini.answers import answer_of, by_modality
from simulator.providers.gemini.request import Echo, model_of, request_of
from simulator.providers.gemini.schema import CountBody, GenerateBody
from simulator.providers.gemini.schemas import Schemas
from simulator.providers.gemini.shelf import recalled
from simulator.providers.gemini.wire import told
from simulator.providers.gemini.wording import invalid, read


class CountTokens:
    """The counting method under one API version and one family of models, an `Endpoint` and a `Keeping`."""

    operation = Operation.COUNT
    label = "count_tokens"
    body = CountBody

    def __init__(self, version: str, family: str, schemas: Schemas, *, max_depth: int = DEFAULT_DEPTH) -> None:
        self.path = f"/{version}/{family}/{{model}}:countTokens"
        self._family = family
        self._depth = max_depth
        self._schemas = schemas
        self._decoder = msgspec.json.Decoder(CountBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. Without a path's model it is that of the whole request in the body."""
        del headers
        given = read(body, self._decoder, CountBody, self._depth)
        whole = given.generate_content_request
        if whole is not None and given.contents:
            raise invalid("Only one of `contents` and `generate_content_request` may be set.", "contents")
        model = model_of(target, whole.model if whole is not None else None, self._family)
        request, echo = request_of(
            whole if whole is not None else GenerateBody(given.contents),
            model,
            self._schemas,
            operation=Operation.COUNT,
        )
        kept = bool(echo.files) or echo.body.cached_content is not None
        return Call(request, stream=False, echo=echo, kept=kept)

    async def recall(self, call: Call, desk: Desk) -> Call:
        """See `Keeping.recall`."""
        return await recalled(call, desk, self._schemas)

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """Nothing of a count is stored."""

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        echo: Echo = call.echo
        tokens = answer_of(plan).usage.input_tokens
        found: dict[str, object] = {"totalTokens": tokens}
        cached = min(tokens, echo.cached)
        if cached:
            found["cachedContentTokenCount"] = cached
        found["promptTokensDetails"] = by_modality(tokens, echo)
        if cached:
            found["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": cached}]
        return told(found)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("a count is not streamed")
