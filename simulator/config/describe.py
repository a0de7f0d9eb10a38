"""Types of the schema in words: what a key allows. Pure; used by faults and by the reference page."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import inspect

Bounded = inspect.IntType | inspect.FloatType


def allowed(kind: inspect.Type) -> str:
    """What a value of this type may be, as a phrase such as `a whole number from 0 to 65535`."""
    words = _WORDS.get(type(kind))
    return "any value" if words is None else words(kind)


def tags(kind: inspect.Type) -> dict[str, inspect.StructType]:
    """The variants of a tagged union by their tag; empty for every other type."""
    variants = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return {str(v.tag): v for v in variants if isinstance(v, inspect.StructType) and v.tag_field is not None}


def structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    """The structs that a value of this type may be: itself, or members of the union."""
    if isinstance(kind, inspect.StructType):
        yield kind
    elif isinstance(kind, inspect.UnionType):
        for variant in kind.types:
            yield from structs(variant)


def _union(kind: inspect.UnionType) -> str:
    parts = []
    by_tag = tags(kind)
    if by_tag:
        field = next(iter(by_tag.values())).tag_field
        parts.append(f"a mapping with {field}: " + ", ".join(by_tag))
    parts += [allowed(v) for v in kind.types if not (isinstance(v, inspect.StructType) and v.tag_field is not None)]
    null = [part for part in parts if part == "null"]
    return " or ".join([part for part in parts if part != "null"] + null)


def _inner(kind: inspect.Type) -> str:
    words = allowed(kind)
    for one, many in (("a whole number", "whole numbers"), ("a number", "numbers"), ("a mapping", "mappings")):
        if words.startswith(one):
            return many + words[len(one) :]
    return words.replace("a list", "lists", 1) if words.startswith("a list") else words


def _count(kind: inspect.ListType | inspect.VarTupleType) -> str:
    least, most = kind.min_length, kind.max_length
    if least is None and most is None:
        return ""
    if most is None:
        return f", at least {least}"
    return f", at most {most}" if least is None else f", {least} to {most}"


def _bounds(kind: Bounded) -> str:
    low, high = kind.ge, kind.le
    if low is not None and high is not None and kind.gt is None and kind.lt is None:
        return f" from {low:g} to {high:g}" if isinstance(kind, inspect.FloatType) else f" from {low} to {high}"
    parts = []
    if kind.gt is not None:
        parts.append(f"above {kind.gt:g}")
    if low is not None:
        parts.append(f"of at least {low:g}")
    if kind.lt is not None:
        parts.append(f"below {kind.lt:g}")
    if high is not None:
        parts.append(f"of at most {high:g}")
    return f" {' and '.join(parts)}" if parts else ""


_WORDS: Mapping[type, Callable[[Any], str]] = {
    inspect.UnionType: _union,
    inspect.StructType: lambda _: "a mapping",
    inspect.IntType: lambda kind: "a whole number" + _bounds(kind),
    inspect.FloatType: lambda kind: "a number" + _bounds(kind),
    inspect.BoolType: lambda _: "true or false",
    inspect.StrType: lambda kind: "text" if kind.pattern is None else f"text that matches {kind.pattern}",
    inspect.NoneType: lambda _: "null",
    inspect.LiteralType: lambda kind: "one of " + ", ".join(map(str, kind.values)),
    inspect.DictType: lambda kind: "a mapping of names to " + _inner(kind.value_type),
    inspect.ListType: lambda kind: "a list of " + _inner(kind.item_type) + _count(kind),
    inspect.VarTupleType: lambda kind: "a list of " + _inner(kind.item_type) + _count(kind),
    inspect.TupleType: lambda kind: "a list of " + ", ".join(map(allowed, kind.item_types)),
}
