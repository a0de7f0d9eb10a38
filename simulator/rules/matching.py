"""Which requests something is for: the conditions of a rule or of a failure, ready to be asked. Pure."""

import fnmatch
import re
from collections.abc import Mapping

from simulator.config.rules import Match, TextMatch
from simulator.engine.request import Message, Request

RESULTS = frozenset({"tool", "function"})
"""Roles whose messages are results of calls."""
INSTRUCTING = frozenset({"system", "developer"})
SEARCHED = 100_000
"""Characters of a text that a rule looks at: the last ones, as that is where a question stands."""


class Facts:
    """What rules ask of a request, and what templates may take of it."""

    def __init__(
        self,
        request: Request,
        headers: Mapping[bytes, bytes],
        key: bytes,
        provider: str,
        endpoint: str = "",
        *,
        stream: bool = False,
    ) -> None:
        """`provider` is whose API is asked, `endpoint` what of it, by its label in metrics."""
        self.request = request
        self.provider = provider
        self.endpoint = endpoint
        self.stream = stream
        self.headers = headers
        self.key = key.decode("latin-1")
        self.last: Message = request.messages[-1] if request.messages else Message("user", "\n".join(request.inputs))
        self.text = self.last.text[-SEARCHED:]
        self.system = "\n".join([one.text for one in request.messages if one.role in INSTRUCTING])[-SEARCHED:]
        self.turn = sum([message.role == "user" for message in request.messages])
        self.result = self._answered() if self.last.role in RESULTS else ""
        """The name of the tool whose result is the last message."""
        self.groups: dict[str, str] = {}

    def _answered(self) -> str:
        if self.last.name:
            return self.last.name
        called = {call.id: call.name for message in self.request.messages for call in message.calls}
        return called.get(self.last.answers, "")

    def header(self, name: str) -> str | None:
        """A header's value, or None."""
        value = self.headers.get(name.lower().encode("latin-1", "replace"))
        return None if value is None else value.decode("latin-1")

    def values(self, count: int) -> dict[str, str]:
        """The values of a template; `count` is which of the rule's requests this is."""
        values = {
            "last_message": self.text,
            "system": self.system,
            "model": self.request.model,
            "provider": self.provider,
            "turn": str(self.turn),
            "count": str(count),
            "tool_result": self.text if self.last.role in RESULTS else "",
            **{f"match.{name}": value for name, value in self.groups.items()},
        }
        for name, value in self.headers.items():
            values[f"header.{name.decode('latin-1')}"] = value.decode("latin-1")
        return values


class _Pattern:
    """A pattern in the style of file names; None matches anything."""

    __slots__ = ("_compiled",)

    def __init__(self, pattern: str | None) -> None:
        self._compiled = None if pattern is None else re.compile(fnmatch.translate(pattern))

    def fits(self, text: str | None) -> bool:
        return self._compiled is None or (text is not None and self._compiled.match(text) is not None)

    @property
    def free(self) -> bool:
        return self._compiled is None


class _Text:
    """A `TextMatch`."""

    __slots__ = ("_contains", "_exact", "_regex")

    def __init__(self, wanted: TextMatch | None) -> None:
        wanted = wanted or TextMatch()
        self._exact = wanted.exact
        self._contains = None if wanted.contains is None else wanted.contains.casefold()
        self._regex = None if wanted.regex is None else re.compile(wanted.regex)

    def fits(self, text: str, groups: dict[str, str]) -> bool:
        if self._exact is not None and text != self._exact:
            return False
        if self._contains is not None and self._contains not in text.casefold():
            return False
        if self._regex is None:
            return True
        found = self._regex.search(text)
        if found is None:
            return False
        groups |= {str(number): value or "" for number, value in enumerate((found[0], *found.groups()))}
        groups |= {name: value or "" for name, value in found.groupdict().items()}
        return True


class Matcher:
    """A `Match` with its patterns compiled."""

    __slots__ = (
        "_endpoint", "_headers", "_key", "_last", "_model", "_provider", "_result", "_session", "_stream", "_system",
        "_tool", "_turn",
    )  # fmt: skip

    def __init__(self, when: Match) -> None:
        self._model = _Pattern(when.model)
        self._provider = when.provider
        self._key = _Pattern(when.key)
        self._headers = [(name, _Pattern(pattern)) for name, pattern in when.headers.items()]
        self._last = _Text(when.last_message)
        self._system = _Text(when.system)
        self._turn = when.turn
        self._result = _Pattern(when.tool_result)
        self._tool = _Pattern(when.tool)
        self._endpoint = _Pattern(when.endpoint)
        self._session = _Pattern(when.session)
        self._stream = when.stream

    def fits(self, facts: Facts) -> bool:
        """Whether it is for a request; fills the groups of its regular expressions."""
        groups: dict[str, str] = {}
        fits = (
            self._asks(facts)
            and self._offers(facts)
            and self._system.fits(facts.system, groups)
            and self._last.fits(facts.text, groups)
        )
        if fits:
            facts.groups = groups
        return fits

    def _asks(self, facts: Facts) -> bool:
        """Whether it is asked by whom and of what it must be."""
        request = facts.request
        return (
            self._provider in (None, facts.provider)
            and self._turn in (None, facts.turn)
            and self._stream in (None, facts.stream)
            and self._model.fits(request.model)
            and self._endpoint.fits(facts.endpoint)
            and self._key.fits(facts.key)
            and (self._session.free or self._session.fits(facts.header("x-session-id")))
            and all(pattern.fits(facts.header(name)) for name, pattern in self._headers)
        )

    def _offers(self, facts: Facts) -> bool:
        """Whether the tools are there that there must be."""
        if not (self._result.free or (facts.result and self._result.fits(facts.result))):
            return False
        return self._tool.free or any(self._tool.fits(tool.name) for tool in facts.request.tools)
