"""Tools as the client offers them, checked and in the neutral shape. Pure.

Tools that the client runs become `Tool` values, those that the provider defines too. Tools that run at the provider
(web search, code execution …) only change the digest: they are kept as stable text, and they are never called.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from simulator.engine.request import Tool
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.own_tools import own_tool
from simulator.providers.anthropic.schemas import Judge, check_tool
from simulator.providers.anthropic.stable import stable
from simulator.providers.anthropic.wording import invalid
from simulator.providers.decode import quote

NAME_PATTERN: Final = "^[a-zA-Z0-9_-]{1,128}$"
_NAME = re.compile(NAME_PATTERN)
_DATED = ("bash", "text_editor", "code_execution", "web_search", "web_fetch", "memory", "computer", "advisor")
_SERVED = re.compile(
    rf"(?:{'|'.join(_DATED)}|computer_toolset|browser_toolset)_\d{{8}}"
    r"|tool_search_tool_(?:bm25|regex)(?:_\d{8})?|mcp_toolset"
)
_KNOWN: Final = frozenset(
    {
        "name",
        "description",
        "input_schema",
        "type",
        "cache_control",
        "allowed_callers",
        "defer_loading",
        "eager_input_streaming",
        "input_examples",
        "strict",
    }
)


def tools_of(offered: Sequence[dict[str, Any]], model: str) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """The client's tools, and the provider's tools as stable text. Raises Refusal for a definition that is wrong."""
    tools: list[Tool] = []
    served: list[str] = []
    names: set[str] = set()
    judge = Judge()
    for number, tool in enumerate(offered):
        where = f"tools.{number}"
        kind = tool.get("type")
        if kind is None or kind == "custom":
            tools.append(_custom(tool, f"{where}.custom", model, judge))
            name = tool["name"]
        elif isinstance(kind, str) and _SERVED.fullmatch(kind):
            served.append(stable({key: tool[key] for key in tool if key != "cache_control"}, f"{where}.{kind}"))
            name = tool.get("name")
            own = own_tool(kind, name)
            if own is not None:
                tools.append(own)
                name = own.name
        else:
            raise invalid(
                where,
                f"Input tag '{quote(str(kind))}' found using 'type' does not match any of the expected tags: 'custom' "
                "or the dated name of a tool that the provider runs, such as 'web_search_20250305'",
            )
        if isinstance(name, str) and name in names:
            raise invalid("tools", "Tool names must be unique.")
        names.add(str(name))
    return tuple(tools), tuple(served)


def _custom(tool: dict[str, Any], where: str, model: str, judge: Judge) -> Tool:
    for key in tool:
        if key not in _KNOWN:
            raise invalid(f"{where}.{quote(key)}", "Extra inputs are not permitted")
    for key in ("name", "input_schema"):
        if key not in tool:
            raise invalid(f"{where}.{key}", "Field required")
    name, described, arguments = tool["name"], tool.get("description"), tool["input_schema"]
    if not isinstance(name, str):
        raise invalid(f"{where}.name", "Input should be a valid string")
    if not _NAME.fullmatch(name):
        raise invalid(f"{where}.name", f"String should match pattern '{NAME_PATTERN}'")
    if described is not None and not isinstance(described, str):
        raise invalid(f"{where}.description", "Input should be a valid string")
    strict = tool.get("strict")
    if strict is not None and not isinstance(strict, bool):
        raise invalid(f"{where}.strict", "Input should be a valid boolean")
    callers = tool.get("allowed_callers")
    if callers is not None and not isinstance(callers, list):
        raise invalid(f"{where}.allowed_callers", "Input should be a valid list")
    _check_object(arguments, f"{where}.input_schema")
    check_tool(judge, arguments, where, model, strict=strict is True)
    return Tool(name, described or "", arguments)


def _check_object(arguments: object, where: str) -> None:
    if not isinstance(arguments, dict):
        raise invalid(where, "Input should be a valid dictionary")
    if "type" not in arguments:
        raise invalid(f"{where}.type", "Field required")
    if arguments["type"] != "object":
        raise invalid(f"{where}.type", "Input should be 'object'")


def choice_of(choice: schema.AnyChoice | None, offered: Sequence[dict[str, Any]] | None) -> tuple[str, bool]:
    """The choice as a neutral word, empty for none, and whether several tools may be called at once.

    A tool that only code at the provider may call is not among the choices. Raises Refusal for a choice without tools,
    or of a tool that is not there.
    """
    if isinstance(choice, schema.ChooseNone):
        return "none", True
    if choice is None:
        return _among("auto", offered or (), ""), True
    if not offered:
        raise invalid("tool_choice", "tool_choice may only be specified while providing tools")
    parallel = not choice.disable_parallel_tool_use
    if isinstance(choice, schema.ChooseTool):
        if all(tool.get("name") != choice.name for tool in offered):
            raise invalid("tool_choice", f"Tool '{quote(choice.name)}' not found in provided tools")
        return f"tool:{choice.name}", parallel
    word = "required" if isinstance(choice, schema.ChooseAny) else "auto"
    return _among(word, offered, word), parallel


def _among(word: str, offered: Sequence[dict[str, Any]], free: str) -> str:
    """The word for a choice of the tools that a model may call itself; `free` where that is all of them."""
    callable_ = [tool for tool in offered if "direct" in (tool.get("allowed_callers") or ("direct",))]
    if len(callable_) == len(offered):
        return free
    names = [tool["name"] for tool in callable_ if isinstance(tool.get("name"), str)]
    return f"{word}:{','.join(names)}" if names else "none"
