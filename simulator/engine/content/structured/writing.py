"""Values made from a shape. Pure.

A value is made so that it is valid wherever that can be seen beforehand, and checked where it cannot; one that is
not valid is made again with other choices. What was said in the conversation goes into the fields that it suits. All
work is counted, so that a hostile schema ends in an error and not in a long wait.
"""

from collections.abc import Sequence
from typing import Final

from simulator.engine.content.structured import filling
from simulator.engine.content.structured.arrays import make_array
from simulator.engine.content.structured.checking import Checker, TooMuchError
from simulator.engine.content.structured.draws import Draws
from simulator.engine.content.structured.errors import Unsatisfiable, UnsupportedSchema
from simulator.engine.content.structured.heights import NEVER
from simulator.engine.content.structured.hints import NO_HINTS, Hints, Mention
from simulator.engine.content.structured.node import Node
from simulator.engine.content.structured.objects import make_object
from simulator.engine.content.structured.regex import Meter, MeterError
from simulator.engine.content.structured.roles import Field, field_of
from simulator.engine.content.structured.shape import Flat, Shape
from simulator.engine.content.structured.strings import make_string
from simulator.engine.content.structured.work import MANY, DeadEndError, SpentError, Work

DEEPEST: Final = 60
DEEP: Final = 7
"""Levels below which only what is required is added."""
TRIES: Final = 16
BRANCH_TRIES: Final = 40
_FAVOURED: Final = 85
"""How often, in a hundred, a value that may be null is not."""
_SAMPLED: Final = 70
"""How often, in a hundred, a default or an example of the schema is taken."""


def generate(shape: Shape, draws: Draws, hints: Hints = NO_HINTS, about: str = "") -> object:
    """A value that is valid against the shape's schema: JSON as Python has it.

    The same shape, draws and hints give the same value. `about` names what the value is for, such as a tool. Raises
    Unsatisfiable where no valid value was found, UnsupportedSchema where one would be larger than is allowed.
    """
    shape.meter = Meter()
    writer = Writer(shape, draws, hints)
    try:
        return writer.value(shape.root, field_of(about), None)
    except DeadEndError as end:
        raise Unsatisfiable(end.path, end.why) from None
    except (SpentError, TooMuchError, MeterError, RecursionError):
        raise UnsupportedSchema("#", "a valid value takes more work, or is larger, than is allowed") from None


