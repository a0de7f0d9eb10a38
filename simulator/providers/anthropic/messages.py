"""`POST /v1/messages`. Pure.

Bodies and frames are put together from byte templates: only the text, the name of the model and a few numbers differ
between two answers. Their order of keys is the recorded one.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from simulator.engine.plan import Answer, Choice, Finish, Plan
from simulator.engine.plan import Call as ToolCall
from simulator.engine.request import NO_SAMPLING, TEXT_FORMAT, Operation, Request
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.events import PING, TEXT_START, TEXT_STOP, CallStream, TextStream, call_id
from simulator.providers.anthropic.options import check_prewarming, check_thread, sampling_of, stops_of
from simulator.providers.anthropic.request import Bodies, request_of
from simulator.providers.anthropic.spacing import spaced
from simulator.providers.anthropic.wire import base58, event_headers, json_headers
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target

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
_TEXT_ONLY: Final = b'[{"type":"text","text":%b}]'
_CALL: Final = b'{"type":"tool_use","id":"%b","name":%b,"input":%b,"caller":{"type":"direct"}}'

_START: Final = (
    b"event: message_start\n"
    b'data: {"type":"message_start","message":{"model":%b,"id":%b,"type":"message","role":"assistant","content":[],'
    b'"stop_reason":null,"stop_sequence":null,"stop_details":null,"usage":{"input_tokens":%d,'
    b'"cache_creation_input_tokens":0,"cache_read_input_tokens":%d,"cache_creation":{"ephemeral_5m_input_tokens":0,'
    b'"ephemeral_1h_input_tokens":0},"output_tokens":%d,"service_tier":"standard","inference_geo":"global"}}}\n\n'
)
_END: Final = (
    b"event: message_delta\n"
    b'data: {"type":"message_delta","delta":{"stop_reason":"%b","stop_sequence":%b,"stop_details":%b},"usage":'
    b'{"input_tokens":%d,"cache_creation_input_tokens":0,"cache_read_input_tokens":%d,"output_tokens":%d,'
    b'"output_tokens_details":{"thinking_tokens":%d}}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


class Messages:
    """The endpoint."""

    path = "/v1/messages"
    operation = Operation.CHAT
    label = "messages"

    def __init__(self) -> None:
        self._bodies: Bodies[schema.MessagesBody] = Bodies(
            schema.SampledBody, schema.MessagesBody, schema.MESSAGES_BETAS
        )

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """Read a body. Raises `Refusal` for anything that the API would refuse with a 400."""
        del target
        typed, latest, betas = self._bodies.read(body, headers)
        check_prewarming(typed)
        if betas:
            check_thread(typed)
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

    def reply(self, call: Call, plan: Plan) -> Reply:
        """The whole message."""
        answer = _answer(plan)
        choice = answer.choices[0]
        usage = answer.usage
        body = _MESSAGE % (
            orjson.dumps(plan.model),
            _message_id(plan, answer),
            _content(choice, call.request),
            _STOP_REASON[choice.finish],
            orjson.dumps(choice.stop_sequence),
            _REFUSED if choice.finish is Finish.CONTENT_FILTER else b"null",
            usage.input_tokens - usage.cached_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        )
        return Reply(200, json_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
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
        headers = event_headers(plan.request_bits)
        if choice.calls:
            return CallStream(headers, choice, start, end)
        if choice.pieces:
            start, end = start + TEXT_START + PING, TEXT_STOP + end
        else:
            start += PING
        pieces = list(choice.pieces) if call.request.format is TEXT_FORMAT else spaced(choice.pieces)
        return TextStream(headers, pieces, start, end)


def _content(choice: Choice, request: Request) -> bytes:
    """The content blocks: the text, if there is any, and each call."""
    if not choice.calls:
        if not choice.pieces:
            return b"[]"
        if request.format is TEXT_FORMAT:
            return _TEXT_ONLY % orjson.dumps(choice.text)
        return _TEXT_ONLY % orjson.dumps("".join(spaced(choice.pieces)))
    text = _TEXT_ONLY[1:-1] % orjson.dumps(choice.text) + b"," if choice.pieces else b""
    calls = [
        _CALL % (call_id(made.id_bits), orjson.dumps(made.name), _arguments(made, choice.finish))
        for made in choice.calls
    ]
    return b"[%b%b]" % (text, b",".join(calls))


def _arguments(made: ToolCall, finish: Finish) -> bytes:
    """The arguments as JSON; those that `max_tokens` cut off are empty, as the real API has them."""
    text = "".join(made.pieces).encode()
    if finish is Finish.LENGTH:
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            return b"{}"
    return text


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
