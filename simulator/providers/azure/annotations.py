"""Content filter results put into OpenAI's answers and streams. Pure.

Streams are changed by replacing bytes around what is said. None of the patterns can be within a text: they begin with a
quotation mark that is followed by no backslash, and in a JSON string every quotation mark has a backslash before it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from simulator.engine.plan import Answer, Finish, Plan
from simulator.engine.request import Operation, Request
from simulator.providers.azure import plain
from simulator.providers.azure.filters import Results, Verdict, filters
from simulator.providers.base import Call, Header, Refusal, Stream
from simulator.providers.openai.chat import Given
from simulator.providers.openai.chunks import DONE, ChunkStream, DelayedStream

_NO_RESULTS: Final[Results] = {}
_RESULTS: Final = b'"content_filter_results":'
_PROMPT: Final = b'data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":%b}\n\n'
_LATER: Final = (
    b'data: {"choices":[{"content_filter_offsets":%b,"content_filter_results":%b,"finish_reason":%b,"index":%d}],'
    b'"created":0,"id":"","model":"","object":""}\n\n'
)
_TIER: Final = b'"service_tier":"default",'
_SILENT: Final = (b'{"role":', b'{"tool_calls":', b'{"function_call":', b'{"audio":', b"{}")
"""How deltas begin that have no text to be judged."""
_SPEAKING: Final = (b'{"content":', b'{"refusal":')
_ENDED: Final = b'"finish_reason":"content_filter"'
_STATE: Final = re.compile(
    rb'(event: response\.(?:created|queued|in_progress)\ndata: [^\n]*?"response":\{)|'
    rb'(event: response\.(?:completed|incomplete|failed)\ndata: [^\n]*?"response":\{)'
)


def prompt_results(verdict: Verdict, prompts: int) -> list[dict[str, object]]:
    """`prompt_filter_results`: an entry for each prompt, of which a conversation is one."""
    return [{"prompt_index": index, "content_filter_results": verdict.prompt} for index in range(prompts)]


def whole(body: bytes, verdict: Verdict, request: Request) -> bytes:
    """A whole chat or text completion with what the filter found."""
    told: dict[str, Any] = orjson.loads(body)
    for choice in told["choices"]:
        message = choice.get("message")
        if choice["finish_reason"] == "content_filter":
            choice["content_filter_results"] = verdict.cut
        elif message is not None and message["content"] is None and message["refusal"] is None:
            choice["content_filter_results"] = _NO_RESULTS
        else:
            choice["content_filter_results"] = verdict.completion
    told["prompt_filter_results"] = prompt_results(verdict, max(1, len(request.inputs)))
    if told.get("service_tier") == "default":
        del told["service_tier"]
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def response(body: bytes, verdict: Verdict) -> bytes:
    """A response object with what the filter found; anything else as it is."""
    told: dict[str, Any] = orjson.loads(body)
    if told.get("object") != "response":
        return body
    told["content_filters"] = _found(verdict) if told["status"] in {"completed", "incomplete"} else None
    return orjson.dumps(told)


def _found(verdict: Verdict) -> list[dict[str, object]]:
    """`content_filters`: of the prompt, then of the answer."""
    return [
        {
            "blocked": filters(results),
            "source_type": source,
            "content_filter_raw": [],
            "content_filter_results": results,
            "content_filter_offsets": {"start_offset": 0, "end_offset": 0, "check_offset": 0},
        }
        for source, results in (("prompt", verdict.prompt), ("completion", verdict.completion))
    ]


class FilteredStream:
    """A stream with what the filter found.

    `before` precedes everything, `after` the mark that ends the stream; `change` puts the results into its frames, if
    they are not there already.
    """

    __slots__ = ("_after", "_before", "_change", "_stream", "headers", "steps")

    def __init__(
        self,
        stream: Stream,
        headers: Sequence[Header],
        change: Callable[[bytes], bytes] | None,
        before: bytes = b"",
        after: bytes = b"",
    ) -> None:
        self._stream = stream
        self._change = change
        self._before = before
        self._after = after
        self.headers = headers
        self.steps = stream.steps

    def frames(self, start: int, stop: int) -> bytes:
        """See `Stream.frames`. A range outside the steps is cut to them."""
        told = self._stream.frames(start, stop)
        if self._change is not None:
            told = self._change(told)
        if start <= 0 < stop:
            told = self._before + told
        if self._after and start < self.steps <= stop:
            told = told.removesuffix(DONE) + self._after + DONE
        return told


class FailingStream(FilteredStream):
    """One that has words of its own for an end that is none."""

    __slots__ = ()

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """The events that end the stream in band after so many steps were sent."""
        told: bytes = self._stream.fail(refusal, sent)  # type: ignore[attr-defined]  # only of such
        return told if self._change is None else self._change(told)


def chunks(
    stream: Stream, headers: Sequence[Header], call: Call, plan: Plan, verdict: Verdict, *, later: bool
) -> Stream:
    """The stream of a chat or text completion; `call` and `stream` are those of OpenAI's endpoint.

    `later`: the filter lags behind, and tells what it found only at the end, as the asynchronous filter does.
    """
    request = call.request
    change: Callable[[bytes], bytes] | None = None
    if isinstance(stream, ChunkStream | DelayedStream) and isinstance(call.echo, Given):
        stream = plain.stream_of(stream, call.echo, plan, verdict, later=later)
    else:
        change = _untiered if later else _annotator(verdict, text=request.operation is Operation.COMPLETION)
    told = plain.literals_of(verdict).prompt
    opening = _PROMPT % (
        told if len(request.inputs) < 2 else orjson.dumps(prompt_results(verdict, len(request.inputs)))
    )
    return FilteredStream(stream, headers, change, opening, _late(verdict, request, plan) if later else b"")


def _untiered(told: bytes) -> bytes:
    return told.replace(_TIER, b"")


def _annotator(verdict: Verdict, *, text: bool) -> Callable[[bytes], bytes]:
    """Puts results into the choices of chunks: those of text completions, or those of chats, which have deltas."""
    said = _RESULTS + orjson.dumps(verdict.completion)
    cut = _RESULTS + orjson.dumps(verdict.cut)
    none = _RESULTS + b"{}"
    pairs = [(_TIER, b"")]
    if text:
        pairs.append((b'{"text":', b'{%b,"text":' % said))
        last = re.escape(said) + rb'(,"text":"","index":[0-9]+,"logprobs":null,"finish_reason":"content_filter")'
    else:
        pairs += [(b'"delta":' + kind, b'%b,"delta":%b' % (said, kind)) for kind in _SPEAKING]
        pairs += [(b'"delta":' + kind, b'%b,"delta":%b' % (none, kind)) for kind in _SILENT]
        last = re.escape(none) + rb'(,"delta":\{\},"logprobs":null,"finish_reason":"content_filter")'
    ending = re.compile(last)

    def annotate(told: bytes) -> bytes:
        for old, new in pairs:
            told = told.replace(old, new)
        return ending.sub(lambda match: cut + match[1], told) if _ENDED in told else told

    return annotate


def _late(verdict: Verdict, request: Request, plan: Plan) -> bytes:
    """What the filter found in each choice; the positions are characters, counted from the beginning of the prompt."""
    outcome = plan.outcome
    if not isinstance(outcome, Answer):
        return b""
    asked = sum([len(message.text) for message in request.messages]) + sum(map(len, request.inputs))
    told: list[bytes] = []
    for index, choice in enumerate(outcome.choices):
        cut = choice.finish is Finish.CONTENT_FILTER
        offsets = {"check_offset": asked, "start_offset": asked, "end_offset": asked + len(choice.text)}
        results = orjson.dumps(verdict.cut if cut else verdict.completion)
        told.append(_LATER % (orjson.dumps(offsets), results, b'"content_filter"' if cut else b"null", index))
    return b"".join(told)


def states(verdict: Verdict) -> Callable[[bytes], bytes]:
    """Puts `content_filters` into the events of a response's stream that tell the whole response."""
    found = b'"content_filters":%b,' % orjson.dumps(_found(verdict))

    def tell(match: re.Match[bytes]) -> bytes:
        return match[0] + (b'"content_filters":null,' if match[1] else found)

    def annotate(told: bytes) -> bytes:
        return _STATE.sub(tell, told) if b'"response":{' in told else told

    return annotate
