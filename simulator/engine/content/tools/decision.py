"""Text or calls of tools: what an assistant answers with. Pure.

With `auto`, a request that a tool fits is answered by calling it, any other by text. Results of tools are answered by
text, unless the request asked for several things and a tool for one of them has not been called yet: so a loop that
hands back results comes to an end after every call that was asked for has been made once. `required` and a named tool
are promises of the interface and are kept each time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.engine.content.structured import NO_HINTS, Draws, Hints, Shape, compile_schema, generate, harvest
from simulator.engine.content.structured.heard import heard_by
from simulator.engine.content.tools.choice import Mode, read_choice
from simulator.engine.content.tools.pieces import json_text
from simulator.engine.content.tools.wanting import Wanted, wanted_calls
from simulator.engine.request import Message, Request, Tool, ToolCall

RESULTS: Final = frozenset({"tool", "function"})
"""Roles whose messages are results of calls."""
_IDENTIFIERS: Final = ("id", "_key", "token", "_ref")
_OPEN: Final[dict[str, object]] = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Called:
    """A call: the index of the tool in the request, and its arguments as JSON text."""

    tool: int
    arguments: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The calls that are made; none means an answer in text."""

    calls: tuple[Called, ...] = ()

    @property
    def text(self) -> bool:
        """Whether the answer is text."""
        return not self.calls


TEXT: Final = Decision()


def decide(
    request: Request,
    draws: Draws,
    *,
    parallel: bool = True,
    compiled: Callable[[object], Shape] = compile_schema,
    hints: Hints | None = None,
) -> Decision:
    """What a chat request is answered with.

    `parallel` allows several calls in one answer. `compiled` gives the shape of a schema, such as `Shapes.of`. `hints`
    are those of the request's messages where they were harvested already. Raises UnsupportedSchema or Unsatisfiable
    for the schema of a tool, and ValueError for a `tool_choice` that is not a neutral word.
    """
    if not request.tools:
        return TEXT
    choice = read_choice(request.tool_choice, request.tools)
    if choice.mode is Mode.NONE:
        return TEXT
    turns = [message for message in request.messages if message.role not in {"system", "developer"}]
    last = turns[-1].role if turns else ""
    insisted = choice.mode is not Mode.AUTO
    if not insisted and last != "user" and last not in RESULTS:
        return TEXT

    def shape_of(tool: Tool) -> Shape:
        return compiled(_object_schema(tool))

    hints = hints if hints is not None else harvest(request.messages) if turns else NO_HINTS
    tools, among = request.tools, choice.among
    wanted = wanted_calls(tools, among, hints, shape_of, insisted=insisted)
    made = _made(turns)
    left = _left(wanted, made, tools)
    if not left and insisted:
        left = wanted[:1]
    if not left:
        return TEXT
    batch = _batch(left, tools, shape_of, first=not made) if parallel else left[:1]
    return Decision(tuple([_called(each, tools[each.tool], shape_of, draws) for each in batch]))


def _object_schema(tool: Tool) -> dict[str, object]:
    """Arguments are an object, whether their schema says so or not."""
    schema = tool.schema
    if not schema:
        return _OPEN
    return schema if "type" in schema else {"type": "object", **schema}


def _called(each: Wanted, tool: Tool, shape_of: Callable[[Tool], Shape], draws: Draws) -> Called:
    about = tool.name
    return Called(each.tool, json_text(generate(shape_of(tool), draws, each.hints, about)))


def _made(turns: Sequence[Message]) -> list[ToolCall]:
    """The calls made since the user last spoke."""
    found: list[ToolCall] = []
    for message in reversed(turns):
        if message.role == "user":
            break
        found = [*message.calls, *found]
    return found


def _left(wanted: Sequence[Wanted], made: Sequence[ToolCall], tools: Sequence[Tool]) -> list[Wanted]:
    """What is wanted and not made yet.

    A call made counts for the one whose values it has, else for the first of its tool.
    """
    left = list(wanted)
    for call in made:
        same = [each for each in left if tools[each.tool].name == call.name]
        fitting = [each for each in same if each.told and all(text in call.arguments for text in each.told)]
        for each in (fitting or same)[:1]:
            left.remove(each)
    return left


def _batch(
    left: Sequence[Wanted], tools: Sequence[Tool], shape_of: Callable[[Tool], Shape], *, first: bool
) -> list[Wanted]:
    """The calls that can be made at once: those before one that is to follow, or that needs what a result will tell."""
    batch = list(left[:1])
    for each in left[1:]:
        if each.after or (first and _waits(each, tools[each.tool], shape_of)):
            break
        batch.append(each)
    return batch


def _waits(each: Wanted, tool: Tool, shape_of: Callable[[Tool], Shape]) -> bool:
    """Whether the call needs an identifier that its own clause does not name."""
    shape = shape_of(tool)
    heard, _ = heard_by(shape, each.hints)
    needed = [name for name in shape.required if name.casefold().endswith(_IDENTIFIERS)]
    return any(name not in heard or heard[name].rank for name in needed)
