"""Where a `$ref` leads to in a schema document. Pure.

References within the document are followed: `#`, JSON Pointers, anchors, and the `$id` of an embedded schema. Nothing
is ever fetched.
"""

from typing import Final
from urllib.parse import unquote

from simulator.engine.content.structured.errors import UnsupportedSchema

MOST_PARTS: Final = 20_000
"""JSON values in a document; a real schema has some hundreds."""
DEEPEST: Final = 150

_OPAQUE: Final = frozenset({"const", "enum", "default", "example", "examples"})
"""Keywords whose values are data, not schemas."""


class Document:
    """A schema document, indexed. Raises UnsupportedSchema for one that is too large or too deep."""

    __slots__ = ("_named", "_root")

    def __init__(self, root: object) -> None:
        self._root = root
        self._named: dict[str, tuple[object, str]] = {}
        self._index()

    def _index(self) -> None:
        waiting: list[tuple[object, str, int]] = [(self._root, "#", 0)]
        left = MOST_PARTS
        while waiting:  # a list, not recursion: the depth is the client's choice
            part, path, depth = waiting.pop()
            left -= 1
            if left < 0:
                raise UnsupportedSchema("#", f"a schema has at most {MOST_PARTS} parts")
            if depth > DEEPEST:
                raise UnsupportedSchema(path, f"a schema nests at most {DEEPEST} levels deep")
            if isinstance(part, list):
                waiting += [(item, f"{path}/{place}", depth + 1) for place, item in enumerate(part)]
            elif isinstance(part, dict):
                for name, value in part.items():
                    if name in {"$anchor", "$dynamicAnchor"} and isinstance(value, str):
                        self._named.setdefault("#" + value, (part, path))
                    elif name in {"$id", "id"} and isinstance(value, str):
                        self._named.setdefault(value, (part, path))
                    elif name not in _OPAQUE:
                        waiting.append((value, f"{path}/{escaped(name)}", depth + 1))

    def find(self, reference: str, path: str) -> tuple[object, str]:
        """The subschema that a reference names, and its own path. Raises UnsupportedSchema where there is none."""
        if reference == "#":
            return self._root, "#"
        if reference in self._named:
            return self._named[reference]
        base, hash_sign, pointer = reference.partition("#")
        if base and base not in self._named:
            raise UnsupportedSchema(path, f"$ref {reference[:120]!r} leads out of the schema")
        part, where = self._named[base] if base else (self._root, "#")
        if not hash_sign or not pointer:
            return part, where
        if not pointer.startswith("/"):
            raise UnsupportedSchema(path, f"$ref {reference[:120]!r} names no anchor of the schema")
        for step in unquote(pointer[1:]).split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(part, dict) and name in part:
                part = part[name]
            elif isinstance(part, list) and name.isascii() and name.isdigit() and int(name) < len(part):
                part = part[int(name)]
            else:
                raise UnsupportedSchema(path, f"$ref {reference[:120]!r} leads nowhere")
            where += "/" + escaped(name)
        return part, where


def escaped(name: str) -> str:
    """A name as a step of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1")
