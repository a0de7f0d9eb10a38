"""The events of a streamed response, step by step. Pure.

The order is that of recorded streams: the response is created and goes on; each item is added, filled and done; then
the response is completed. Step i of the plan brings what its token adds; what takes no token comes with the next one.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from simulator.engine.plan import Plan
from simulator.providers.ids import base62
from simulator.providers.openai.answers import answer_of
from simulator.providers.openai.responses.given import Given
from simulator.providers.openai.responses.output import Kind, Made, parts_of
from simulator.providers.openai.responses.response import begun, body_of, final
from simulator.providers.openai.schema import Free

Event = tuple[str, Free]
_PADDED: Final = 16
"""Characters that a delta and its obfuscation have together, at least."""
_ENDS: Final = {"completed": "response.completed", "incomplete": "response.incomplete"}


def script(given: Given, plan: Plan, made: Sequence[Made]) -> list[list[Event]]:
    """The events of each step: their types and their fields but the sequence number."""
    answer = answer_of(plan)
    options = body_of(given).stream_options
    pad = options is not None and options.include_obfuscation is True
    reel = _Reel(answer.steps, answer.id_bits if pad else b"")
    reel.say("response.created", response=begun(given, plan, "queued" if body_of(given).background else "in_progress"))
    if body_of(given).background:
        reel.say("response.queued", response=begun(given, plan, "queued"))
    reel.say("response.in_progress", response=begun(given, plan))
    for index, each in enumerate(made):
        _tell(reel, index, each)
    done = final(given, plan, made)
    reel.finish(_ENDS[done["status"]], done)
    return reel.steps


class _Reel:
    """The steps as they are filled. What is said before the first token of an item waits for its step."""

    def __init__(self, steps: int, pad: bytes) -> None:
        self.steps: list[list[Event]] = [[] for _ in range(steps)]
        self._at = 0
        self._pad = pad
        self._said = 0

    def say(self, kind: str, **fields: object) -> None:
        """Tell something with the step that comes next, or the last one."""
        self.steps[min(self._at, len(self.steps) - 1)].append((kind, fields))

    def delta(self, kind: str, text: str, **fields: object) -> None:
        """Tell what a token adds."""
        told: Free = {"delta": text, **fields}
        if self._pad:
            self._said += 1
            missing = _PADDED - len(text)
            seed = blake2b(self._pad + self._said.to_bytes(4, "little"), digest_size=_PADDED).digest()
            told["obfuscation"] = base62(seed, missing) if missing > 0 else ""
        self.steps[self._at].append((kind, dict(sorted(told.items()))))

    def turn(self) -> None:
        """Go on to the next step."""
        self._at += 1

    def back(self) -> None:
        """What follows belongs to the step of the last token."""
        self._at -= 1

    def finish(self, kind: str, response: Free) -> None:
        """Tell the end with the last step."""
        self.steps[-1].append((kind, {"response": response}))


def _tell(reel: _Reel, index: int, made: Made) -> None:
    match made.kind:
        case Kind.THOUGHT:
            _thought(reel, index, made)
        case Kind.TEXT | Kind.REFUSAL:
            _message(reel, index, made)
        case Kind.FUNCTION:
            _arguments(reel, index, made, "response.function_call_arguments", "arguments")
        case Kind.CUSTOM:
            _arguments(reel, index, made, "response.custom_tool_call_input", "input")
        case Kind.CALL:
            begin = {**made.item, "status": "in_progress"}
            reel.say("response.output_item.added", item=begin, output_index=index)
            for _ in made.pieces:
                reel.turn()
            _done(reel, index, made.item, len(made.pieces))
        case Kind.RAN if made.ran is not None:
            reel.say("response.output_item.added", item=made.ran.begun, output_index=index)
            for kind, fields in made.ran.events:
                reel.say(kind, **{**fields, "item_id": made.item["id"], "output_index": index})
            reel.say("response.output_item.done", item=made.item, output_index=index)
        case _:
            reel.say("response.output_item.added", item={**made.item, "encrypted_content": ""}, output_index=index)
            reel.say("response.compaction.compacting", item_id=made.item["id"], output_index=index)
            reel.say("response.output_item.done", item=made.item, output_index=index)


def _done(reel: _Reel, index: int, item: Free, tokens: int) -> None:
    """Tell that an item is done, with its last token if it has one."""
    if tokens:
        reel.back()
    reel.say("response.output_item.done", item=item, output_index=index)
    if tokens:
        reel.turn()


def _thought(reel: _Reel, index: int, made: Made) -> None:
    item = made.item
    where = {"item_id": item["id"], "output_index": index}
    reel.say("response.output_item.added", item={**item, "summary": []}, output_index=index)
    parts = parts_of(made.pieces, len(item["summary"]))
    told = 0
    for number, (part, pieces) in enumerate(zip(item["summary"], parts, strict=True)):
        spot = {**where, "summary_index": number}
        empty = {"type": "summary_text", "text": ""}
        reel.say("response.reasoning_summary_part.added", **where, part=empty, summary_index=number)
        for piece in pieces:
            reel.delta("response.reasoning_summary_text.delta", piece, **spot)
            reel.turn()
        told += len(pieces)
        if pieces:
            reel.back()
        reel.say("response.reasoning_summary_text.done", **spot, text=part["text"])
        reel.say("response.reasoning_summary_part.done", **where, part=part, summary_index=number)
        if pieces:
            reel.turn()
    for _ in made.pieces[told:]:
        reel.turn()
    _done(reel, index, item, len(made.pieces))


def _message(reel: _Reel, index: int, made: Made) -> None:
    item = made.item
    (part,) = item["content"]
    where: Free = {"content_index": 0, "item_id": item["id"]}
    after: Free = {"output_index": index}
    text = made.kind is Kind.TEXT
    empty = {**part, "text": "", "logprobs": []} if text else {**part, "refusal": ""}
    reel.say("response.output_item.added", item={**item, "status": "in_progress", "content": []}, output_index=index)
    reel.say("response.content_part.added", **where, **after, part=empty)
    likely = [_bare(each) for each in part["logprobs"]] if text else []
    for place, piece in enumerate(made.pieces):
        if text:
            shown = likely[place : place + 1]
            reel.delta("response.output_text.delta", piece, **where, **after, logprobs=shown)
        else:
            reel.delta("response.refusal.delta", piece, **where, **after)
        reel.turn()
    if len(made.pieces):
        reel.back()
    if text:
        reel.say("response.output_text.done", **where, logprobs=likely, **after, text=part["text"])
    else:
        reel.say("response.refusal.done", **where, **after, refusal=part["refusal"])
    reel.say("response.content_part.done", **where, **after, part=part)
    reel.say("response.output_item.done", item=item, output_index=index)
    if len(made.pieces):
        reel.turn()


def _bare(logprob: Free) -> Free:
    """A log-probability as events have it: without bytes."""
    top = [{"token": other["token"], "logprob": other["logprob"]} for other in logprob["top_logprobs"]]
    return {"token": logprob["token"], "logprob": logprob["logprob"], "top_logprobs": top}


def _arguments(reel: _Reel, index: int, made: Made, kind: str, field: str) -> None:
    item = made.item
    begin = {**item, field: ""}
    if "status" in item:
        begin["status"] = "in_progress"
    reel.say("response.output_item.added", item=begin, output_index=index)
    where: Free = {"item_id": item["id"], "output_index": index}
    for piece in made.pieces:
        reel.delta(f"{kind}.delta", piece, **where)
        reel.turn()
    if made.pieces:
        reel.back()
    reel.say(f"{kind}.done", **{field: item[field]}, **where)
    reel.say("response.output_item.done", item=item, output_index=index)
    if made.pieces:
        reel.turn()
