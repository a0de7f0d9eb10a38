"""Tools as the client offers them, checked and in the neutral shape. Pure.

Client tools become `Tool` values. Tools that run at the provider (web search, code execution …) only change the
digest: their definitions are kept as stable text. Answers of this release are text, so that a call that the client
insists on is refused by name, and `auto` and `none` are answered.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from simulator.engine.request import Tool
from simulator.providers.anthropic import schema
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


def tools_of(offered: Sequence[dict[str, Any]]) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """The client's tools, and the provider's tools as stable text. Raises Refusal for a definition that is wrong."""
    tools: list[Tool] = []
    served: list[str] = []
    names: set[str] = set()
    for number, tool in enumerate(offered):
        where = f"tools.{number}"
        kind = tool.get("type")
        if kind is None or kind == "custom":
            tools.append(_custom(tool, f"{where}.custom"))
            name = tool["name"]
        elif isinstance(kind, str) and _SERVED.fullmatch(kind):
            served.append(stable({key: tool[key] for key in tool if key != "cache_control"}, f"{where}.{kind}"))
            name = tool.get("name")
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


def _custom(tool: dict[str, Any], where: str) -> Tool:
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
    _check_schema(arguments, f"{where}.input_schema")
    return Tool(name, described or "", arguments)


def _check_schema(arguments: object, where: str) -> None:
    if not isinstance(arguments, dict):
        raise invalid(where, "Input should be a valid dictionary")
    if "type" not in arguments:
        raise invalid(f"{where}.type", "Field required")
    if arguments["type"] != "object":
        raise invalid(f"{where}.type", "Input should be 'object'")
    stable(arguments, where)


def choice_of(choice: schema.AnyChoice | None, offered: Sequence[dict[str, Any]] | None) -> str:
    """The choice as stable text, empty for none. Raises Refusal for one that cannot be kept."""
    if choice is None:
        return ""
    if isinstance(choice, schema.ChooseNone):
        return "none"
    if not offered:
        raise invalid("tool_choice", "tool_choice may only be specified while providing tools")
    if isinstance(choice, schema.ChooseTool) and all(tool.get("name") != choice.name for tool in offered):
        raise invalid("tool_choice", f"Tool '{quote(choice.name)}' not found in provided tools")
    if isinstance(choice, schema.ChooseTool | schema.ChooseAny):
        tag = choice.__struct_config__.tag
        raise invalid(
            f"tool_choice.{tag}",
            "This version of the simulator answers in text and cannot be made to call a tool; use 'auto' or 'none'",
        )
    return "auto-one" if choice.disable_parallel_tool_use else "auto"
