"""Ollama's own words for what is wrong with a body. Pure.

Its server is written in Go, whose decoder's sentences it passes on.
"""

from collections.abc import Callable

from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import ANY_KEY, Flaw, Kind, quote

_GO_KINDS = {"str": "string", "int": "number", "float": "number", "bool": "bool", "array": "array", "object": "object"}
_GO_TYPES = {"str": "string", "int": "int", "float": "float64", "bool": "bool", "array": "[]interface {}"}
_FIELD_TYPES = {
    "messages": "[]api.Message",
    "tools": "api.Tools",
    "tool_calls": "[]api.ToolCall",
    "images": "[]api.ImageData",
    "context": "[]int",
    "options": "map[string]interface {}",
    "arguments": "api.ToolCallFunctionArguments",
    "function": "api.ToolFunction",
    "format": "json.RawMessage",
}


def invalid(message: str, param: str | None = None) -> Refusal:
    """A 400 in the given words."""
    return Refusal(Problem.INVALID, message, param=param)


def wording(struct: str) -> Callable[[Flaw], Refusal]:
    """What words the flaws of a body that the server calls `struct`."""

    def flawed(flaw: Flaw) -> Refusal:
        names = [step for step in flaw.path if isinstance(step, str) and step != ANY_KEY]
        where = ".".join(names)
        if flaw.kind is Kind.SYNTAX:
            return invalid(_syntax(flaw.detail))
        if flaw.kind is Kind.DEPTH:
            return invalid("exceeded max depth")
        if flaw.kind is Kind.TYPE:
            field = f"Go struct field {struct}.{where}" if where else "Go value"
            return invalid(f"json: cannot unmarshal {_GO_KINDS.get(flaw.got, flaw.got)} into {field} of type "
                           f"{_go_type(flaw, names, struct)}", where or None)  # fmt: skip
        return invalid(f"json: invalid value for {struct}.{where}: {quote(flaw.detail)}", where or None)

    return flawed


def _go_type(flaw: Flaw, names: list[str], struct: str) -> str:
    if not names:
        return f"api.{struct}"
    if names[-1] in _FIELD_TYPES and not isinstance(flaw.path[-1], int):
        return _FIELD_TYPES[names[-1]]
    expected = [kind for kind in flaw.expected.split(" | ") if kind != "null"]
    return _GO_TYPES.get(expected[-1] if expected else "", "map[string]interface {}")


def _syntax(detail: str) -> str:
    if detail == "it is empty":
        return "missing request body"
    if "truncated" in detail:
        return "unexpected EOF"
    return f"invalid request body: {detail}"
