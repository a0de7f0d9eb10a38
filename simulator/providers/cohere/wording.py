"""The API's own words for a body that does not fit its schema. Pure.

The sentences are those of the documentation's page about errors and of public issue reports, where one is known for the
flaw. A field that the service does not know is answered with 422, anything else with 400.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from simulator.providers.base import Problem, Refusal
from simulator.providers.cohere.errors import UNKNOWN_FIELD
from simulator.providers.decode import Flaw, Kind, plain_json, quote, spell

_TYPES: Final[Mapping[str, str]] = {
    "str": "string",
    "int": "integer",
    "float": "float",
    "bool": "boolean",
    "array": "array",
    "object": "object",
    "null": "null",
}
_EXACT: Final[Mapping[str, str]] = {**_TYPES, "int": "int32", "float": "float64"}
_ROLES: Final = ("user", "assistant", "system", "tool")
_CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "role": _ROLES,
    "content.type": ("text", "image_url", "thinking", "document"),
    "tools.type": ("function",),
    "tool_calls.type": ("function",),
    "response_format.type": ("text", "json_object"),
    "thinking.type": ("enabled", "disabled"),
    "detail": ("auto", "low", "high"),
    "tool_choice": ("REQUIRED", "NONE"),
    "embedding_types": ("float", "int8", "uint8", "binary", "ubinary", "base64"),
    "truncate": ("NONE", "START", "END"),
    "prompt_truncation": ("OFF", "AUTO", "AUTO_PRESERVE_ORDER"),
    "relevant_spans.mode": ("enabled", "disabled"),
}


def invalid(sentence: str, param: str | None = None) -> Refusal:
    """A 400 that begins as most of the service's do."""
    return Refusal(Problem.INVALID, f"invalid request: {sentence}", param=param)


def bare(sentence: str, param: str | None = None) -> Refusal:
    """A 400 in exactly these words."""
    return Refusal(Problem.INVALID, sentence, param=param)


def missing(name: str) -> Refusal:
    """A required field is absent or empty."""
    if name == "model":
        return bare("a model parameter is required for this endpoint.", name)
    return invalid(f"required '{name}' param is missing or empty.", name)


def one_of(name: str, choices: Sequence[str]) -> Refusal:
    """A word is none of those that there are."""
    return invalid(f"{name} must be one of the following: {', '.join(choices)}.", name)


def worder(page: str) -> Callable[[Flaw], Refusal]:
    """What `decode` needs to word a flaw; `page` is the endpoint's in the documentation."""
    return lambda flaw: refusal_of(flaw, page)


def plain(value: object, path: tuple[str | int, ...], page: str) -> None:
    """Refuse a freely shaped part of a body that holds a number out of range."""
    plain_json(value, path, worder(page))


def refusal_of(flaw: Flaw, page: str) -> Refusal:  # noqa: PLR0911 - one return for each kind of flaw
    """The refusal for a flaw of a body."""
    where = spell(flaw.path)
    match flaw.kind:
        case Kind.SYNTAX:
            return bare(f"invalid json syntax: {flaw.detail}")
        case Kind.DEPTH:
            return bare(f"invalid json syntax: nested deeper than {flaw.limit:g} levels")
        case Kind.MISSING:
            return missing(where)
        case Kind.UNKNOWN:
            sentence = f"unknown field: parameter '{quote(where)}' is not a valid field"
            return Refusal(Problem.INVALID, sentence, param=where, code=UNKNOWN_FIELD)
        case Kind.TYPE:
            return _type(flaw, where, page)
        case Kind.BOUND:
            return invalid(f"{where} must be {flaw.sign} {flaw.limit:g}.", where)
        case Kind.LENGTH:
            return invalid(f"the length of {where} must be {flaw.sign} {flaw.limit:g}.", where)
        case Kind.VALUE:
            return _value(flaw, where)


def _type(flaw: Flaw, where: str, page: str) -> Refusal:
    wanted = [_EXACT.get(kind, kind) for kind in flaw.expected.split(" | ") if kind != "null"]
    got = _TYPES.get(flaw.got, flaw.got)
    what = f"parameter '{where}'" if where else "the body"
    return bare(
        f"invalid type: {what} is of type {got} but should be of type {' or '.join(wanted)}. For proper usage, please "
        f"refer to https://docs.cohere.com/reference/{page}",
        where or None,
    )


def _value(flaw: Flaw, where: str) -> Refusal:
    names = [step for step in flaw.path if isinstance(step, str)]
    allowed = next((_CHOICES[key] for size in (2, 1) if (key := ".".join(names[-size:])) in _CHOICES), None)
    if allowed is not None and flaw.value is not msgspec.UNSET:
        return one_of(where, allowed)
    return invalid(f"invalid value for '{where}': {flaw.detail}." if where else flaw.detail, where or None)
