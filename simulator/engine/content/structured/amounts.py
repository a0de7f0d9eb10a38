"""Numbers for a field: in bounds, on steps, and of a usual size for what the field is about. Pure."""

from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Final

from simulator.engine.content.structured.draws import Draws
from simulator.engine.content.structured.node import Node
from simulator.engine.content.structured.roles import Role

_USUAL: Final[dict[Role, tuple[int, int]]] = {
    Role.AGE: (18, 80),
    Role.YEAR: (1990, 2026),
    Role.PRICE: (5, 400),
    Role.COUNT: (1, 8),
    Role.PERCENT: (1, 100),
    Role.RATING: (1, 5),
    Role.SCORE: (0, 1),
    Role.LATITUDE: (-60, 60),
    Role.LONGITUDE: (-170, 170),
    Role.TEMPERATURE: (5, 30),
    Role.LIMIT: (5, 20),
    Role.PAGE: (1, 3),
    Role.MEASURE: (1, 60),
    Role.ID: (1000, 9999),
    Role.DATE_TIME: (1_767_225_600, 1_798_761_599),
    Role.TIME: (8, 20),
    Role.DAY: (1, 28),
    Role.MONTH: (1, 12),
    Role.DURATION: (5, 90),
}
_COMMON: Final = (1, 100)
_HUNDREDTH: Final = Fraction(1, 100)
_SCAN: Final = 64


class Amounts:
    """The numbers that a node allows. `empty` where there are none."""

    __slots__ = ("empty", "few", "first", "last", "step", "whole")

    def __init__(self, node: Node, *, whole: bool) -> None:
        """`whole` asks for integers."""
        steps = [Fraction(1), *node.steps] if whole else list(node.steps)
        self.whole = whole
        self.step = _common(steps) if steps else None
        if self.step is None and not whole:
            self.step = self._decimal(node)
        step = self.step or Fraction(1)
        self.first = self._edge(node.low, step, open_=node.open_low, up=True)
        self.last = self._edge(node.high, step, open_=node.open_high, up=False)
        self.empty = self.first is not None and self.last is not None and self.first > self.last
        self.few = self.first is not None and self.last is not None and self.last - self.first < 64

    @staticmethod
    def _decimal(node: Node) -> Fraction:
        """Hundredths, or finer where the bounds are so near that less than ten of those lie between them."""
        step = _HUNDREDTH
        if node.low is not None and node.high is not None:
            room = node.high - node.low
            if room == 0:
                return Fraction(1, node.low.denominator)
            while room / step < 10 and step > Fraction(1, 10**30):
                step /= 10
        return step

    @staticmethod
    def _edge(bound: Fraction | None, step: Fraction, *, open_: bool, up: bool) -> int | None:
        if bound is None:
            return None
        exact = bound / step
        edge = ceil(exact) if up else floor(exact)
        if open_ and edge == exact:
            edge += 1 if up else -1
        return edge

    def draw(self, role: Role, draws: Draws) -> int | float:
        """One of them; of a usual size for the role where the bounds leave room for that."""
        low, high = self._usual(role)
        chosen = draws.between(low, high)
        if self.step is None or self.step == 1:
            return chosen
        return self.at(chosen, low, high)

    def at(self, count: int, low: int, high: int) -> int | float:
        """The multiple `count` of the step, or one near it of which binary division by the step is exact as well."""
        step = self.step or Fraction(1)
        divisor = float(step)
        for offset in range(min(_SCAN, high - low + 1)):
            place = low + (count - low + offset) % (high - low + 1)
            value = self._number(step * place)
            quotient = value / divisor if divisor else 0.5
            if quotient == int(quotient) and Fraction(repr(value)) == step * place:
                return value
        return self._number(step * count)

    def all(self) -> list[int | float]:
        """Every one, where they are `few`, so that both ends are known."""
        step = self.step or Fraction(1)
        return [self._number(step * count) for count in range(self.first or 0, (self.last or 0) + 1)]

    def _number(self, exact: Fraction) -> int | float:
        return int(exact) if self.whole or (exact.denominator == 1 and self.few) else float(exact)

    def _usual(self, role: Role) -> tuple[int, int]:
        low, high = _USUAL.get(role, _COMMON)
        step = self.step or Fraction(1)
        if step != 1:
            low, high = ceil(low / step), floor(high / step)
        if high < low:
            high = low + 9
        first, last = self.first, self.last
        if first is not None and last is not None:
            if max(first, low) <= min(last, high):
                return max(first, low), min(last, high)
            return first, min(last, first + 99) if first > high else last
        if first is not None and first > low:
            return first, max(first + 20, high)
        if last is not None and last < high:
            return min(last - 20, low), last
        return low, high


def _common(steps: list[Fraction]) -> Fraction:
    """The smallest number that is a multiple of every step."""
    top, bottom = steps[0].numerator, steps[0].denominator
    for step in steps[1:]:
        top, bottom = lcm(top, step.numerator), gcd(bottom, step.denominator)
    return Fraction(top, bottom)
