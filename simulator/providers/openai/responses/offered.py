"""The tools of a Responses request in the one shape, as they are told back, and how free the model is. Pure.

Functions, free-text tools, and the tools that the client runs though the service knows them (shells, patches, the
computer) are tools of the engine: it calls them where the conversation asks for it. Tools that the service would run by
itself (searches, Python, pictures, MCP) run only where `tool_choice` demands one: see `hosted`.
"""

import enum
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from simulator.engine.request import Tool
from simulator.providers.base import Refusal
from simulator.providers.decode import plain_json, quote
from simulator.providers.openai.responses import toolset as known
from simulator.providers.openai.responses.choosing import ChooseAmong, ToolChoiceBody
from simulator.providers.openai.responses.toolset import ToolBody
from simulator.providers.openai.responses.wording import worded
from simulator.providers.openai.schema import Free
from simulator.providers.openai.tools import INPUT
from simulator.providers.openai.verdicts import MOST_PARTS, Path, Verdicts
from simulator.providers.openai.wording import invalid

_TEXT: Free = {"type": "string"}


class Way(enum.StrEnum):
    """How a call of a tool is told."""

    FUNCTION = "function"
    CUSTOM = "custom"
    LOCAL_SHELL = "local_shell"
    SHELL = "shell"
    APPLY_PATCH = "apply_patch"
    COMPUTER = "computer"


class Manner(NamedTuple):
    """How the calls of one tool are told; `namespace` is empty for a tool that is in none."""

    way: Way
    namespace: str = ""


class Offered(NamedTuple):
    """`tools` are what the engine may call, `manners` one for each of them; `shown` is what the response tells back.

    `hosted` are the tools that the service would run by itself.
    """

    tools: tuple[Tool, ...] = ()
    manners: tuple[Manner, ...] = ()
    shown: Sequence[Free] = ()
    hosted: tuple[ToolBody, ...] = ()


class Chosen(NamedTuple):
    """`word` is a neutral word of `Request.tool_choice`; `hosted` is the tool that runs before the answer, if any."""

    word: str = ""
    hosted: ToolBody | None = None


NOTHING = Offered()
FREELY = Chosen()


def _object(**members: Free) -> Free:
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


