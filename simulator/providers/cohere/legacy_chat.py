"""`POST /v1/chat`, the older shape: one message and a history in, and out as one object or as lines of JSON. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import orjson

from simulator.engine.plan import Choice, Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Desk, Problem, Refusal, Reply, Stream, Target
from simulator.providers.cohere import defaults, options
from simulator.providers.cohere.chat import answer_of
from simulator.providers.cohere.history import check_documents, legacy_tools_of, messages_of
from simulator.providers.cohere.legacy_answers import Answered, answered
from simulator.providers.cohere.legacy_lines import END, TEXT, LineSteps, LineText, steps_of, stream_start
from simulator.providers.cohere.legacy_schema import Entry, LegacyBody
from simulator.providers.cohere.schema import ResponseFormat
from simulator.providers.cohere.wire import NAME, json_headers, line_headers
from simulator.providers.cohere.wording import bare, one_of, worder
from simulator.providers.decode import DEFAULT_DEPTH, decode, quote

KIND: Final = "conversation"
_NAMEABLE: Final = re.compile(r"[ -~]{1,150}")
_decode_entries = msgspec.json.Decoder(list[Entry]).decode


class Conversing(msgspec.Struct, frozen=True):
    """A decoded request: its body, and all that was said before, stored or sent along."""

    given: LegacyBody
    entries: Sequence[Entry]


class LegacyChat:
    """The endpoint."""

    path = "/v1/chat"
    operation = Operation.CHAT
    label = "chat_v1"
    body = LegacyBody
    streamed = "application/stream+json"

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(LegacyBody)
        self._word = worder("chat-v1")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._word)
        name = given.conversation_id
        if name and not _NAMEABLE.fullmatch(name):
            raise bare("invalid request: conversation_id must be at most 150 ASCII characters.", "conversation_id")
        for connector in given.connectors or ():
            raise Refusal(Problem.NOT_FOUND, f"connector '{quote(connector.id)}' not found.", param="connectors")
        entries = given.chat_history or []
        return Call(_request(given, entries), given.stream is True, Conversing(given, entries), kept=bool(name))

    async def recall(self, call: Call, desk: Desk) -> Call:
        """See `Keeping.recall`: what was said in the conversation stands before what the request brings along."""
        given: LegacyBody = call.echo.given
        stored = await desk.shelf.get(KIND, given.conversation_id or "")
        if stored is None:
            return call
        entries = [*_decode_entries(stored), *(given.chat_history or ())]
        return msgspec.structs.replace(call, request=_request(given, entries), echo=Conversing(given, entries))

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """See `Keeping.remember`."""
        made = _answered(call, plan)
        await desk.shelf.put(KIND, call.echo.given.conversation_id, orjson.dumps(made.history))

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        return Reply(200, json_headers(plan.request_bits), orjson.dumps(_answered(call, plan).body))

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`."""
        made = _answered(call, plan)
        given: LegacyBody = call.echo.given
        headers = line_headers(plan.request_bits)
        start = stream_start(made)
        end = END % (orjson.dumps(made.body), orjson.dumps(made.body["finish_reason"]))
        choice = _choice(plan)
        if given.search_queries_only:
            return LineSteps(headers, [], start, end)
        if not choice.calls and not made.citations:
            return LineText(headers, list(choice.pieces), start, end, TEXT)
        fast = (given.citation_quality or "").upper() == "FAST"
        return LineSteps(headers, steps_of(choice, made, fast=fast), start, end)


def _request(given: LegacyBody, entries: Sequence[Entry]) -> Request:
    """The neutral request. Raises `Refusal` for anything that the service refuses with a 4xx."""
    model = given.model or defaults.CHAT
    if defaults.only_in_version_2(model):
        raise bare(
            "invalid request: this model is not supported with '/v1/chat', please use '/v2/chat' instead. More details "
            "in the migration guide: https://docs.cohere.com/docs/migrating-v1-to-v2",
            "model",
        )
    options.check_safety(given.safety_mode, options.SAFETY_V1)
    quality = given.citation_quality
    if quality is not None and quality.upper() not in options.MODES:
        raise one_of("citation_quality", options.MODES)
    check_documents(given)
    tools = legacy_tools_of(given.tools or ())
    wanted = given.response_format
    grounded = given.documents or given.tool_results
    extra: list[Any] = [
        f"{name}={value}"
        for name, value in (
            ("safety_mode", given.safety_mode if given.safety_mode != "CONTEXTUAL" else None),
            ("citation_quality", quality),
            ("search_queries_only", given.search_queries_only or None),
        )
        if value is not None
    ]
    return Request(
        operation=Operation.CHAT,
        provider=NAME,
        model=model,
        messages=messages_of(given, entries),
        max_tokens=1 if given.search_queries_only else options.max_tokens_of(given),
        stop=options.stops_of(given),
        sampling=options.sampling_of(given),
        tools=() if given.search_queries_only else tools,
        format=options.format_of(
            None if wanted is None else ResponseFormat(type=wanted.type, json_schema=wanted.schema),
            "chat-v1",
            beside="RAG" if grounded else "tools" if tools else "",
        ),
        extra=tuple(extra),
        reasoning=0,
    )


def _choice(plan: Plan) -> Choice:
    return answer_of(plan).choices[0]


def _answered(call: Call, plan: Plan) -> Answered:
    conversing: Conversing = call.echo
    return answered(conversing.given, conversing.entries, plan)
