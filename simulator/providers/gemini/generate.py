"""POST models/{model}:generateContent and :streamGenerateContent: the request, the answer and its stream. Pure.

The plain and the streamed method answer alike but for the form. What a request refers to (a cached context, uploaded
files) is looked up on the shelf before it is planned.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import orjson

from simulator.engine.plan import Answer, Choice, Plan
from simulator.engine.request import Operation
from simulator.providers.base import NO_TARGET, Call, Desk, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.gemini.answers import (
    FINISH,
    answer_of,
    calls_of,
    literal,
    ratings,
    signature_of,
    signed,
    text_of,
    usage_of,
)
from simulator.providers.gemini.request import Echo, model_of, request_of
from simulator.providers.gemini.schema import GenerateBody
from simulator.providers.gemini.schemas import Schemas
from simulator.providers.gemini.shelf import recalled
from simulator.providers.gemini.streams import BlockedStream, Form, StepStream, TextStream
from simulator.providers.gemini.wire import plain_headers, response_id, stream_headers
from simulator.providers.gemini.wording import read
from simulator.providers.prefixes import FIRST, automatic

# The layout of recorded answers: two spaces a level, keys in this order, a newline at the end.
_REPLY: Final = (
    b'{\n  "candidates": [\n%b\n  ],\n  "usageMetadata": %b,\n  "modelVersion": %b,\n  "responseId": %b\n}\n'
)
_BLOCKED: Final = (
    b'{\n  "promptFeedback": {\n    "blockReason": "PROHIBITED_CONTENT"\n  },\n  "usageMetadata": %b,\n'
    b'  "modelVersion": %b,\n  "responseId": %b\n}\n'
)
_CANDIDATE: Final = (
    b'    {\n      "content": {%b\n        "role": "model"\n      },\n      "finishReason": "%b",\n'
    b'      "index": %d%b\n    }'
)
_PARTS: Final = b'\n        "parts": [\n%b\n        ],'
_TEXT: Final = b'          {\n            "text": %b%b\n          }'
_CALL: Final = (
    b'          {\n            "functionCall": {\n              "name": %b,\n              "args": %b%b\n'
    b"            }%b\n          }"
)
_SIGNED: Final = b',\n            "thoughtSignature": "%b"'
_THOUGHT: Final = b',\n            "thought": true'


class Generate:
    """One of the two methods under one API version and one family of models, an `Endpoint` and a `Keeping`."""

    operation = Operation.CHAT
    body = GenerateBody

    def __init__(
        self, version: str, family: str, schemas: Schemas, *, streamed: bool, max_depth: int = DEFAULT_DEPTH
    ) -> None:
        method = "streamGenerateContent" if streamed else "generateContent"
        self.path = f"/{version}/{family}/{{model}}:{method}"
        self.label = "stream_generate_content" if streamed else "generate_content"
        self.reads = ()
        self.query = ("alt",) if streamed else ()
        self.streamed = "text/event-stream" if streamed else ""
        self._streamed = streamed
        self._family = family
        self._depth = max_depth
        self._schemas = schemas
        self._decoder = msgspec.json.Decoder(GenerateBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers
        given = read(body, self._decoder, GenerateBody, self._depth)
        request, echo = request_of(given, model_of(target, given.model, self._family), self._schemas)
        if self._streamed:
            echo.events = (target.first("alt") or target.first("$alt") or "").lower() == "sse"
        named = given.cached_content is not None
        # Implicit caching: https://ai.google.dev/gemini-api/docs/caching; a context that is named is counted by itself.
        cache = None if named or len(body) < FIRST else automatic(request, least=1_024, unit=1, ttl_secs=300)
        return Call(request, self._streamed, echo, kept=bool(echo.files) or named, cache=cache)

    async def recall(self, call: Call, desk: Desk) -> Call:
        """See `Keeping.recall`."""
        return await recalled(call, desk, self._schemas)

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """Nothing of an answer is stored."""

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        answer = answer_of(plan)
        echo: Echo = call.echo
        rating = _rating(echo)
        candidates = [_candidate(answer, index, choice, echo, rating) for index, choice in enumerate(answer.choices)]
        usage = orjson.dumps(usage_of(answer.usage, echo), option=orjson.OPT_INDENT_2).replace(b"\n", b"\n  ")
        ident = (usage, literal(plan.model), response_id(answer.id_bits, plan.id_prefix))
        body = _BLOCKED % ident if answer.blocked else _REPLY % (b",\n".join(candidates), *ident)
        return Reply(200, plain_headers(plan), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`."""
        answer = answer_of(plan)
        echo: Echo = call.echo
        form = Form(
            events=echo.events,
            model=literal(plan.model),
            name=response_id(answer.id_bits, plan.id_prefix),
            usage=spaced(usage_of(answer.usage, echo)),
        )
        rated = ratings(echo)
        rating = b',"safetyRatings": ' + spaced(rated) if rated else b""
        headers = stream_headers(plan, events=echo.events)
        if answer.blocked:
            return BlockedStream(headers, form)
        if len(answer.choices) == 1 and not answer.choices[0].calls:
            return TextStream(headers, answer, echo, form, rating)
        return StepStream(headers, answer, echo, form, rating)


def _candidate(answer: Answer, index: int, choice: Choice, echo: Echo, rating: bytes) -> bytes:
    sign = _SIGNED % signature_of(answer, index) if signed(choice, echo) else b""
    parts: list[bytes] = []
    if echo.thoughts and len(choice.reasoning):
        parts.append(_TEXT % (orjson.dumps("".join(choice.reasoning)), _THOUGHT))
    if len(choice.pieces):
        parts.append(_TEXT % (orjson.dumps(text_of(choice, echo)), b"" if choice.calls else sign))
    for shown in calls_of(choice, echo) if choice.calls else ():
        if shown is not None:
            name = b',\n              "id": %b' % shown.id if shown.id else b""
            parts.append(_CALL % (shown.name, shown.args, name, sign))
            sign = b""
    content = _PARTS % b",\n".join(parts) if parts else b""
    return _CANDIDATE % (content, FINISH[choice.finish], index, rating)


def _rating(echo: Echo) -> bytes:
    rated = ratings(echo)
    if not rated:
        return b""
    made = orjson.dumps(rated, option=orjson.OPT_INDENT_2).replace(b"\n", b"\n      ")
    return b',\n      "safetyRatings": ' + made


def spaced(value: Any) -> bytes:
    """A small JSON value in the layout of streams: a space behind a colon, none behind a comma."""
    if isinstance(value, dict):
        return b"{%b}" % b",".join([b"%b: %b" % (literal(name), spaced(each)) for name, each in value.items()])
    if isinstance(value, Sequence) and not isinstance(value, str):
        return b"[%b]" % b",".join([spaced(each) for each in value])
    return orjson.dumps(value)
