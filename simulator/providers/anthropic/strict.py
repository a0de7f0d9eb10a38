"""The part of JSON Schema that the API keeps an answer or a strict tool to. Pure.

The sentences are those of observed 400s; what the documentation calls unsupported without a known sentence is worded
alike. Keywords that only describe are free. What is reached of the schema is well-formed, as `schemas` has compiled it
before; definitions that nothing refers to may hold anything.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.providers.decode import quote

_SCALES: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_REFUSED: Final[Mapping[str, frozenset[str]]] = {
    "object": frozenset(
        {
            "minProperties",
            "maxProperties",
            "patternProperties",
            "propertyNames",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        }
    ),
    "array": frozenset({"maxItems", "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems"}),
    "string": frozenset({"minLength", "maxLength"}),
    "number": _SCALES,
    "integer": _SCALES,
}
_APPLIED: Final = ("oneOf", "not", "if")
_TYPELESS: Final = ("$ref", "anyOf", "allOf", "enum", "const")
"""With one of these a schema needs no `type`."""
_MAPS: Final = ("properties", "$defs", "definitions")
_LISTS: Final = ("anyOf", "allOf", "prefixItems")
_ROOT: Final = "#"
_MISSING: Final = "Invalid schema: Schema type is missing"


def complaint(schema: Mapping[str, Any]) -> str:
    """What is first found outside of the supported part, in a sentence without a full stop; empty if nothing is."""
    for _, node in _nodes(schema):
        wrong = _of_node(node)
        if wrong:
            return wrong
    return _circle(schema)


def _nodes(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every schema in the order in which it is written, and the definition that it belongs to, `#` for the root."""
    waiting: list[tuple[str, Any]] = [(_ROOT, schema)]
    while waiting:  # a list, not recursion: the depth is the client's choice
        owner, given = waiting.pop()
        if not isinstance(given, dict):
            yield owner, given
            continue
        # A keyword that is null counts as not given.
        node = {key: value for key, value in given.items() if value is not None or key == "const"}
        yield owner, node
        below: list[tuple[str, Any]] = []
        for key in _MAPS:
            members = node.get(key)
            for name, each in members.items() if isinstance(members, dict) else ():
                defined = given is schema and key != "properties"
                below.append((f"#/{key}/{_escaped(name)}" if defined else owner, each))
        if "items" in node:
            below.append((owner, node["items"]))
        for key in _LISTS:
            below += [(owner, each) for each in _list(node, key)]
        waiting += reversed(below)


def _of_node(node: Any) -> str:
    if not isinstance(node, dict):
        return _MISSING
    for key in _APPLIED:
        if key in node:
            return f"Schema type '{key}' is not supported"
    types = node.get("type")
    kinds = [types] if isinstance(types, str) else [kind for kind in _list(node, "type") if isinstance(kind, str)]
    if not kinds and not any(key in node for key in _TYPELESS):
        return _MISSING
    for kind in kinds:
        wrong = _of_kind(kind, node)
        if wrong:
            return wrong
    compound = any(isinstance(value, dict | list) for value in _list(node, "enum"))
    return "Objects and arrays in 'enum' are not supported" if compound else ""


def _of_kind(kind: str, node: dict[str, Any]) -> str:
    found = sorted(_REFUSED.get(kind, frozenset()) & node.keys())
    if found:
        named = f"property '{found[0]}' is" if len(found) == 1 else f"properties {', '.join(found)} are"
        return f"For '{kind}' type, {named} not supported"
    if kind == "object" and node.get("additionalProperties") is not False:
        return _open(node)
    fewest = node.get("minItems")
    if kind == "array" and isinstance(fewest, int) and fewest > 1:
        return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    return ""


def _list(node: dict[str, Any], key: str) -> list[Any]:
    given = node.get(key)
    return given if isinstance(given, list) else []


def _open(node: dict[str, Any]) -> str:
    if "additionalProperties" not in node:
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    given = "true" if node["additionalProperties"] is True else "object"
    return (
        f"For 'object' type, 'additionalProperties: {given}' is not supported. Please set 'additionalProperties' to "
        "false"
    )


def _circle(schema: Mapping[str, Any]) -> str:
    """The definitions that refer to themselves, if any do."""
    refers: dict[str, list[str]] = {}
    for owner, node in _nodes(schema):
        target = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(target, str):
            refers.setdefault(owner, []).append(target)
    done: set[str] = set()
    for start, targets in refers.items():
        # The way from `start` to the definition that is looked at, with what each still refers to.
        way = {start: iter(targets)}
        while way:
            here = next(reversed(way))
            target = next(way[here], None)
            if target is None:
                done.add(here)
                del way[here]
            elif target in way:
                names = [*way, target]
                told = " -> ".join([each.rpartition("/")[2] for each in names[names.index(target) :]])
                return f"Circular reference detected in schema definitions: {quote(told)}"
            elif target not in done and target in refers:
                way[target] = iter(refers[target])
    return ""


def _escaped(name: str) -> str:
    """A name as a step of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
