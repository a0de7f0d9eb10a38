"""JSON without a schema: an object with the keys that the conversation names. Pure.

Keys are taken from an example in the conversation (`{"name": "…", "age": 0}`) or from an enumeration of them ("return
JSON with keys name and age"); their types from the example's values, otherwise from what their names ask for.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from simulator.engine.content.structured.draws import Draws
from simulator.engine.content.structured.errors import SchemaProblem
from simulator.engine.content.structured.hints import NO_HINTS, Hints
from simulator.engine.content.structured.roles import Role, field_of
from simulator.engine.content.structured.shape import compile_schema
from simulator.engine.content.structured.writing import generate
from simulator.engine.request import Message

LONGEST: Final = 8_000
MOST_KEYS: Final = 40
DEEPEST: Final = 6
_TRIES: Final = 8

_LISTED: Final = re.compile(
    r"\b(?:keys?|fields?|properties|attributes|members|columns|claves?|campos?|schlüssel(?:n)?|feldern?|clés?|champs?)\b"
    r"(?:\s+(?:named|called|are|is|should be|must be|such as|like|y|und))?\s*[:=]?\s*"
    r"(?P<list>[`\"'“]?[^\W\d]\w{0,40}[`\"'”]?(?:\s*\([^()\n]{0,80}\))?"
    r"(?:(?:\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|und|y|et|or)\s+|\s*&\s*|\s*、\s*)[`\"'“]?[^\W\d]\w{0,40}[`\"'”]?(?:\s*\([^()\n]{0,80}\))?){0,39})",
    re.IGNORECASE,
)
_KEY: Final = re.compile(r"[`\"'“]?([^\W\d]\w*)[`\"'”]?(?:\s*\(([^()]*)\))?")
_QUOTED_KEY: Final = re.compile(r"\"([^\W\d][\w -]{0,60})\"\s*:")
_JOINTS: Final = frozenset({"and", "or", "und", "y", "et", "the", "a", "an", "of", "for", "with", "in", "only", "that"})
_TYPES: Final = {
    "string": "string", "str": "string", "text": "string", "number": "number", "float": "number", "int": "integer",
    "integer": "integer", "bool": "boolean", "boolean": "boolean", "array": "array", "list": "array",
    "object": "object",
}  # fmt: skip
_WHOLE: Final = frozenset(
    {Role.AGE, Role.YEAR, Role.COUNT, Role.RATING, Role.LIMIT, Role.PAGE, Role.MEASURE, Role.PERCENT}
)
_DECIMAL: Final = frozenset({Role.PRICE, Role.SCORE, Role.LATITUDE, Role.LONGITUDE, Role.TEMPERATURE})
_YES_NO: Final = ("is_", "has_", "can_", "should_", "is", "valid", "success", "ok", "enabled", "correct")
_DEFAULT: Final[dict[str, object]] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "description": "description"},
        "topic": {"type": "string"},
        "confidence": {"type": "number", "minimum": 0.5, "maximum": 0.99, "multipleOf": 0.01},
    },
    "required": ["answer", "topic", "confidence"],
}


def json_object(messages: Sequence[Message], draws: Draws, hints: Hints = NO_HINTS) -> dict[str, object]:
    """A small object that suits the conversation; never empty, and never an error."""
    schema = None
    for message in reversed(messages):
        if message.role in {"user", "system", "developer"}:
            text = message.text[:LONGEST]
            schema = _asked(text)
            if schema is not None:
                hints = _without_example(hints, text)
                break
    try:
        made = generate(compile_schema(schema or _DEFAULT), draws, hints)
    except SchemaProblem:
        made = None
    return made if isinstance(made, dict) and made else {"answer": "ok"}


def _without_example(hints: Hints, text: str) -> Hints:
    """The hints without what only stands in an example of the form."""
    start, end = text.find("{"), text.rfind("}")
    if not 0 <= start < end:
        return hints
    shown = text[start:end]
    kept = [each for each in hints.mentions if each.text not in shown or each.text in text[:start] + text[end:]]
    return replace(hints, mentions=tuple(kept))


def _asked(text: str) -> dict[str, object] | None:
    """The schema that a message describes, or None."""
    example = _example(text)
    if example is not None:
        return _like(example, 0)
    names: dict[str, str] = dict.fromkeys(_QUOTED_KEY.findall(text), "") if "{" in text else {}
    if not names:
        for match in _LISTED.finditer(text):
            found = _KEY.findall(match.group("list"))
            names = {name: told for name, told in found if name.casefold() not in _JOINTS}
            if names:
                break
    if not names:
        return None
    properties = {name: _guessed(name, told) for name, told in list(names.items())[:MOST_KEYS]}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _example(text: str) -> dict[str, object] | None:
    decoder = json.JSONDecoder()
    at = -1
    for _ in range(_TRIES):
        at = text.find("{", at + 1)
        if at < 0:
            return None
        try:
            found, _end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and found and len(found) <= MOST_KEYS:
            return found
    return None


def _like(value: object, depth: int, name: str = "") -> dict[str, object]:
    """A schema of values like an example."""
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int | float):
        return {"type": "integer" if isinstance(value, int) else "number"}
    if isinstance(value, dict) and depth < DEEPEST:
        if isinstance(value.get("type"), str) and ("properties" in value or "items" in value):
            return value  # a schema stands there as it is
        properties = {each: _like(inner, depth + 1, each) for each, inner in list(value.items())[:MOST_KEYS]}
        return {"type": "object", "properties": properties, "required": list(properties)}
    if isinstance(value, list) and depth < DEEPEST:
        return {"type": "array", "items": _like(value[0], depth + 1) if value else {"type": "string"}, "minItems": 1}
    kind = _TYPES.get(value.strip("<>. ").casefold()) if isinstance(value, str) else None
    return (
        {"type": kind} if kind else _guessed(name, "") if isinstance(value, str) and not value else {"type": "string"}
    )


def _guessed(name: str, told: str) -> dict[str, object]:
    """A schema from a key's name and what stands in parentheses behind it."""
    for word in re.findall(r"\w+", told.casefold()):
        if word in _TYPES:
            kind = _TYPES[word]
            return {"type": kind, "items": {"type": "string"}, "minItems": 1} if kind == "array" else {"type": kind}
    role = field_of(name).role
    if role in _WHOLE:
        return {"type": "integer", "minimum": 0}
    if role in _DECIMAL:
        return {"type": "number"}
    if name.casefold().startswith(_YES_NO[:4]) or name.casefold() in _YES_NO[4:]:
        return {"type": "boolean"}
    if len(name) > 3 and name.endswith("s") and not name.endswith(("ss", "us", "is", "ess")):
        return {"type": "array", "items": {"type": "string"}, "minItems": 1}
    return {"type": "string"}
