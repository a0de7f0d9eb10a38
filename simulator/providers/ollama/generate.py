"""POST /api/generate: its request, its answer and its stream. Pure."""

import zlib
from collections.abc import Mapping, Sequence

import msgspec
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import Message, Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.ids import fingerprint
from simulator.providers.ollama.chat import NOTHING, literal, loading
from simulator.providers.ollama.library import COMPLETION, INSERT, lacks, qualified
from simulator.providers.ollama.lines import GENERATE, JSON, LineStream, answer_of, whole
from simulator.providers.ollama.moments import stamp
from simulator.providers.ollama.options import (
    format_of,
    options_of,
    pictures,
    reasoning_of,
    refuse_logprobs,
    unloads,
)
from simulator.providers.ollama.schema import GenerateBody
from simulator.providers.ollama.wording import invalid, wording

VOCABULARY = 128_256
"""Tokens that Llama 3 has: the ids of a context are below."""
_LOADED = b'{"model":%b,"created_at":"%b","response":"","done":true,"done_reason":"%b"}'


class Given(msgspec.Struct, frozen=True):
    """What the answer needs of a request: why it is none, and the context that it goes on from (None for none)."""

    loading: bytes
    context: Sequence[int] | None


class Generate:
    """The generate endpoint, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/api/generate"
    operation = Operation.CHAT
    label = "generate"
    reads = ()
    body = GenerateBody
    streamed = "application/x-ndjson"

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(GenerateBody)
        self._flawed = wording("GenerateRequest")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._flawed)
        model = given.model or ""
        refuse_logprobs(given)
        if given.raw and (given.template or given.system or given.context):
            raise invalid("raw mode does not support template, system, or context", "raw")
        if lacks(model, COMPLETION):
            raise invalid(f'"{model}" does not support generate', "model")
        if given.suffix and lacks(model, INSERT):
            raise invalid(f"{qualified(model)} does not support insert", "suffix")
        options = options_of(given.options)
        echo = b"" if given.prompt else loading(given)
        if given.keep_alive is not None:
            unloads(given.keep_alive)
        request = Request(
            operation=Operation.CHAT,
            provider="ollama",
            model=model,
            messages=NOTHING if echo else _messages(given),
            max_tokens=1 if echo else options.max_tokens,
            stop=options.stop,
            sampling=options.sampling,
            format=format_of(given.format),
            extra=(*options.extra, *_extra(given)),
            reasoning=0 if echo else reasoning_of(given),
        )
        context = None if given.raw else given.context or ()
        return Call(request, given.stream is not False and not echo, Given(echo, context))

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        model = literal(plan.model)
        if call.echo.loading:
            return Reply(200, JSON, _LOADED % (model, stamp(answer_of(plan).created, 0.0), call.echo.loading))
        return Reply(200, JSON, whole(plan, model, GENERATE, _context(call.echo, plan)))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`."""
        return LineStream(plan, literal(plan.model), GENERATE, _context(call.echo, plan))


def _messages(given: GenerateBody) -> tuple[Message, ...]:
    asked = Message("user", given.prompt or "", "", pictures(given.images))
    return (Message("system", given.system), asked) if given.system else (asked,)


def _extra(given: GenerateBody) -> list[str]:
    """What else of the dialect changes a real model's answer, as stable text."""
    found = []
    if given.suffix:
        found.append(f"suffix={given.suffix}")
    if given.template:
        found.append(f"template={given.template}")
    if given.raw:
        found.append("raw")
    if given.context:
        found.append("context=" + fingerprint(",".join(map(str, given.context)), 32))
    return found


def _context(given: Given, plan: Plan) -> bytes:
    """The member that a client may send back: numbers for what was said so far.

    They are no real token ids, which an answer in text does not have, but stand for its tokens in the same way.
    """
    if given.context is None:
        return b""
    pieces = answer_of(plan).choices[0].pieces
    numbers = [*given.context, *[zlib.crc32(piece.encode()) % VOCABULARY for piece in pieces]]
    return b',"context":' + orjson.dumps(numbers) if numbers else b""
