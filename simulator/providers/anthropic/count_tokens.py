"""`POST /v1/messages/count_tokens`. Pure; the engine counts, this only words the result."""

from collections.abc import Mapping

from simulator.engine.plan import Fault, Plan
from simulator.engine.request import Operation
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.attachments import WithFiles
from simulator.providers.anthropic.request import Bodies, request_of
from simulator.providers.anthropic.wire import json_headers
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target


class CountTokens(WithFiles[schema.CountBody]):
    """The endpoint. It never streams."""

    path = "/v1/messages/count_tokens"
    operation = Operation.COUNT
    label = "count_tokens"
    body = schema.CountBody

    def __init__(self) -> None:
        self._bodies: Bodies[schema.CountBody] = Bodies(schema.CountBody, schema.CountBody, schema.COUNT_BETAS)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """Read a body. Raises `Refusal` for anything that the API would refuse with a 400."""
        del target
        typed, asking = self._bodies.read(body, headers)
        request, kept, _ = request_of(Operation.COUNT, typed, asking)
        return Call(request, False, typed, kept)

    def reply(self, call: Call, plan: Plan) -> Reply:  # noqa: ARG002 - the answer depends on the plan alone
        """`{"input_tokens": n}`."""
        outcome = plan.outcome
        if isinstance(outcome, Fault):
            raise TypeError("a count is made from an answer, not from a fault")
        return Reply(200, json_headers(plan.request_bits), b'{"input_tokens":%d}' % outcome.usage.input_tokens)

    def stream(self, call: Call, plan: Plan) -> Stream:  # noqa: ARG002 - there is nothing to stream
        """Never called: `decode` gives no call that streams."""
        raise TypeError("a count of tokens is not streamed")
