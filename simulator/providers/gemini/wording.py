"""The service's own words for a body that does not fit its schema. Pure.

The service reads JSON into protocol buffers, and names fields as these do: `generation_config.max_output_tokens`.
Sentences and layout are those of errors that public issue reports quote. Only a refused body comes here.
"""

import re
from typing import Final, TypeVar

import msgspec
import orjson

from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import ANY_KEY, Flaw, Kind, decode, plain_json, quote
from simulator.providers.gemini.lenient import respelled

S = TypeVar("S", bound=msgspec.Struct)

UNREADABLE: Final = "unreadable"
"""`Refusal.code` of a body that does not fit the schema: its error has a detail that names the field in `param`."""

_PAYLOAD: Final = "Invalid JSON payload received."
_SCALARS: Final = {"str": "TYPE_STRING", "int": "TYPE_INT32", "float": "TYPE_FLOAT", "bool": "TYPE_BOOL"}
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


def read(body: bytes, decoder: msgspec.json.Decoder[S], shape: type[S], depth: int) -> S:
    """The body as `shape`, which is the decoder's type. Raises `Refusal` for one that the service could not read."""
    try:
        return decode(body, decoder, depth, flawed)
    except Refusal:
        other = respelled(body, shape)
        if other is None:
            raise
        return decode(other, decoder, depth, flawed)


def invalid(message: str, param: str | None = None) -> Refusal:
    """A 400 in the given words."""
    return Refusal(Problem.INVALID, message, param=param)


def unfit(kind: str, complaints: list[str]) -> Refusal:
    """What a request of a kind (`GenerateContentRequest`) is refused with that can be read but not be served.

    Each complaint is `field: sentence`; the service gives each a line.
    """
    return invalid("".join([f"* {kind}.{complaint}\n" for complaint in complaints]))


def flawed(flaw: Flaw) -> Refusal:
    """The refusal of a body that does not fit its schema."""
    where = spell(flaw.path)
    match flaw.kind:
        case Kind.SYNTAX:
            return _unreadable(f"{_PAYLOAD} {flaw.detail[:1].upper()}{flaw.detail[1:]}.", "")
        case Kind.DEPTH:
            return _unreadable(f"{_PAYLOAD} Message too deep. Max recursion depth reached for the limit of "
                               f"{flaw.limit:g}.", "")  # fmt: skip
        case Kind.UNKNOWN:
            parent = spell(flaw.path[:-1])
            at = f" at '{parent}'" if parent else ""
            return _unreadable(f'{_PAYLOAD} Unknown name "{flaw.path[-1]}"{at}: Cannot find field.', parent)
        case Kind.MISSING:
            return _unreadable(f"Missing required field '{where}'.", where)
        case _:
            return _value(flaw, where)


def _value(flaw: Flaw, where: str) -> Refusal:
    expected = flaw.expected.split(" | ")[0]
    field = where.rpartition(".")[2].partition("[")[0]
    if flaw.kind is Kind.TYPE and not where:
        return _unreadable(f"{_PAYLOAD} The body must be an object, not {_article(flaw.got)}.", "")
    if flaw.kind is Kind.TYPE and flaw.got == "object" and expected in _SCALARS:
        return _unreadable(f"Invalid value at '{where}' ({field}), Starting an object on a scalar field", where)
    if flaw.kind is Kind.TYPE and flaw.got == "array" and expected != "array":
        parent = where.rpartition(".")[0]
        at = f" at '{parent}'" if parent else ""
        return _unreadable(
            f'{_PAYLOAD} Unknown name "{field}"{at}: Proto field is not repeating, cannot start list.', where
        )
    kind = _SCALARS.get(expected, field)
    return _unreadable(f"Invalid value at '{where}' ({kind}), {_shown(flaw.value)}", where)


def free(value: object, path: tuple[str | int, ...]) -> None:
    """Check a part of a body that the schema leaves open. Raises `Refusal`."""
    plain_json(value, path, flawed)


def spell(path: tuple[str | int, ...]) -> str:
    """A path as the service writes it: `contents[0].parts[1].inline_data`; a key that is not known is left out."""
    known = [step for step in path if step != ANY_KEY]
    spelled = "".join([f"[{step}]" if isinstance(step, int) else f".{snake(step)}" for step in known])
    return spelled.removeprefix(".")


def snake(name: str) -> str:
    """`maxOutputTokens` as the protocol's own name, `max_output_tokens`."""
    return _CAPITAL.sub(r"_\1", name).lower()


def _unreadable(message: str, where: str) -> Refusal:
    return Refusal(Problem.INVALID, message, param=where or None, code=UNREADABLE)


def _shown(value: object) -> str:
    if value is msgspec.UNSET:
        return "the value is out of range"
    try:
        return quote(orjson.dumps(value).decode())
    except TypeError:  # an integer of more than 64 bits
        return "a number that is out of range"


def _article(noun: str) -> str:
    return noun if noun == "null" else f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"
