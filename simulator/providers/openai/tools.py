"""The tools that a chat request offers, and how free the model is to call them, in the one shape. Pure.

A free-text tool becomes a function of one text, `input`; `calls` shows its calls as free text again.
"""

from typing import Final

import msgspec

from simulator.engine.request import Tool
from simulator.providers.base import Refusal
from simulator.providers.decode import quote
from simulator.providers.openai.chat_schema import (
    AllowedFunction,
    ChatBody,
    ChooseAmong,
    ChooseFunction,
    CustomDefinition,
    CustomTool,
    FunctionDefinition,
    GrammarText,
    Named,
)
from simulator.providers.openai.schema import Free
from simulator.providers.openai.verdicts import MOST_PARTS, Path, Verdicts
from simulator.providers.openai.wording import invalid

_encode = msgspec.msgpack.Encoder().encode
OFFERS: Final = 256
"""How many offers of tools are kept ready."""
LONGEST: Final = 65_536
"""Bytes of an offer that is kept ready."""
INPUT: Final = "input"
"""The one member of a free-text tool's arguments."""


def tools_of(body: ChatBody, verdicts: Verdicts) -> tuple[Tool, ...]:
    """The tools that may be called, in the order of the body. Raises `Refusal` for a schema that is not taken."""
    try:
        text = _encode((body.functions, body.tools))
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError, TypeError):
        return _read(body, verdicts)  # which tells what is wrong with it
    known = verdicts.offers.get(text)
    if known is None:
        known = _read(body, verdicts)
        if len(text) <= LONGEST:
            if len(verdicts.offers) >= OFFERS:
                verdicts.offers.clear()
            verdicts.offers[text] = known
    return known


def _read(body: ChatBody, verdicts: Verdicts) -> tuple[Tool, ...]:
    found: list[Tool] = []
    room = MOST_PARTS
    for index, function in enumerate(body.functions or ()):
        tool, parts = _function(function, ("functions", index, "parameters"), verdicts, room)
        found.append(tool)
        room -= parts
    for index, offered in enumerate(body.tools or ()):
        if isinstance(offered, CustomTool):
            path: Path = ("tools", index, "custom", "format", "grammar", "definition")
            found.append(_custom(offered.custom, path, verdicts))
            continue
        tool, parts = _function(offered.function, ("tools", index, "function", "parameters"), verdicts, room)
        found.append(tool)
        room -= parts
    return tuple(found)


def _function(function: FunctionDefinition, path: Path, verdicts: Verdicts, room: int) -> tuple[Tool, int]:
    """The tool, and how many parts its schema has, of which there is `room` for so many."""
    schema = function.parameters
    parts = 0
    if schema is not None:
        strict = function.strict is True
        parts = verdicts.check_function(function.name, schema, path, strict=strict, room=room)
    return Tool(function.name, function.description or "", schema), parts


def _custom(tool: CustomDefinition, path: Path, verdicts: Verdicts) -> Tool:
    text: Free = {"type": "string"}
    if isinstance(tool.format, GrammarText) and tool.format.grammar.syntax == "regex":
        text["pattern"] = f"^(?:{tool.format.grammar.definition})$"
    schema = {"type": "object", "properties": {INPUT: text}, "required": [INPUT], "additionalProperties": False}
    verdicts.check_grammar(tool.name, schema, path)
    return Tool(tool.name, tool.description or "", schema)


def tool_choice_of(body: ChatBody) -> str:
    """The choice in the neutral words of `Request.tool_choice`; empty when not given.

    Raises `Refusal` for the name of a tool that is not there.
    """
    choice = body.tool_choice
    if choice is None:
        return _function_call(body)
    if isinstance(choice, str):
        return choice
    if isinstance(choice, ChooseAmong):
        return _among(choice, body)
    if isinstance(choice, ChooseFunction):
        kind, name = "function", choice.function.name
    else:
        kind, name = "custom tool", choice.custom.name
    if name not in _names(body, kind):
        raise _unknown("tool_choice", kind, name)
    return f"tool:{name}"


def _function_call(body: ChatBody) -> str:
    called = body.function_call
    if not isinstance(called, Named):
        return called or ""
    if called.name not in [function.name for function in body.functions or ()]:
        raise _unknown("function_call", "function", called.name, "functions")
    return f"tool:{called.name}"


def _among(choice: ChooseAmong, body: ChatBody) -> str:
    names: list[str] = []
    for index, tool in enumerate(choice.allowed_tools.tools):
        if isinstance(tool, AllowedFunction):
            kind, name = "function", tool.function.name
        else:
            kind, name = "custom tool", tool.custom.name
        if name not in _names(body, kind):
            raise _unknown(f"tool_choice.allowed_tools.tools[{index}]", kind, name)
        names.append(name)
    return f"{choice.allowed_tools.mode}:{','.join(dict.fromkeys(names))}"


def _names(body: ChatBody, kind: str) -> list[str]:
    tools = body.tools or ()
    if kind == "function":
        return [tool.function.name for tool in tools if not isinstance(tool, CustomTool)]
    return [tool.custom.name for tool in tools if isinstance(tool, CustomTool)]


def _unknown(param: str, kind: str, name: str, among: str = "tools") -> Refusal:
    return invalid(
        f"Invalid value for '{param}': no {kind} named '{quote(name)}' was specified in the '{among}' parameter.", param
    )


def check_tool_parameters(body: ChatBody) -> None:
    """Refuse parameters about tools where there are none, in the service's words."""
    if body.tools is None:
        for name in ("tool_choice", "parallel_tool_calls"):
            if getattr(body, name) is not None:
                raise invalid(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", name)
    if body.functions is None and body.function_call is not None:
        raise invalid(
            "Invalid value for 'function_call': 'function_call' is only allowed when 'functions' are specified.",
            "function_call",
        )


def check_deprecated(body: ChatBody) -> None:
    """Refuse the deprecated `functions` beside what replaced them, in the service's words."""
    if body.tools is not None:
        raise invalid(
            "Invalid request: 'functions' and 'tools' cannot both be provided. 'functions' are deprecated; use the "
            "'tools' parameter instead."
        )
    for index, message in enumerate(body.messages):
        if isinstance(message.tool_calls, list):
            raise invalid(
                "Invalid parameter: 'tool_calls' cannot be used when 'functions' are present. Please use 'tools' "
                "instead of 'functions'.",
                f"messages.[{index}].tool_calls",
            )
