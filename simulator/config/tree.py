"""A configuration as it was written: nested values that remember where each came from.

Pure. It knows neither the schema nor any file format: `text` makes trees, `overlay` adds to them,
`convert` turns the merged tree into a `Config`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from simulator.config.faults import Place

_PLAIN_KEY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_*-")
_SEGMENT = r'"((?:[^"\\]|\\.)*)"|([^."]+)'

TAG_FIELD = "distribution"
"""The key that names which kind of thing a mapping is; see `merge`."""

Keys: TypeAlias = "tuple[str, ...]"
"""The keys from the root to a value, list places as `[0]`."""


class Leaf(msgspec.Struct, frozen=True):
    """A value that is not a container.

    `text` is what was written where that may differ from the value (the unquoted `1.0` that a text field
    takes as it stands), else None.
    """

    value: object
    at: Place
    text: str | None = None


class Branch(msgspec.Struct, frozen=True):
    """A mapping, in the order it was written."""

    entries: "dict[str, Node]"
    at: Place


class Listing(msgspec.Struct, frozen=True):
    """A sequence."""

    items: "list[Node]"
    at: Place


Node: TypeAlias = Leaf | Branch | Listing


def moved(node: Node, at: Place) -> Node:
    """The same value at another place; what is inside keeps its own."""
    if isinstance(node, Leaf):
        return Leaf(node.value, at, node.text)
    if isinstance(node, Branch):
        return Branch(node.entries, at)
    return Listing(node.items, at)


def merge(lower: Node, upper: Node, *, keep_under_null: bool = False, keep_distribution: bool = False) -> Node:
    """`upper` laid over `lower`: mappings merge key by key, anything else replaces.

    A mapping that names its `distribution` replaces the one beneath, whose parameters belong to
    another choice. With `keep_under_null` an empty value (`server:` with nothing after it) leaves the
    mapping beneath it alone; with `keep_distribution` (parts of one layer) a named distribution merges too.
    """
    if not isinstance(lower, Branch):
        return upper
    if not isinstance(upper, Branch):
        empty = keep_under_null and isinstance(upper, Leaf) and upper.value is None
        return lower if empty else upper
    if TAG_FIELD in upper.entries and not keep_distribution:
        return upper
    entries = dict(lower.entries)
    for key, node in upper.entries.items():
        beneath = entries.get(key)
        entries[key] = (
            node
            if beneath is None
            else merge(beneath, node, keep_under_null=keep_under_null, keep_distribution=keep_distribution)
        )
    return Branch(entries, upper.at)


def plain(node: Node) -> object:
    """The value alone, as dicts, lists and scalars."""
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, Branch):
        return {key: plain(child) for key, child in node.entries.items()}
    return [plain(child) for child in node.items]


def planted(value: object, at: Place) -> Node:
    """The tree of a plain value that has one place for all of it."""
    if isinstance(value, Mapping):
        return Branch({str(key): planted(child, at) for key, child in value.items()}, at)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return Listing([planted(child, at) for child in value], at)
    return Leaf(value, at)


def find(node: Node, path: Sequence[str]) -> Node | None:
    """What is at a path of mapping keys and list places, or None."""
    current: Node | None = node
    for key in path:
        if isinstance(current, Branch):
            current = current.entries.get(key)
        elif isinstance(current, Listing) and _is_index(key) and int(key[1:-1]) < len(current.items):
            current = current.items[int(key[1:-1])]
        else:
            return None
    return current


def nearest_place(node: Node, path: Sequence[str]) -> Place:
    """Where a path was written, or the longest beginning of it that was."""
    for end in range(len(path), 0, -1):
        found = find(node, path[:end])
        if found is not None:
            return found.at
    return node.at


def _is_index(key: str) -> bool:
    return len(key) <= 10 and key[:1] == "[" and key[-1:] == "]" and key[1:-1].isdecimal()


def keys_of(text: str) -> list[str]:
    """The keys of a path such as `components[1].mean_ms`; a key with dots stands in quotes."""
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]+)"|(\[\d+\]|[^.\[\]]+)', text)]


def dotted(path: Sequence[str]) -> str:
    """A path as it is shown and as `--set` takes it: keys with dots or other signs stand in quotes."""
    text = ""
    for key in path:
        if _is_index(key):
            text += key
            continue
        shown = key if key and _PLAIN_KEY.issuperset(key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
        text += f".{shown}" if text else shown
    return text


def split(text: str) -> list[str]:
    """The keys of a dotted path. Raises `ValueError` if it is not one."""
    segment = re.compile(_SEGMENT)
    keys: list[str] = []
    position = 0
    while True:
        match = segment.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is not a dotted key, such as server.port")
        quoted, bare = match.groups()
        keys.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare.strip())
        position = match.end()
        if position == len(text):
            return keys
        if text[position] != ".":
            raise ValueError(f"{text!r} is not a dotted key, such as server.port")
        position += 1
