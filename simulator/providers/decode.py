"""From the bytes of a body to a typed value, or to a refusal. Pure.

A valid body costs one typed decode and one count of its brackets. Everything else happens only for a body
that is refused: the decoder's complaint is read back into a `Flaw`, and the dialect words it. It knows no
dialect and raises nothing but `Refusal`.

What counts as a flaw, beyond the schema's own rules: text that is not UTF-8 or starts with a byte order mark,
NaN and infinities, lone surrogates, numbers out of range, nesting deeper than the limit. A key given twice
is not one: the last wins, as in Python's own parser.
"""

import enum
import re
from collections.abc import Callable
from typing import TypeVar

import msgspec
import numpy as np

from simulator.providers.base import Problem, Refusal

T = TypeVar("T")

DEFAULT_DEPTH = 128
"""The nesting that is allowed where nobody configured another."""

ANY_KEY = "..."
"""Stands in a path for the key of a free mapping, which the decoder does not tell."""

_LONGEST_QUOTE = 120
"""Characters of the client's own text that an error repeats."""


class Kind(enum.StrEnum):
    """What is wrong with a body."""

    SYNTAX = "syntax"
    DEPTH = "depth"
    MISSING = "missing"
    UNKNOWN = "unknown"
    TYPE = "type"
    VALUE = "value"
    BOUND = "bound"
    LENGTH = "length"


class Flaw(msgspec.Struct, frozen=True):
    """The first thing found wrong.

    `path` leads to the field: names, indices, or `ANY_KEY`; for MISSING and UNKNOWN its end is the field's name.
    `expected` and `got` are JSON type names (`str | array | null`, `int`) for TYPE. `sign` (`<=`, `>=`, `<`, `>`)
    and `limit` are the rule for BOUND and LENGTH; there `expected` is what is counted: `array`, `str`, `object`.
    `value` is what stood there, UNSET when it is not known.
    """

    kind: Kind
    path: tuple[str | int, ...] = ()
    expected: str = ""
    got: str = ""
    sign: str = ""
    limit: float = 0
    value: object = msgspec.UNSET
    detail: str = ""


def decode(
    body: bytes,
    decoder: msgspec.json.Decoder[T],
    depth: int = DEFAULT_DEPTH,
    word: Callable[[Flaw], Refusal] | None = None,
) -> T:
    """The body as the decoder's type.

    Raises the `Refusal` that `word` (default: `plainly`) makes of the first flaw, and nothing else. JSON that does not
    parse at all is told before anything else that may be wrong, as a real server parses first.
    """
    try:
        value = decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
        raise (word or plainly)(_flaw(body, error, depth)) from None
    if body.count(b"{") + body.count(b"[") > depth and deeper_than(body, depth):
        raise (word or plainly)(Flaw(Kind.DEPTH, limit=depth))
    return value


def plain_json(value: object, path: tuple[str | int, ...], word: Callable[[Flaw], Refusal] | None = None) -> None:
    """Check a freely shaped part of a decoded body: an integer beyond 64 bits cannot be hashed or sent on."""
    try:
        msgspec.msgpack.encode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError, TypeError):
        raise (word or plainly)(Flaw(Kind.VALUE, path=path, detail="a number is out of range")) from None


def plainly(flaw: Flaw) -> Refusal:
    """A refusal in plain words that belong to no dialect; the field is spelled `messages[0].content`."""
    where = spell(flaw.path)
    message = {
        Kind.SYNTAX: f"The body is not valid JSON: {flaw.detail}.",
        Kind.DEPTH: f"The body is nested deeper than {flaw.limit} levels.",
        Kind.MISSING: f"Missing required field '{where}'.",
        Kind.UNKNOWN: f"Unknown field '{where}'.",
        Kind.TYPE: f"Wrong type for '{where}': expected {flaw.expected}, got {flaw.got}.",
        Kind.VALUE: f"Invalid value for '{where}': {flaw.detail}.",
        Kind.BOUND: f"Invalid value for '{where}': must be {flaw.sign} {flaw.limit}.",
        Kind.LENGTH: f"Invalid length of '{where}': must be {flaw.sign} {flaw.limit}.",
    }[flaw.kind]
    return Refusal(Problem.INVALID, message, param=where or None)


def spell(path: tuple[str | int, ...]) -> str:
    """A path as OpenAI writes it: `messages[0].content`; a key that is not known is left out."""
    known = [step for step in path if step != ANY_KEY]
    spelled = "".join([f"[{step}]" if isinstance(step, int) else f".{step}" for step in known])
    return spelled.removeprefix(".")


