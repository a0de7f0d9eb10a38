"""A schema made ready for values. Pure; one shape serves one thread, since it keeps what it works out.

A node with alternatives becomes flat when one of each is picked; flat nodes are kept, so that a schema that is used
again costs nothing to prepare.
"""

from collections.abc import Callable, Sequence
from typing import Final

from simulator.engine.content.structured.amounts import Amounts
from simulator.engine.content.structured.checking import Checker, TooMuchError
from simulator.engine.content.structured.heights import measure
from simulator.engine.content.structured.merging import merge, only_types
from simulator.engine.content.structured.node import ANY, TYPES, Node
from simulator.engine.content.structured.reading import Reader
from simulator.engine.content.structured.regex import Meter, MeterError
from simulator.engine.content.structured.roles import Field, field_of

MOST_FLAT: Final = 2_000
"""Flat nodes that a shape keeps."""

Pick = Callable[[Sequence[Node]], Node]


class Flat:
    """A node without alternatives. `checked` says that a value made from it still has to be checked."""

    __slots__ = ("amounts", "checked", "field", "kinds", "members", "node", "required", "values", "wanted", "whole")

    def __init__(self, node: Node, *, checked: bool) -> None:
        self.node = node
        self.checked = checked
        self.kinds = _kinds(node)
        self.field = field_of("", f"{node.title} {node.description}") if node.title or node.description else _NO_FIELD
        self.required = frozenset(node.required)
        names = [*node.properties, *[name for name in node.required if name not in node.properties]]
        self.members: list[tuple[str, Node | None, Field]] = [
            (name, each := node.properties.get(name), field_of(name, _about(each))) for name in names
        ]
        """Named properties in the order in which they are written; no node for one that is only required."""
        self.wanted: tuple[tuple[Field, str, str], ...] | None = None
        """Field, type and format of each member, once they were asked for."""
        self.values = None if node.values is None else _allowed(node)
        numeric = node.types & {"number", "integer"}
        self.whole = "number" not in node.types
        self.amounts = Amounts(node, whole=self.whole) if numeric else None


_NO_FIELD: Final = field_of("")


class Shape:
    """A compiled schema. Values are made from it by `generate`."""

    __slots__ = ("_both", "_flat", "_picked", "meter", "root")

    def __init__(self, schema: object) -> None:
        """Raises UnsupportedSchema or Unsatisfiable."""
        self.meter = Meter()
        """What may be spent on names and patterns while nodes are made flat; renewed for each value."""
        reader = Reader(schema)
        self.root = reader.read(schema)
        measure(self.root, list(reader.nodes.values()))
        self._flat: dict[Node, Flat | None] = {}
        self._picked: dict[tuple[Node, ...], Flat] = {}
        self._both: dict[tuple[Node, ...], Node] = {}

    @property
    def required(self) -> tuple[str, ...]:
        """The members that an object must have, where the schema says so without alternatives."""
        flat = self.settled(self.root)
        return () if flat is None else flat.node.required

    def settled(self, node: Node) -> Flat | None:
        """The node made flat where it has no alternatives; None where something must be picked."""
        if node in self._flat:
            return self._flat[node]
        parts = _parts(node, None)
        flat = None if parts is None else self._made(parts)
        self._flat[node] = flat
        return flat

    def flat(self, node: Node, pick: Pick) -> Flat:
        """The node made flat, with `pick` choosing among the alternatives of each group."""
        found = self.settled(node)
        if found is not None:
            return found
        return self._made(_parts(node, pick) or [node])

    def _made(self, parts: list[Node]) -> Flat:
        key = tuple(parts)
        found = self._picked.get(key)
        if found is None:
            if len(self._picked) >= MOST_FLAT:
                self._picked.clear()
            found = self._picked[key] = Flat(merge(parts, self.both, self.meter), checked=_unsure(parts))
        return found

    def both(self, nodes: Sequence[Node]) -> Node:
        """One node that stands for several applied together."""
        key = tuple(dict.fromkeys(nodes))
        if len(key) == 1:
            return key[0]
        node = self._both.get(key)
        if node is None:
            if len(self._both) >= MOST_FLAT:
                self._both.clear()
            about = next((each for each in key if each.title or each.description), None)
            node = self._both[key] = Node(
                key[0].path if key else "#",
                title=about.title if about else "",
                description=about.description if about else "",
                together=key,
                height=max([each.height for each in key], default=0),
            )
        return node


def compile_schema(schema: object) -> Shape:
    """The shape of a JSON Schema as decoded JSON. Raises UnsupportedSchema or Unsatisfiable, which name the place."""
    return Shape(schema)


def _parts(node: Node, pick: Pick | None) -> list[Node] | None:
    """Every node that applies to the value of `node`, the node first; None for an open group without a `pick`."""
    found: dict[Node, None] = {}
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each in found:
            continue
        found[each] = None
        more = list(each.together)
        groups = [*each.choices, *each.ones]
        groups += [_branches(condition.test, condition.then, condition.otherwise) for condition in each.conditions]
        for group in groups:
            if len(group) == 1:
                more.append(group[0])
            elif pick is None:
                return None
            else:
                more.append(pick(group))
        waiting += reversed(more)
    return list(found)


def _branches(test: Node, then: Node | None, otherwise: Node | None) -> tuple[Node, ...]:
    """What a condition comes to: the test with its consequence, or the alternative."""
    path = test.path
    held = test if then is None else Node(path, together=(test, then), height=max(test.height, then.height))
    failed = Node(path, refused=(test,), together=() if otherwise is None else (otherwise,))
    if otherwise is not None:
        failed.height = otherwise.height
    return (held, failed)


def _unsure(parts: list[Node]) -> bool:
    """Whether a value made from the parts may not be valid against all of what they came from."""
    closed = sum([bool(part.matched or part.extra or part.spare or part.spare_items) for part in parts])
    return closed > 1 or any(
        part.ones
        or part.conditions
        or part.implied
        or part.contained
        or part.names
        or part.spare
        or part.spare_items
        or any(not only_types(each) for each in part.refused)
        for part in parts
    )


def _kinds(node: Node) -> tuple[str, ...]:
    """The types to try, the most likely first; `integer` only where `number` is not allowed."""
    types = node.types
    order = list(TYPES)
    if len(types) > 1:
        for kind, told in (
            ("number", node.low is not None or node.high is not None or node.steps),
            ("string", node.rules or node.formats or node.shortest or node.longest is not None),
            ("array", node.prefix or node.rest or node.fewest_items or node.contained or node.most_items is not None),
            ("object", node.properties or node.required or node.matched or node.extra or node.fewest or node.names),
        ):
            if told and kind in types and types == ANY:
                order.remove(kind)
                order.insert(0, kind)
    return tuple([kind for kind in order if kind in types and not (kind == "integer" and "number" in types)])


def _allowed(node: Node) -> tuple[object, ...]:
    """The enumerated values that the other keywords of the node allow."""
    checker = Checker()
    own = Node(
        node.path,
        **{
            name: getattr(node, name)
            for name in Node.__slots__
            if name not in {"path", "together", "choices", "ones", "refused", "conditions"}
        },
    )
    try:
        return tuple([value for value in node.values or () if checker.valid(own, value)])
    except (TooMuchError, MeterError):
        return node.values or ()


def _about(node: Node | None) -> str:
    if node is None:
        return ""
    for each in (node, *node.together, *[branch for group in node.choices for branch in group]):
        if each.title or each.description:
            return f"{each.title} {each.description}"
    return ""
