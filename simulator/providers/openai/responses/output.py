"""The items of an answer: a thought, what a tool of the service left, a message, calls, a compaction. Pure.

An item that is written token by token knows its tokens, so that `script` can tell it step by step; whoever wants the
whole answer takes the items alone.
"""

import enum
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from simulator.engine.content.likelihood import ranked
from simulator.engine.plan import Answer, Call, Choice, Finish, Usage
from simulator.providers.openai.calls import call_id, input_of
from simulator.providers.openai.responses.hosted import Ran, ran
from simulator.providers.openai.responses.naming import answer_id
from simulator.providers.openai.responses.offered import Manner, Way
from simulator.providers.openai.responses.sealed import seal
from simulator.providers.openai.responses.toolset import ToolBody
from simulator.providers.openai.schema import Free

_PART: Final = 60
"""Tokens of a part of a summary."""
_CONCISE: Final = 4
"""A concise summary has one in so many of the thought's tokens, any other one in two."""
CUT: Final = frozenset({Finish.LENGTH, Finish.CONTENT_FILTER})
_PLAIN_MANNER: Final = Manner(Way.FUNCTION)


class Kind(enum.Enum):
    """How an item is told in a stream."""

    THOUGHT = enum.auto()
    RAN = enum.auto()
    TEXT = enum.auto()
    REFUSAL = enum.auto()
    FUNCTION = enum.auto()
    CUSTOM = enum.auto()
    CALL = enum.auto()
    COMPACTION = enum.auto()


class Made(NamedTuple):
    """An item of the output.

    `pieces` are what of it each step adds: texts for a message, a thought (its summary, "" where a token is not shown)
    and the arguments of a call; an empty one for a call that is told in one event. `ran` is there for what a tool of
    the service left.
    """

    kind: Kind
    item: Free
    pieces: Sequence[str] = ()
    ran: Ran | None = None


class Wanted(NamedTuple):
    """What of a request decides how its answer is told.

    `summary` is the kind of summary asked for, or empty; `logprobs` how many alternatives each token is shown with,
    None for no log-probabilities; `phased` whether messages say if they comment or answer; `compact_from` the prompt's
    size from which the context is compacted.
    """

    include: Sequence[str] = ()
    summary: str = ""
    logprobs: int | None = None
    hosted: ToolBody | None = None
    words: str = ""
    manners: Sequence[Manner] = ()
    phased: bool = False
    compact_from: int | None = None


def output_of(answer: Answer, wanted: Wanted, sealed_at: int) -> list[Made]:
    """The items of the answer's one choice; `sealed_at` is when, in Unix seconds, for what is sealed."""
    (choice,) = answer.choices
    made: list[Made] = []
    if len(choice.reasoning):
        made.append(_thought(answer, choice, wanted, sealed_at))
    if wanted.hosted is not None:
        left = ran(wanted.hosted, wanted.words, answer, wanted.include)
        made += [Made(Kind.RAN, each.done, (), each) for each in left]
    if choice.calls:
        if len(choice.pieces):
            made.append(_message(answer, choice, wanted))
        for index, call in enumerate(choice.calls):
            cut = choice.finish in CUT and index == len(choice.calls) - 1
            manner = wanted.manners[call.tool] if call.tool < len(wanted.manners) else _PLAIN_MANNER
            made.append(_call(answer, call, index, manner, cut=cut))
    elif len(choice.pieces) or choice.finish not in CUT:
        made.append(_message(answer, choice, wanted))
    if wanted.compact_from is not None and answer.usage.input_tokens >= wanted.compact_from:
        made.append(Made(Kind.COMPACTION, compaction(answer, answer.usage.output_tokens, sealed_at)))
    return made


def compaction(answer: Answer, tokens: int, sealed_at: int) -> Free:
    """What a conversation is made into that shall cost so many tokens."""
    return {
        "id": answer_id("cmp", answer),
        "type": "compaction",
        "encrypted_content": seal(tokens, sealed_at, answer.id_bits + b"compaction"),
    }


def incomplete(answer: Answer) -> str | None:
    """Why an answer is not complete, in the service's word; None if it is."""
    finish = answer.choices[0].finish
    if finish is Finish.LENGTH:
        return "max_output_tokens"
    return "content_filter" if finish is Finish.CONTENT_FILTER else None


