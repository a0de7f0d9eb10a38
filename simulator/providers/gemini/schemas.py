"""From the API's own schema language to JSON Schema. Pure but for a memory of schemas read lately.

The language is a subset of OpenAPI 3.0 (ai.google.dev/api/caching, "Schema"): types in capitals, `nullable`, 64-bit
numbers as text, `propertyOrdering`. What the service refuses in it is refused here, in its own sentences. A schema
costs one encoding when it comes again. One instance serves one thread.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import quote
from simulator.providers.gemini.wording import UNREADABLE, free, unfit

ENTRIES: Final = 1_024
TYPES: Final = {
    "STRING": "string",
    "NUMBER": "number",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "ARRAY": "array",
    "OBJECT": "object",
    "NULL": "null",
}
_COUNTS: Final = {
    "minItems": "min_items", "maxItems": "max_items", "minLength": "min_length", "maxLength": "max_length",
    "minProperties": "min_properties", "maxProperties": "max_properties",
}  # fmt: skip
_TEXTS: Final = ("title", "description", "format", "pattern")
_NAMES: Final = {
    **{name: name for name in (*_TEXTS, *_COUNTS, "type", "nullable", "enum", "items", "properties", "required",
                               "minimum", "maximum", "anyOf", "default", "example", "propertyOrdering",
                               "additionalProperties", "defs", "ref")},
    **{snake: name for name, snake in _COUNTS.items()},
    "any_of": "anyOf", "property_ordering": "propertyOrdering", "additional_properties": "additionalProperties",
    "$defs": "defs", "$ref": "ref",
}  # fmt: skip
_DROPPED_FORMATS: Final = frozenset({"enum", "int32", "int64", "float", "double"})
"""They say nothing that JSON Schema has a word for."""

_encode = msgspec.msgpack.Encoder().encode


class Schemas:
    """Reads schemas, each once."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, dict[str, Any]] = {}

    def read(self, given: Mapping[str, Any], kind: str, where: str) -> dict[str, Any]:
        """The JSON Schema that says the same. `where` leads to it in a request of a kind. Raises `Refusal`."""
        try:
            text = _encode(given)
        except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError, TypeError):
            free(given, (where,))
            raise
        key = blake2b(text, digest_size=16).digest()
        found = self._known.get(key)
        if found is None:
            found = _Reader(kind).read(given, where)
            if len(self._known) >= ENTRIES:
                self._known.clear()
            self._known[key] = found
        return found


def plain_schema(given: object, where: str) -> dict[str, Any]:
    """A schema that is JSON Schema already. Raises `Refusal` for what is no object."""
    if not isinstance(given, dict):
        raise _wrong(where, "type.googleapis.com/google.protobuf.Value", given)
    free(given, (where,))
    return given


