"""Arrays: as many items as are allowed, of the right kinds, none twice where that is asked. Pure."""

from typing import Final

from simulator.engine.content.structured.equality import key
from simulator.engine.content.structured.heights import NEVER
from simulator.engine.content.structured.hints import Mention
from simulator.engine.content.structured.matching import enumeration
from simulator.engine.content.structured.node import Node
from simulator.engine.content.structured.roles import Field
from simulator.engine.content.structured.shape import Flat
from simulator.engine.content.structured.work import MOST_VALUES, DeadEndError, Writing

_AGAIN: Final = 24
"""Tries for an item that must differ from the others."""
_USUAL: Final = 3


_ANYTHING: Final = Node("#")


def make_array(writer: Writing, flat: Flat, field: Field, mention: Mention | None) -> list[object]:
    """An array that the node allows; of what an enumeration lists, where a mention from one is given."""
    node = flat.node
    told = enumeration(mention, writer.hints) if mention is not None else []
    size = _size(writer, node, len(told))
    pool = _pool(writer, node) if node.unique and not told else None
    items: list[object] = []
    keys: set[object] = set()
    for place in range(size):
        each = _node_at(writer, node, place)
        if pool is not None and place >= len(node.prefix):
            item = _unlike(pool, keys)
        else:
            heard = told[place] if place < len(told) else None
            try:
                item = writer.value(each, field, heard)
            except DeadEndError:
                if len(items) < node.fewest_items or node.contained:
                    raise
                break
            if heard is not None:
                writer.used.add(id(heard))
            if node.unique and key(item) in keys:
                item = _other(writer, each, field, keys, item)
        if item is _NONE:
            if len(items) < node.fewest_items:
                raise DeadEndError(node.path, "not enough different items")
            break
        keys.add(key(item))
        items.append(item)
    return items


_NONE: Final = object()


def _size(writer: Writing, node: Node, told: int) -> int:
    most = _most(node)
    if most < node.fewest_items:
        raise DeadEndError(node.path, "fewer items are possible than are asked for")
    fewest = node.fewest_items
    for contained in node.contained:
        if contained.least:
            fewest = max(fewest, len(node.prefix) + contained.least)
    fewest = min(fewest, most)
    if fewest >= MOST_VALUES:
        raise DeadEndError(node.path, f"more than {MOST_VALUES} items are asked for")
    if told:
        return max(fewest, min(told, most))
    if writer.lean:
        return fewest
    if node.prefix:
        return max(fewest, min(len(node.prefix), most))
    least = max(1, fewest)
    return writer.draws.between(min(least, most), min(most, max(least, fewest and fewest + 1, _USUAL)))


def _most(node: Node) -> int:
    """How many items there can be."""
    most = node.fewest_items + MOST_VALUES if node.most_items is None else node.most_items
    if node.rest is not None and (node.rest.never or node.rest.height >= NEVER):
        most = min(most, len(node.prefix))
    for place, each in enumerate(node.prefix):
        if each.never or each.height >= NEVER:
            return min(most, place)
    return most


def _node_at(writer: Writing, node: Node, place: int) -> Node:
    first = len(node.prefix)
    each = node.prefix[place] if place < first else node.rest or _ANYTHING
    for contained in node.contained:
        if contained.least and first <= place < first + contained.least:
            each = writer.shape.both([each, contained.node])
        elif contained.least and place < contained.least and not node.rest:
            each = writer.shape.both([each, contained.node]) if place >= first else each
    return each


def _pool(writer: Writing, node: Node) -> list[object] | None:
    """All items there can be, in a drawn order, where they are few and of a simple kind."""
    flat = writer.shape.settled(node.rest or _ANYTHING)
    if flat is None or flat.checked or node.contained:
        return None
    if flat.values is not None:
        return writer.draws.shuffled(flat.values)
    if flat.kinds == ("boolean",):
        return writer.draws.shuffled([False, True])
    amounts = flat.amounts
    if amounts is not None and len(flat.kinds) == 1 and amounts.few and not amounts.empty:
        return writer.draws.shuffled(amounts.all())
    return None


def _unlike(pool: list[object], keys: set[object]) -> object:
    while pool:
        item = pool.pop()
        if key(item) not in keys:
            return item
    return _NONE


def _other(writer: Writing, node: Node, field: Field, keys: set[object], item: object) -> object:
    for again in range(_AGAIN):
        if isinstance(item, str) and again % 2:
            item = f"{item} {len(keys) + again}"
            if not writer.valid(node, item):
                continue
        else:
            item = writer.value(node, field, None)
        if key(item) not in keys:
            return item
    return _NONE
