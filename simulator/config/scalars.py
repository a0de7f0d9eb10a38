"""Single values as the schema's types take them. Pure.

Strict where a mistake could hide (a quoted number is text, 1 is not true), easy where there is only one
meaning (`1e3` for a whole number, an unquoted `1.0` for text).
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import inspect

from simulator.config.tree import Leaf

INVALID: Final = object()
"""Stands for a value that could not be made."""


def read(leaf: Leaf, kind: inspect.Type) -> Any:
    """The value of a leaf as a scalar type, or `INVALID`; every type that is no scalar gives `INVALID`."""
    reader = _READERS.get(type(kind))
    return INVALID if reader is None else reader(leaf, kind)


def numeric(kind: inspect.Type) -> bool:
    """Whether a number is a value of this type."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.IntType | inspect.FloatType) for one in kinds)


def _bool(leaf: Leaf, _kind: inspect.BoolType) -> Any:
    return leaf.value if isinstance(leaf.value, bool) else INVALID


def _int(leaf: Leaf, kind: inspect.IntType) -> Any:
    value = leaf.value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    good = isinstance(value, int) and not isinstance(value, bool)
    return value if good and _within(value, kind) else INVALID


def _float(leaf: Leaf, kind: inspect.FloatType) -> Any:
    value = leaf.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        return INVALID
    return float(value) if _within(value, kind) else INVALID


def _str(leaf: Leaf, kind: inspect.StrType) -> Any:
    text = leaf.value
    if not isinstance(text, str):
        if leaf.text is None or leaf.value is None:
            return INVALID
        text = leaf.text
    return text if kind.pattern is None or re.search(kind.pattern, text) else INVALID


def _literal(leaf: Leaf, kind: inspect.LiteralType) -> Any:
    for value in (leaf.text, leaf.value):
        if isinstance(value, str | int) and value in kind.values:
            return value
    return INVALID


def _none(leaf: Leaf, _kind: inspect.NoneType) -> Any:
    return None if leaf.value is None else INVALID


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False


def _within(value: Any, kind: inspect.IntType | inspect.FloatType) -> bool:
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )


_READERS: Final[Mapping[type, Callable[[Leaf, Any], Any]]] = {
    inspect.BoolType: _bool,
    inspect.IntType: _int,
    inspect.FloatType: _float,
    inspect.StrType: _str,
    inspect.LiteralType: _literal,
    inspect.NoneType: _none,
}
