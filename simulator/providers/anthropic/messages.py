"""`POST /v1/messages`. Pure.

Bodies and frames are put together from byte templates: only the text, the name of the model and a few numbers differ
between two answers. Their order of keys is the recorded one.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from simulator.engine.plan import Answer, Choice, Finish, Plan, Usage
from simulator.engine.request import NO_SAMPLING, TEXT_FORMAT, Operation
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.answer import blocks_of, content_of, is_refused
from simulator.providers.anthropic.attachments import WithFiles
from simulator.providers.anthropic.caching import cacheable_of
from simulator.providers.anthropic.events import PING, TEXT_START, TEXT_STOP, BlockStream, TextStream
from simulator.providers.anthropic.options import check_prewarming, check_thread, sampling_of, stops_of
from simulator.providers.anthropic.request import Bodies, request_of
from simulator.providers.anthropic.spacing import spaced
from simulator.providers.anthropic.thinking import check_sampled
from simulator.providers.anthropic.usage import SERVED, UNCACHED, UNCACHED_INPUT, usage_of
from simulator.providers.anthropic.wire import base58, event_headers, json_headers
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target

_REFUSED: Final = (b"refusal", b'{"type":"refusal","category":null,"explanation":null}')
_OUTGROWN: Final = (b"model_context_window_exceeded", b"null")
_STOPPED: Final[Mapping[Finish, tuple[bytes, bytes]]] = {
    Finish.STOP: (b"end_turn", b"null"),
    Finish.LENGTH: (b"max_tokens", b"null"),
    Finish.STOP_SEQUENCE: (b"stop_sequence", b"null"),
    Finish.TOOL_CALLS: (b"tool_use", b"null"),
    Finish.CONTENT_FILTER: _REFUSED,
    Finish.REFUSAL: _REFUSED,
}
"""The `stop_reason` and the `stop_details`."""

_TOLD: Final = (
    b'{"model":%b,"id":%b,"type":"message","role":"assistant","content":%b,"stop_reason":"%b","stop_sequence":%b,'
    b'"stop_details":%b,"usage":{'
)
_OUTPUT: Final = b',"output_tokens":%d,"output_tokens_details":{"thinking_tokens":%d}'
_MESSAGE: Final = _TOLD + b"%b" + _OUTPUT + b",%b}%b}"
_PLAIN: Final = _TOLD + UNCACHED + _OUTPUT + b"," + SERVED + b"}}"
"""Of a message that is one text at most and has nothing to do with the prompt cache, as nearly all are."""
_TEXT_ONLY: Final = b'[{"type":"text","text":%b}]'
_STARTED: Final = (
    b"event: message_start\n"
    b'data: {"type":"message_start","message":{"model":%b,"id":%b,"type":"message","role":"assistant","content":[],'
    b'"stop_reason":null,"stop_sequence":null,"stop_details":null,"usage":{'
)
_START: Final = _STARTED + b'%b,"output_tokens":%d,%b}}}\n\n'
_PLAIN_START: Final = _STARTED + UNCACHED + b',"output_tokens":%d,' + SERVED + b"}}}\n\n"
_ENDED: Final = (
    b"event: message_delta\n"
    b'data: {"type":"message_delta","delta":{"stop_reason":"%b","stop_sequence":%b,"stop_details":%b},"usage":{'
)
_LAST: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_END: Final = _ENDED + b"%b" + _OUTPUT + b"}%b}\n\n" + _LAST
_PLAIN_END: Final = _ENDED + UNCACHED_INPUT + _OUTPUT + b"}}\n\n" + _LAST
_SMALLEST_WINDOW: Final = 4_000
_EDITED: Final = b',"context_management":{"applied_edits":[]}'
"""What is told of context management that was asked for: no edit is ever needed."""


class Messages(WithFiles[schema.MessagesBody]):
    """The endpoint."""

    path = "/v1/messages"
    operation = Operation.CHAT
    label = "messages"
    reads = (b"anthropic-version", b"anthropic-beta")
    body = schema.SampledBody

    def __init__(self) -> None:
        self._bodies: Bodies[schema.MessagesBody] = Bodies(
            schema.SampledBody, schema.MessagesBody, schema.MESSAGES_BETAS
        )

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """Read a body. Raises `Refusal` for anything that the API would refuse with a 400."""
        del target
        typed, asking = self._bodies.read(body, headers)
        check_prewarming(typed)
        if asking.fields:
            check_thread(typed)
        sampling = NO_SAMPLING
        if isinstance(typed, schema.SampledBody):
            sampling = sampling_of(typed)
            if typed.thinking is not None:
                check_sampled(typed)
        request, kept, marked = request_of(
            Operation.CHAT,
            typed,
            asking,
            max_tokens=typed.max_tokens,
            stop=stops_of(typed.stop_sequences),
            sampling=sampling,
        )
        return Call(request, typed.stream is True, typed, kept, cache=cacheable_of(typed) if marked else None)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """The whole message."""
        answer = _answer(plan)
        choice, usage = answer.choices[0], answer.usage
        reason, details = _stopped(call, choice, usage)
        if _is_plain(call, choice, usage):
            body = _PLAIN % (
                orjson.dumps(plan.model),
                _message_id(plan, answer),
                _TEXT_ONLY % orjson.dumps(_text(call, choice)) if choice.pieces else b"[]",
                reason,
                orjson.dumps(choice.stop_sequence),
                details,
                usage.input_tokens,
                usage.output_tokens,
                0,
            )
            return Reply(200, json_headers(plan.request_bits), body)
        before, after = usage_of(usage, call.echo)
        body = _MESSAGE % (
            orjson.dumps(plan.model),
            _message_id(plan, answer),
            content_of(blocks_of(answer, call.request, call.echo)),
            reason,
            orjson.dumps(choice.stop_sequence),
            details,
            before,
            usage.output_tokens,
            usage.reasoning_tokens,
            after,
            _edits(call),
        )
        return Reply(200, json_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """The same message as events."""
        answer = _answer(plan)
        choice, usage = answer.choices[0], answer.usage
        reason, details = _stopped(call, choice, usage)
        model, name, sequence = orjson.dumps(plan.model), _message_id(plan, answer), orjson.dumps(choice.stop_sequence)
        # The first event counts what was written when it left: the first token, if there is one.
        begun = min(1, usage.output_tokens)
        headers = event_headers(plan.request_bits)
        if not _is_plain(call, choice, usage):
            before, after = usage_of(usage, call.echo)
            start = _START % (model, name, before, begun, after)
            before = before.partition(b',"cache_creation":')[0]
            counts = before, usage.output_tokens, usage.reasoning_tokens
            end = _END % (reason, sequence, details, *counts, _edits(call))
            return BlockStream(headers, blocks_of(answer, call.request, call.echo), start, end)
        start = _PLAIN_START % (model, name, usage.input_tokens, begun)
        end = _PLAIN_END % (reason, sequence, details, usage.input_tokens, usage.output_tokens, 0)
        if choice.pieces:
            start, end = start + TEXT_START + PING, TEXT_STOP + end
        else:
            start += PING
        pieces = list(choice.pieces) if call.request.format is TEXT_FORMAT else spaced(choice.pieces)
        return TextStream(headers, pieces, start, end)


def _is_plain(call: Call, choice: Choice, usage: Usage) -> bool:
    return not (
        call.request.extra
        or choice.calls
        or choice.reasoning
        or usage.cached_tokens
        or usage.written_tokens
        or call.echo.speed
    )


def _text(call: Call, choice: Choice) -> str:
    return choice.text if call.request.format is TEXT_FORMAT else "".join(spaced(choice.pieces))


def _stopped(call: Call, choice: Choice, usage: Usage) -> tuple[bytes, bytes]:
    """Why the answer ended, and the details of a refusal as JSON."""
    finish = choice.finish
    if call.request.extra and is_refused(call.request):
        return _REFUSED
    if finish is Finish.LENGTH and _is_full(usage) and usage.output_tokens < call.echo.max_tokens:
        return _OUTGROWN
    return _STOPPED[finish]


def _is_full(usage: Usage) -> bool:
    """Whether prompt and answer together fill a context window: those are whole thousands or powers of two."""
    tokens = usage.input_tokens + usage.output_tokens
    return tokens >= _SMALLEST_WINDOW and (tokens % 1_000 == 0 or tokens & (tokens - 1) == 0)


def _edits(call: Call) -> bytes:
    if not call.request.extra or getattr(call.echo, "context_management", None) is None:
        return b""
    return _EDITED


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
