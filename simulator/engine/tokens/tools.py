"""What tools and schemas cost in a prompt.

Pure. For definitions, the rule that OpenAI publishes in its cookbook ("How to count tokens with tiktoken"), with
its constants for o200k models (cl100k models pay 3 more a function): a fixed price for each function, each list of
properties, each property and each enumerated value, plus the tokens of `name:description` and of
`property:type:description`, a description's last full stop left out. The published rule stops at flat properties;
here nested objects, array items, alternatives and `$defs` are counted by the same prices, which is an estimate.
Providers other than OpenAI publish no rule: theirs is this one as well.
"""

from collections.abc import Callable, Iterator
from typing import Final

from simulator.engine.request import Tool, ToolCall

FUNCTION: Final = {"cl100k": 10}
FUNCTION_DEFAULT: Final = 7
PROPERTIES: Final = 3
PROPERTY: Final = 3
ENUM: Final = -3
ENUM_ITEM: Final = 3
END: Final = 12
CALL: Final = 3
"""Around the name and the arguments of a call in the conversation; an estimate."""

_MAPS: Final = ("properties", "$defs", "definitions")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE: Final = ("items", "additionalProperties", "not")


def definitions_tokens(tools: tuple[Tool, ...], tokenizer_name: str, count: Callable[[str], int]) -> int:
    """The tokens of the tools that a request offers; 0 for none."""
    if not tools:
        return 0
    each = FUNCTION.get(tokenizer_name, FUNCTION_DEFAULT)
    total = END
    for tool in tools:
        total += each + count(f"{tool.name}:{_clause(tool.description)}")
        if tool.schema:
            total += schema_tokens(tool.schema, count)
    return total


def calls_tokens(calls: tuple[ToolCall, ...], count: Callable[[str], int]) -> int:
    """The tokens of the calls that an earlier turn made; their ids are not counted."""
    return sum(CALL + count(call.name) + count(call.arguments) for call in calls)


def schema_tokens(schema: dict[str, object], count: Callable[[str], int]) -> int:
    """The tokens of a JSON Schema at any depth; parts that are not schemas count nothing."""
    total = 0
    waiting: list[dict[str, object]] = [schema]
    while waiting:  # a list, not recursion: the depth is the client's choice
        node = waiting.pop()
        for key in _MAPS:
            members = node.get(key)
            if isinstance(members, dict) and members:
                total += PROPERTIES
                for name, member in members.items():
                    total += PROPERTY + _member_tokens(name, member, count)
                    if isinstance(member, dict):
                        waiting.append(member)
        waiting.extend(_nested(node))
    return total


def _member_tokens(name: str, member: object, count: Callable[[str], int]) -> int:
    if not isinstance(member, dict):
        return count(name)
    kind, description, values = member.get("type"), member.get("description"), member.get("enum")
    if isinstance(kind, list):
        kind = "|".join(str(each) for each in kind)
    total = count(
        f"{name}:{kind if isinstance(kind, str) else ''}:{_clause(description) if isinstance(description, str) else ''}"
    )
    if isinstance(values, list) and values:
        total += ENUM + sum(ENUM_ITEM + count(str(value)) for value in values)
    return total


def _nested(node: dict[str, object]) -> Iterator[dict[str, object]]:
    for key in _SINGLE:
        below = node.get(key)
        if isinstance(below, dict):
            yield below
    for key in _LISTS:
        choices = node.get(key)
        if isinstance(choices, list):
            yield from (choice for choice in choices if isinstance(choice, dict))


def _clause(description: str) -> str:
    return description.removesuffix(".")
