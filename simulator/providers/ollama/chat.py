"""POST /api/chat: its request, its answer and its stream. Pure."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import Message, Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.ollama.conversation import STRUCT, conversation, tools_of
from simulator.providers.ollama.library import COMPLETION, TOOLS, lacks, qualified
from simulator.providers.ollama.lines import CHAT, JSON, LineStream, answer_of, whole
from simulator.providers.ollama.moments import stamp
from simulator.providers.ollama.options import format_of, options_of, reasoning_of, refuse_logprobs, unloads
from simulator.providers.ollama.schema import Asking, ChatBody
from simulator.providers.ollama.wording import invalid, wording

NOTHING = (Message("user"),)
"""Stands for a conversation that is none: such a request only loads the model."""
_LOADED = b'{"model":%b,"created_at":"%b","message":{"role":"assistant","content":""},"done":true,"done_reason":"%b"}'


@lru_cache(maxsize=1024)
def literal(name: str) -> bytes:
    """A model's name as JSON."""
    return orjson.dumps(name)


def loading(given: Asking) -> bytes:
    """What is told to a request that only loads the model, or unloads it."""
    return b"unload" if unloads(given.keep_alive) else b"load"


class Chat:
    """The chat endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body.

    The echo of a call is why its answer is none, or nothing.
    """

    path = "/api/chat"
    operation = Operation.CHAT
    label = "chat"
    reads = ()
    body = ChatBody
    streamed = "application/x-ndjson"

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ChatBody)
        self._flawed = wording(STRUCT)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._flawed)
        if not given.model:
            raise invalid("model is required", "model")
        refuse_logprobs(given)
        if lacks(given.model, COMPLETION):
            raise invalid(f'"{given.model}" does not support chat', "model")
        if given.tools and lacks(given.model, TOOLS):
            raise invalid(f"{qualified(given.model)} does not support tools", "tools")
        options = options_of(given.options)
        echo = b"" if given.messages else loading(given)
        if given.keep_alive is not None:
            unloads(given.keep_alive)
        request = Request(
            operation=Operation.CHAT,
            provider="ollama",
            model=given.model,
            messages=conversation(given.messages) if given.messages else NOTHING,
            max_tokens=1 if echo else options.max_tokens,
            stop=options.stop,
            sampling=options.sampling,
            tools=tools_of(given.tools),
            format=format_of(given.format),
            extra=options.extra,
            reasoning=0 if echo else reasoning_of(given),
        )
        return Call(request, given.stream is not False and not echo, echo)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        model = literal(plan.model)
        if call.echo:
            return Reply(200, JSON, _LOADED % (model, stamp(answer_of(plan).created, 0.0), call.echo))
        return Reply(200, JSON, whole(plan, model, CHAT))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`."""
        del call
        return LineStream(plan, literal(plan.model), CHAT)