class Writer:
    """Makes one value. `used` holds the ids of mentions that have found their field, `said` enumerated values."""

    __slots__ = ("_active", "_checker", "_depth", "_lean", "draws", "hints", "said", "shape", "used", "work")

    def __init__(self, shape: Shape, draws: Draws, hints: Hints) -> None:
        self.shape = shape
        self.draws = draws
        self.hints = hints
        self.used: set[int] = set()
        self.said: set[object] = set()
        self.work = Work()
        self._checker = Checker(shape.meter)
        self._active: dict[Node, int] = {}
        self._depth = 0
        self._lean = False

    @property
    def lean(self) -> bool:
        """Whether to make the smallest value that is valid."""
        return self._lean or self._depth > DEEP or self.work.values > MANY

    def valid(self, node: Node, value: object) -> bool:
        """Whether a value is valid against a node."""
        return self._checker.valid(node, value)

    def value(self, node: Node, field: Field, mention: Mention | None) -> object:
        """A valid value of `node` for a field, from a mention where one is given. Raises DeadEndError."""
        settled = self.shape.settled(node)
        if settled is not None and not settled.checked:
            return self._made(node, settled, field, mention, 0)
        if node.height >= NEVER:
            raise DeadEndError(node.path, "no finite value is valid")
        before = set(self.used), set(self.said), self._lean
        picks = _Picks(self.draws)
        for attempt in range(TRIES if settled is not None else BRANCH_TRIES):
            self._lean = before[2] or attempt % 2 == 1
            try:
                flat = settled or self.shape.flat(node, picks.round(attempt // 2, lean=self.lean or self._again(node)))
                made = self._made(node, flat, field, mention, attempt)
            except DeadEndError:
                made = None
                flat = None
            self._lean = before[2]
            if flat is not None and (not flat.checked or self.valid(node, made)):
                return made
            self.used, self.said = set(before[0]), set(before[1])
        raise DeadEndError(node.path, "no valid value was found")

    def _again(self, node: Node) -> bool:
        return self._active.get(node, 0) > 0

    def _made(self, node: Node, flat: Flat, field: Field, mention: Mention | None, attempt: int) -> object:
        self.work.value()
        if flat.node.never or (flat.values is not None and not flat.values) or not flat.kinds:
            raise DeadEndError(flat.node.path, "no value is allowed")
        if not field.name and flat.field.name != field.name:
            field = flat.field
        if flat.values is not None:
            return self._enumerated(flat.values, field, attempt)
        if mention is not None:
            for candidate in self._candidates(flat, field, mention):
                if self.valid(node, candidate):
                    return candidate
        if flat.node.samples and attempt == 0 and self.draws.chance(_SAMPLED):
            samples = [value for value in flat.node.samples if self.valid(node, value)]
            if samples:
                return self.draws.pick(samples)
        return self._of_kind(node, flat, field, mention, attempt)

    def _candidates(self, flat: Flat, field: Field, mention: Mention) -> list[object]:
        kind = next((kind for kind in flat.kinds if kind in {"string", "integer", "number"}), "")
        form = flat.node.formats[0] if flat.node.formats else ""
        return list(filling.candidates(mention, field, kind, form, self.hints)) if kind else []

    def _enumerated(self, values: Sequence[object], field: Field, attempt: int) -> object:
        if len(values) == 1:
            return values[0]
        if attempt == 0:
            told = filling.mentioned(values, field, self.hints, self.said) if self.hints.said else None
            if told is not None:
                self.said.add(told)
                return told
            if values[-1] is None and self.draws.chance(_FAVOURED):
                values = values[:-1]
        return self.draws.pick(values)

    def _of_kind(self, node: Node, flat: Flat, field: Field, mention: Mention | None, attempt: int) -> object:
        kinds = flat.kinds
        kind = kinds[attempt % len(kinds)] if flat.checked else kinds[0]
        if attempt == 0 and len(kinds) > 1 and kinds[-1] == "null" and self.draws.chance(100 - _FAVOURED):
            kind = kinds[-1] if flat.node.types != _EVERY else kind
        if (self.lean or self._again(node)) and kind in {"object", "array"}:
            kind = next((each for each in kinds if each not in {"object", "array"}), kind)
        if kind == "string":
            return make_string(self, flat, field)
        if kind in {"integer", "number"}:
            amounts = flat.amounts
            if amounts is None or amounts.empty:
                raise DeadEndError(flat.node.path, "no number is within the bounds")
            return amounts.draw(field.role, self.draws)
        if kind == "boolean":
            wished = filling.wished(field, self.hints) if self.hints.said else None
            return self.draws.chance(50) if wished is None else wished
        if kind == "null":
            return None
        return self._container(kind, node, flat, field, mention)

    def _container(self, kind: str, node: Node, flat: Flat, field: Field, mention: Mention | None) -> object:
        active, lean = self._active.get(node, 0), self._lean
        self._depth += 1
        if self._depth > DEEPEST:
            raise DeadEndError(node.path, f"values nest deeper than {DEEPEST} levels")
        self._active[node] = active + 1
        self._lean = lean or active > 0
        try:
            return make_object(self, flat) if kind == "object" else make_array(self, flat, field, mention)
        finally:
            self._active[node] = active
            self._lean = lean
            self._depth -= 1


_EVERY: Final = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})


class _Picks:
    """Chooses alternatives: by a draw at the first try, all the others in turn after that."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._starts: dict[tuple[int, int], int] = {}
        self._attempt = 0
        self._lean = False
        self._place = 0
        self._radix = 1

    def round(self, attempt: int, *, lean: bool) -> "_Picks":
        """Ready for another try."""
        self._attempt = attempt
        self._lean = lean
        self._place = 0
        self._radix = 1
        return self

    def __call__(self, group: Sequence[Node]) -> Node:
        """One of a group."""
        open_ = [each for each in group if each.height < NEVER]
        if not open_:
            raise DeadEndError(group[0].path, "no alternative has a finite value")
        if self._lean:
            open_.sort(key=lambda each: each.height)
            start = 0
        else:
            real = [each for each in open_ if each.types != _NULL]
            favoured = len(real) < len(open_) and bool(real)
            place = (self._place, len(open_))
            if place not in self._starts:
                self._starts[place] = self._draws.word()
            start = self._starts[place]
            if favoured:
                open_ = [*real, *[each for each in open_ if each.types == _NULL]]
                start = start % len(real) if start * 100 >> 64 < _FAVOURED else len(real)
        index = (start + self._attempt // self._radix) % len(open_)
        self._radix = min(self._radix * len(open_), 1 << 20)
        self._place += 1
        return open_[index]


_NULL: Final = frozenset({"null"})
