"""Bodies in the other spellings that protocol buffers' JSON form allows, brought into the schema's own. Pure.

The service takes `system_instruction` for `systemInstruction`, one object where a list of them stands, and numbers in
quotes; its own documentation uses the first two. Only a body that the schema refused comes here, so all others pay
nothing. What a client defines itself (arguments, schemas, results) is left alone: the walk follows the schema's types.
"""

import types
from functools import cache
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec


class _Field(NamedTuple):
    """How a field is read: its name in the schema, the shape of what it holds, whether it repeats, and its number."""

    name: str
    shape: type[msgspec.Struct] | None
    repeats: bool
    number: type[int | float] | None


def respelled(body: bytes, shape: type[msgspec.Struct]) -> bytes | None:
    """The body in the schema's spelling; None if it is no JSON object or there is nothing to respell."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return None
    if not isinstance(value, dict):
        return None
    changed = _object(value, shape)
    if changed == value:
        return None
    try:
        return msgspec.json.encode(changed)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError, TypeError):
        return None


def _object(value: dict[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    """The members under the schema's names, as far as it knows them."""
    fields = _fields(shape)
    found: dict[str, Any] = {}
    for key, member in value.items():
        field = fields.get(key)
        if field is None:
            found[key] = member
        else:
            found[field.name] = _member(member, field)
    return found


def _member(value: object, field: _Field) -> object:
    if field.repeats:
        if value is not None and not isinstance(value, list):
            value = [value]
        if field.shape is not None and isinstance(value, list):
            shape = field.shape
            return [_object(item, shape) if isinstance(item, dict) else item for item in value]
        return value
    if field.shape is not None and isinstance(value, dict):
        return _object(value, field.shape)
    if field.number is not None and isinstance(value, str) and len(value) <= 32:
        try:
            return field.number(value) if value.isascii() and "_" not in value else value
        except ValueError:
            return value
    return value


@cache
def _fields(shape: type[msgspec.Struct]) -> dict[str, _Field]:
    """The fields of a shape by both of their spellings."""
    found: dict[str, _Field] = {}
    for field in msgspec.structs.fields(shape):
        inner: type[msgspec.Struct] | None = None
        repeats = False
        number: type[int | float] | None = None
        for option in _options(field.type):
            if get_origin(option) is list:
                repeats = True
                (option,) = _options(get_args(option)[0])[:1]  # noqa: PLW2901 - what it is a list of
            if isinstance(option, type) and issubclass(option, msgspec.Struct):
                inner = option
            elif option in {int, float}:
                number = option
        if str in _options(field.type):
            number = None
        read = _Field(field.encode_name, inner, repeats, number)
        found[field.encode_name] = found[field.name] = read
    return found


def _options(kind: Any) -> tuple[Any, ...]:
    """The alternatives of a type, without their bounds."""
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        return tuple(option for given in get_args(kind) for option in _options(given))
    return (kind,)
