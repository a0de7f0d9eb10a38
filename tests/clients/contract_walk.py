"""Every method of an official client's resources, and made-up arguments that are just enough to call it."""

import collections.abc
import datetime as dt
import inspect
import typing
from contextlib import suppress

import typing_extensions

TEXT = "x-{}"
"""What a text argument is, with the argument's name."""
DEEPEST = 12
NOT_METHODS = {"with_raw_response", "with_streaming_response"}
FILE = ("name.txt", b"bytes")
SPECIMENS = {
    bytes: b"bytes",
    bool: True,
    int: 1,
    float: 1.0,
    object: {},
    typing.Any: {},
    dict: {},
    type(None): None,
    dt.datetime: dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    dt.date: dt.date(2026, 1, 2),
}
QUALIFIERS = (typing_extensions.Required, typing_extensions.NotRequired, typing_extensions.Annotated)


class Unfillable(Exception):  # noqa: N818 - a word of this module
    """No value is known for a type."""


def methods(client, base):
    """(dotted name, method) of every resource below a client; `base` is the class of resources."""

    def walk(thing, path):
        for name in sorted(dir(type(thing))):
            if name.startswith("_") or name in NOT_METHODS:
                continue
            value = getattr(thing, name)
            if isinstance(value, base):
                yield from walk(value, (*path, name))
            elif path and callable(value):
                yield ".".join((*path, name)), value

    yield from walk(client, ())


def signatures(method):
    """Positional and keyword arguments for all that each overload of a method requires; none for one that cannot be."""
    function = method.__func__
    for one in typing.get_overloads(function) or [inspect.unwrap(function)]:
        with suppress(Unfillable):
            yield _arguments(one, function)


def arguments(method):
    """Those of the first overload. Raises `Unfillable`."""
    for found in signatures(method):
        return found
    raise Unfillable(method.__qualname__)


def _arguments(function, defined):
    hints = typing_extensions.get_type_hints(function, vars(inspect.getmodule(inspect.unwrap(defined))))
    positional, keywords = [], {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.default is not inspect.Parameter.empty or parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        value = specimen(hints[parameter.name], TEXT.format(parameter.name))
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            keywords[parameter.name] = value
        else:
            positional.append(value)
    return positional, keywords


def is_union(origin):
    """Whether the origin of a type is that of unions."""
    return origin is typing.Union or getattr(origin, "__name__", "") in ("Union", "UnionType")


def specimen(kind, text="text", depth=0):
    """A small value of a type as the clients annotate their parameters. Raises `Unfillable`."""
    if depth > DEEPEST:
        raise Unfillable(f"{kind}: too deep")
    if kind is str:
        return text
    with suppress(TypeError, KeyError):
        return SPECIMENS[kind]
    origin, inner = typing_extensions.get_origin(kind), typing_extensions.get_args(kind)
    if isinstance(kind, typing_extensions.TypeAliasType) or origin in QUALIFIERS:
        return specimen(inner[0] if inner else kind.__value__, text, depth)
    if is_union(origin):
        return FILE if bytes in inner else _first(inner, text, depth)
    if typing_extensions.is_typeddict(kind):
        hints = typing_extensions.get_type_hints(kind)
        return {key: specimen(hints[key], "text", depth + 1) for key in sorted(kind.__required_keys__)}
    return _made_of(kind, origin, inner, depth)


def _made_of(kind, origin, inner, depth):
    """A value of a type that is made of others."""
    made = origin or kind
    if made is typing_extensions.Literal:
        return inner[0]
    if made is tuple:
        return FILE
    if isinstance(made, type) and issubclass(made, collections.abc.Mapping):
        return {}
    if isinstance(made, type) and (getattr(made, "_is_protocol", False) or issubclass(made, collections.abc.Iterable)):
        return [specimen(inner[0] if inner else str, "text", depth + 1)]
    raise Unfillable(repr(kind))


def _first(kinds, text, depth):
    for kind in kinds:
        with suppress(Unfillable):
            return specimen(kind, text, depth + 1)
    raise Unfillable(repr(kinds))
