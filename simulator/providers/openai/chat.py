"""POST /v1/chat/completions: its request, its answer and its stream. Pure."""

from collections.abc import Mapping, Sequence

import msgspec
import orjson

from simulator.engine.plan import Choice, Plan
from simulator.engine.request import TEXT_FORMAT, Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.answers import FINISH, answer_id, answer_of, chat_usage, face
from simulator.providers.openai.calls import finish_of, manner_of, message_of, steps_of
from simulator.providers.openai.chunks import DONE, ChunkStream, Lane, StepStream
from simulator.providers.openai.formats import format_of
from simulator.providers.openai.headers import plain_headers, stream_headers
from simulator.providers.openai.limits import refuse_unsupported_chat
from simulator.providers.openai.messages import conversation
from simulator.providers.openai.parameters import check_shared, sampling, stop_sequences, wants_usage
from simulator.providers.openai.schema import ChatBody
from simulator.providers.openai.tools import check_deprecated, check_tool_parameters, tool_choice_of, tools_of
from simulator.providers.openai.verdicts import Verdicts
from simulator.providers.openai.wording import flawed, invalid

# The layout of recorded answers: two spaces a level, keys in this order, a newline at the end.
_REPLY = (
    b'{\n  "id": %b,\n  "object": "chat.completion",\n  "created": %d,\n  "model": %b,\n  "choices": [\n%b\n  ],\n'
    b'  "usage": %b,\n  "service_tier": "default",\n  "system_fingerprint": %b\n}\n'
)
_CHOICE = (
    b'    {\n      "index": %d,\n      "message": {\n        "role": "assistant",\n        "content": %b,\n'
    b'        "refusal": null,\n        "annotations": []\n      },\n      "logprobs": null,\n'
    b'      "finish_reason": "%b"\n    }'
)
_USAGE = (
    b'{\n    "prompt_tokens": %d,\n    "completion_tokens": %d,\n    "total_tokens": %d,\n'
    b'    "prompt_tokens_details": {\n      "cached_tokens": %d,\n      "audio_tokens": 0\n    },\n'
    b'    "completion_tokens_details": {\n      "reasoning_tokens": %d,\n      "audio_tokens": 0,\n'
    b'      "accepted_prediction_tokens": 0,\n      "rejected_prediction_tokens": 0\n    }\n  }'
)
_CHUNK = (
    b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,"service_tier":"default",'
    b'"system_fingerprint":%b,"choices":['
)
_ROLE = b'{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}'
_CHUNK_USAGE = (
    b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":0},'
    b'"completion_tokens_details":{"reasoning_tokens":%d,"audio_tokens":0,'
    b'"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
)


class Chat:
    """The chat endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/chat/completions"
    operation = Operation.CHAT
    label = "chat_completions"

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ChatBody)
        self._verdicts = Verdicts()

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        check_shared(given)
        if given.max_tokens is not None and given.max_completion_tokens is not None:
            raise invalid(
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
                "max_completion_tokens",
                "invalid_parameter_combination",
            )
        with_tools = given.tools is not None or given.functions is not None
        choosing = given.tool_choice is not None or given.function_call is not None
        if choosing or given.parallel_tool_calls is not None:
            check_tool_parameters(given)
        if given.functions is not None:
            check_deprecated(given)
        messages = conversation(given.messages)
        request = Request(
            operation=Operation.CHAT,
            provider="openai",
            model=given.model,
            messages=messages,
            max_tokens=given.max_tokens if given.max_completion_tokens is None else given.max_completion_tokens,
            stop=stop_sequences(given.stop),
            choices=given.n or 1,
            sampling=sampling(given),
            tools=tools_of(given, self._verdicts) if with_tools else (),
            tool_choice=tool_choice_of(given) if choosing else "",
            format=TEXT_FORMAT if given.response_format is None else format_of(given, messages, self._verdicts),
            extra=_extra(given),
            parallel=given.functions is None and given.parallel_tool_calls is not False,
        )
        refuse_unsupported_chat(given)
        return Call(request, given.stream is True, given)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        answer = answer_of(plan)
        shown = face(plan.model)
        choices = [
            _calling(index, choice, call)
            if choice.calls
            else _CHOICE % (index, orjson.dumps(choice.text), FINISH[choice.finish])
            for index, choice in enumerate(answer.choices)
        ]
        body = _REPLY % (
            answer_id(plan, answer, "chatcmpl-"),
            answer.created,
            shown.model,
            b",\n".join(choices),
            chat_usage(answer.usage, _USAGE),
            shown.fingerprint,
        )
        return Reply(200, plain_headers(plan), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`."""
        answer = answer_of(plan)
        shown = face(plan.model)
        chunk = _CHUNK % (answer_id(plan, answer, "chatcmpl-"), answer.created, shown.model, shown.fingerprint)
        with_usage = wants_usage(call.echo)
        end = b'],"usage":null}\n\n' if with_usage else b"]}\n\n"
        starts = [b'%b{"index":%d,"delta":' % (chunk, index) for index in range(len(answer.choices))]
        closing = DONE
        if with_usage:
            closing = b'%b],"usage":%b}\n\n%b' % (chunk, chat_usage(answer.usage, _CHUNK_USAGE), DONE)
        if any(choice.calls for choice in answer.choices):
            return _stream_of_calls(call, plan, starts, end, closing)
        lanes = [
            Lane(
                start + b'{"content":',
                b'},"logprobs":null,"finish_reason":null}' + end,
                b'%b{},"logprobs":null,"finish_reason":"%b"}%b' % (start, FINISH[choice.finish], end),
            )
            for start, choice in zip(starts, answer.choices, strict=True)
        ]
        opening = b"".join([start + _ROLE + end for start in starts])
        return ChunkStream(stream_headers(plan), answer.choices, lanes, opening, closing)


def _calling(index: int, choice: Choice, call: Call) -> bytes:
    """A choice that calls tools, as an answer has it."""
    manner = manner_of(call.echo, call.request)
    return _CHOICE % (index, message_of(choice, manner), finish_of(choice, manner))


def _stream_of_calls(call: Call, plan: Plan, starts: Sequence[bytes], end: bytes, closing: bytes) -> Stream:
    """The stream of an answer in which at least one choice calls tools."""
    manner = manner_of(call.echo, call.request)
    tail = b',"logprobs":null,"finish_reason":null}' + end
    choices = [
        steps_of(
            choice,
            manner,
            start,
            tail,
            b'%b{},"logprobs":null,"finish_reason":"%b"}%b' % (start, finish_of(choice, manner), end),
        )
        for start, choice in zip(starts, answer_of(plan).choices, strict=True)
    ]
    return StepStream(stream_headers(plan), choices, closing)


def _extra(given: ChatBody) -> tuple[str, ...]:
    """What else of the dialect changes a real model's answer, as stable text."""
    found: list[str] = []
    if given.reasoning_effort is not None:
        found.append(f"reasoning_effort={given.reasoning_effort}")
    if given.verbosity is not None:
        found.append(f"verbosity={given.verbosity}")
    if given.web_search_options is not None:
        found.append("web_search")
    return tuple(found)
