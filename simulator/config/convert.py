"""From a tree to the structs of the schema, with every fault that is in it.

Pure. One walker over msgspec's description of the types; it knows no section by name. msgspec itself
stops at the first fault and knows no lines, so it does not do this part.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from msgspec import NODEFAULT, Struct, inspect

from simulator.config.describe import allowed, tags
from simulator.config.faults import ConfigError, Fault, Place, did_you_mean, excerpt, listed
from simulator.config.scalars import INVALID, numeric, read
from simulator.config.secrets import SECRET
from simulator.config.text import MAX_VALUES
from simulator.config.tree import Branch, Keys, Leaf, Listing, Node, dotted, find, keys_of, nearest_place, plain

T = TypeVar("T", bound=Struct)

_Sequences = inspect.ListType | inspect.VarTupleType | inspect.TupleType


class Contradiction(Struct, frozen=True):
    """A value that other values make impossible.

    `key` starts at the struct that was checked; `found` replaces the plain words about the value.
    """

    key: str
    allowed: str
    found: str = ""
    hint: str = ""


Check: TypeAlias = Callable[[Mapping[str, Any]], Iterable[Contradiction]]
"""Looks at the fields of one struct, defaults included; a field that is itself at fault is left out."""


def convert(node: Node, cls: type[T], path: Keys = (), checks: Mapping[type, Check] = MappingProxyType({})) -> T:
    """The value of a node as a struct of the schema. Raises `ConfigError` with every fault, in written order.

    `checks` are run for each struct of their type, also where some of its fields are at fault.
    """
    walker = _Walker(checks)
    value: T = walker.value(node, described(cls), path)
    if walker.faults:
        raise ConfigError(sorted(walker.faults, key=_written))
    return value


@functools.cache
def described(cls: type[Struct]) -> inspect.Type:
    """What msgspec tells of a struct; for a large one that takes milliseconds."""
    return inspect.type_info(cls)


def _written(fault: Fault) -> tuple[str, int]:
    return fault.place.source, fault.place.line or 0


class _Walker:
    """Goes through a tree and a type side by side; a value that cannot be made is `INVALID` and has its fault."""

    def __init__(self, checks: Mapping[type, Check]) -> None:
        self.faults: list[Fault] = []
        self._checks = checks
        self._left = MAX_VALUES
        self._makers: dict[type, Callable[[Node, Any, Keys], Any]] = {
            inspect.UnionType: self._union,
            inspect.StructType: self._struct,
            inspect.DictType: self._dict,
            inspect.ListType: self._list,
            inspect.VarTupleType: self._list,
            inspect.TupleType: self._tuple,
            inspect.AnyType: lambda node, _kind, _path: plain(node),
        }

    def value(self, node: Node, kind: inspect.Type, path: Keys) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ConfigError([Fault(node.at, dotted(path), f"more than {MAX_VALUES} values")])
        make = self._makers.get(type(kind))
        if make is not None:
            return make(node, kind, path)
        value = read(node, kind) if isinstance(node, Leaf) else INVALID
        return value if value is not INVALID else self._wrong(node, kind, path)

    def _fault(self, at: Place, path: Keys, found: str, allowed_words: str = "", hint: str = "") -> Any:
        self.faults.append(Fault(at, dotted(path), found, allowed_words, hint))
        return INVALID

    def _wrong(self, node: Node, kind: inspect.Type, path: Keys) -> Any:
        hint = ""
        if isinstance(node, Branch):
            found = "found a mapping"
        elif isinstance(node, Listing):
            found = "found a list"
        elif path and path[-1] in SECRET:
            found = "found a value that is not text"
        else:
            found = f"found {excerpt(node.value)}"
            hint = _hint(node.value, kind)
        return self._fault(node.at, path, found, allowed(kind), hint)

    def _union(self, node: Node, kind: inspect.UnionType, path: Keys) -> Any:
        if isinstance(node, Leaf):
            if node.value is None and any(isinstance(variant, inspect.NoneType) for variant in kind.types):
                return None
            values = (read(node, variant) for variant in kind.types)
            value = next((value for value in values if value is not INVALID), INVALID)
            return value if value is not INVALID else self._wrong(node, kind, path)
        if isinstance(node, Branch) and (by_tag := tags(kind)):
            return self._tagged(node, by_tag, path)
        shapes = inspect.StructType | inspect.DictType if isinstance(node, Branch) else _Sequences
        fitting = [variant for variant in kind.types if isinstance(variant, shapes)]
        return self.value(node, fitting[0], path) if fitting else self._wrong(node, kind, path)

    def _tagged(self, node: Branch, by_tag: dict[str, inspect.StructType], path: Keys) -> Any:
        field = next(iter(by_tag.values())).tag_field or ""
        tag = node.entries.get(field)
        if tag is None:
            near = next((f'is "{key}" meant to be it?' for key in node.entries if did_you_mean(key, [field])), "")
            return self._fault(node.at, path, f'no "{field}"', f"{field}: " + ", ".join(by_tag), near)
        name = tag.value if isinstance(tag, Leaf) else None
        if not isinstance(name, str) or name not in by_tag:
            found = f"found {excerpt(name)}" if isinstance(tag, Leaf) else "found a list or mapping"
            hint = did_you_mean(str(name), by_tag)
            return self._fault(tag.at, (*path, field), found, "one of " + ", ".join(by_tag), hint)
        return self._struct(node, by_tag[name], path)

    def _struct(self, node: Node, kind: inspect.StructType, path: Keys) -> Any:
        if isinstance(node, Leaf) and node.value is None:
            node = Branch({}, node.at)
        if not isinstance(node, Branch):
            return self._wrong(node, kind, path)
        values: dict[str, Any] = {}
        for field in kind.fields:
            child = node.entries.get(field.encode_name)
            if child is not None:
                values[field.name] = self.value(child, field.type, (*path, field.encode_name))
            elif field.required:
                words = f"{field.encode_name}: {allowed(field.type)}"
                values[field.name] = self._fault(node.at, path, f'no "{field.encode_name}"', words)
        complete = self._no_unknown(node, kind, path) and all(value is not INVALID for value in values.values())
        check = self._checks.get(kind.cls)
        if check is not None:
            self._contradictions(check(_seen(kind, values)), node, path)
        return kind.cls(**values) if complete else INVALID

    def _no_unknown(self, node: Branch, kind: inspect.StructType, path: Keys) -> bool:
        known = [field.encode_name for field in kind.fields]
        if kind.tag_field is not None:
            known.append(kind.tag_field)
        unknown = [(key, child) for key, child in node.entries.items() if key not in known]
        for key, child in unknown:
            self._fault(child.at, (*path, key), "unknown key", listed(known), did_you_mean(key, known))
        return not unknown

    def _contradictions(self, found: Iterable[Contradiction], node: Branch, path: Keys) -> None:
        for one in found:
            keys = keys_of(one.key)
            written = find(node, keys)
            words = one.found or "impossible together"
            if not one.found and isinstance(written, Leaf):
                words = f"found {excerpt(written.value)}"
            elif not one.found and written is None:
                words = "not given"
            self._fault(nearest_place(node, keys), (*path, *keys), words, one.allowed, one.hint)

    def _dict(self, node: Node, kind: inspect.DictType, path: Keys) -> Any:
        if isinstance(node, Leaf) and node.value is None:
            return {}
        if not isinstance(node, Branch):
            return self._wrong(node, kind, path)
        values = {key: self.value(child, kind.value_type, (*path, key)) for key, child in node.entries.items()}
        return INVALID if any(value is INVALID for value in values.values()) else values

    def _list(self, node: Node, kind: inspect.ListType | inspect.VarTupleType, path: Keys) -> Any:
        if not isinstance(node, Listing):
            return self._wrong(node, kind, path)
        count = len(node.items)
        if count < (kind.min_length or 0) or (kind.max_length is not None and count > kind.max_length):
            return self._fault(node.at, path, f"found a list of {count}", allowed(kind))
        values = [self.value(child, kind.item_type, (*path, f"[{i}]")) for i, child in enumerate(node.items)]
        if any(value is INVALID for value in values):
            return INVALID
        return tuple(values) if isinstance(kind, inspect.VarTupleType) else values

    def _tuple(self, node: Node, kind: inspect.TupleType, path: Keys) -> Any:
        if not isinstance(node, Listing) or len(node.items) != len(kind.item_types):
            return self._wrong(node, kind, path)
        pairs = enumerate(zip(node.items, kind.item_types, strict=True))
        values = tuple([self.value(child, part, (*path, f"[{i}]")) for i, (child, part) in pairs])
        return INVALID if any(value is INVALID for value in values) else values


def _seen(kind: inspect.StructType, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a struct as a check sees them."""
    defaults = {
        field.name: field.default_factory() if field.default is NODEFAULT else field.default
        for field in kind.fields
        if not field.required
    }
    return {name: value for name, value in {**defaults, **values}.items() if value is not INVALID}


def _hint(found: object, kind: inspect.Type) -> str:
    if not isinstance(found, str):
        return ""
    if isinstance(kind, inspect.LiteralType):
        return did_you_mean(found, map(str, kind.values))
    return "write the number without quotes" if numeric(kind) and found.replace(".", "", 1).isdecimal() else ""
