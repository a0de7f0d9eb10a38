"""POST /v1/chat/completions: its request, its answer and its stream. Pure."""

from collections.abc import Mapping

import msgspec

from simulator.engine.plan import Plan
from simulator.engine.request import Message, Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.mistral.answers import answer_id, answer_of, choice_of, literal, usage_of
from simulator.providers.mistral.chunks import Told, stream_of
from simulator.providers.mistral.conversation import SAFE_PROMPT, conversation, refuse_thoughts, thinks
from simulator.providers.mistral.families import lacks
from simulator.providers.mistral.headers import plain_headers, stream_headers
from simulator.providers.mistral.options import (
    format_of,
    reasoning_of,
    refuse_logprobs,
    sampling,
    stop_sequences,
    tool_choice_of,
    tools_of,
)
from simulator.providers.mistral.schema import ChatBody
from simulator.providers.mistral.wording import flawed

_REPLY = b'{"id":%b,"created":%d,"model":%b,"usage":%b,"object":"chat.completion","choices":[%b]}'
_CHUNK = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,"choices":['
_SAFE = Message("system", SAFE_PROMPT)


class Chat:
    """The chat endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/chat/completions"
    operation = Operation.CHAT
    label = "chat_completions"
    reads = ()
    body: type = ChatBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ChatBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. The call's echo is what the answer must begin with."""
        del headers, target
        given = decode(body, self._decoder, self._depth, flawed)
        messages = conversation(given.messages)
        if lacks(given.model, "reasoning") and thinks(given.messages):
            raise refuse_thoughts()
        refuse_logprobs(given)
        if given.safe_prompt:
            messages = (_SAFE, *messages)
        request = Request(
            operation=Operation.CHAT,
            provider="mistral",
            model=given.model,
            messages=messages,
            max_tokens=given.max_tokens or None,
            stop=stop_sequences(given.stop),
            choices=given.n or 1,
            sampling=sampling(given),
            tools=tools_of(given),
            tool_choice=tool_choice_of(given),
            format=format_of(given),
            parallel=given.parallel_tool_calls is not False,
            reasoning=reasoning_of(given),
        )
        last = messages[-1]
        prefix = last.text if last.role == "assistant" and request.format.kind == "text" else ""
        return Call(request, given.stream is True, prefix)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        answer = answer_of(plan)
        choices = [choice_of(index, choice, call.echo) for index, choice in enumerate(answer.choices)]
        body = _REPLY % (
            answer_id(plan, answer),
            answer.created,
            literal(plan.model),
            usage_of(answer.usage),
            b",".join(choices),
        )
        return Reply(200, plain_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`."""
        answer = answer_of(plan)
        chunk = _CHUNK % (answer_id(plan, answer), answer.created, literal(plan.model))
        return stream_of(Told(stream_headers(plan), chunk, usage_of(answer.usage), call.echo), answer.choices)
