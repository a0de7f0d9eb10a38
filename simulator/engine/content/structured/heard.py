"""What a conversation offers for the members of an object. Pure."""

from collections.abc import Container

from simulator.engine.content.structured.hints import Hints, Mention
from simulator.engine.content.structured.matching import Wanted, assign
from simulator.engine.content.structured.node import Node
from simulator.engine.content.structured.shape import Flat, Shape


def heard_members(shape: Shape, flat: Flat, hints: Hints, used: Container[int]) -> dict[str, Mention]:
    """The mention that goes into each member, by name. Mentions whose `id` is in `used` are left out."""
    if not hints.mentions:
        return {}
    if flat.wanted is None:
        wanted: list[Wanted] = []
        for _, node, field in flat.members:
            kind, form = scalar(shape, node)
            wanted.append((field, kind, form))
        flat.wanted = tuple(wanted)
    found = assign(flat.wanted, hints, used)
    return {member[0]: mention for member, mention in zip(flat.members, found, strict=True) if mention is not None}


def heard_by(shape: Shape, hints: Hints) -> tuple[dict[str, Mention], frozenset[str]]:
    """The mentions for the members of the root, and the names of those that take a whole enumeration."""
    flat = shape.settled(shape.root)
    if flat is None:
        return {}, frozenset()
    many = []
    for name, node, _ in flat.members:
        inner = shape.settled(node) if node is not None else None
        if inner is not None and "array" in inner.kinds:
            many.append(name)
    return heard_members(shape, flat, hints, ()), frozenset(many)


def scalar(shape: Shape, node: Node | None, *, inside: bool = False) -> tuple[str, str]:
    """The type and format in which a mention could fill a node, those of the items for an array; empty for none."""
    if node is None:
        return "string", ""
    flat = shape.settled(node)
    if flat is None:
        branches = () if inside else (*node.choices, *node.ones)
        found = [scalar(shape, each, inside=True) for group in branches for each in group]
        return next((each for each in found if each[0]), ("", ""))
    if flat.values is not None:
        return "", ""
    for kind in flat.kinds:
        if kind in {"string", "integer", "number"}:
            return kind, flat.node.formats[0] if flat.node.formats else ""
        if kind == "array" and flat.node.rest is not None and not inside:
            return scalar(shape, flat.node.rest, inside=True)
    return "", ""
