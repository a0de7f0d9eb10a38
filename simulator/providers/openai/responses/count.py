"""POST /v1/responses/input_tokens: how many tokens a request's context has."""

from collections.abc import Mapping

import msgspec
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import Operation
from simulator.providers.base import NO_TARGET, Call, Desk, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.answers import answer_of
from simulator.providers.openai.headers import plain_headers
from simulator.providers.openai.responses.context import recalled
from simulator.providers.openai.responses.given import (
    check_context,
    check_model,
    format_of,
    read_input,
    refers,
    request_of,
)
from simulator.providers.openai.responses.offered import chosen, offered
from simulator.providers.openai.responses.schema import CountBody
from simulator.providers.openai.responses.wording import worded
from simulator.providers.openai.verdicts import Verdicts

_LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class InputTokens:
    """The counting endpoint, an `Endpoint` that recalls. `max_depth` bounds the nesting of a body."""

    path = "/v1/responses/input_tokens"
    operation = Operation.COUNT
    label = "responses_input_tokens"
    body = CountBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(CountBody)
        self._verdicts = Verdicts()

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, worded)
        check_model(given)
        work = read_input(given, self._depth)
        work.conversation = check_context(given, given.conversation)
        if given.tools is not None:
            work.offer = offered(given.tools, self._verdicts)
        if given.tool_choice is not None:
            work.choice = chosen(given.tool_choice, work.offer)
        request = request_of(work, self.operation, format_of(given.text, self._verdicts))
        return Call(request, False, work, refers(work))

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        del call
        told = {"object": "response.input_tokens", "input_tokens": answer_of(plan).usage.input_tokens}
        return Reply(200, plain_headers(plan), orjson.dumps(told, option=_LAYOUT))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("a count is not streamed")

    async def recall(self, call: Call, desk: Desk) -> Call:
        """See `Keeping.recall`."""
        return await recalled(call, desk)

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """See `Keeping.remember`: a count leaves nothing."""
