"""The JSON Schemas of tools and of answers: whether the API takes them, and in which words it does not.

Pure, but for a bounded memory of the schemas judged lately: one that comes again costs an encoding and a hash, only a
new one is compiled. It knows no block and no turn.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec

from simulator.engine.content.structured import SchemaProblem, compile_schema
from simulator.engine.request import TEXT_FORMAT, Format
from simulator.providers.anthropic import schema
from simulator.providers.anthropic.capabilities import STRUCTURED
from simulator.providers.anthropic.generation import before
from simulator.providers.anthropic.strict import complaint
from simulator.providers.anthropic.wording import invalid
from simulator.providers.decode import quote

ENTRIES: Final = 1_024
MOST_PARTS: Final = 20_000
"""Braces and commas of the new schemas of a request that are judged here, in about a third of a second at worst. The
engine judges the rest, in its own words."""
_GUIDE: Final = (
    "JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12). Learn "
    "more about tool use at https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview."
)
_ALTERNATIVES: Final = ("oneOf", "allOf", "anyOf")
_LONGEST: Final = 400
"""Characters of what was found: it may repeat the client's own names."""

_encode = msgspec.json.Encoder().encode


class Judge:
    """Judges the schemas of one request; verdicts are kept for the requests after it."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MOST_PARTS

    def unusable(self, given: dict[str, Any], where: str) -> str:
        """Why no value can be made from a schema: the place in it and the reason. Empty if one can."""
        return self._verdict(given, where, _problem)

    def unsupported(self, given: dict[str, Any], where: str) -> str:
        """What of a usable schema an answer cannot be kept to. Empty if it can be kept to all of it."""
        return self._verdict(given, where, complaint)

    def _verdict(self, given: dict[str, Any], where: str, judged: Callable[[dict[str, Any]], str]) -> str:
        try:
            # Keys stay in order: a verdict names the first thing found.
            text = _encode(given)
        except (OverflowError, ValueError, RecursionError, TypeError, msgspec.MsgspecError):
            raise invalid(where, "Input cannot be written as JSON") from None
        key = (judged, blake2b(text, digest_size=16).digest())
        found = _KNOWN.get(key)
        if found is None:
            self._left -= text.count(b"{") + text.count(b",")
            if self._left < 0:
                return ""
            if len(_KNOWN) >= ENTRIES:
                _KNOWN.clear()
            found = _KNOWN[key] = judged(given)
        return found


_KNOWN: Final[dict[tuple[Callable[[dict[str, Any]], str], bytes], str]] = {}


def _problem(given: dict[str, Any]) -> str:
    try:
        compile_schema(given)
    except SchemaProblem as problem:
        return str(problem)[:_LONGEST]
    return ""


def check_tool(judge: Judge, arguments: dict[str, Any], where: str, model: str, *, strict: bool) -> None:
    """Raises Refusal for the `input_schema` of the tool at `where` (`tools.0.custom`)."""
    place = f"{where}.input_schema"
    if any(key in arguments for key in _ALTERNATIVES):
        raise invalid(place, "input_schema does not support oneOf, allOf, or anyOf at the top level")
    found = judge.unusable(arguments, place)
    if found:
        raise invalid(place, f"{_GUIDE} Found at {found}.")
    if strict:
        if before(model, STRUCTURED):
            raise invalid("", f"'{quote(model)}' does not support strict tools.")
        found = judge.unsupported(arguments, place)
        if found:
            raise invalid(where, found)


def format_of(config: schema.OutputConfig | None, older: Any, model: str) -> Format:
    """The format that an answer must have: `output_config.format`, or `output_format` of the older beta.

    Raises Refusal for both at once, for a model that cannot keep to a schema, and for a schema that is not supported.
    """
    asked = config.format if config is not None else None
    where = "output_config.format"
    if older is not None:
        if asked is not None:
            raise invalid("output_format", "cannot be given together with `output_config.format`; use only the latter")
        where = "output_format"
        try:
            asked = msgspec.convert(older, schema.JsonFormat)
        except msgspec.ValidationError as flaw:
            raise invalid(where, f"Input is invalid: {flaw}") from None
    if asked is None:
        return TEXT_FORMAT
    if before(model, STRUCTURED):
        raise invalid("", f"'{quote(model)}' does not support output format.")
    place = f"{where}.schema"
    judge = Judge()
    found = judge.unusable(asked.schema, place)
    if found:
        raise invalid(place, f"Invalid schema: {found}")
    found = judge.unsupported(asked.schema, place)
    if found:
        raise invalid(place, found)
    return Format("json_schema", asked.schema)
