"""Whether the service takes a JSON Schema, remembered for the schemas judged lately. Pure but for that memory.

A schema costs one encoding when it comes again; only a new one is compiled and walked. One instance serves one thread.
"""

from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from simulator.engine.content.structured import SchemaProblem, Unsatisfiable, compile_schema
from simulator.engine.request import Format, Tool
from simulator.providers.decode import plain_json, quote, spell
from simulator.providers.openai.schema import Free
from simulator.providers.openai.strict import complaint
from simulator.providers.openai.wording import flawed, invalid

ENTRIES: Final = 1_024
_ALTERNATIVES: Final = ("oneOf", "anyOf", "allOf", "enum", "not")
MOST_PARTS: Final = 100_000
"""Braces and commas in all schemas of a request's tools, which bound the work for one request: a second or so."""
_LONGEST: Final = 400
"""Characters of a complaint: its context repeats the client's own names."""

_encode = msgspec.msgpack.Encoder().encode
_as_json = msgspec.json.Encoder().encode

Path = tuple[str | int, ...]


FORMATS = 256
"""How many formats of answers are kept ready."""
LONGEST = 65_536
"""Bytes of the schema of one that is."""


class Verdict(NamedTuple):
    """What is wrong with a schema, without the final stop and empty if nothing is, and how many parts it has."""

    wrong: str
    parts: int


class Verdicts:
    """Judges the schemas of functions and of answers."""

    __slots__ = ("_formats", "_known", "offers")

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bool], Verdict] = {}
        self.offers: dict[bytes, tuple[Tool, ...]] = {}
        """Offers of tools that were taken, by their text: an agent sends the same ones with each request."""
        self._formats: dict[tuple[bytes, bool], Format] = {}

    def check_function(self, name: str, schema: Free, path: Path, *, strict: bool, room: int = MOST_PARTS) -> int:
        """Refuse the parameters of a function; `path` leads to them. An empty schema stands for no parameters.

        Returns how many parts the schema has; one of more than `room` is refused unseen. Raises `Refusal`.
        """
        if not schema and not strict:
            return 0
        if schema.get("type") == "object" and any(keyword in schema for keyword in _ALTERNATIVES):
            wrong = "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level"
            parts = 0
        else:
            wrong, parts = self._of(schema, path, strict=strict, room=room)
        if wrong:
            code = "invalid_function_parameters"
            raise invalid(f"Invalid schema for function '{name}': {wrong}.", spell(path), code)
        return parts

    def check_format(self, name: str, schema: Free, path: Path, *, strict: bool) -> None:
        """Refuse the schema of an answer. `path` leads to the schema. Raises `Refusal`."""
        wrong = self._of(schema, path, strict=strict).wrong
        if wrong:
            raise invalid(f"Invalid schema for response_format '{name}': {wrong}.", "response_format")

    def format_of(self, name: str, schema: Free, path: Path, *, strict: bool) -> Format:
        """The format of answers that fit a schema, the same one for the same schema. Raises `Refusal`."""
        try:
            text = _encode(schema)
        except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError, TypeError):
            text = b""  # the check tells what is wrong with it
        found = self._formats.get((text, strict))
        if found is None:
            self.check_format(name, schema, path, strict=strict)
            found = Format("json_schema", schema)
            if len(text) <= LONGEST:
                if len(self._formats) >= FORMATS:
                    self._formats.clear()
                self._formats[text, strict] = found
        return found

    def check_grammar(self, name: str, schema: Free, path: Path) -> None:
        """Refuse the schema that a free-text tool's regular expression makes. Raises `Refusal`."""
        wrong = self._of(schema, path, strict=False).wrong
        if wrong:
            raise invalid(f"Invalid grammar for custom tool '{name}': {wrong}.", spell(path), "invalid_value")

    def _of(self, schema: Free, path: Path, *, strict: bool, room: int = MOST_PARTS) -> Verdict:
        try:
            text = _encode(schema)
        except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError, TypeError):
            plain_json(schema, path, flawed)
            raise
        key = (blake2b(text, digest_size=16).digest(), strict)
        known = self._known.get(key)
        parts = _parts(schema) if known is None else known.parts
        if parts > room:
            return Verdict(f"all schemas together have at most {MOST_PARTS} braces and commas", parts)
        if known is None:
            if len(self._known) >= ENTRIES:
                self._known.clear()
            known = self._known[key] = Verdict(_judged(schema, strict=strict), parts)
        return known


def _parts(schema: Free) -> int:
    text = _as_json(schema)
    return text.count(b"{") + text.count(b",")


def _judged(schema: Free, *, strict: bool) -> str:
    kind = schema.get("type")
    if kind != "object":
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{quote(str(kind))}\"'"
    try:
        compile_schema(schema)
        wrong = complaint(schema, strict=strict)
    except Unsatisfiable as problem:
        wrong = complaint(schema, strict=strict) or f"In context={_context(problem)}, {problem.why}"
    except SchemaProblem as problem:
        context = _context(problem)
        wrong = f"In context={context}, {problem.why}"
        if context[-1:] == ("type",):
            wrong = f"{quote(repr(_at(schema, context)))} is not valid under any of the given schemas"
    return wrong if len(wrong) <= _LONGEST else wrong[:_LONGEST] + "..."


def _context(problem: SchemaProblem) -> tuple[str, ...]:
    """Where a schema is at fault, from the JSON Pointer."""
    return tuple([step.replace("~1", "/").replace("~0", "~") for step in problem.path.split("/")[1:]])


def _at(schema: object, context: tuple[str, ...]) -> object:
    """What stands at a place of a schema."""
    for step in context:
        if isinstance(schema, dict):
            schema = schema.get(step)
        elif isinstance(schema, list):
            schema = schema[int(step)]
    return schema
