"""The API's own words for a body that does not fit its schema. Pure.

The real API validates with pydantic and answers with its first complaint: the path with dots, where the tag of
a union's member is a step of its own (`messages.0.content.1.text.text`), a colon, and the sentence. Only a refused
body comes here, so it may be read a second time.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, get_args

import msgspec

from simulator.providers.anthropic import blocks, schema
from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import Flaw, Kind, quote

_TYPES: Final[Mapping[str, str]] = {
    "str": "Input should be a valid string",
    "int": "Input should be a valid integer",
    "float": "Input should be a valid number",
    "bool": "Input should be a valid boolean",
    "array": "Input should be a valid list",
    "object": "Input should be a valid dictionary or object to extract fields from",
}
_SIGNS: Final[Mapping[str, str]] = {">=": "greater than or equal to", "<=": "less than or equal to"}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "role": get_args(schema.Role),
    "ttl": get_args(blocks.Ttl),
    "service_tier": get_args(schema.ServiceTier),
    "speed": get_args(schema.Speed),
    "effort": get_args(schema.Effort),
    "display": get_args(schema.Display),
    "cache_control.type": ("ephemeral",),
    "format.type": ("json_schema",),
    "image.source.base64.media_type": get_args(blocks.ImageType),
    "document.source.base64.media_type": get_args(blocks.DocumentType),
    "document.source.text.media_type": get_args(blocks.TextType),
}
_TEXT_ONLY: Final = ("text",)
_BLOCKS: Final[Mapping[str, tuple[str, ...]]] = {
    "": blocks.tags(blocks.AnyBlock),
    "tool_result": blocks.tags(blocks.ResultBlock),
    "document": blocks.tags(blocks.Text | blocks.Image),
}
"""Which blocks may stand in the content of what; a search result and the system prompt hold text only."""
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "thinking": blocks.tags(schema.AnyThinking),
    "tool_choice": blocks.tags(schema.AnyChoice),
    "image.source": blocks.tags(blocks.ImageSource),
    "document.source": blocks.tags(blocks.DocumentSource),
}
_RANGES: Final = ("temperature", "top_p")


def invalid(where: str, sentence: str) -> Refusal:
    """`where: sentence`, as an `invalid_request_error`."""
    return Refusal(Problem.INVALID, f"{where}: {sentence}" if where else sentence, param=where or None)


def worder(body: bytes) -> Callable[[Flaw], Refusal]:
    """What `decode` needs to word the first flaw of this body."""
    return lambda flaw: refusal_of(flaw, body)


def refusal_of(flaw: Flaw, body: bytes) -> Refusal:
    """The refusal for a flaw of this body."""
    if flaw.kind is Kind.SYNTAX:
        return invalid("", f"The request body is not valid JSON: {flaw.detail}")
    if flaw.kind is Kind.DEPTH:
        return invalid("", f"The request body is nested too deeply: {flaw.limit:g} levels are allowed")
    steps, allowed = _located(flaw.path, body)
    where = ".".join(steps)
    if flaw.kind is Kind.MISSING:
        return invalid(where, "Field required")
    if flaw.kind is Kind.UNKNOWN:
        return invalid(where, "Extra inputs are not permitted")
    if flaw.kind is Kind.VALUE:
        return _value(flaw, steps, allowed)
    return invalid(where, _sentence(flaw, steps[-1] if steps else ""))


def _sentence(flaw: Flaw, name: str) -> str:
    if flaw.kind is Kind.TYPE:
        return _TYPES.get(flaw.expected.split(" | ")[0], f"Input should be {flaw.expected}")
    if name in _RANGES:
        return "range: 0..1"
    if flaw.kind is Kind.LENGTH:
        return f"String should have at least {flaw.limit:g} character"
    return f"Input should be {_SIGNS[flaw.sign]} {flaw.limit:g}"


def _value(flaw: Flaw, steps: list[str], allowed: tuple[str, ...]) -> Refusal:
    where = ".".join(steps)
    if flaw.value is msgspec.UNSET:
        return invalid(where, f"Input is invalid: {flaw.detail}")
    if not isinstance(flaw.value, str):
        return invalid(where, _TYPES["str"])
    if len(allowed) > 1:
        return invalid(
            ".".join(steps[:-1]),
            f"Input tag '{quote(flaw.value)}' found using 'type' does not match any of the expected tags: "
            + ", ".join(f"'{tag}'" for tag in allowed),
        )
    for end, choices in _CHOICES.items():
        if where == end or where.endswith("." + end):
            allowed = choices
    return invalid(where, f"Input should be {either(allowed)}" if allowed else flaw.detail)


def either(choices: Sequence[str]) -> str:
    """`'a', 'b' or 'c'`."""
    quoted = [f"'{choice}'" for choice in choices]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _located(path: tuple[str | int, ...], body: bytes) -> tuple[list[str], tuple[str, ...]]:
    """The path's steps with the tags of unions put in, and the tags allowed where the path ends with a tag."""
    node: object = None
    with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):
        node = msgspec.json.decode(body)
    steps: list[str] = []
    owner = ""
    tags: tuple[str, ...] = ()
    for step in path:
        steps.append(str(step))
        if step == "type":
            return steps, tags
        try:
            node = node[step]  # type: ignore[index]  # whatever cannot be indexed raises, and is caught
        except (TypeError, LookupError):
            node = None
        if isinstance(step, int):
            tags = _BLOCKS.get(owner, _TEXT_ONLY) if path[0] == "messages" and steps[-2] == "content" else _TEXT_ONLY
        else:
            tags = _FIELDS.get(f"{owner}.{step}" if step == "source" else step, ())
        tag = node.get("type") if isinstance(node, dict) else None
        if len(tags) > 1 and isinstance(tag, str) and tag in tags:
            steps.append(tag)
            owner = tag if isinstance(step, int) else owner
    return steps, ()
