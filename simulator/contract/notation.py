"""The notation of the tables: what can be asked for, and the shapes of the answers. Pure.

    POST /v1/assistants Assistant
    GET /v1/threads/{thread_id}/runs cursor(Run)
    POST /v1/threads/{thread_id}/runs Run events thread.run.created:Run thread.run.completed:Run
    Assistant id:str object:'assistant' metadata?:{str} name?:str tools:[CodeTool|FunctionTool]

An operation is a method, a path and the shape of its answer; `events` are those of its stream. An object is its name
and its fields; a field with `?` may be left out. Shapes: `str int num bool any null` as in JSON, `moment` and `day` as
in RFC 3339, `'word'`, a number or `true` for a value of an enumeration, `[x]` a list, `{x}` a map, `x|y` a choice,
a capital for an object; for whole answers `bytes`, `lines(x)` (JSON lines) and the pages of `PAGES`.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

SCALARS = frozenset({"str", "int", "num", "bool", "any", "null", "moment", "day", "bytes"})
PAGES = frozenset({"list", "cursor", "nextpage", "idpage", "page", "lines"})
"""Kinds of pages: OpenAI's lists (a plain one, with `has_more` and ids, with `next`), then Anthropic's two."""
_TOKEN = re.compile(r"'[^']*'|-?\d+|[A-Za-z_]\w*|[\[\]{}()|]")


class BadNotation(Exception):  # noqa: N818 - a word of this module
    """A table that cannot be read; the message has the line."""


class Scalar(msgspec.Struct, frozen=True):
    """A value that is no container; `kind` is one of `SCALARS`."""

    kind: str


class Word(msgspec.Struct, frozen=True):
    """One value of an enumeration."""

    value: str | int | bool


class Listed(msgspec.Struct, frozen=True):
    """A list of one shape."""

    item: "Shape"


class Mapped(msgspec.Struct, frozen=True):
    """A map from any text to one shape."""

    item: "Shape"


class Named(msgspec.Struct, frozen=True):
    """An object, by its name in the table."""

    name: str


class OneOf(msgspec.Struct, frozen=True):
    """One of several shapes."""

    variants: tuple["Shape", ...]


class Paged(msgspec.Struct, frozen=True):
    """A whole answer of several items; `kind` is one of `PAGES`."""

    kind: str
    item: "Shape"


Shape = Scalar | Word | Listed | Mapped | Named | OneOf | Paged


class Field(msgspec.Struct, frozen=True):
    """A member of an object."""

    name: str
    shape: Shape
    optional: bool


class Operation(msgspec.Struct, frozen=True):
    """What may be asked for. `path` is a template, and ends in `?beta=true` where that is another thing."""

    method: str
    path: str
    answer: Shape
    events: tuple[tuple[str, Shape], ...] = ()


class Table(msgspec.Struct, frozen=True):
    """All of one provider."""

    operations: tuple[Operation, ...]
    objects: Mapping[str, tuple[Field, ...]]


def read(text: str) -> Table:
    """The table that a text holds. Raises `BadNotation`."""
    operations: list[Operation] = []
    objects: dict[str, tuple[Field, ...]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        try:
            first, *rest = line.split(" ")
            if rest and rest[0].startswith("/"):
                events = tuple((name, shape(told)) for name, told in map(_parted, rest[3:]))
                operations.append(Operation(first, rest[0], shape(rest[1]), events))
            else:
                objects[first] = tuple(_field(each) for each in rest)
        except (ValueError, IndexError, KeyError) as error:
            raise BadNotation(f"line {number}: {error}") from None
    return Table(tuple(operations), objects)


def _parted(text: str) -> tuple[str, str]:
    name, _, told = text.partition(":")
    return name, told


def _field(text: str) -> Field:
    name, told = _parted(text)
    return Field(name.removesuffix("?"), shape(told), name.endswith("?"))


def shape(text: str) -> Shape:
    """The shape that a text notes. Raises ValueError."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise ValueError(f"unknown signs in {text}")
    tokens.reverse()
    found = _choice(tokens)
    if tokens:
        raise ValueError(f"more than a shape: {text}")
    return found


def _choice(tokens: list[str]) -> Shape:
    variants = [_one(tokens)]
    while tokens and tokens[-1] == "|":
        tokens.pop()
        variants.append(_one(tokens))
    return variants[0] if len(variants) == 1 else OneOf(tuple(variants))


def _one(tokens: list[str]) -> Shape:
    sign = tokens.pop()
    if sign in "[{":
        inner = _choice(tokens)
        if tokens.pop() != {"[": "]", "{": "}"}[sign]:
            raise ValueError("brackets do not match")
        return Listed(inner) if sign == "[" else Mapped(inner)
    if sign in PAGES:
        if tokens.pop() != "(":
            raise ValueError(f"{sign} of what?")
        inner = _choice(tokens)
        if tokens.pop() != ")":
            raise ValueError(f"{sign} has no end")
        return Paged(sign, inner)
    if sign in SCALARS:
        return Scalar(sign)
    if sign[0].isupper():
        return Named(sign)
    return Word(_value(sign))


def _value(sign: str) -> Any:
    if sign in ("true", "false"):
        return sign == "true"
    return sign.strip("'") if sign.startswith("'") else int(sign)
