"""How deep the smallest value of each node is: the shortest way out of a recursive schema. Pure.

Heights are the least fixed point of "an object is one level above its required properties", found by going over all
nodes until none changes. A node that never gets a height has no finite value.
"""

from typing import Final

from simulator.engine.content.structured.errors import Unsatisfiable, UnsupportedSchema
from simulator.engine.content.structured.node import Node, below

NEVER: Final = 1 << 30
HIGHEST: Final = 40
"""Levels that a value may be forced to have."""
LONGEST: Final = 50
"""Schemas that may apply to one value because each leads to the next."""
ROUNDS: Final = 200


def measure(root: Node, nodes: list[Node]) -> None:
    """Set the height of every node. Raises Unsatisfiable or UnsupportedSchema where the root has no value to offer."""
    _check_circles(nodes)
    for node in nodes:
        node.height = NEVER
    for _ in range(ROUNDS):
        changed = False
        for node in reversed(nodes):
            found = _height(node)
            if found < node.height:
                node.height = found
                changed = True
        if not changed:
            break
    if root.height >= NEVER:
        raise Unsatisfiable(root.path, "no finite value is valid")
    if root.height > HIGHEST:
        raise UnsupportedSchema(root.path, f"every value is more than {HIGHEST} levels deep")


def _height(node: Node) -> int:
    if node.never or node.values == ():
        return NEVER
    highest = 0 if node.values else min([_of_type(node, name) for name in node.types], default=NEVER)
    for each in node.together:
        highest = max(highest, each.height)
    for group in (*node.choices, *node.ones):
        highest = max(highest, min([each.height for each in group]))
    return min(highest, NEVER)


def _of_type(node: Node, name: str) -> int:
    if name == "object":
        parts = [_property(node, each) for each in node.required]
    elif name == "array":
        parts = [each.height for each in node.prefix[: node.fewest_items]]
        if node.fewest_items > len(node.prefix) and node.rest is not None:
            parts.append(node.rest.height)
        parts += [each.node.height for each in node.contained if each.least]
    else:
        return 0
    return 1 + max(parts, default=0)


def _property(node: Node, name: str) -> int:
    if name in node.properties:
        return node.properties[name].height
    if node.extra is None or node.matched:
        return 0
    return node.extra.height


def _check_circles(nodes: list[Node]) -> None:
    """No schema may apply to a value because it applies to that value."""
    length: dict[int, int] = {}
    for start in nodes:
        walk = [(start, False)]
        open_nodes: set[int] = set()
        while walk:
            node, leaving = walk.pop()
            if leaving:
                open_nodes.discard(id(node))
                length[id(node)] = 1 + max([length[id(each)] for each in below(node)], default=0)
                if length[id(node)] > LONGEST:
                    raise UnsupportedSchema(node.path, f"more than {LONGEST} schemas lead from one to the next")
            elif id(node) in open_nodes:
                raise UnsupportedSchema(node.path, "it refers to itself without end")
            elif id(node) not in length:
                open_nodes.add(id(node))
                walk.append((node, True))
                walk += [(each, False) for each in below(node) if id(each) not in length or id(each) in open_nodes]
