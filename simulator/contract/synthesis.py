"""An object of a shape: what the request gives where it fits, and else what usually stands there. Pure.

Ids, and the time at which all was made, follow from the draw alone, so that the same request gets the same object;
within one answer everything that is of the same thing (`turn_id`, and the id of the turn) has the same id. Whatever is
given, the outcome has the shape. The work is bounded: of given lists and maps `MOST` members are taken over.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from simulator.contract import words
from simulator.contract.notation import Field, Listed, Mapped, Named, OneOf, Paged, Scalar, Shape, Table, Word
from simulator.providers.ids import base62

MOST: Final = 2_000
DEEPEST: Final = 24
"""How far objects are filled within objects; no shape needs half of it."""
ABSENT: Final = object()
_LARGEST = 2**63
_NULL = Scalar("null")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(_DAY.pattern + r"T\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Filling:
    """One answer in the making.

    `draw` is 16 bytes or more, `said` the text that messages have if it is not empty. For one of several events of a
    stream `ordinal` is its number and `hints` the values of enumerations that are wanted first.
    """

    def __init__(
        self,
        table: Table,
        provider: str,
        draw: bytes,
        said: str = "",
        hints: tuple[str, ...] = (),
        ordinal: int = 0,
    ) -> None:
        self._objects = table.objects
        self._provider = provider
        self._draw = draw
        self._said = said
        self._best = (*hints, *words.BEST)
        self._under_way = bool(hints) and hints[0] not in words.BEST
        self._ordinal = ordinal
        self._left = MOST
        self._base = words.EPOCH + int.from_bytes(draw[:8], "little") % words.YEAR

    def fill(self, shape: Shape, given: Any = ABSENT, name: str = "", owner: str = "", depth: int = 0) -> Any:
        """A value of a shape. `name` is the field that it is for, `owner` the thing whose field that is."""
        match shape:
            case Named():
                return self._object(shape.name, given, depth)
            case OneOf():
                return self._one_of(shape, given, name, owner, depth)
            case Listed():
                return self._list(shape, given, name, depth)
            case Mapped():
                return self._map(shape, given, name, depth)
            case Word():
                return shape.value
            case Scalar():
                return given if _fits(shape.kind, given) else self._scalar(shape.kind, name, owner)
            case Paged():
                raise TypeError("a page is a whole answer")

    def _object(self, kind: str, given: Any, depth: int) -> dict[str, Any]:
        self._left -= 1
        fields = self._objects[kind]
        told: Mapping[str, Any] = given if isinstance(given, dict) else {}
        owner = thing(kind, fields)
        made: dict[str, Any] = {}
        for field in fields:
            there = told.get(field.name, ABSENT)
            if field.optional and (not self._takes(field.shape, there) or depth > DEEPEST):
                continue
            made[field.name] = self.fill(field.shape, there, field.name, owner, depth + 1)
        return made

    def _one_of(self, shape: OneOf, given: Any, name: str, owner: str, depth: int) -> Any:
        for variant in shape.variants:
            if self._takes(variant, given):
                return self.fill(variant, given, name, owner, depth)
        return self.fill(self._usual(shape, name), ABSENT, name, owner, depth)

    def _usual(self, shape: OneOf, name: str) -> Shape:
        """What is chosen where nothing fitting is given."""
        variants = shape.variants
        if _NULL in variants:
            if name not in words.TOLD or self._under_way:
                return _NULL
            variants = tuple(variant for variant in variants if variant != _NULL)
        if all(isinstance(variant, Word) for variant in variants):
            values = [variant.value for variant in variants if isinstance(variant, Word)]
            for best in self._best:
                if best in values:
                    return Word(best)
            return variants[0]
        for usual in words.USUAL:
            for variant in variants:
                if isinstance(variant, Named) and self._tag(variant.name) == usual:
                    return variant
        return next((variant for variant in variants if isinstance(variant, Scalar)), variants[0])

    def _list(self, shape: Listed, given: Any, name: str, depth: int) -> list[Any]:
        if isinstance(given, list):
            made = []
            for each in given:
                if self._left <= 0:
                    break
                if self._takes(shape.item, each):
                    self._left -= 1
                    made.append(self.fill(shape.item, each, name, "", depth + 1))
            return made
        holds = isinstance(shape.item, Named | OneOf) and name in words.FILLED and depth < DEEPEST // 2
        return [self.fill(shape.item, ABSENT, name, "", depth + 1)] if holds else []

    def _map(self, shape: Mapped, given: Any, name: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, each in given.items() if isinstance(given, dict) else ():
            if self._left <= 0:
                break
            if self._takes(shape.item, each):
                self._left -= 1
                made[key] = self.fill(shape.item, each, name, "", depth + 1)
        return made

    def _takes(self, shape: Shape, given: Any) -> bool:
        """Whether what is given can be taken over, if not to the last member."""
        takes = False
        match shape:
            case Scalar():
                takes = _fits(shape.kind, given)
            case Word():
                takes = type(given) is type(shape.value) and given == shape.value
            case Listed():
                takes = isinstance(given, list)
            case Mapped():
                takes = isinstance(given, dict)
            case Named():
                takes = isinstance(given, dict) and self._is(shape.name, given)
            case OneOf():
                takes = any(self._takes(variant, given) for variant in shape.variants)
            case Paged():
                pass
        return takes

    def _is(self, kind: str, given: Mapping[str, Any]) -> bool:
        """Whether an object that is given says nothing else of its kind."""
        for field in self._objects[kind]:
            if isinstance(field.shape, Word) and given.get(field.name, field.shape.value) != field.shape.value:
                return False
        return True

    def _tag(self, kind: str) -> Any:
        return next((f.shape.value for f in self._objects[kind] if f.name == "type" and isinstance(f.shape, Word)), "")

    def _scalar(self, kind: str, name: str, owner: str) -> Any:
        value: Any = None
        match kind:
            case "str":
                value = self._text(name, owner)
            case "int" | "num":
                value = words.seconds(name, self._base) or 0
            case "bool":
                value = name in words.TRUE
            case "moment":
                value = self._moment(name)
            case "day":
                value = self._moment(name)[:10]
            case "any":
                value = {}
        return value

    def _text(self, name: str, owner: str) -> str:
        if name == "id":
            return self.id_of(owner, self._ordinal if owner.endswith("event") else 0)
        if name.endswith("_id"):
            of = name.removesuffix("_id")
            return self.id_of(of, self._ordinal if of == "event" else 0)
        if words.seconds(name, 0) is not None:
            return self._moment(name)
        if self._said and name in words.LONG_TEXTS:
            return self._said
        return words.text(name, self._provider)

    def id_of(self, of: str, number: int = 0) -> str:
        """The id of a thing within this answer."""
        bits = blake2b(b"%b;%b;%d" % (self._draw, of.encode(), number), digest_size=24).digest()
        return words.prefix(of, self._provider) + base62(bits, 24)

    def _moment(self, name: str) -> str:
        time = words.seconds(name, self._base)
        return datetime.fromtimestamp(self._base if time is None else time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def thing(kind: str, fields: tuple[Field, ...]) -> str:
    """What an object is, in a word: `run` for `thread.run`, `vector_store` for `vector_store.deleted`."""
    for field in fields:
        if field.name in ("object", "type") and isinstance(field.shape, Word):
            parts = str(field.shape.value).removesuffix(".deleted").removesuffix("_deleted").split(".")
            return "event" if kind.endswith("Event") else parts[-1]
    return _HUMP.sub("_", kind.removesuffix("Response").rstrip("0123456789")).lower()


def _fits(kind: str, given: Any) -> bool:
    """Whether a value is one of a kind of scalars."""
    fits = kind == "any" and given is not ABSENT
    match kind:
        case "str":
            fits = isinstance(given, str)
        case "int":
            fits = type(given) is int and -_LARGEST <= given < _LARGEST
        case "num":
            fits = type(given) in (int, float) and abs(given) < _LARGEST and math.isfinite(given)
        case "bool":
            fits = isinstance(given, bool)
        case "null":
            fits = given is None
        case "moment" | "day":
            fits = isinstance(given, str) and _is_moment(given, _DAY if kind == "day" else _MOMENT)
    return fits


def _is_moment(text: str, form: re.Pattern[str]) -> bool:
    if not form.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
