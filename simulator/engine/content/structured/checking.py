"""Whether a value is valid against a node. Pure.

Formats are asserted. `unevaluatedProperties` and `unevaluatedItems` are read leniently: what any part of the schema
names counts as evaluated. The work is counted, since a schema can ask for exponentially much of it.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from simulator.engine.content.structured import formats
from simulator.engine.content.structured.equality import distinct, key
from simulator.engine.content.structured.node import Node, below
from simulator.engine.content.structured.regex import Meter

STEPS: Final = 20_000


class TooMuchError(Exception):
    """The steps allowed for one value are used up; patterns have an allowance of their own, see `Meter`."""


def type_of(value: object) -> str:
    """The narrowest JSON type of a value; a number with a whole value is an integer."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def is_multiple(value: float, step: Fraction) -> bool:
    """Whether a number is a multiple of a step, as decimals."""
    return ((Fraction(value) if isinstance(value, int) else Fraction(repr(value))) / step).denominator == 1


class Checker:
    """Checks values within one allowance of steps."""

    __slots__ = ("_left", "meter")

    def __init__(self, meter: Meter | None = None) -> None:
        self._left = STEPS
        self.meter = Meter() if meter is None else meter

    def valid(self, node: Node, value: object) -> bool:
        """Whether the value is valid. Raises TooMuchError or MeterError."""
        self._left -= 1
        if self._left < 0:
            raise TooMuchError
        if node.never:
            return False
        kind = type_of(value)
        if kind not in node.types:
            return False
        if node.keys is not None and key(value) not in node.keys:
            return False
        if isinstance(value, str):
            fits = self._string(node, value)
        elif isinstance(value, list):
            fits = self._array(node, value)
        elif isinstance(value, dict):
            fits = self._object(node, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            fits = within_bounds(node, value)
        else:
            fits = True
        return fits and self._applied(node, value)

    def _applied(self, node: Node, value: object) -> bool:
        valid = self.valid
        if not all(valid(each, value) for each in node.together) or any(valid(each, value) for each in node.refused):
            return False
        if not all(any(valid(each, value) for each in group) for group in node.choices):
            return False
        if not all(sum([valid(each, value) for each in group]) == 1 for group in node.ones):
            return False
        for condition in node.conditions:
            then = condition.then if valid(condition.test, value) else condition.otherwise
            if then is not None and not valid(then, value):
                return False
        return True

    def _string(self, node: Node, text: str) -> bool:
        if len(text) < node.shortest or (node.longest is not None and len(text) > node.longest):
            return False
        for name in node.formats:
            if not formats.holds(name, text):
                return False
        return all(rule.matcher.search(text, self.meter) for rule in node.rules)

    def _array(self, node: Node, items: list[object]) -> bool:
        if len(items) < node.fewest_items or (node.most_items is not None and len(items) > node.most_items):
            return False
        if node.unique and not distinct(items):
            return False
        first = len(node.prefix)
        for place, item in enumerate(items):
            each = node.prefix[place] if place < first else node.rest
            if each is not None and not self.valid(each, item):
                return False
        for contained in node.contained:
            count = sum([self.valid(contained.node, item) for item in items])
            if count < contained.least or (contained.most is not None and count > contained.most):
                return False
        if node.spare_items is not None and node.rest is None and not below(node):
            return all(self.valid(node.spare_items, item) for item in items[first:])
        return True

    def _object(self, node: Node, members: dict[str, object]) -> bool:
        if len(members) < node.fewest or (node.most is not None and len(members) > node.most):
            return False
        if any(name not in members for name in node.required):
            return False
        if not all(self._member(node, members, name) for name in members):
            return False
        if node.spare is not None:
            known = set(_named(node))
            return all(self.valid(node.spare, value) for name, value in members.items() if name not in known)
        return True

    def _member(self, node: Node, members: dict[str, object], name: str) -> bool:
        value = members[name]
        if any(not self.valid(each, value) for each in applying(node, name, self.meter)):
            return False
        if node.names is not None and not self.valid(node.names, name):
            return False
        implied = node.implied.get(name)
        if implied is not None and not self.valid(implied, members):
            return False
        return all(other in members for other in node.needs.get(name, ()))


def applying(node: Node, name: str, meter: Meter) -> list[Node]:
    """The nodes that apply to the property `name` of an object."""
    found = [node.properties[name]] if name in node.properties else []
    if node.matched:
        found += [each for rule, each in node.matched if rule.matcher.search(name, meter)]
    if not found and node.extra is not None:
        found.append(node.extra)
    return found


def within_bounds(node: Node, number: float) -> bool:
    """Whether a number keeps the bounds and steps of a node."""
    low, high = node.low, node.high
    if low is not None or high is not None:
        exact = Fraction(number) if isinstance(number, int) else Fraction(repr(number))
        if low is not None and (exact < low or (exact == low and node.open_low)):
            return False
        if high is not None and (exact > high or (exact == high and node.open_high)):
            return False
    return all(is_multiple(number, step) for step in node.steps)


def _named(node: Node) -> Iterator[str]:
    """The properties that a node or any part of it for the same value names."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield from each.properties
            waiting += below(each)