def quote(text: str) -> str:
    """The client's own text as an error may repeat it: cut when long."""
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "..."


_NOT_MARKS = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STEP = np.zeros(256, dtype=np.int8)
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1


def deeper_than(body: bytes, depth: int) -> bool:
    """Whether arrays and objects of a valid body nest deeper than `depth`; brackets inside strings do not count.

    Linear in the body's length, and every pass runs in C, so that 32 MB of hostile quotes take well under a second.
    """
    if body.count(b"{") + body.count(b"[") <= depth:
        return False
    if b"\\" in body:
        # Escaped backslashes go first, so that a quote that still follows a backslash is inside its string.
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    codes = np.frombuffer(body.translate(None, _NOT_MARKS), dtype=np.uint8)
    # A running count of quotes may wrap around: only whether it is odd (inside a string) matters.
    inside = np.cumsum(codes == ord('"'), dtype=np.uint8) & 1
    levels = np.cumsum(np.where(inside, 0, _STEP[codes]), dtype=np.int32)
    return bool((levels > depth).any())


# The decoder's complaints, as msgspec words them.
_AT = re.compile(r" - at (?:`key` in )?`\$([^`]*)`\Z")
_PATH_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.([^.\[\]]+)")
_TYPE = re.compile(r"Expected `([^`]+)`, got `([^`]+)`\Z")
_BOUND = re.compile(r"Expected `(\w+)` (<=|>=|<|>) (-?[\d.e+]+)\Z")
_LENGTH = re.compile(r"Expected `(\w+)` of length (<=|>=|<|>|==) (\d+)\Z")
_MISSING = re.compile(r"Object missing required field `(.*)`\Z", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`\Z", re.DOTALL)


def _flaw(body: bytes, error: Exception, depth: int) -> Flaw:
    """Read the decoder's complaint back, and look the offending value up in the body."""
    if isinstance(error, RecursionError):
        return Flaw(Kind.DEPTH, limit=depth)
    if not isinstance(error, msgspec.ValidationError):
        return Flaw(Kind.SYNTAX, detail=_syntax(body, error))
    try:
        document = msgspec.json.decode(body)
    except RecursionError:
        return Flaw(Kind.DEPTH, limit=depth)
    except msgspec.ValidationError:
        document = msgspec.UNSET
    except (msgspec.MsgspecError, ValueError, OverflowError) as unreadable:
        return Flaw(Kind.SYNTAX, detail=_syntax(body, unreadable))
    return _complaint(str(error), document)


def _complaint(text: str, document: object) -> Flaw:
    path: tuple[str | int, ...] = ()
    if at := _AT.search(text):
        path = tuple(
            name or (ANY_KEY if index == "..." else int(index)) for index, name in _PATH_STEP.findall(at.group(1))
        )
        text = text[: at.start()]
    value = _look_up(document, path)
    if match := _TYPE.match(text):
        return Flaw(Kind.TYPE, path, expected=match.group(1), got=match.group(2), value=value)
    if match := _MISSING.match(text):
        return Flaw(Kind.MISSING, (*path, match.group(1)))
    if match := _UNKNOWN.match(text):
        return Flaw(Kind.UNKNOWN, (*path, quote(match.group(1))))
    if match := _LENGTH.match(text):
        kind = Kind.LENGTH
    elif match := _BOUND.match(text):
        kind = Kind.BOUND
    else:
        return Flaw(Kind.VALUE, path, value=value, detail=quote(text[:1].lower() + text[1:]))
    digits = match.group(3).removesuffix(".0")
    limit = int(digits) if digits.lstrip("-").isdigit() else float(digits)
    return Flaw(kind, path, expected=match.group(1), sign=match.group(2), limit=limit, value=value)


def _look_up(document: object, path: tuple[str | int, ...]) -> object:
    for step in path:
        try:
            document = document[step]  # type: ignore[index]  # whatever cannot be indexed raises, and is caught
        except (TypeError, LookupError):
            return msgspec.UNSET
    return document


def _syntax(body: bytes, error: Exception) -> str:
    if not body.strip():
        return "it is empty"
    if body.startswith(b"\xef\xbb\xbf"):
        return "it starts with a byte order mark"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return quote(str(error).removeprefix("JSON is malformed: "))
