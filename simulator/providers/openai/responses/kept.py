"""Responses as they are stored, and how an input becomes items that can be listed. Pure.

A response is stored whole, as it is when all is done, with when that will be: whoever asks earlier is told what is
there by then. What came before it is found by its `previous` response.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import orjson

from simulator.engine.plan import Plan
from simulator.providers.openai.responses.given import Given
from simulator.providers.openai.responses.items import (
    CompactionItem,
    CustomCallItem,
    FunctionCallItem,
    Item,
    MessageItem,
    OtherItem,
    ReasoningItem,
    ResultItem,
    shown_part,
)
from simulator.providers.openai.responses.naming import new_id
from simulator.providers.openai.responses.stream import WrittenStream
from simulator.providers.openai.schema import Free

RESPONSE: Final = "response"
"""The kind of stored responses, by id."""
ANSWER: Final = "response_answer"
"""The kind that tells which response has the items of an answer, by the digits that those share."""
PENDING: Final = frozenset({"queued", "in_progress"})


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A stored response.

    `response` is the final object, `inputs` a JSON array of the items that it was given besides its context. `model` is
    the one that was asked for. The first token is there `begins` seconds after `created` and the last one `ends`;
    both are 0 where nobody can ask earlier. `cancelled` is when it was, 0 if never. `reel` has the compressed events of
    a streamed background response, `marks` where each step's end is in them, and `offsets` when each is due.
    """

    response: bytes
    inputs: bytes
    model: str
    created: float
    background: bool = False
    begins: float = 0.0
    ends: float = 0.0
    cancelled: float = 0.0
    reel: bytes = b""
    marks: tuple[int, ...] = ()
    offsets: tuple[float, ...] = ()

    def state(self, now: float) -> str:
        """How far the response is: `queued`, `in_progress`, `cancelled`, or empty when it is done."""
        if self.cancelled:
            return "cancelled"
        passed = now - self.created
        if passed >= self.ends:
            return ""
        return "in_progress" if passed >= self.begins else "queued"

    def object(self, now: float) -> Free:
        """The response as it is by now."""
        whole: Free = orjson.loads(self.response)
        state = self.state(now)
        if not state:
            return whole
        return {
            **whole,
            "status": state,
            "completed_at": None,
            "incomplete_details": None,
            "output": [],
            "service_tier": "default" if state == "cancelled" else "auto",
            "usage": None,
        }

    def events(self, now: float) -> list[bytes]:
        """The events that were due by now or by when it was cancelled, each with its number's place."""
        told = zlib.decompress(self.reel)
        passed = (self.cancelled or now) - self.created
        due = sum([offset <= passed for offset in self.offsets]) if self.offsets else len(self.marks)
        end = self.marks[min(due, len(self.marks)) - 1] if due else 0
        return [event + b"\n\n" for event in told[:end].split(b"\n\n")[:-1]]


class _Outputs(msgspec.Struct):
    output: list[msgspec.Raw]


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Kept)
_outputs = msgspec.json.Decoder(_Outputs)
_list = msgspec.json.Decoder(list[msgspec.Raw])


def packed(kept: Kept) -> bytes:
    """The response as bytes to store."""
    return _encode(kept)


def unpacked(body: bytes) -> Kept:
    """The response that was stored."""
    return _decoder.decode(body)


def kept_of(given: Given, plan: Plan, response: Free, inputs: Sequence[Free], now: float) -> Kept:
    """What is stored of a response that was asked for `now`."""
    kept = Kept(orjson.dumps(response), orjson.dumps(inputs), plan.model, now)
    if given.body.model is not None:
        kept = msgspec.structs.replace(kept, model=given.body.model)
    if not response["background"]:
        return kept
    offsets = plan.offsets
    begins, ends = (offsets[0], offsets[-1]) if len(offsets) else (0.0, 0.0)
    return msgspec.structs.replace(kept, background=True, begins=begins, ends=ends)


