"""Which requests something is for: the conditions of a rule or of a failure, ready to be asked. Pure."""

import fnmatch
import re
from collections.abc import Callable, Mapping
from functools import cached_property

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
        self.groups: dict[str, str] = {}

    @cached_property
    def last(self) -> Message:
        """The last message; of a request without any, one of its inputs."""
        request = self.request
        return request.messages[-1] if request.messages else Message("user", "\n".join(request.inputs))

    @cached_property
    def text(self) -> str:
        """The text of the last message."""
        return self.last.text[-SEARCHED:]

    @cached_property
    def system(self) -> str:
        """The text of the system messages."""
        return "\n".join([one.text for one in self.request.messages if one.role in INSTRUCTING])[-SEARCHED:]

    @cached_property
    def turn(self) -> int:
        """How many messages of the user there are."""
        return sum([message.role == "user" for message in self.request.messages])

    @cached_property
    def result(self) -> str:
        """The name of the tool whose result is the last message, empty if it is none."""
        if self.last.role not in RESULTS:
            return ""
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


Condition = Callable[[Facts], bool]


class _Text:
    """A `TextMatch`."""

    __slots__ = ("_contains", "_exact", "_regex")

    def __init__(self, wanted: TextMatch | None) -> None:
        wanted = wanted or TextMatch()
        self._exact = wanted.exact
        self._contains = None if wanted.contains is None else wanted.contains.casefold()
        self._regex = None if wanted.regex is None else re.compile(wanted.regex)

    @property
    def free(self) -> bool:
        """Whether it takes any text."""
        return self._exact is None and self._contains is None and self._regex is None

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
    """A `Match`, of which only what is given is looked at."""

    __slots__ = ("_conditions", "_texts")

    def __init__(self, when: Match) -> None:
        plain: list[Condition | None] = [
            _equal("provider", when.provider),
            _equal("stream", when.stream),
            _named(when.model, lambda facts: facts.request.model),
            _named(when.endpoint, lambda facts: facts.endpoint),
            _named(when.key, lambda facts: facts.key),
            _named(when.session, lambda facts: facts.header("x-session-id")),
            *[_headed(name, pattern) for name, pattern in when.headers.items()],
            _equal("turn", when.turn),
            _named(when.tool_result, lambda facts: facts.result or None),
            _offered(when.tool),
        ]
        self._conditions = [condition for condition in plain if condition is not None]
        texts = ((_Text(when.system), "system"), (_Text(when.last_message), "text"))
        self._texts = [(text, name) for text, name in texts if not text.free]

    def fits(self, facts: Facts) -> bool:
        """Whether it is for a request; fills the groups of its regular expressions."""
        for condition in self._conditions:
            if not condition(facts):
                return False
        groups: dict[str, str] = {}
        for text, name in self._texts:
            if not text.fits(getattr(facts, name), groups):
                return False
        facts.groups = groups
        return True


def _equal(name: str, wanted: object) -> Condition | None:
    return None if wanted is None else lambda facts: getattr(facts, name) == wanted


def _named(pattern: str | None, value: Callable[[Facts], str | None]) -> Condition | None:
    """A pattern in the style of file names; None matches anything."""
    if pattern is None:
        return None
    match = re.compile(fnmatch.translate(pattern)).match

    def fits(facts: Facts) -> bool:
        text = value(facts)
        return text is not None and match(text) is not None

    return fits


def _headed(name: str, pattern: str) -> Condition | None:
    return _named(pattern, lambda facts: facts.header(name))


def _offered(pattern: str | None) -> Condition | None:
    """A tool of such a name is among those that the request offers."""
    if pattern is None:
        return None
    match = re.compile(fnmatch.translate(pattern)).match
    return lambda facts: any(match(tool.name) is not None for tool in facts.request.tools)
