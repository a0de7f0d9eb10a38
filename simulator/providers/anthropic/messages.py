"""`POST /v1/messages`. Pure.

Bodies and frames are put together from byte templates: only the text, the name of the model and a few numbers differ
between two answers. Their order of keys is the recorded one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from simulator.engine.plan import Answer, Finish, Plan
from simulator.engine.request import NO_SAMPLING, Operation
from simulator.providers import frames
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.options import check_prewarming, sampling_of, stops_of
from simulator.providers.anthropic.request import Bodies, request_of
from simulator.providers.anthropic.wire import base58, event_headers, json_headers
from simulator.providers.base import Call, Header, Reply

_STOP_REASON: Final[Mapping[Finish, bytes]] = {
    Finish.STOP: b"end_turn",
    Finish.LENGTH: b"max_tokens",
    Finish.STOP_SEQUENCE: b"stop_sequence",
    Finish.TOOL_CALLS: b"tool_use",
    Finish.CONTENT_FILTER: b"refusal",
}
_REFUSED: Final = b'{"type":"refusal","category":null,"explanation":null}'

_MESSAGE: Final = (
    b'{"model":%b,"id":%b,"type":"message","role":"assistant","content":%b,"stop_reason":"%b","stop_sequence":%b,'
    b'"stop_details":%b,"usage":{"input_tokens":%d,"cache_creation_input_tokens":0,"cache_read_input_tokens":%d,'
    b'"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":%d,'
    b'"output_tokens_details":{"thinking_tokens":%d},"service_tier":"standard","inference_geo":"global"}}'
)
_TEXT_BLOCK: Final = b'[{"type":"text","text":%b}]'

_START: Final = (
    b"event: message_start\n"
    b'data: {"type":"message_start","message":{"model":%b,"id":%b,"type":"message","role":"assistant","content":[],'
    b'"stop_reason":null,"stop_sequence":null,"stop_details":null,"usage":{"input_tokens":%d,'
    b'"cache_creation_input_tokens":0,"cache_read_input_tokens":%d,"cache_creation":{"ephemeral_5m_input_tokens":0,'
    b'"ephemeral_1h_input_tokens":0},"output_tokens":%d,"service_tier":"standard","inference_geo":"global"}}}\n\n'
)
_BLOCK_START: Final = (
    b"event: content_block_start\n"
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
)
# The space after the colon is the real API's.
_PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
_DELTA_HEAD: Final = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":'
)
_DELTA_TAIL: Final = b"}}\n\n"
_BLOCK_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
_END: Final = (
    b"event: message_delta\n"
    b'data: {"type":"message_delta","delta":{"stop_reason":"%b","stop_sequence":%b,"stop_details":%b},"usage":'
    b'{"input_tokens":%d,"cache_creation_input_tokens":0,"cache_read_input_tokens":%d,"output_tokens":%d,'
    b'"output_tokens_details":{"thinking_tokens":%d}}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


class TextStream:
    """The events of one text answer: a `content_block_delta` a piece.

    An answer without pieces has no content block, and its one step is prologue and epilogue.
    """

    __slots__ = ("_epilogue", "_pieces", "_prologue", "headers", "steps")

    def __init__(self, headers: Sequence[Header], pieces: Sequence[str], prologue: bytes, epilogue: bytes) -> None:
        self.headers = headers
        self.steps = len(pieces) or 1
        self._pieces = pieces
        self._prologue = prologue
        self._epilogue = epilogue

    def frames(self, start: int, stop: int) -> bytes:
        """The wire bytes of steps `start` up to but not including `stop`."""
        if start >= stop:
            return b""
        body = frames.run(self._pieces[start:stop], _DELTA_HEAD, _DELTA_TAIL)
        if start == 0:
            body = self._prologue + body
        return body + self._epilogue if stop >= self.steps else body


class Messages:
    """The endpoint."""

    path = "/v1/messages"
    operation = Operation.CHAT
    label = "messages"

    def __init__(self) -> None:
        self._bodies: Bodies[schema.MessagesBody] = Bodies(
            schema.SampledBody, schema.MessagesBody, schema.MESSAGES_BETAS
        )

    def decode(self, body: bytes, headers: Mapping[bytes, bytes]) -> Call:
        """Read a body. Raises `Refusal` for anything that the API would refuse with a 400."""
        typed, latest, betas = self._bodies.read(body, headers)
        check_prewarming(typed)
        request = request_of(
            Operation.CHAT,
            typed,
            latest,
            betas,
            max_tokens=typed.max_tokens,
            stop=stops_of(typed.stop_sequences),
            sampling=sampling_of(typed) if isinstance(typed, schema.SampledBody) else NO_SAMPLING,
        )
        return Call(request, typed.stream is True, typed)

    def reply(self, call: Call, plan: Plan) -> Reply:  # noqa: ARG002 - the answer depends on the plan alone
        """The whole message."""
        answer = _answer(plan)
        choice = answer.choices[0]
        usage = answer.usage
        body = _MESSAGE % (
            orjson.dumps(plan.model),
            _message_id(plan, answer),
            _TEXT_BLOCK % orjson.dumps(choice.text) if choice.pieces else b"[]",
            _STOP_REASON[choice.finish],
            orjson.dumps(choice.stop_sequence),
            _REFUSED if choice.finish is Finish.CONTENT_FILTER else b"null",
            usage.input_tokens - usage.cached_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        )
        return Reply(200, json_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> TextStream:  # noqa: ARG002 - the answer depends on the plan alone
        """The same message as events."""
        answer = _answer(plan)
        choice = answer.choices[0]
        usage = answer.usage
        billed = usage.input_tokens - usage.cached_tokens
        # The first event counts what was written when it left: the first token, if there is one.
        start = _START % (
            orjson.dumps(plan.model),
            _message_id(plan, answer),
            billed,
            usage.cached_tokens,
            min(1, usage.output_tokens),
        )
        end = _END % (
            _STOP_REASON[choice.finish],
            orjson.dumps(choice.stop_sequence),
            _REFUSED if choice.finish is Finish.CONTENT_FILTER else b"null",
            billed,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        )
        if choice.pieces:
            start, end = start + _BLOCK_START + _PING, _BLOCK_STOP + end
        else:
            start += _PING
        return TextStream(event_headers(plan.request_bits), list(choice.pieces), start, end)


def _answer(plan: Plan) -> Answer:
    outcome = plan.outcome
    if not isinstance(outcome, Answer):
        raise TypeError(f"a message is made from an answer, not from {type(outcome).__name__}")
    return outcome


def _message_id(plan: Plan, answer: Answer) -> bytes:
    """The id as a JSON string: `msg_01…`, or the configured prefix in place of `msg_`."""
    if plan.id_prefix is None:
        return b'"msg_01%b"' % base58(answer.id_bits)
    return orjson.dumps(f"{plan.id_prefix}01{base58(answer.id_bits).decode()}")
