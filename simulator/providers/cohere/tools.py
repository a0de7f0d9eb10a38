"""The tools that a chat request offers, checked and in the one shape. Pure."""

import re
from collections.abc import Sequence
from typing import Final, cast

from simulator.engine.request import Tool
from simulator.providers.cohere.python_types import normalised
from simulator.providers.cohere.schema import Free, ToolV2
from simulator.providers.cohere.wording import bare, invalid, plain
from simulator.providers.decode import quote

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPED: Final = frozenset({"type", "anyOf", "oneOf", "allOf", "$ref", "enum", "const"})
"""Keywords of which a property has one that says what it may be."""


def tools_of(offered: Sequence[ToolV2]) -> tuple[Tool, ...]:
    """The tools. Raises `Refusal` for a definition that the service does not take."""
    found: list[Tool] = []
    for place, tool in enumerate(offered):
        function = tool.function
        where = f"tools[{place}].function"
        check_name(function.name, f"{where}.name")
        schema = function.parameters
        if schema is not None:
            plain(schema, ("tools", place, "function", "parameters"), "chat")
            schema = cast(Free, normalised(schema))
            _check(schema, f"{where}.parameters")
        found.append(Tool(function.name, function.description or "", schema))
    return tuple(found)


def check_name(name: str, where: str) -> None:
    """Raises `Refusal` for a name that no tool can have."""
    if not _NAME.fullmatch(name):
        raise invalid(
            "tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit (provided name: "
            f"'{quote(name)}').",
            where,
        )


def _check(schema: Free, where: str) -> None:
    """Raises `Refusal` for a schema that describes no arguments. An empty one stands for no parameters."""
    if schema and schema.get("type", "object") != "object":
        raise bare("schema must be an object", f"{where}.type")
    properties = schema.get("properties")
    if properties is None:
        return
    if not isinstance(properties, dict):
        raise bare("schema must be an object", f"{where}.properties")
    for name, each in properties.items():
        if isinstance(each, dict) and not _TYPED & each.keys():
            raise bare(f"property {quote(name)} must have a type", f"{where}.properties.{name}")
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if name not in properties:
            raise bare(f"required field {quote(str(name))} not found in properties", f"{where}.required")
