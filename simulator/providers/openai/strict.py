"""What the service will not have in a JSON Schema, though it is one, in its own sentences. Pure.

Every schema must say what an array holds. With `strict` the documented subset applies as well (developers.openai.com,
"Structured model outputs", "Supported schemas"): every object is closed and requires all of its properties, keywords
that cannot be enforced while sampling are refused, and a schema has its limits. The sentences are those that public
issue reports of clients quote; the walk is in the order of the document, so the first place at fault is named.
"""

from typing import Final

from simulator.providers.openai.schema import Free

Context = tuple[str, ...]
"""The steps that lead to a subschema, as the service prints them: `('properties', 'tags', 'items')`."""

FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"},
)
MOST_LEVELS: Final = 10
MOST_PROPERTIES: Final = 5_000
MOST_VALUES: Final = 1_000

_REFUSED: Final = (
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "minLength",
    "maxLength",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "minProperties",
    "maxProperties",
    "unevaluatedItems",
    "contains",
    "minContains",
    "maxContains",
    "uniqueItems",
)
_TYPELESS: Final = ("anyOf", "enum", "const")
"""Keywords that say which values there are without a type."""
_DEFINITIONS: Final = ("$defs", "definitions")
_BESIDE_A_ROOT_REFERENCE: Final = frozenset({"$ref", "$schema", "$id", *_DEFINITIONS})


def complaint(schema: Free, *, strict: bool) -> str:
    """What is wrong with a schema that is valid JSON Schema, without the final stop; empty if nothing is."""
    levels = properties = values = 0
    waiting: list[tuple[object, Context, int]] = [(schema, (), 0)]
    while waiting:
        part, context, level = waiting.pop()
        if not isinstance(part, dict):
            continue
        levels = max(levels, level)
        types = part.get("type")
        kinds = (
            [(kind, (*context, "type", str(place))) for place, kind in enumerate(types)]
            if isinstance(types, list)
            else [(types, context)]
        )
        wrong = _shared(part, context, types) if strict else ""
        for kind, where in kinds:
            wrong = wrong or _of_kind(part, kind, where, strict=strict)
        if wrong:
            return wrong
        named = part.get("properties")
        properties += len(named) if isinstance(named, dict) else 0
        listed = part.get("enum")
        values += len(listed) if isinstance(listed, list) else 0
        waiting += reversed(_inner(part, context, level))
    return _too_large(levels, properties, values) if strict else ""


def _inner(part: Free, context: Context, level: int) -> list[tuple[object, Context, int]]:
    found: list[tuple[object, Context, int]] = []
    named = part.get("properties")
    if isinstance(named, dict):
        found += [(each, (*context, "properties", name), level + 1) for name, each in named.items()]
    if "items" in part:
        found.append((part["items"], (*context, "items"), level + 1))
    for keyword in ("anyOf", "oneOf", "allOf"):
        several = part.get(keyword)
        if isinstance(several, list):
            found += [(each, (*context, keyword, str(place)), level) for place, each in enumerate(several)]
    for keyword in _DEFINITIONS:
        named = part.get(keyword)
        if isinstance(named, dict):
            found += [(each, (*context, keyword, name), 0) for name, each in named.items()]
    return found


def _shared(part: Free, context: Context, types: object) -> str:
    """What strict mode has against a subschema of whatever type."""
    if "$ref" in part:
        allowed = {"$ref"} if context else _BESIDE_A_ROOT_REFERENCE
        beside = sorted(part.keys() - allowed)
        if beside:
            listed = ", ".join([repr(name) for name in beside])
            return f"context={context}, $ref cannot have keywords {{{listed}}}"
        if not _is_definition(part["$ref"]):
            return (
                f"In context={context}, reference can only point to definitions defined at the top level of the schema"
            )
        return ""
    for keyword in _REFUSED:
        if keyword in part:
            return f"In context={context}, '{keyword}' is not permitted"
    if types is None and not any(keyword in part for keyword in _TYPELESS):
        return f"In context={context}, schema must have a 'type' key"
    return ""


def _is_definition(reference: object) -> bool:
    if not isinstance(reference, str):
        return False
    home, _, name = reference.rpartition("/")
    return reference == "#" or (home in {"#/$defs", "#/definitions"} and name != "")


def _of_kind(part: Free, kind: object, where: Context, *, strict: bool) -> str:
    """What is against one type that a subschema allows."""
    if kind == "array" and "items" not in part and "prefixItems" not in part:
        return f"In context={where}, array schema missing items"
    if not strict:
        return ""
    if kind == "string":
        form = part.get("format")
        if isinstance(form, str) and form not in FORMATS:
            return f"In context={where}, {form!r} is not a valid format"
    return _open(part, where) if kind == "object" else ""


def _open(part: Free, where: Context) -> str:
    """What keeps an object from being exactly its properties."""
    if part.get("additionalProperties") is not False:
        return f"In context={where}, 'additionalProperties' is required to be supplied and to be false"
    named, required = part.get("properties"), part.get("required")
    names = named if isinstance(named, dict) else {}
    given = dict.fromkeys([name for name in required if isinstance(name, str)] if isinstance(required, list) else [])
    rule = "'required' is required to be supplied and to be an array including every key in properties"
    for name in names:
        if name not in given:
            return f"In context={where}, {rule}. Missing {name!r}"
    for name in given:
        if name not in names:
            return f"In context={where}, {rule}. Extra required key {name!r} supplied"
    return ""


def _too_large(levels: int, properties: int, values: int) -> str:
    if levels > MOST_LEVELS:
        return f"{levels} levels of nesting exceeds limit of {MOST_LEVELS}"
    if properties > MOST_PROPERTIES:
        return f"{properties} parameters exceeds limit of {MOST_PROPERTIES}"
    if values > MOST_VALUES:
        return (
            f"Expected at most {MOST_VALUES} enum values in total within a single schema when using structured "
            f"outputs, but received {values}"
        )
    return ""
