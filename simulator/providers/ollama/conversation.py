"""A conversation and its tools, from Ollama's messages to the one shape. Pure.

Calls may come without ids, and results with the name of their tool alone: a result then answers the first call of that
name that has none yet, or else the first of all.
"""

from typing import Final

import msgspec

from simulator.engine.request import Message, Tool, ToolCall
from simulator.providers.decode import plain_json
from simulator.providers.ollama.options import pictures
from simulator.providers.ollama.schema import MessageBody, ToolBody, ToolCallBody
from simulator.providers.ollama.wording import invalid, wording

STRUCT: Final = "ChatRequest"
_encode = msgspec.json.Encoder().encode
_flawed = wording(STRUCT)


def conversation(messages: list[MessageBody]) -> tuple[Message, ...]:
    """The messages in the engine's shape. Raises `Refusal`."""
    turns: list[Message] = []
    waiting: list[tuple[str, str]] = []
    for index, body in enumerate(messages):
        role = (body.role or "").lower()
        text = body.content or ""
        if role == "tool":
            turns.append(Message("tool", text, body.tool_name or "", (), (), _answered(body, waiting)))
        elif body.tool_calls:
            calls = tuple([_call(call, index, place) for place, call in enumerate(body.tool_calls)])
            waiting = [(call.id, call.name) for call in calls]
            turns.append(Message(role, text, "", pictures(body.images), calls))
        else:
            turns.append(Message(role, text, "", pictures(body.images) if body.images else ()))
    return tuple(turns)


def tools_of(given: list[ToolBody] | None) -> tuple[Tool, ...]:
    """The tools that may be called. Whether a value can be made for their schemas is the engine's to say."""
    found: list[Tool] = []
    for index, tool in enumerate(given or ()):
        function = tool.function
        if function is None or not function.name:
            raise invalid(f"tools[{index}].function.name is required", f"tools[{index}].function.name")
        schema = function.parameters
        if schema is not None:
            plain_json(schema, ("tools", index, "function", "parameters"), _flawed)
        found.append(Tool(function.name, function.description or "", schema))
    return tuple(found)


def _call(call: ToolCallBody, index: int, place: int) -> ToolCall:
    function = call.function
    if function is None or not function.name:
        where = f"messages[{index}].tool_calls[{place}].function.name"
        raise invalid(f"{where} is required", where)
    arguments = function.arguments or {}
    plain_json(arguments, ("messages", index, "tool_calls", place, "function", "arguments"), _flawed)
    return ToolCall(call.id or f"call_{index}_{place}", function.name, _encode(arguments).decode())


def _answered(body: MessageBody, waiting: list[tuple[str, str]]) -> str:
    """The id of the call that a result belongs to, which then waits no more."""
    if body.tool_call_id:
        return body.tool_call_id
    if not waiting:
        return ""
    places = [place for place, (_, name) in enumerate(waiting) if name == body.tool_name]
    return waiting.pop(places[0] if places else 0)[0]
