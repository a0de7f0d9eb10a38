"""Answers that have a form: calls of tools, and JSON.

Pure. What is called and with what is decided in `content.tools`, what fits a schema is made in `content.structured`;
here it becomes choices, each with draws and ids of its own, cut where the request's limit is. All that one request
may ask for is bounded, however many choices, tools and members it has.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from simulator.engine.content.stop import cut
from simulator.engine.content.structured import (
    Draws,
    Hints,
    SchemaProblem,
    Shape,
    Shapes,
    generate,
    harvest,
    json_object,
    words,
)
from simulator.engine.content.tools import Called, decide, json_text, pieces_of
from simulator.engine.errors import BadSchema
from simulator.engine.plan import Call, Choice, Finish
from simulator.engine.request import Format, Request, Tool
from simulator.engine.tokens import Tokenizer

MOST_PARTS: Final = 100_000
"""Braces and commas in all tools' schemas of a request, which bound the values in them: so many are read in a second or
two. A usual member has three or four."""
MOST_WORK: Final = 1_000_000
"""What is spent on choices of their own; further choices repeat those, under other ids. A unit is a character of the
request read for one tool, or a character written: at worst about a microsecond."""
PRINTS: Final = 64
"""How many such digests are kept ready; a dialect may hand the same tools on with each request."""
LONGEST: Final = 65_536
"""Bytes of tools and format whose digest is kept."""
_ANY: Final[dict[str, object]] = {"type": "object"}

_as_given: Callable[[object], bytes] = msgspec.json.Encoder().encode


_prints: dict[tuple[int, int], tuple[tuple[Tool, ...], Format, bytes]] = {}
"""Digests of tools and format by their identity, and with them: as long as they are here no others can have it."""


def key_of(digest: bytes, request: Request) -> bytes:
    """What an answer with a form is kept by: members are written in their schema's order, which no digest tells."""
    tools, form = request.tools, request.format
    which = (id(tools), id(form))
    found = _prints.get(which)
    if found is not None:
        return digest + found[2]
    text = _as_given((tools, form))
    own = blake2b(text, digest_size=16).digest()
    if len(text) <= LONGEST:
        if len(_prints) >= PRINTS:
            _prints.clear()
        _prints[which] = (tools, form, own)
    return digest + own


class Composer:
    """Makes the choices of an engine's answers that are not plain text. Serves one thread, as its engine does."""

    __slots__ = ("_key", "_shapes")

    def __init__(self, key: bytes) -> None:
        """`key` is the seed's key of content."""
        self._key = key
        self._shapes = Shapes()

    def read(self, request: Request) -> "Forms":
        """The schemas of a request, compiled. Raises BadSchema for one that cannot be used, whatever is answered."""
        parts = 0
        tools: list[Tool] = []
        shapes: dict[int, tuple[int, Shape]] = {}
        for index, tool in enumerate(request.tools):
            schema = tool.schema or _ANY
            if "type" not in schema:
                schema = {"type": "object", **schema}
            if schema is not tool.schema:
                tool = Tool(tool.name, tool.description, schema)  # noqa: PLW2901 - the same tool, made explicit
            text = _as_given(schema)
            parts += text.count(b"{") + text.count(b",")
            if parts > MOST_PARTS:
                raise BadSchema(
                    "tools", index, "#", f"all schemas together have at most {MOST_PARTS} braces and commas"
                )
            tools.append(tool)
            shapes[id(schema)] = (index, self._compiled("tools", index, schema))
        form = None
        if request.format.kind == "json_schema" and request.format.schema is not None:
            form = self._compiled("format", 0, request.format.schema)
        if tools:
            request = msgspec.structs.replace(request, tools=tuple(tools))
        return Forms(self._key, request, shapes, form)

    def _compiled(self, where: str, index: int, schema: object) -> Shape:
        try:
            return self._shapes.of(schema)
        except SchemaProblem as problem:
            raise BadSchema(where, index, problem.path, problem.why) from None


