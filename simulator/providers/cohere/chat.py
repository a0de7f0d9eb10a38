"""`POST /v2/chat`. Pure.

Bodies and frames are put together from byte templates: only the text and a few numbers differ between two answers.
Their order of keys is the recorded one.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import orjson

from simulator.engine.plan import Answer, Choice, Finish, Plan, Usage
from simulator.engine.plan import Call as ToolCall
from simulator.engine.request import Message, Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.cohere import options
from simulator.providers.cohere.citations import Citation, citations_of, told
from simulator.providers.cohere.documents import (
    Source,
    check_documents,
    document_sources,
    documents_of,
    tool_sources,
)
from simulator.providers.cohere.documents import told as told_documents
from simulator.providers.cohere.events import TEXT_END, TEXT_START, Cited, Lines, StepStream, TextStream, steps_of
from simulator.providers.cohere.logprobs import logprobs_of
from simulator.providers.cohere.plans import call_id, plan_of
from simulator.providers.cohere.schema import ChatBody, ToolTurn
from simulator.providers.cohere.tools import tools_of
from simulator.providers.cohere.turns import conversation
from simulator.providers.cohere.wire import NAME, answer_id, event_headers, json_headers, line_headers
from simulator.providers.cohere.wording import invalid, worder
from simulator.providers.decode import DEFAULT_DEPTH, decode

FINISH: Final[Mapping[Finish, bytes]] = {
    Finish.STOP: b"COMPLETE",
    Finish.LENGTH: b"MAX_TOKENS",
    Finish.STOP_SEQUENCE: b"STOP_SEQUENCE",
    Finish.TOOL_CALLS: b"TOOL_CALL",
    Finish.CONTENT_FILTER: b"ERROR",
    Finish.REFUSAL: b"COMPLETE",
}
_CHOICE_WORDS: Final = {"REQUIRED": "required", "NONE": "none", None: ""}

_REPLY: Final = b'{"id":%b,"message":{"role":"assistant",%b},"finish_reason":"%b","usage":%b%b}'
_TEXT_ONLY: Final = b'"content":[{"type":"text","text":%b}]'
_USAGE: Final = (
    b'{"billed_units":{"input_tokens":%d,"output_tokens":%d},"tokens":{"input_tokens":%d,"output_tokens":%d},'
    b'"cached_tokens":%d}'
)
_CALL: Final = b'{"id":%b,"type":"function","function":{"name":%b,"arguments":%b}}'
_START: Final = (
    b"event: message-start\n"
    b'data: {"id":%b,"type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"",'
    b'"tool_calls":[],"citations":[]}}}\n\n'
)
_END: Final = (
    b'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"%b","usage":%b}}\n\ndata: [DONE]\n\n'
)


class Chat:
    """The endpoint."""

    path = "/v2/chat"
    operation = Operation.CHAT
    label = "chat"
    reads = (b"accept",)
    body = ChatBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ChatBody)
        self._word = worder("chat")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del target
        given = decode(body, self._decoder, self._depth, self._word)
        messages = conversation(given.messages)
        documents = given.documents
        if documents:
            check_documents(documents)
            messages.insert(0, Message("system", told_documents(documents_of(documents))))
        if given.tool_choice == "REQUIRED" and not given.tools:
            raise invalid("tool_choice REQUIRED is only allowed when tools are provided.", "tool_choice")
        options.check_safety(given.safety_mode, options.SAFETY_V2)
        mode = options.mode_of(given.citation_options)
        beside = "RAG" if documents else "tools" if given.tools else ""
        request = Request(
            operation=Operation.CHAT,
            provider=NAME,
            model=given.model,
            messages=tuple(messages),
            max_tokens=options.max_tokens_of(given),
            stop=options.stops_of(given),
            sampling=options.sampling_of(given),
            tools=tools_of(given.tools) if given.tools else (),
            tool_choice=_CHOICE_WORDS[given.tool_choice],
            format=options.format_of(given.response_format, "chat", beside=beside),
            extra=_extra(given, mode),
            reasoning=options.reasoning_of(given.thinking),
        )
        accepted = headers.get(b"accept", b"")
        lines = b"application/json" in accepted and b"text/event-stream" not in accepted
        return Call(request, given.stream is True, (given, lines))

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        answer = answer_of(plan)
        choice = answer.choices[0]
        given: ChatBody = call.echo[0]
        likely = b""
        if given.logprobs and not choice.calls:
            likely = b',"logprobs":[%b]' % b",".join(logprobs_of(choice.pieces, answer.id_bits))
        body = _REPLY % (
            answer_id(plan, answer.id_bits),
            _message(choice, given),
            FINISH[choice.finish],
            usage_of(answer.usage),
            likely,
        )
        return Reply(200, json_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`. Whoever accepts JSON alone gets each event as a line of it."""
        given, lines = call.echo
        stream = self._events(given, plan)
        return Lines(stream, line_headers(plan.request_bits)) if lines else stream

    def _events(self, given: ChatBody, plan: Plan) -> Stream:
        answer = answer_of(plan)
        choice = answer.choices[0]
        start = _START % answer_id(plan, answer.id_bits)
        end = _END % (FINISH[choice.finish], usage_of(answer.usage))
        headers = event_headers(plan.request_bits)
        citations, sources = _cited(choice, given)
        if not (choice.calls or choice.reasoning or citations or given.logprobs):
            return TextStream(headers, list(choice.pieces), start + TEXT_START, TEXT_END + end)
        cited = None
        if citations:
            fast = options.mode_of(given.citation_options) == "FAST"
            cited = Cited(citations, sources, int(bool(choice.reasoning)), fast=fast)
        likely = logprobs_of(choice.pieces, answer.id_bits) if given.logprobs and not choice.calls else ()
        return StepStream(headers, steps_of(choice, cited, likely), start, end)


