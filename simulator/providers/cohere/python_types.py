"""Python's names of types, which version 1 describes parameters with, as JSON Schema. Pure.

`str`, `int`, `float`, `bool`, `list`, `dict`, `List[str]`, `Dict[str, int]`, `Optional[int]`, `Union[int, str]`,
`Literal["a", "b"]`, `int | None`; what is none of these is of any type. Version 2 wants JSON Schema, and takes the
simple names in it as well.
"""

import json
import re
from typing import Final

from simulator.providers.cohere.schema import Free

SIMPLE: Final = {
    "str": "string",
    "string": "string",
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "list": "array",
    "array": "array",
    "tuple": "array",
    "set": "array",
    "dict": "object",
    "object": "object",
    "none": "null",
    "nonetype": "null",
}
LONGEST: Final = 200
"""Characters of a name that is looked into."""
DEEPEST: Final = 8

_SUBSCRIPTED: Final = re.compile(r"(\w+)\s*\[(.*)\]\Z", re.DOTALL)
_DATA: Final = frozenset({"enum", "const", "default", "examples", "example"})
"""Keywords whose values are data, in which a `type` is only a word."""


def schema_of(name: str, depth: int = 0) -> Free:
    """The JSON Schema of a type."""
    name = name.strip().removeprefix("typing.")
    simple = SIMPLE.get(name.lower())
    if simple is not None:
        return {"type": simple}
    if len(name) > LONGEST or depth >= DEEPEST:
        return {}
    branches = _split(name, "|")
    if len(branches) > 1:
        return _any_of(branches, depth)
    found = _SUBSCRIPTED.match(name)
    return {} if found is None else _subscripted(found[1].lower(), _split(found[2], ","), depth)


def _subscripted(outer: str, inner: list[str], depth: int) -> Free:
    """The JSON Schema of `outer[inner]`."""
    schema: Free = {}
    if outer in {"optional", "union"}:
        schema = _any_of([*inner, "None"] if outer == "optional" else inner, depth)
    elif outer == "literal":
        schema = {"enum": [_literal(each) for each in inner]}
    elif outer in {"list", "sequence", "set", "tuple", "array"}:
        schema = {"type": "array", "items": schema_of(inner[0], depth + 1)}
    elif outer in {"dict", "mapping", "object"}:
        schema = {"type": "object", "additionalProperties": schema_of(inner[-1], depth + 1)}
    return schema


def normalised(schema: object) -> object:
    """The schema with Python's simple names of types put into JSON Schema's words; itself where it has none.

    As deep as the body: `decode` has bounded that.
    """
    if isinstance(schema, list):
        items = [normalised(item) for item in schema]
        return items if any(new is not old for new, old in zip(items, schema, strict=True)) else schema
    if not isinstance(schema, dict):
        return schema
    made: Free = {}
    changed = False
    for key, value in schema.items():
        if key == "type" and isinstance(value, str):
            new: object = SIMPLE.get(value, value)
        else:
            new = value if key in _DATA else normalised(value)
        made[key] = new
        changed = changed or new is not value
    return made if changed else schema


def _any_of(names: list[str], depth: int) -> Free:
    schemas = [schema_of(name, depth + 1) for name in names]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _literal(text: str) -> object:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, int) and abs(value) >= 2**63 else value


def _split(text: str, at: str) -> list[str]:
    """The parts between the separators that stand outside brackets and quotes, at least one."""
    parts = [""]
    depth = 0
    quoted = ""
    for character in text:
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif character == at and depth == 0:
            parts.append("")
            continue
        parts[-1] += character
    return parts