class Forms:
    """What one request wants its answer to look like, ready to be filled once."""

    __slots__ = ("_asked", "_form", "_key", "_request", "_shapes", "_spent")

    def __init__(self, key: bytes, request: Request, shapes: dict[int, tuple[int, Shape]], form: Shape | None) -> None:
        """`shapes` has place and shape of each tool by the identity of its schema; `form` is the answer's."""
        self._key = key
        self._request = request
        self._shapes = shapes
        self._form = form
        self._asked = 0
        self._spent = 0

    def choices(self, what: bytes, tokenizer: Tokenizer, limit: int) -> tuple[tuple[Choice, ...], int] | None:
        """The choices and the tokens of all; None for answers in plain text.

        `what` is the request's digest or what stands for it, `limit` the most tokens of one choice. Raises BadSchema
        where no value was found for a schema.
        """
        request = self._request
        calling = bool(request.tools) and request.tool_choice != "none"
        if not calling and request.format.kind == "text":
            return None
        hints = harvest(request.messages)
        own: list[tuple[Choice, int]] = []
        while len(own) < request.choices and self._spent <= MOST_WORK:
            index = len(own)
            calls = self._calls(what, index, hints) if calling else ()
            if calls:
                own.append(self._called(calls, tokenizer, limit))
            elif request.format.kind == "text":
                return None
            else:
                own.append(self._written(self._json(what, index, hints), tokenizer, limit))
        made = [own[index % len(own)] for index in range(request.choices)]
        choices = tuple([self._named(choice, what, index) for index, (choice, _) in enumerate(made)])
        return choices, sum([tokens for _, tokens in made])

    def _calls(self, what: bytes, index: int, hints: Hints) -> tuple[Called, ...]:
        request = self._request
        draws = Draws(words(self._key, what, "tools", index))
        try:
            calls = decide(request, draws, parallel=request.parallel, compiled=self._shape_of, hints=hints).calls
        except SchemaProblem as problem:
            raise BadSchema("tools", self._asked, problem.path, problem.why) from None
        self._spent += len(request.tools) * len(hints.request) + sum([len(call.arguments) for call in calls])
        return calls

    def _shape_of(self, schema: object) -> Shape:
        """The shape of a tool's schema. The last one that is asked for is the one that a value is made for."""
        self._asked, shape = self._shapes[id(schema)]
        return shape

    def _called(self, calls: tuple[Called, ...], tokenizer: Tokenizer, limit: int) -> tuple[Choice, int]:
        """Calls without ids. One of which not even a token of the arguments fits is left out."""
        kept: list[Call] = []
        used = 0
        for call in calls:
            name = self._request.tools[call.tool].name
            pieces = pieces_of(call.arguments, tokenizer)
            used += tokenizer.count(name)
            room = limit - used
            if room > 0:
                kept.append(Call(b"", name, pieces[:room], call.tool))
            if room < len(pieces):
                return Choice((), Finish.LENGTH, calls=tuple(kept)), limit
            used += len(pieces)
        return Choice((), Finish.TOOL_CALLS, calls=tuple(kept)), used

    def _named(self, choice: Choice, what: bytes, index: int) -> Choice:
        """The choice with ids for its calls."""
        if not choice.calls:
            return choice
        word = words(self._key, what, "ids", index).__next__
        calls = [
            Call(word().to_bytes(8, "little") + word().to_bytes(8, "little"), call.name, call.pieces, call.tool)
            for call in choice.calls
        ]
        return Choice(choice.pieces, choice.finish, calls=tuple(calls))

    def _json(self, what: bytes, index: int, hints: Hints) -> str:
        draws = Draws(words(self._key, what, "format", index))
        if self._form is None:
            text = json_text(json_object(self._request.messages, draws, hints))
        else:
            try:
                text = json_text(generate(self._form, draws, hints))
            except SchemaProblem as problem:
                raise BadSchema("format", 0, problem.path, problem.why) from None
        self._spent += len(text)
        return text

    def _written(self, text: str, tokenizer: Tokenizer, limit: int) -> tuple[Choice, int]:
        pieces: Sequence[str] = pieces_of(text, tokenizer)
        finish = Finish.STOP
        found = None
        if len(pieces) > limit:
            pieces = pieces[:limit]
            finish = Finish.LENGTH
        if self._request.stop:
            pieces, found = cut(pieces, self._request.stop)
            if found is not None:
                finish = Finish.STOP_SEQUENCE
        return Choice(pieces, finish, found), len(pieces)