def answer_of(plan: Plan) -> Answer:
    """The plan's answer. Raises TypeError when it has none: a fault is refused, not encoded."""
    if not isinstance(plan.outcome, Answer):
        raise TypeError(f"this endpoint encodes an Answer, not {type(plan.outcome).__name__}")
    return plan.outcome


def usage_of(usage: Usage) -> bytes:
    """Usage as an answer tells it. The simulator adds no prompt of its own: all tokens are billed."""
    read, written = usage.input_tokens, usage.output_tokens
    return _USAGE % (read, written, read, written, usage.cached_tokens)


def _message(choice: Choice, given: ChatBody) -> bytes:
    """The members of the message behind its role."""
    if choice.calls:
        return _with_calls(choice)
    if not choice.reasoning:
        content = _TEXT_ONLY % orjson.dumps(choice.text)
    else:
        blocks: list[dict[str, str]] = [{"type": "thinking", "thinking": "".join(choice.reasoning)}]
        if choice.pieces:
            blocks.append({"type": "text", "text": choice.text})
        content = b'"content":%b' % orjson.dumps(blocks)
    citations, sources = _cited(choice, given)
    if not citations:
        return content
    block = int(bool(choice.reasoning))
    listed = b",".join([told(citation, sources, block) for citation in citations])
    return b'%b,"citations":[%b]' % (content, listed)


def _with_calls(choice: Choice) -> bytes:
    """Thoughts or the plan, and the calls."""
    calls = b'"tool_calls":[%b]' % b",".join([_called(each) for each in choice.calls])
    if choice.pieces:
        calls = b'"tool_plan":%b,%b' % (orjson.dumps(choice.text), calls)
    elif not choice.reasoning:
        calls = b'"tool_plan":%b,%b' % (orjson.dumps(plan_of(choice.calls)), calls)
    if choice.reasoning:
        thoughts = orjson.dumps([{"type": "thinking", "thinking": "".join(choice.reasoning)}])
        calls = b'"content":%b,%b' % (thoughts, calls)
    return calls


def _called(each: ToolCall) -> bytes:
    return _CALL % (orjson.dumps(call_id(each)), orjson.dumps(each.name), orjson.dumps("".join(each.pieces)))


def _cited(choice: Choice, given: ChatBody) -> tuple[list[Citation], list[Source]]:
    """The citations of an answer in text, and what they may point to."""
    if choice.calls or not (given.documents or isinstance(given.messages[-1], ToolTurn)):
        return [], []
    if options.mode_of(given.citation_options) in options.SILENT_MODES:
        return [], []
    sources = [*document_sources(documents_of(given.documents or ())), *tool_sources(given.messages)]
    return (citations_of(choice.text, len(sources)), sources) if sources else ([], [])


def _extra(given: ChatBody, mode: str) -> tuple[str, ...]:
    """What else of the dialect changes a real model's answer, as stable text."""
    found: list[str] = []
    if given.safety_mode not in (None, "CONTEXTUAL"):
        found.append(f"safety_mode={given.safety_mode}")
    if given.strict_tools:
        found.append("strict_tools")
    if mode != "ENABLED":
        found.append(f"citations={mode}")
    return tuple(found)