def with_reel(kept: Kept, stream: WrittenStream, offsets: Sequence[float]) -> Kept:
    """The same with the events of its stream."""
    marks: list[int] = []
    size = 0
    for index in range(stream.steps):
        size += len(stream.step(index))
        marks.append(size)
    reel = zlib.compress(stream.frames(0, stream.steps), 1)
    return msgspec.structs.replace(kept, reel=reel, marks=tuple(marks), offsets=tuple(offsets))


def items_of(kept: Kept) -> list[bytes]:
    """All items of a response, given and answered, as JSON."""
    found = [bytes(raw) for raw in _list.decode(kept.inputs)]
    return found + [bytes(raw) for raw in _outputs.decode(kept.response).output]


def outputs_of(kept: Kept) -> list[bytes]:
    """The items that a response answered, as JSON."""
    return [bytes(raw) for raw in _outputs.decode(kept.response).output]


def listed(given: Given, bits: bytes) -> list[Free]:
    """The request's own input as items with ids and states, as the service lists them."""
    items = given.items
    if given.text is not None:
        items = [MessageItem(role="user", content=given.text)]
    return [told(item, bits, index) for index, item in enumerate(items)]


def told(item: Item, bits: bytes, index: int) -> Free:  # noqa: PLR0911 - one return for each type of item
    """One item with an id of its own, made from these 16 bits and its place unless it has one."""
    status = getattr(item, "status", None) or "completed"
    match item:
        case MessageItem():
            name = item.id or new_id("msg", bits, index)
            content = _content(item)
            message: Free = {"id": name, "type": "message", "status": status, "content": content, "role": item.role}
            return message if item.phase is None else {**message, "phase": item.phase}
        case FunctionCallItem():
            head = {"id": item.id or new_id("fc", bits, index), "type": "function_call", "status": status}
            return {**head, "arguments": item.arguments, "call_id": item.call_id, "name": item.name, **_space(item)}
        case CustomCallItem():
            head = {"id": item.id or new_id("ctc", bits, index), "type": "custom_tool_call", "status": status}
            return {**head, "call_id": item.call_id, "input": item.input, "name": item.name, **_space(item)}
        case ResultItem():
            custom = "custom" in item.type
            head = {"id": item.id or new_id("ctco" if custom else "fco", bits, index), "type": item.type}
            output = item.output if isinstance(item.output, str) else [shown_part(part) for part in item.output]
            return {**head, "status": status, "call_id": item.call_id, "output": output}
        case ReasoningItem():
            summary = [{"type": "summary_text", "text": part.text} for part in item.summary or ()]
            thought: Free = {"id": item.id or new_id("rs", bits, index), "type": "reasoning", "summary": summary}
            if item.content:
                thought["content"] = [{"type": "reasoning_text", "text": part.text} for part in item.content]
            return {**thought, "encrypted_content": item.encrypted_content} if item.encrypted_content else thought
        case CompactionItem():
            name = item.id or new_id("cmp", bits, index)
            return {"id": name, "type": "compaction", "encrypted_content": item.encrypted_content}
        case OtherItem():
            return {"id": item.id or new_id("item", bits, index), **_other(item.fields)}
        case _:
            raise TypeError("a reference is resolved before it is stored")


_WITH_STATUS: Final = ("computer_call_output", "shell_call_output", "local_shell_call", "shell_call", "computer_call")


def _other(fields: Mapping[str, Any]) -> Free:
    given = {name: value for name, value in fields.items() if name != "id" or value is not None}
    if given["type"] in _WITH_STATUS and given.get("status") is None:
        given["status"] = "completed"
    return given


def _space(item: FunctionCallItem | CustomCallItem) -> Free:
    return {} if item.namespace is None else {"namespace": item.namespace}


def _content(item: MessageItem) -> list[Free]:
    if not isinstance(item.content, str):
        return [shown_part(part) for part in item.content]
    if item.role == "assistant":
        return [{"type": "output_text", "annotations": [], "logprobs": [], "text": item.content}]
    return [{"type": "input_text", "text": item.content}]