class _Reader:
    """One walk through a schema; the nesting of a body is bounded, and so is its depth."""

    __slots__ = ("_kind",)

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def read(self, given: object, where: str) -> dict[str, Any]:
        fields = _fields(given, where)
        found: dict[str, Any] = {}
        kind = self._type(fields, where)
        if kind:
            found["type"] = kind
        _words(fields, found, where)
        _bounds(fields, found, where)
        self._enumeration(fields, found, kind, where)
        self._properties(fields, found, kind, where)
        self._nested(fields, found, kind, where)
        if fields.get("nullable") is True:
            _allow_null(found)
        return found

    def _type(self, fields: dict[str, Any], where: str) -> str:
        given = fields.get("type", "TYPE_UNSPECIFIED")
        kind = TYPES.get(given.upper()) if isinstance(given, str) else None
        if kind is not None:
            return kind
        if given != "TYPE_UNSPECIFIED":
            raise _wrong(f"{where}.type", "type.googleapis.com/google.ai.generativelanguage.v1beta.Type", given)
        if "anyOf" not in fields and "ref" not in fields:
            raise self._unfit(f"{where}.type: must be specified")
        return ""

    def _enumeration(self, fields: dict[str, Any], found: dict[str, Any], kind: str, where: str) -> None:
        values = fields.get("enum", [])
        for place, value in enumerate(_listed(values, f"{where}.enum")):
            if not isinstance(value, str):
                raise _wrong(f"{where}.enum[{place}]", "TYPE_STRING", value)
            if not value:
                raise self._unfit(f"{where}.enum[{place}]: cannot be empty")
        if values:
            if kind not in {"string", ""}:
                raise self._unfit(f"{where}.enum: only allowed for STRING type")
            found["enum"] = list(values)

    def _properties(self, fields: dict[str, Any], found: dict[str, Any], kind: str, where: str) -> None:
        properties = fields.get("properties", {})
        if not isinstance(properties, dict):
            raise _wrong(f"{where}.properties", "properties", properties)
        if kind == "object" and not properties and "additionalProperties" not in fields:
            raise self._unfit(f"{where}.properties: should be non-empty for OBJECT type")
        required = _listed(fields.get("required", []), f"{where}.required")
        for place, name in enumerate(required):
            if not isinstance(name, str) or name not in properties:
                raise self._unfit(f"{where}.required[{place}]: property is not defined")
        if properties:
            read = {name: self.read(each, f"{where}.properties[{quote(name)}]") for name, each in properties.items()}
            order = fields.get("propertyOrdering")
            first = (
                [name for name in order if isinstance(name, str) and name in read] if isinstance(order, list) else []
            )
            found["properties"] = {name: read[name] for name in first} | read
        if required:
            found["required"] = list(dict.fromkeys(required))

    def _nested(self, fields: dict[str, Any], found: dict[str, Any], kind: str, where: str) -> None:
        if "items" in fields:
            found["items"] = self.read(fields["items"], f"{where}.items")
        elif kind == "array":
            raise self._unfit(f"{where}.items: missing field.")
        if "anyOf" in fields:
            options = _listed(fields["anyOf"], f"{where}.any_of")
            found["anyOf"] = [self.read(each, f"{where}.any_of[{place}]") for place, each in enumerate(options)]
        extra = fields.get("additionalProperties")
        if isinstance(extra, bool):
            found["additionalProperties"] = extra
        elif extra is not None:
            found["additionalProperties"] = self.read(extra, f"{where}.additional_properties")
        named = fields.get("defs", {})
        if not isinstance(named, dict):
            raise _wrong(f"{where}.defs", "defs", named)
        if named:
            found["$defs"] = {name: self.read(each, f"{where}.defs[{quote(name)}]") for name, each in named.items()}

    def _unfit(self, complaint: str) -> Refusal:
        return unfit(self._kind, [complaint])


def _fields(given: object, where: str) -> dict[str, Any]:
    """The fields that a schema sets, under the names that JSON has for them."""
    if not isinstance(given, dict):
        raise _wrong(where, "type.googleapis.com/google.ai.generativelanguage.v1beta.Schema", given)
    fields: dict[str, Any] = {}
    for key, value in given.items():
        name = _NAMES.get(key)
        if name is None:
            told = f"Invalid JSON payload received. Unknown name \"{quote(key)}\" at '{where}': Cannot find field."
            raise Refusal(Problem.INVALID, told, param=where, code=UNREADABLE)
        if value is not None:
            fields[name] = value
    return fields


def _words(fields: dict[str, Any], found: dict[str, Any], where: str) -> None:
    for name in _TEXTS:
        value = fields.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise _wrong(f"{where}.{name}", "TYPE_STRING", value)
        if name != "format" or value not in _DROPPED_FORMATS:
            found[name] = value
    if "default" in fields:
        found["default"] = fields["default"]
    if "example" in fields:
        found["examples"] = [fields["example"]]
    reference = fields.get("ref")
    if reference is not None:
        if not isinstance(reference, str):
            raise _wrong(f"{where}.ref", "TYPE_STRING", reference)
        found["$ref"] = reference.replace("#/defs/", "#/$defs/")


def _bounds(fields: dict[str, Any], found: dict[str, Any], where: str) -> None:
    for name, spelled in _COUNTS.items():
        if name in fields:
            found[name] = _count(fields[name], f"{where}.{spelled}")
    for name in ("minimum", "maximum"):
        value = fields.get(name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _wrong(f"{where}.{name}", "TYPE_DOUBLE", value)
            found[name] = value


def _listed(given: object, where: str) -> list[Any]:
    if not isinstance(given, list):
        raise _wrong(where, where.rpartition(".")[2], given)
    return given


def _count(value: object, where: str) -> int:
    """A 64-bit number, which protocol buffers write as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise _wrong(where, "TYPE_INT64", value)


def _allow_null(found: dict[str, Any]) -> None:
    """Let null be a value too."""
    if "anyOf" in found:
        found["anyOf"] = [*found["anyOf"], {"type": "null"}]
    elif "type" in found and found["type"] != "null":
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]


def _wrong(where: str, kind: str, value: object) -> Refusal:
    shown = f'"{quote(value)}"' if isinstance(value, str) else quote(msgspec.json.encode(value).decode())
    return Refusal(Problem.INVALID, f"Invalid value at '{where}' ({kind}), {shown}", param=where, code=UNREADABLE)
