"""What the client says about calling tools, in the neutral words. Pure.

""  "auto"            the model decides; "" is the same where there are tools
"none"                no call
"required"            at least one call, of any tool
"tool:<name>"         a call of that tool
"auto:<a>,<b>"        as `auto` and `required`, but only of the tools that are named
"required:<a>,<b>"
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.engine.request import Tool


class Mode(enum.StrEnum):
    """How free the model is."""

    NONE = "none"
    AUTO = "auto"
    REQUIRED = "required"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """How free the model is, and the indices of the tools it may call."""

    mode: Mode
    among: tuple[int, ...]


def read_choice(word: str, tools: Sequence[Tool]) -> ToolChoice:
    """The choice that a word in `Request.tool_choice` stands for.

    A name that no tool has is left out. Raises ValueError for a word that is none of the above: a dialect's mistake.
    """
    mode_word, _, named = word.partition(":")
    try:
        mode = Mode(mode_word or "auto")
    except ValueError:
        raise ValueError(f"{word!r} is not a neutral tool choice") from None
    if mode is Mode.TOOL:
        wanted = {named}
    else:
        wanted = {name.strip() for name in named.split(",")} if named else {tool.name for tool in tools}
    among = tuple([place for place, tool in enumerate(tools) if tool.name in wanted])
    return ToolChoice(mode if among else Mode.NONE, among)