_COMMANDS = _object(commands={"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 2})
_CLIENT: dict[type, tuple[Way, Tool]] = {
    known.LocalShellTool: (
        Way.LOCAL_SHELL,
        Tool("local_shell", "Run a command in the local shell of this computer", _COMMANDS),
    ),
    known.ShellTool: (Way.SHELL, Tool("shell", "Run commands in a shell", _COMMANDS)),
    known.ApplyPatchTool: (
        Way.APPLY_PATCH,
        Tool("apply_patch", "Apply a patch: create, update or delete a file", _object(path=_TEXT, diff=_TEXT)),
    ),
    known.ComputerTool: (Way.COMPUTER, Tool("computer", "Use the computer: look at its screen", _object())),
    known.ComputerPreviewTool: (
        Way.COMPUTER,
        Tool("computer_use_preview", "Use the computer: look at its screen", _object()),
    ),
}
"""The tools that the client runs, and what the engine is told of them."""
_TOLD: dict[str, Free] = {
    "file_search": {
        "filters": None,
        "max_num_results": 20,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
    },
    "image_generation": {"background": "auto", "moderation": "auto"},
    "mcp": {"allowed_tools": None, "server_description": None},
    "tool_search": {"description": None, "parameters": None},
    "web_search_preview": {
        "search_context_size": "medium",
        "user_location": {"type": "approximate", "city": None, "country": "US", "region": None, "timezone": None},
    },
}
"""What the service tells back of its tools where the request does not say."""
_UNTOLD = ("authorization", "headers", "partial_images")
_CLIENT_NAMES = {"computer_use": ("computer", "computer_use_preview"), "computer": ("computer", "computer_use_preview")}
_ALIKE = (("web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11"),)
"""Types that choose each other."""


def offered(tools: Sequence[ToolBody] | None, verdicts: Verdicts) -> Offered:
    """The tools of a request. Raises `Refusal` for a schema that is not taken."""
    if not tools:
        return NOTHING
    made = _Offer(verdicts)
    for index, tool in enumerate(tools):
        made.add(tool, ("tools", index))
    return Offered(tuple(made.tools), tuple(made.manners), made.shown, tuple(made.hosted))


class _Offer:
    def __init__(self, verdicts: Verdicts) -> None:
        self.tools: list[Tool] = []
        self.manners: list[Manner] = []
        self.shown: list[Free] = []
        self.hosted: list[ToolBody] = []
        self._verdicts = verdicts
        self._room = MOST_PARTS

    def add(self, tool: ToolBody, path: Path) -> None:
        if isinstance(tool, known.FunctionTool | known.CustomTool):
            self.shown.append(self._called(tool, path, ""))
        elif isinstance(tool, known.NamespaceTool):
            inner = [self._called(each, (*path, "tools", place), tool.name) for place, each in enumerate(tool.tools)]
            self.shown.append({"type": "namespace", "description": tool.description, "name": tool.name, "tools": inner})
        else:
            shown: Free = msgspec.to_builtins(tool)
            plain_json(shown, path, worded)
            self.shown.append(_as_told(shown))
            client = _CLIENT.get(type(tool))
            if client is None:
                self.hosted.append(tool)
            else:
                self.manners.append(Manner(client[0]))
                self.tools.append(client[1])

    def _called(self, tool: known.FunctionTool | known.CustomTool, path: Path, namespace: str) -> Free:
        if isinstance(tool, known.CustomTool):
            return self._custom(tool, path, namespace)
        schema = tool.parameters
        strict = tool.strict is True
        shown = schema
        if schema is not None:
            self._room -= self._verdicts.check_function(
                tool.name, schema, (*path, "parameters"), strict=strict, room=self._room
            )
            if tool.strict is None and _is_whole(schema):
                closed = {**schema, "additionalProperties": False}
                strict = self._takes(tool.name, closed, path)
                shown = closed if strict else schema
        self.tools.append(Tool(tool.name, tool.description or "", schema))
        self.manners.append(Manner(Way.FUNCTION, namespace))
        told: Free = {
            "type": "function",
            "description": tool.description,
            "name": tool.name,
            "parameters": shown,
            "strict": strict,
        }
        if tool.output_schema is not None:
            plain_json(tool.output_schema, (*path, "output_schema"), worded)
            told["output_schema"] = tool.output_schema
        return _told_flags(told, tool)

    def _takes(self, name: str, schema: Free, path: Path) -> bool:
        """Whether strict mode takes a schema that did not ask for it."""
        try:
            self._verdicts.check_function(name, schema, (*path, "parameters"), strict=True)
        except Refusal:
            return False
        return True

    def _custom(self, tool: known.CustomTool, path: Path, namespace: str) -> Free:
        text: Free = _TEXT
        told: Free = {"type": "text"}
        if isinstance(tool.format, known.GrammarText):
            told = {"type": "grammar", "definition": tool.format.definition, "syntax": tool.format.syntax}
            if tool.format.syntax == "regex":
                text = {**_TEXT, "pattern": f"^(?:{tool.format.definition})$"}
        schema = _object(**{INPUT: text})
        self._verdicts.check_grammar(tool.name, schema, (*path, "format", "definition"))
        self.tools.append(Tool(tool.name, tool.description or "", schema))
        self.manners.append(Manner(Way.CUSTOM, namespace))
        return _told_flags({"type": "custom", "description": tool.description, "format": told, "name": tool.name}, tool)


def _is_whole(schema: Free) -> bool:
    """Whether a schema says everything that strict mode wants but that there are no other members."""
    named, required = schema.get("properties"), schema.get("required")
    return (
        "additionalProperties" not in schema
        and isinstance(named, dict)
        and isinstance(required, list)
        and all(isinstance(name, str) for name in required)
        and set(required) == named.keys()
    )


def _as_told(tool: Free) -> Free:
    """A tool of the service's as the response tells it: without secrets, complete, its members by name."""
    kind = tool.pop("type")
    told = {**_TOLD.get(kind, {}), **tool}
    for name in _UNTOLD:
        told.pop(name, None)
    if kind == "mcp":
        told["headers"] = None
        if isinstance(told.get("require_approval"), dict):
            told["require_approval"] = {"always": None, "never": None, **told["require_approval"]}
    return {"type": kind, **dict(sorted(told.items()))}


def _told_flags(told: Free, tool: known.FunctionTool | known.CustomTool) -> Free:
    if tool.allowed_callers is not None:
        told["allowed_callers"] = tool.allowed_callers
    if tool.async_ is not None:
        told["async"] = tool.async_
    if tool.defer_loading is not None:
        told["defer_loading"] = tool.defer_loading
    return told


def chosen(choice: ToolChoiceBody, offer: Offered) -> Chosen:
    """How free the model is. Raises `Refusal` for a tool that is not offered."""
    if choice is None:
        return FREELY
    if isinstance(choice, str):
        if choice == "required":
            if not offer.tools and not offer.hosted:
                raise invalid(
                    "Invalid value for 'tool_choice': 'required' is only allowed when 'tools' are specified.",
                    "tool_choice",
                )
            if not offer.tools:
                return Chosen("none", offer.hosted[0])
        return Chosen(choice if offer.tools else "")
    if isinstance(choice, ChooseAmong):
        return _among(choice, offer)
    return _one(str(choice.__struct_config__.tag), _name(choice), offer, "tool_choice")


def _name(choice: Any) -> str:
    return str(getattr(choice, "server_label", None) or getattr(choice, "name", None) or "")


def _one(kind: str, name: str, offer: Offered, where: str) -> Chosen:
    """The choice of one tool by its type, and of a function or a free-text tool by its name."""
    if kind in {"function", "custom"}:
        way = Way(kind)
        if any(
            tool.name == name and manner.way is way for tool, manner in zip(offer.tools, offer.manners, strict=True)
        ):
            return Chosen(f"tool:{name}")
    else:
        for tool, manner in zip(offer.tools, offer.manners, strict=True):
            if manner.way not in {Way.FUNCTION, Way.CUSTOM} and tool.name in _CLIENT_NAMES.get(kind, (kind,)):
                return Chosen(f"tool:{tool.name}")
        kinds = next((alike for alike in _ALIKE if kind in alike), (kind,))
        for hosted in offer.hosted:
            if hosted.__struct_config__.tag in kinds and _is_server(hosted, kind, name):
                return Chosen("none", hosted)
    named = f" named '{quote(name)}'" if name else ""
    raise invalid(f"Tool choice '{kind}'{named} not found in 'tools' parameter.", where)


def _is_server(tool: ToolBody, kind: str, name: str) -> bool:
    return kind != "mcp" or not name or (isinstance(tool, known.McpTool) and name == tool.server_label)


def _among(choice: ChooseAmong, offer: Offered) -> Chosen:
    plain_json(choice.tools, ("tool_choice", "tools"), worded)
    names: list[str] = []
    hosted: ToolBody | None = None
    for index, entry in enumerate(choice.tools):
        where = f"tool_choice.tools[{index}]"
        kind = entry.get("type")
        if not isinstance(kind, str):
            raise invalid(f"Missing required parameter: '{where}.type'.", where, "missing_required_parameter")
        name = entry.get("server_label") if kind == "mcp" else entry.get("name")
        one = _one(quote(kind), name if isinstance(name, str) else "", offer, where)
        if one.hosted is None:
            names.append(one.word.removeprefix("tool:"))
        else:
            hosted = hosted or one.hosted
    if names:
        return Chosen(f"{choice.mode}:{','.join(dict.fromkeys(names))}")
    return Chosen("none", hosted if choice.mode == "required" else None)