def usage_of(usage: Usage) -> Free:
    """The usage of a response."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cache_write_tokens": usage.written_tokens,
            "cached_tokens": usage.cached_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _thought(answer: Answer, choice: Choice, wanted: Wanted, sealed_at: int) -> Made:
    tokens = len(choice.reasoning)
    item: Free = {"id": answer_id("rs", answer), "type": "reasoning"}
    if "reasoning.encrypted_content" in wanted.include:
        item["encrypted_content"] = seal(tokens, sealed_at, answer.id_bits)
    item["summary"] = []
    if not wanted.summary:
        return Made(Kind.THOUGHT, item, [""] * tokens)
    shown = -(-tokens // (_CONCISE if wanted.summary == "concise" else 2))
    pieces = list(choice.reasoning)
    item["summary"] = [
        {"type": "summary_text", "text": "".join(pieces[start : min(start + _PART, shown)])}
        for start in range(0, shown, _PART)
    ]
    return Made(Kind.THOUGHT, item, [*pieces[:shown], *[""] * (tokens - shown)])


def parts_of(pieces: Sequence[str], parts: int) -> list[Sequence[str]]:
    """The tokens of each of a summary's parts."""
    shown = next((len(pieces) - index for index, piece in enumerate(reversed(pieces)) if piece), 0)
    return [pieces[part * _PART : min((part + 1) * _PART, shown)] for part in range(parts)]


def _message(answer: Answer, choice: Choice, wanted: Wanted) -> Made:
    pieces = choice.pieces
    status = "incomplete" if choice.finish in CUT and not choice.calls else "completed"
    item: Free = {"id": answer_id("msg", answer), "type": "message", "status": status, "content": []}
    if wanted.phased:
        item["phase"] = "commentary" if choice.calls else "final_answer"
    if choice.finish is Finish.REFUSAL:
        item["content"].append({"type": "refusal", "refusal": choice.text})
        item["role"] = "assistant"
        return Made(Kind.REFUSAL, item, pieces)
    logprobs: list[Free] = []
    if wanted.logprobs is not None:
        logprobs = [logprob(answer, step, piece, wanted.logprobs) for step, piece in enumerate(pieces)]
    item["content"].append({"type": "output_text", "annotations": [], "logprobs": logprobs, "text": choice.text})
    item["role"] = "assistant"
    return Made(Kind.TEXT, item, pieces)


def logprob(answer: Answer, step: int, token: str, most: int) -> Free:
    """How likely the token at a place of the text was, and which others were."""
    told = ranked(answer.id_bits, 0, step, token, most)
    top = [{"token": other, "bytes": _bytes(other), "logprob": value} for other, value in told.top]
    return {"token": token, "bytes": _bytes(token), "logprob": told.logprob, "top_logprobs": top}


def _bytes(token: str) -> list[int]:
    return list(token.encode())


def _call(answer: Answer, call: Call, index: int, manner: Manner, *, cut: bool) -> Made:
    arguments = "".join(call.pieces)
    status = "incomplete" if cut else "completed"
    name = call_id(call)
    match manner.way:
        case Way.FUNCTION:
            item: Free = {
                "id": answer_id("fc", answer, index),
                "type": "function_call",
                "status": status,
                "arguments": arguments,
                "call_id": name,
                "name": call.name,
            }
            return Made(Kind.FUNCTION, _named(item, manner), call.pieces)
        case Way.CUSTOM:
            pieces = input_of(call.pieces)
            item = {
                "id": answer_id("ctc", answer, index),
                "type": "custom_tool_call",
                "call_id": name,
                "input": "".join(pieces),
                "name": call.name,
            }
            return Made(Kind.CUSTOM, _named(item, manner), pieces)
        case _:
            return Made(Kind.CALL, _client(answer, index, manner.way, name, _read(arguments), status), call.pieces)


def _named(item: Free, manner: Manner) -> Free:
    if manner.namespace:
        item["namespace"] = manner.namespace
    return item


def _read(arguments: str) -> dict[str, Any]:
    """The arguments of a call, empty where they were cut short."""
    try:
        found = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _client(answer: Answer, index: int, way: Way, name: str, arguments: dict[str, Any], status: str) -> Free:
    """The call of a tool that the client runs."""
    commands = arguments.get("commands") or []
    match way:
        case Way.LOCAL_SHELL:
            action: Free = {
                "type": "exec",
                "command": commands,
                "env": {},
                "timeout_ms": None,
                "user": None,
                "working_directory": None,
            }
            shape: Free = {"type": "local_shell_call", "status": status, "action": action, "call_id": name}
            return {"id": answer_id("lsh", answer, index), **shape}
        case Way.SHELL:
            action = {"commands": commands, "max_output_length": None, "timeout_ms": None}
            shape = {"type": "shell_call", "status": status, "action": action, "call_id": name, "environment": None}
            return {"id": answer_id("sh", answer, index), **shape}
        case Way.APPLY_PATCH:
            operation = {
                "type": "create_file",
                "diff": arguments.get("diff", ""),
                "path": arguments.get("path", ""),
            }
            # The type of these calls knows no incomplete ones.
            patch = "completed" if status == "completed" else "in_progress"
            shape = {"type": "apply_patch_call", "status": patch, "call_id": name, "operation": operation}
            return {"id": answer_id("apc", answer, index), **shape}
        case _:
            shape = {
                "type": "computer_call",
                "status": status,
                "action": {"type": "screenshot"},
                "call_id": name,
                "pending_safety_checks": [],
            }
            return {"id": answer_id("cu", answer, index), **shape}
