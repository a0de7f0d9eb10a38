"""POST /v1/responses/compact: a conversation made into something shorter, to go on with."""

from collections.abc import Mapping

import msgspec
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import TEXT_FORMAT, Operation
from simulator.providers.base import NO_TARGET, Call, Desk, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.answers import answer_of
from simulator.providers.openai.headers import plain_headers
from simulator.providers.openai.responses.context import recalled
from simulator.providers.openai.responses.given import (
    check_context,
    check_model,
    check_something,
    read_input,
    refers,
    request_of,
)
from simulator.providers.openai.responses.naming import answer_id
from simulator.providers.openai.responses.output import compaction, usage_of
from simulator.providers.openai.responses.schema import CompactBody
from simulator.providers.openai.responses.wording import worded

_LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class Compact:
    """The compacting endpoint, an `Endpoint` that recalls. `max_depth` bounds the nesting of a body.

    All of it becomes one sealed item, which costs as many tokens as were written. (The service leaves in what the user
    said; the types of the official client know no such items here.)
    """

    path = "/v1/responses/compact"
    operation = Operation.CHAT
    label = "responses_compact"
    body = CompactBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(CompactBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, worded)
        check_model(given)
        work = read_input(given, self._depth)
        check_context(given, None)
        check_something(work)
        return Call(request_of(work, self.operation, TEXT_FORMAT, extra=("compact",)), False, work, refers(work))

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        del call
        answer = answer_of(plan)
        body = {
            "id": answer_id("resp", answer),
            "created_at": answer.created,
            "object": "response.compaction",
            "output": [compaction(answer, answer.usage.output_tokens, answer.created)],
            "usage": usage_of(answer.usage),
        }
        return Reply(200, plain_headers(plan), orjson.dumps(body, option=_LAYOUT))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("a compaction is not streamed")

    async def recall(self, call: Call, desk: Desk) -> Call:
        """See `Keeping.recall`."""
        return await recalled(call, desk)

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """See `Keeping.remember`: a compaction leaves nothing."""
