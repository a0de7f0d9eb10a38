"""Chat answers in plain text, whole and streamed, from bytes prepared once. Pure.

The rule, and so the fast path: whatever else an answer has, `annotations` puts the results into OpenAI's own bytes. The
layout is Azure's, without spaces and with its keys in the order of the alphabet.
"""

from typing import Final

from orjson import dumps

from simulator.engine.plan import Answer, Finish, Plan
from simulator.providers.azure.filters import SAFE, Verdict
from simulator.providers.base import Stream
from simulator.providers.openai.answers import FINISH, answer_id, answer_of, face
from simulator.providers.openai.chat import Given
from simulator.providers.openai.chunks import DONE, ChunkStream, DelayedStream, Lane
from simulator.providers.openai.layout import PREFIX
from simulator.providers.openai.parameters import wants_usage
from simulator.providers.openai.usage import in_chunk

PROMPT: Final = b'[{"content_filter_results":%b,"prompt_index":0}]'
_REPLY: Final = (
    b'{"choices":[%b],"created":%d,"id":%b,"model":%b,"object":"chat.completion","prompt_filter_results":%b,'
    b'"system_fingerprint":%b,"usage":%b}'
)
_CHOICE: Final = (
    b'{"content_filter_results":%b,"finish_reason":"%b","index":%d,"logprobs":null,'
    b'"message":{"annotations":[],"content":%b,"refusal":null,"role":"assistant"}}'
)
_START: Final = b'data: {"choices":['
_DELTA: Final = b'%b{%b"delta":'
_TAIL: Final = b',"finish_reason":%b,"index":%d,"logprobs":null}%b'
_AFTER: Final = b'],"created":%d,"id":%b,"model":%b,"object":"chat.completion.chunk","system_fingerprint":%b'
_ROLE: Final = b'{"content":"","refusal":null,"role":"assistant"}'
_MEMBER: Final = b'"content_filter_results":%b,'


class Literals:
    """A verdict as JSON literals."""

    __slots__ = ("completion", "cut", "prompt")

    def __init__(self, verdict: Verdict) -> None:
        self.prompt = PROMPT % dumps(verdict.prompt)
        self.completion = dumps(verdict.completion)
        self.cut = dumps(verdict.cut)


_SAFE: Final = Literals(SAFE)


def literals_of(verdict: Verdict) -> Literals:
    """Those of a verdict; nearly all requests have the same one."""
    return _SAFE if verdict is SAFE else Literals(verdict)


def is_plain(given: object, plan: Plan) -> bool:
    """Whether an answer is one or more texts and nothing else; `given` is the chat endpoint's own `Call.echo`."""
    outcome = plan.outcome
    if not isinstance(given, Given) or given.rich or not isinstance(outcome, Answer):
        return False
    return all(not choice.calls and choice.finish is not Finish.REFUSAL for choice in outcome.choices)


def body_of(plan: Plan, verdict: Verdict) -> bytes:
    """The body of the whole answer."""
    answer = answer_of(plan)
    shown = face(plan.model)
    told = literals_of(verdict)
    choices = [
        _CHOICE
        % (
            told.cut if choice.finish is Finish.CONTENT_FILTER else told.completion,
            FINISH[choice.finish],
            index,
            dumps(choice.text),
        )
        for index, choice in enumerate(answer.choices)
    ]
    return _REPLY % (
        b",".join(choices),
        answer.created,
        answer_id(plan, answer.id_bits, PREFIX),
        shown.model,
        told.prompt,
        shown.fingerprint,
        in_chunk(answer.usage),
    )


def stream_of(within: Stream, given: Given, plan: Plan, verdict: Verdict, *, later: bool) -> Stream:
    """The stream of the same answer, with all but what is told of the prompt. `within` is OpenAI's.

    `later`: its chunks tell nothing of the filter.
    """
    answer = answer_of(plan)
    shown = face(plan.model)
    told = literals_of(verdict)
    names = (answer.created, answer_id(plan, answer.id_bits, PREFIX), shown.model, shown.fingerprint)
    with_usage = wants_usage(given.body)
    close = _AFTER % names
    end = close + (b',"usage":null}\n\n' if with_usage else b"}\n\n")
    said = b"" if later else _MEMBER % told.completion
    none = b"" if later else _MEMBER % b"{}"
    lanes: list[Lane] = []
    opening = b""
    for index, choice in enumerate(answer.choices):
        tail = _TAIL % (b"null", index, end)
        results = none
        if choice.finish is Finish.CONTENT_FILTER and not later:
            results = _MEMBER % told.cut
        finish = b'"%b"' % FINISH[choice.finish]
        final = _DELTA % (_START, results) + b"{}" + _TAIL % (finish, index, end)
        lanes.append(Lane(_DELTA % (_START, said) + b'{"content":', b"}" + tail, final))
        opening += _DELTA % (_START, none) + _ROLE + tail
    closing = DONE
    if with_usage:
        closing = b'%b%b,"usage":%b}\n\n%b' % (_START, close, in_chunk(answer.usage), DONE)
    stream = ChunkStream(within.headers, answer.choices, lanes, opening, closing)
    lead = within.steps - stream.steps
    return DelayedStream(stream, lead) if lead else stream
