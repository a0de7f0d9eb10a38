"""A schema in the one form that values are made from and checked against. Pure data.

A `Node` stands for one subschema whatever the draft or dialect it was written in; references are arrows to other nodes,
so that nodes may form circles. None stands for a keyword that is not given.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from simulator.engine.content.structured.regex.match import Matcher
from simulator.engine.content.structured.regex.tree import Pattern

TYPES: Final = ("string", "integer", "number", "boolean", "object", "array", "null")
ANY: Final = frozenset(TYPES)


@dataclass(slots=True, eq=False)
class Rule:
    """A regular expression, ready to be matched and written."""

    pattern: Pattern
    matcher: Matcher


@dataclass(slots=True, eq=False)
class Contained:
    """`contains`: between `least` and `most` items are valid against `node`."""

    node: "Node"
    least: int = 1
    most: int | None = None


@dataclass(slots=True, eq=False)
class Condition:
    """`if`, `then`, `else`."""

    test: "Node"
    then: "Node | None"
    otherwise: "Node | None"


@dataclass(slots=True, eq=False)
class Node:
    """One subschema. `never` is the schema `false`; a node without any keyword is `true`.

    `integer` is in `types` wherever `number` is. Bounds of numbers are exact; `open_low` and `open_high` say that a
    bound itself is excluded. `extra` is `additionalProperties`, `rest` the schema of items after `prefix`. `together`
    is `allOf` with `$ref`; `choices` holds each `anyOf`, `ones` each `oneOf`.
    """

    path: str
    never: bool = False
    types: frozenset[str] = ANY
    values: tuple[object, ...] | None = None
    """`enum` and `const`."""
    keys: frozenset[Hashable] | None = None
    """The keys (`equality.key`) of `values`."""
    samples: tuple[object, ...] = ()
    """`default` and `examples`."""
    title: str = ""
    description: str = ""
    low: Fraction | None = None
    high: Fraction | None = None
    open_low: bool = False
    open_high: bool = False
    steps: tuple[Fraction, ...] = ()
    """`multipleOf`."""
    shortest: int = 0
    longest: int | None = None
    rules: tuple[Rule, ...] = ()
    formats: tuple[str, ...] = ()
    prefix: tuple["Node", ...] = ()
    rest: "Node | None" = None
    spare_items: "Node | None" = None
    """`unevaluatedItems`."""
    fewest_items: int = 0
    most_items: int | None = None
    unique: bool = False
    contained: tuple[Contained, ...] = ()
    properties: dict[str, "Node"] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    matched: tuple[tuple[Rule, "Node"], ...] = ()
    """`patternProperties`."""
    extra: "Node | None" = None
    spare: "Node | None" = None
    """`unevaluatedProperties`."""
    names: "Node | None" = None
    fewest: int = 0
    most: int | None = None
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """`dependentRequired`."""
    implied: dict[str, "Node"] = field(default_factory=dict)
    """`dependentSchemas`."""
    together: tuple["Node", ...] = ()
    choices: tuple[tuple["Node", ...], ...] = ()
    ones: tuple[tuple["Node", ...], ...] = ()
    refused: tuple["Node", ...] = ()
    """`not`."""
    conditions: tuple[Condition, ...] = ()
    height: int = 0
    """Levels of objects and arrays that the smallest value has; `heights.NEVER` where there is none."""


def below(node: Node) -> list[Node]:
    """Every node that applies to the same value as `node` does."""
    found = [*node.together, *node.refused, *node.implied.values()]
    for group in (*node.choices, *node.ones):
        found.extend(group)
    for condition in node.conditions:
        found.extend([each for each in (condition.test, condition.then, condition.otherwise) if each is not None])
    return found


def within(node: Node) -> list[Node]:
    """Every node that applies to a part of the value."""
    found = [*node.prefix, *node.properties.values(), *[each for _, each in node.matched]]
    found += [each.node for each in node.contained]
    found += [each for each in (node.rest, node.extra, node.names, node.spare, node.spare_items) if each is not None]
    return found
