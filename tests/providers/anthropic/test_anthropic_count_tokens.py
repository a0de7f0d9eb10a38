"""`POST /v1/messages/count_tokens`: the engine's count in the API's shape."""

import pytest
from anthropic.types import MessageTokensCount

from simulator.engine.plan import Address, Answer, Fault, FaultKind, Plan, Usage
from simulator.providers.anthropic import Anthropic

COUNT = Anthropic().endpoints[1]
CALL = COUNT.decode(
    b'{"model":"claude-haiku-4-5","messages":[{"role":"user","content":"Hello"}]}',
    {b"anthropic-version": b"2026-10-21"},
)


def plan(outcome) -> Plan:
    return Plan(Address(1, 0, 0, 0), b"d" * 16, "claude-haiku-4-5", outcome, (), bytes(16))


def test_the_sdk_takes_a_count_strictly() -> None:
    reply = COUNT.reply(CALL, plan(Answer((), Usage(14, 0), bytes(32), 0)))
    counted = MessageTokensCount.model_validate_json(reply.body, strict=True)
    assert counted.input_tokens == 14
    assert not counted.model_extra
    assert reply.status == 200
    assert dict(reply.headers)[b"request-id"].startswith(b"req_01")


def test_a_count_is_neither_a_fault_nor_a_stream() -> None:
    with pytest.raises(TypeError, match="fault"):
        COUNT.reply(CALL, plan(Fault(FaultKind.TIMEOUT)))
    with pytest.raises(TypeError, match="not streamed"):
        COUNT.stream(CALL, plan(Answer((), Usage(14, 0), bytes(32), 0)))
