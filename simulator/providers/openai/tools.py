"""The tools and the answer format of a chat request, in the one shape. Pure.

What may be asked for is wider than what this release answers: `limits` says which of it is refused.
"""

from simulator.engine.request import TEXT_FORMAT, Format, Tool
from simulator.providers.base import Refusal
from simulator.providers.decode import plain_json, quote, spell
from simulator.providers.openai.schema import (
    ChatBody,
    ChooseAmong,
    ChooseFunction,
    CustomTool,
    Free,
    FunctionDefinition,
    JsonSchemaFormat,
    Named,
)
from simulator.providers.openai.wording import flawed, invalid


def tools_of(body: ChatBody) -> tuple[Tool, ...]:
    """The functions that may be called, the deprecated `functions` after the `tools`."""
    found: list[Tool] = []
    for index, tool in enumerate(body.tools or ()):
        if isinstance(tool, CustomTool):
            plain_json(tool.custom.format, ("tools", index, "custom", "format"), flawed)
            found.append(Tool(tool.custom.name, tool.custom.description or "", None))
        else:
            found.append(_function(tool.function, ("tools", index, "function", "parameters")))
    for index, function in enumerate(body.functions or ()):
        found.append(_function(function, ("functions", index, "parameters")))
    return tuple(found)


def _function(function: FunctionDefinition, path: tuple[str | int, ...]) -> Tool:
    schema = function.parameters
    if schema is not None:
        plain_json(schema, path, flawed)
        if schema and schema.get("type") != "object":
            raise _not_an_object(function.name, schema, path)
    return Tool(function.name, function.description or "", schema)


def _not_an_object(name: str, schema: Free, path: tuple[str | int, ...]) -> Refusal:
    return invalid(
        f"Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"', got "
        f"'type: \"{quote(str(schema.get('type')))}\"'.",
        spell(path),
        "invalid_function_parameters",
    )


def tool_choice_of(body: ChatBody) -> str:
    """`auto`, `none`, `required`, `function:` or `custom:` and a name, `allowed:` and a mode; empty when not given."""
    choice = body.tool_choice
    if choice is None:
        called = body.function_call
        return "" if called is None else f"function:{called.name}" if isinstance(called, Named) else called
    if isinstance(choice, str):
        return choice
    if isinstance(choice, ChooseFunction):
        return f"function:{choice.function.name}"
    if isinstance(choice, ChooseAmong):
        plain_json(choice.allowed_tools.tools, ("tool_choice", "allowed_tools", "tools"), flawed)
        return f"allowed:{choice.allowed_tools.mode}"
    return f"custom:{choice.custom.name}"


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


def format_of(body: ChatBody) -> Format:
    """The shape the answer must have."""
    wanted = body.response_format
    if wanted is None:
        return TEXT_FORMAT
    if isinstance(wanted, JsonSchemaFormat):
        plain_json(wanted.json_schema.schema, ("response_format", "json_schema", "schema"), flawed)
        return Format("json_schema", wanted.json_schema.schema)
    kind = str(type(wanted).__struct_config__.tag)
    return TEXT_FORMAT if kind == "text" else Format(kind)
