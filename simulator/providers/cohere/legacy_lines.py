"""The lines of a streamed chat of version 1: JSON objects, each ended by a line feed. Pure."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from simulator.engine.plan import Choice
from simulator.providers.base import Refusal
from simulator.providers.cohere.errors import line_error
from simulator.providers.cohere.events import StepStream, TextStream
from simulator.providers.cohere.legacy_answers import Answered
from simulator.providers.cohere.plans import words_of
from simulator.providers.frames import ESCAPED

TEXT: Final = (b'{"is_finished":false,"event_type":"text-generation","text":', b"}\n")
"""What stands around the JSON of a token."""
END: Final = b'{"is_finished":true,"event_type":"stream-end","response":%b,"finish_reason":%b}\n'

_EVENT: Final = b'{"is_finished":false,"event_type":"%b",%b}\n'
_PLAN: Final = b'{"is_finished":false,"event_type":"tool-calls-chunk","text":%b}\n'
_NAME: Final = b'{"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":%d,"name":%b}}\n'
_PARAMETERS: Final = (
    b'{"is_finished":false,"event_type":"tool-calls-chunk","tool_call_delta":{"index":%d,"parameters":%b}}\n'
)


class LineText(TextStream):
    """A stream of lines, one a piece."""

    __slots__ = ()

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """See `Stream`: the line that ends the stream in band."""
        del sent
        return line_error(refusal)


class LineSteps(StepStream):
    """A stream of lines whose steps were all made beforehand."""

    __slots__ = ()

    def fail(self, refusal: Refusal, sent: int) -> bytes:
        """See `Stream`: the line that ends the stream in band."""
        del sent
        return line_error(refusal)


def stream_start(made: Answered) -> bytes:
    """The lines before the first token."""
    lines = _event("stream-start", generation_id=made.generation_id)
    if made.queries:
        return lines + _event("search-queries-generation", search_queries=made.queries)
    if made.documents and not made.tool_calls:
        lines += _event("search-results", documents=made.documents)
    return lines


def steps_of(choice: Choice, made: Answered, *, fast: bool) -> list[bytes]:
    """The lines of each step of an answer with calls or citations.

    `fast` tells each citation as soon as its stretch is complete, otherwise all follow the text.
    """
    if choice.calls:
        return _calls(choice, made)
    head, tail = TEXT
    steps = [head + ESCAPED[piece] + tail for piece in choice.pieces] or [b""]
    if not fast:
        steps[-1] += _event("citation-generation", citations=made.citations)
        return steps
    said = waiting = 0
    for place, piece in enumerate(choice.pieces):
        said += len(piece)
        while waiting < len(made.citations) and made.citations[waiting]["end"] <= said:
            steps[place] += _event("citation-generation", citations=[made.citations[waiting]])
            waiting += 1
    return steps


def _calls(choice: Choice, made: Answered) -> list[bytes]:
    steps = [_PLAN % ESCAPED[piece] for piece in choice.pieces]
    before = b"" if steps else b"".join([_PLAN % ESCAPED[word] for word in words_of(made.text)])
    for index, call in enumerate(choice.calls):
        own = [_PARAMETERS % (index, ESCAPED[piece]) for piece in call.pieces]
        own[0] = before + _NAME % (index, orjson.dumps(call.name)) + own[0]
        before = b""
        steps += own
    steps[-1] += _event("tool-calls-generation", text=made.text, tool_calls=made.tool_calls)
    return steps


def _event(kind: str, **members: str | Sequence[Any]) -> bytes:
    return _EVENT % (kind.encode(), orjson.dumps(members)[1:-1])
