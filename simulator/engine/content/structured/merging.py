"""Several nodes that apply to one value, made into one. Pure.

The result has no `allOf`, `anyOf` or `oneOf` left: the caller has chosen among them. It is exact but for properties
that one part matches by a pattern and another closes off; a value is checked where that can matter.
"""

from collections.abc import Callable, Iterable, Sequence

from simulator.engine.content.structured.checking import applying
from simulator.engine.content.structured.equality import key
from simulator.engine.content.structured.node import Node
from simulator.engine.content.structured.regex import Meter

Both = Callable[[Sequence[Node]], Node]
"""Gives one node that stands for several applied together."""


def merge(parts: Sequence[Node], both: Both, meter: Meter) -> Node:
    """One node that is valid where all of `parts` are, their own keywords only."""
    first = parts[0]
    if len(parts) == 1 and not first.refused and first.spare is None and first.spare_items is None:
        return first
    merged = Node(first.path)
    for part in parts:
        _scalars(merged, part)
    _arrays(merged, parts, both)
    _objects(merged, parts, both, meter)
    for part in parts:
        for refused in part.refused:
            if only_types(refused):
                merged.types -= refused.types
    return merged


def only_types(node: Node) -> bool:
    """Whether a node says nothing but which types there may be."""
    return vars_of(node) == vars_of(Node(node.path, types=node.types)) and not node.never


def vars_of(node: Node) -> list[object]:
    """The keywords of a node that decide what is valid."""
    passed = {"path", "title", "description", "samples", "height"}
    return [getattr(node, name) for name in Node.__slots__ if name not in passed]


def _scalars(merged: Node, part: Node) -> None:
    merged.never |= part.never
    merged.types &= part.types
    if part.values is not None:
        if merged.values is None:
            merged.values = part.values
        else:
            merged.values = tuple([value for value in merged.values if key(value) in (part.keys or ())])
        merged.keys = frozenset([key(value) for value in merged.values])
    merged.samples += part.samples
    merged.title = merged.title or part.title
    merged.description = merged.description or part.description
    if part.low is not None and (merged.low is None or (part.low, part.open_low) > (merged.low, merged.open_low)):
        merged.low, merged.open_low = part.low, part.open_low
    if part.high is not None and (
        merged.high is None or (part.high, not part.open_high) < (merged.high, not merged.open_high)
    ):
        merged.high, merged.open_high = part.high, part.open_high
    merged.steps = tuple(dict.fromkeys((*merged.steps, *part.steps)))
    merged.shortest = max(merged.shortest, part.shortest)
    merged.longest = _least(merged.longest, part.longest)
    known = {rule.pattern.text for rule in merged.rules}
    merged.rules += tuple([rule for rule in part.rules if rule.pattern.text not in known])
    merged.formats = tuple(dict.fromkeys((*merged.formats, *part.formats)))


def _arrays(merged: Node, parts: Sequence[Node], both: Both) -> None:
    for part in parts:
        merged.fewest_items = max(merged.fewest_items, part.fewest_items)
        merged.most_items = _least(merged.most_items, part.most_items)
        merged.unique |= part.unique
        merged.contained += part.contained
    rests = [part.rest for part in parts if part.rest is not None]
    merged.rest = both(rests) if rests else None
    prefix = []
    for place in range(max([len(part.prefix) for part in parts])):
        here = [part.prefix[place] if place < len(part.prefix) else part.rest for part in parts]
        prefix.append(both([each for each in here if each is not None]))
    merged.prefix = tuple(prefix)
    spare = [part.spare_items for part in parts if part.spare_items is not None]
    if spare and merged.rest is None:
        merged.rest = both(spare)


def _objects(merged: Node, parts: Sequence[Node], both: Both, meter: Meter) -> None:
    for name in dict.fromkeys([name for part in parts for name in part.properties]):
        merged.properties[name] = both(_unique([each for part in parts for each in applying(part, name, meter)]))
    merged.required = tuple(dict.fromkeys([name for part in parts for name in part.required]))
    merged.matched = tuple([each for part in parts for each in part.matched])
    extras = [part.extra for part in parts if part.extra is not None]
    spare = [part.spare for part in parts if part.spare is not None]
    if extras or spare:
        merged.extra = both(_unique([*extras, *spare]))
    names = [part.names for part in parts if part.names is not None]
    merged.names = both(_unique(names)) if names else None
    for part in parts:
        merged.fewest = max(merged.fewest, part.fewest)
        merged.most = _least(merged.most, part.most)
        for name, others in part.needs.items():
            merged.needs[name] = tuple(dict.fromkeys((*merged.needs.get(name, ()), *others)))
    for name in dict.fromkeys([name for part in parts for name in part.implied]):
        merged.implied[name] = both([part.implied[name] for part in parts if name in part.implied])


def _unique(nodes: Iterable[Node]) -> list[Node]:
    return list(dict.fromkeys(nodes))


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
