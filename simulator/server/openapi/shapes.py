"""JSON Schemas: of the types that bodies are decoded to, and of values that are seen. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Schema = dict[str, Any]
_PLACE = "#/components/schemas/"
_NAMES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


def schemas_of(provider: str, types: Sequence[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """A schema for each type, and the components they refer to, named `provider.Type`.

    A type that is read by hand, and not described by its annotations, takes anything.
    """
    if not types:
        return [], {}
    found, components = msgspec.json.schema_components(types, schema_hook=_anything, ref_template="{name}")
    home = f"simulator.providers.{provider}."
    names = {name: f"{provider}.{_public(name.removeprefix(home), components)}" for name in components}
    told = {names[name]: _renamed(schema, names) for name, schema in sorted(components.items())}
    return [_renamed(schema, names) for schema in found], told


def referred(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": _PLACE + name}


def seen(values: Sequence[Any]) -> Schema:
    """The schema that all of the values fit: members that each of them has are required."""
    objects = [value for value in values if isinstance(value, dict)]
    lists = [value for value in values if isinstance(value, list)]
    plain = {_NAMES[type(value)] for value in values if not isinstance(value, dict | list)}
    if "number" in plain:
        plain.discard("integer")
    options: list[Schema] = [{"type": name} for name in sorted(plain)]
    if lists:
        items = [item for value in lists for item in value]
        options.append({"type": "array", "items": seen(items) if items else {}})
    if objects:
        members = {name: None for value in objects for name in value}
        properties = {name: seen([value[name] for value in objects if name in value]) for name in members}
        option: Schema = {"type": "object", "properties": properties}
        required = [name for name in members if all(name in value for value in objects)]
        options.append({**option, "required": required} if required else option)
    if all(set(option) == {"type"} for option in options) and options:
        kinds = [option["type"] for option in options]
        return {"type": kinds[0] if len(kinds) == 1 else kinds}
    if len(options) < 2:
        return options[0] if options else {}
    return {"anyOf": options}


def _anything(kind: type) -> Schema:  # noqa: ARG001 - whatever it is, nothing is told of it
    return {"description": "Any value."}


def _public(name: str, components: Mapping[str, Schema]) -> str:
    """The name of a type as readers see it: a private one without its underscore, unless that is another's."""
    public = name.lstrip("_")
    return public if public and public not in components else name


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    renamed = {key: _renamed(value, names) for key, value in node.items()}
    place = node.get("$ref")
    if isinstance(place, str) and place in names:
        renamed["$ref"] = _PLACE + names[place]
    mapping = node.get("discriminator", {}).get("mapping") if isinstance(node.get("discriminator"), dict) else None
    if isinstance(mapping, dict):
        renamed["discriminator"]["mapping"] = {tag: _PLACE + names[name] for tag, name in mapping.items()}
    return renamed
