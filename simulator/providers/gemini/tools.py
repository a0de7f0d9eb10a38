"""Functions that a request offers, and how free the model is to call them, in the neutral terms. Pure."""

import re
from typing import Final

from simulator.engine.request import Tool
from simulator.providers.base import Refusal
from simulator.providers.decode import quote
from simulator.providers.gemini import schema
from simulator.providers.gemini.contents import not_in_enumeration
from simulator.providers.gemini.schemas import Schemas, plain_schema
from simulator.providers.gemini.wording import invalid, unfit

_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
_NAME_RULE: Final = (
    "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores "
    "(_), dots (.), colons (:) or dashes (-), with a maximum length of 128."
)
MODES: Final = {"": "auto", "MODE_UNSPECIFIED": "auto", "AUTO": "auto", "ANY": "required", "VALIDATED": "auto",
                "NONE": "none"}  # fmt: skip
_RESTRICTABLE: Final = frozenset({"ANY", "VALIDATED"})
SERVED_THERE: Final = (
    "google_search",
    "google_search_retrieval",
    "google_maps",
    "code_execution",
    "url_context",
    "file_search",
    "computer_use",
    "mcp_servers",
)
"""Tools that run at the provider. They may be offered; the simulator never uses them."""


def functions(tools: list[schema.Tool], kind: str, schemas: Schemas) -> tuple[Tool, ...]:
    """The functions of all tools. `kind` is the request's name in complaints. Raises `Refusal`."""
    found: list[Tool] = []
    names: set[str] = set()
    for number, tool in enumerate(tools):
        for place, declared in enumerate(tool.function_declarations or ()):
            where = f"tools[{number}].function_declarations[{place}]"
            if not _NAME.fullmatch(declared.name):
                raise unfit(kind, [f"{where}.name: {_NAME_RULE}"])
            if declared.name in names:
                raise invalid(f"Duplicate function declaration found: {declared.name}", f"{where}.name")
            names.add(declared.name)
            found.append(Tool(declared.name, declared.description or "", _parameters(declared, kind, where, schemas)))
    return tuple(found)


def _parameters(
    declared: schema.FunctionDeclaration, kind: str, where: str, schemas: Schemas
) -> dict[str, object] | None:
    if declared.parameters is not None and declared.parameters_json_schema is not None:
        raise invalid("`parameters` and `parameters_json_schema` are mutually exclusive.", where)
    if declared.parameters_json_schema is not None:
        read = plain_schema(declared.parameters_json_schema, f"{where}.parameters_json_schema")
        if read.get("type", "object") != "object":
            raise _not_object(kind, f"{where}.parameters_json_schema")
        return read
    if not declared.parameters:
        return None
    read = schemas.read(declared.parameters, kind, f"{where}.parameters")
    if read.get("type") not in ("object", ["object", "null"]):
        raise _not_object(kind, f"{where}.parameters")
    return read


def _not_object(kind: str, where: str) -> Refusal:
    return unfit(kind, [f"{where}: parameters schema should be of type OBJECT"])


def elsewhere(tools: list[schema.Tool]) -> tuple[str, ...]:
    """The tools that run at the provider, as stable text."""
    return tuple([f"tool={name}" for tool in tools for name in SERVED_THERE if getattr(tool, name) is not None])


def choice(config: schema.ToolConfig | None, tools: tuple[Tool, ...], kind: str) -> str:
    """The neutral word for how free the model is. Raises `Refusal`."""
    calling = config.function_calling_config if config is not None else None
    if calling is None:
        return ""
    where = "tool_config.function_calling_config"
    mode = (calling.mode or "").upper()
    word = MODES.get(mode)
    if word is None:
        raise not_in_enumeration(f"{where}.mode", "FunctionCallingConfig.Mode", calling.mode or "")
    allowed = calling.allowed_function_names
    if mode == "ANY" and not tools:
        raise unfit(kind, [f"{where}.mode: function calling mode ANY needs at least one function declaration"])
    if not allowed:
        return word if tools else ""
    if mode not in _RESTRICTABLE:
        raise unfit(kind, [f"{where}.allowed_function_names: should only be set when the mode is ANY or VALIDATED"])
    names = {tool.name for tool in tools}
    for place, name in enumerate(allowed):
        if name not in names:
            told = f"function name '{quote(name)}' is not in the function declarations"
            raise unfit(kind, [f"{where}.allowed_function_names[{place}]: {told}"])
    return f"{word}:{','.join(dict.fromkeys(allowed))}"
